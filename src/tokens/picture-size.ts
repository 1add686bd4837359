/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Characters of base64 that hold the size of anything but a JPEG with much in front of its picture. */
const HEAD = 4096;

/** Reads the size of a PNG, JPEG, GIF or WebP out of its first bytes; null of anything else, or where it is not among them. */
export function pictureSize(base64: string): Size | null {
  const head = Buffer.from(base64.slice(0, HEAD), 'base64');
  const size = sizeIn(head) ?? (head[0] === 0xff ? jpegSize(Buffer.from(base64, 'base64')) : null);
  return size !== null && size.width > 0 && size.height > 0 ? size : null;
}

function sizeIn(bytes: Buffer): Size | null {
  if (bytes.length < 30) return null;
  const magic = bytes.toString('latin1', 0, 4);
  if (magic === '\x89PNG') return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (magic === 'GIF8') return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  if (magic === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return webpSize(bytes);
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegSize(bytes) : null;
}

/** Lossy, lossless, or with a header of its own. */
function webpSize(bytes: Buffer): Size | null {
  const kind = bytes.toString('latin1', 12, 16);
  if (kind === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (kind === 'VP8 ') return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (kind !== 'VP8L') return null;
  const bits = bytes.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** Goes from segment to segment to the one that begins the picture. */
function jpegSize(bytes: Buffer): Size | null {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) at++;
    else if (isFrame(marker)) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    else at += 2 + Math.max(2, bytes.readUInt16BE(at + 2));
  }
  return null;
}

/** SOF0 to SOF15 without the three between them that are tables. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
