/** Writes messages of AWS's event stream encoding, right ones and wrong ones. */
import { crc32 } from 'node:zlib';

/** Text, or the bytes behind the type byte as they are to stand there. */
export type HeaderValue = string | { type: number; bytes: Buffer };

/** One message: lengths, headers, payload and both checksums. */
export function frame(headers: Readonly<Record<string, HeaderValue>>, payload: string | object | Buffer): Buffer {
  const body = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return rawFrame(Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value))), body);
}

/** A message around header bytes that may be wrong, under checksums that are right. */
export function rawFrame(head: Buffer, body: Buffer): Buffer {
  const prelude = preludeOf(12 + head.length + body.length + 4, head.length);
  const bytes = Buffer.concat([prelude, head, body]);
  return Buffer.concat([bytes, u32(crc32(bytes))]);
}

/** Total length, headers' length and the checksum of both, whatever they claim. */
export function preludeOf(total: number, head: number): Buffer {
  const lengths = Buffer.concat([u32(total), u32(head)]);
  return Buffer.concat([lengths, u32(crc32(lengths))]);
}

/** An event as Bedrock sends it. */
export const eventFrame = (name: string, payload: string | object | Buffer): Buffer =>
  frame({ ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' }, payload);

/** An exception in the middle of a stream. */
export const exceptionFrame = (name: string, message: string): Buffer =>
  frame({ ':exception-type': name, ':content-type': 'application/json', ':message-type': 'exception' }, { message });

/** A chunk of InvokeModelWithResponseStream: the vendor's own event in base64. */
export const chunkFrame = (event: object): Buffer =>
  eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcdef' });

function header(name: string, value: HeaderValue): Buffer {
  const { type, bytes } = typeof value === 'string' ? { type: 7, bytes: sized(Buffer.from(value)) } : value;
  return Buffer.concat([Buffer.of(Buffer.byteLength(name)), Buffer.from(name), Buffer.of(type), bytes]);
}

/** Bytes with their u16 length in front. */
export function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
