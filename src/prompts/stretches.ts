import type { PartKind } from '../pipeline/prompt.ts';

/** A part of a text, in UTF-16 units; `end` is behind it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly kind: PartKind;
  readonly name: string;
}

/** Lays stretches over others, which keep what is left of them. Both are in order, and none of one list overlaps another of it. */
export function overlay(above: readonly Stretch[], below: readonly Stretch[]): Stretch[] {
  if (above.length === 0) return [...below];
  const all = [...above];
  let n = 0;
  for (const one of below) {
    let { start } = one;
    while (n > 0 && above[n - 1]!.end > start) n--;
    for (; n < above.length && above[n]!.start < one.end; n++) {
      const top = above[n]!;
      if (top.end <= start) continue;
      if (top.start > start) all.push({ ...one, start, end: top.start });
      start = Math.max(start, top.end);
    }
    if (start < one.end) all.push({ ...one, start });
  }
  return all.sort((one, other) => one.start - other.start);
}

/** The same with what lies between them, and all of it cut at these places, which are in order. */
export function fill(
  stretches: readonly Stretch[],
  length: number,
  rest: PartKind,
  cuts: readonly number[],
): Stretch[] {
  const whole: Stretch[] = [];
  let at = 0;
  let next = 0;
  const add = (end: number, kind: PartKind, name: string): void => {
    for (; next < cuts.length && cuts[next]! < end; next++) {
      if (cuts[next]! <= at) continue;
      whole.push({ start: at, end: cuts[next]!, kind, name });
      at = cuts[next]!;
    }
    if (end > at) whole.push({ start: at, end, kind, name });
    at = Math.max(at, end);
  };
  for (const { start, end, kind, name } of stretches) {
    add(start, rest, '');
    add(end, kind, name);
  }
  add(length, rest, '');
  return whole;
}
