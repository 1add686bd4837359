/** Prompts that were taken apart, made by hand or by chance. */
import type { CutPrompt, PartKind, Piece } from '../../src/pipeline/prompt.ts';

type Short = readonly [kind: PartKind, name: string, hash: number, weight: number, mark?: Piece['mark']];

/** A prompt of such pieces; a piece has as many characters as four times its weight. */
export function cutOf(pieces: readonly Short[], more: Partial<CutPrompt> = {}): CutPrompt {
  return {
    pieces: pieces.map(([kind, name, hash, weight, mark = null], at) => ({
      kind,
      name,
      hash,
      weight,
      chars: weight * 4,
      message: kind === 'history' || kind === 'new' ? at : -1,
      mark,
    })),
    messages: [],
    systemHash: null,
    toolsHash: null,
    calls: [],
    toolResults: 0,
    images: 0,
    tools: [],
    isCompacted: false,
    isWhole: true,
    ...more,
  };
}

/** The same numbers again and again: a test that fails fails twice. Mulberry32. */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const KINDS: readonly PartKind[] = ['tool', 'system', 'file', 'component', 'history', 'new'];

/** Any prompt: up to `most` pieces, some without weight, many of one name. */
export function anyCut(random: (below: number) => number, most = 40): CutPrompt {
  const count = 1 + random(most);
  return cutOf(
    Array.from({ length: count }, (): Short => {
      const weight = random(4) === 0 ? 0 : random(3) === 0 ? random(7) / 3 : random(9000);
      return [KINDS[random(KINDS.length)]!, `n${random(6)}`, random(2 ** 30) * 2 ** 18 + random(2 ** 18), weight];
    }),
  );
}
