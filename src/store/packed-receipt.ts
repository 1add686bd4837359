/** A receipt as JSON without names of members, and hashes in two thirds of their hexadecimal digits: most rows have one. */
import type { Receipt, ReceiptNote } from '../pipeline/record.ts';

/** A hash, none, or of what left the same as of what came. */
type PackedHash = string | 0 | 1;
type PackedNote = [by: string, at_ms: number, what: string, facts?: NonNullable<ReceiptNote['facts']>];

export type PackedReceipt = [bodyIn: PackedHash, bodyOut: PackedHash, ...PackedNote[]];

const HASH = /^[0-9a-f]{64}$/;

/** As it is where something in it is no SHA-256. */
export function packReceipt({ body_in: came, body_out: left, decisions }: Receipt): PackedReceipt | Receipt {
  for (const hash of [came, left])
    if (hash !== null && !HASH.test(hash)) return { body_in: came, body_out: left, decisions };
  const notes = decisions.map(
    ({ by, at_ms, what, facts }): PackedNote => (facts === undefined ? [by, at_ms, what] : [by, at_ms, what, facts]),
  );
  return [packed(came), left === came && left !== null ? 1 : packed(left), ...notes];
}

export function unpackReceipt(receipt: PackedReceipt | Receipt): Receipt {
  if (!Array.isArray(receipt)) return receipt;
  const [came, left, ...notes] = receipt;
  const bodyIn = unpacked(came);
  return {
    body_in: bodyIn,
    body_out: left === 1 ? bodyIn : unpacked(left),
    decisions: notes.map(([by, at_ms, what, facts]) =>
      facts === undefined ? { by, at_ms, what } : { by, at_ms, what, facts },
    ),
  };
}

const packed = (hash: string | null): PackedHash =>
  hash === null ? 0 : Buffer.from(hash, 'hex').toString('base64url');

const unpacked = (hash: PackedHash): string | null =>
  typeof hash === 'string' ? Buffer.from(hash, 'base64url').toString('hex') : null;
