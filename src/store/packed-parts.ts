/** Parts of a prompt and calls of tools as JSON arrays without names of members: most rows have many of them. */
import type { PartKind, PromptPart } from '../pipeline/prompt.ts';
import { text } from './row-values.ts';

/** In the order in which they were released: a number in a row names one for ever. */
export const PART_KINDS: readonly PartKind[] = [
  'tool',
  'schema',
  'system',
  'file',
  'skills',
  'component',
  'history',
  'new',
];
const NUMBERS = new Map(PART_KINDS.map((kind, number) => [kind, number]));

/** Nulls and zeros at the end are left out. */
export type PackedPart = [
  kind: number,
  name: string,
  hash: string,
  chars: number,
  tokens?: number | null,
  cost_usd?: string | null,
  read?: number,
  uncached?: number,
  write?: number,
  write_1h?: number,
  /** Beyond the first. */
  pieces?: number,
];

/** Name and count by turns. */
export type PackedCalls = (string | number)[];

export function packParts(parts: readonly PromptPart[]): PackedPart[] {
  return parts.map((part) => {
    const packed: PackedPart = [
      NUMBERS.get(part.kind) ?? -1,
      text(part.name)!,
      part.hash,
      part.chars,
      part.tokens,
      part.cost_usd,
      part.read,
      part.uncached,
      part.write,
      part.write_1h,
      part.pieces - 1,
    ];
    let end = packed.length;
    while (end > 4 && !packed[end - 1] && (end > 6 || packed[end - 1] === null)) end--;
    packed.length = end;
    return packed;
  });
}

export function unpackParts(packed: readonly PackedPart[]): PromptPart[] {
  return packed.map(
    ([
      kind,
      name,
      hash,
      chars,
      tokens = null,
      cost = null,
      read = 0,
      uncached = 0,
      write = 0,
      write1h = 0,
      more = 0,
    ]) => ({
      kind: PART_KINDS[kind] ?? 'system',
      name,
      hash,
      pieces: more + 1,
      chars,
      tokens,
      cost_usd: cost,
      read,
      write,
      write_1h: write1h,
      uncached,
    }),
  );
}

export function packCalls(calls: Readonly<Record<string, number>>): PackedCalls {
  const packed: PackedCalls = [];
  for (const name in calls) packed.push(text(name)!, calls[name]!);
  return packed;
}

export function unpackCalls(packed: PackedCalls): Record<string, number> {
  const calls: [string, number][] = [];
  for (let at = 0; at < packed.length; at += 2) calls.push([String(packed[at]), Number(packed[at + 1])]);
  return Object.fromEntries(calls);
}
