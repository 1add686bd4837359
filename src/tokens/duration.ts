/** How long a recording or a film is. */
import { bytesIn } from './thin.ts';

/** Seconds. */
export interface Duration {
  readonly seconds: number;
  /** `seconds`, where it is known; otherwise what so many bytes can be at most. */
  readonly most: number;
}

/** Bytes a second of what cannot be looked into: as usual, and as little as there is. */
const RATES = { sound: { usual: 16_000, least: 1000 }, film: { usual: 125_000, least: 10_000 } } as const;
/** Bytes at the beginning that are looked at. */
const HEAD = 64 * 1024;

/** Reads the duration of a WAV or an MP4, or reckons it from the bytes that something has. */
export function durationOf(kind: 'sound' | 'film', base64: string): Duration {
  const bytes = bytesIn(base64);
  const head = Buffer.from(base64.slice(0, (HEAD / 3) * 4), 'base64');
  const known = kind === 'sound' ? wavSeconds(head, bytes) : mp4Seconds(head);
  if (known !== null) return { seconds: known, most: known };
  const { usual, least } = RATES[kind];
  return { seconds: bytes / usual, most: bytes / least };
}

/** Its header says how many bytes a second has. */
function wavSeconds(head: Buffer, bytes: number): number | null {
  const format = head.indexOf('fmt ');
  if (head.toString('latin1', 0, 4) !== 'RIFF' || format === -1 || format + 20 > head.length) return null;
  const rate = head.readUInt32LE(format + 16);
  return rate >= RATES.sound.least ? bytes / rate : null;
}

/** The box `mvhd` has time scale and duration, with short numbers or, in version 1, long ones. */
function mp4Seconds(head: Buffer): number | null {
  const at = head.indexOf('mvhd');
  if (at === -1 || at + 36 > head.length) return null;
  const isLong = head[at + 4] === 1;
  const scale = head.readUInt32BE(at + (isLong ? 24 : 16));
  const length = isLong ? Number(head.readBigUInt64BE(at + 28)) : head.readUInt32BE(at + 20);
  return scale > 0 && length > 0 ? length / scale : null;
}
