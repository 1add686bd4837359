/** Hashes of bodies, made so that nobody waits for a long one. */
import { createHash, webcrypto } from 'node:crypto';

/** Bytes as they lie, in one piece or in several. */
export interface Bytes {
  readonly length: number;
  readonly pieces: readonly Buffer[];
}

/** Up to here the loop is held for less than a tenth of a millisecond, bytes. */
const QUICK = 100 * 1024;
/** Up to here a copy for another thread is cheap; beyond, it takes as long as the hash, and as much memory as the body. */
const COPIED = 1024 * 1024;
/** What is hashed between two turns of the loop, bytes: some 40 microseconds, on slow machines 200. */
const STEP = 64 * 1024;

/** SHA-256, hex: at once of a short body, and of a long one when it is ready. */
export function hashOf(bytes: Bytes): string | Promise<string> {
  if (bytes.length <= QUICK) return atOnce(bytes);
  return bytes.length <= COPIED && bytes.pieces.length === 1 ? elsewhere(bytes.pieces[0]!) : inSteps(bytes);
}

function atOnce({ pieces }: Bytes): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** In a thread of Node's pool. */
async function elsewhere(bytes: Buffer): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

async function inSteps({ pieces }: Bytes): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += STEP) {
      hash.update(piece.subarray(at, at + STEP));
      await new Promise(setImmediate);
    }
  return hash.digest('hex');
}
