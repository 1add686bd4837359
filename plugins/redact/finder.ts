import type { Recogniser, Span } from './recogniser.ts';
import { escapeEnd, escapeStart, unescaped } from './text.ts';
import { TOKEN } from './token.ts';

/** How often a text may be JSON in a string of JSON. */
const MOST_LEVELS = 2;

/** One thing that was found: where, and what it is without the escapes that the text has for it. */
export interface Finding extends Span {
  value: string;
}

/** Finds everything that some recognisers know in a text; in order, and nothing overlaps. */
export function findIn(text: string, recognisers: readonly Recogniser[]): Finding[] {
  if (!text.includes('\\')) {
    const spans = search(text, recognisers);
    return joined(
      spans.map((span) => ({ ...span, value: text.slice(span.start, span.end) })),
      text,
    );
  }
  const { solid, cut } = searchLevels(text, recognisers);
  return joined([...solid, ...clearOf(cut, joined(solid, text))], text);
}

interface Levels {
  readonly solid: Finding[];
  /** Those of which an end lay within an escape: what is found without the escapes is better. */
  readonly cut: Finding[];
}

/** Searches a text as it is, and without its own escapes. */
function searchLevels(text: string, recognisers: readonly Recogniser[]): Levels {
  const levels: Levels = { solid: [], cut: [] };
  let seen = text;
  let places: Uint32Array | null = null;
  for (let level = 0; level <= MOST_LEVELS; level++) {
    for (const { start, end, kind } of search(seen, recognisers)) {
      const from = escapeStart(seen, start);
      const to = escapeEnd(seen, end);
      const at = places === null ? { start: from, end: to } : { start: places[from]!, end: places[to]! };
      const list = from === start && to === end ? levels.solid : levels.cut;
      list.push({ ...at, kind, value: seen.slice(from, to) });
    }
    if (!seen.includes('\\')) break;
    const view = unescaped(seen);
    const known: Uint32Array | null = places;
    places = known === null ? view.places : view.places.map((place) => known[place]!);
    seen = view.text;
  }
  return levels;
}

/** Those that overlap none of some others, which are in order. */
function clearOf(findings: Finding[], others: readonly Finding[]): Finding[] {
  let n = 0;
  return inOrder(findings).filter(({ start, end }) => {
    while (n < others.length && others[n]!.end <= start) n++;
    return n === others.length || others[n]!.start >= end;
  });
}

/**
 * What overlaps is one finding, of the kind that begins first; what lies within another is a part of it. What was found
 * with and without escapes is, in a text that is JSON, what it is without them.
 */
function joined(findings: Finding[], text: string): Finding[] {
  const out: Finding[] = [];
  const isJson = /^\s*[[{"]/.test(text);
  for (const finding of inOrder(findings)) {
    const last = out.at(-1);
    if (last === undefined || finding.start >= last.end) out.push({ ...finding });
    else if (finding.end > last.end) {
      last.end = finding.end;
      last.value = text.slice(last.start, last.end);
    } else if (isJson && finding.start === last.start && finding.end === last.end) last.value = finding.value;
  }
  return out;
}

const inOrder = <S extends Span>(spans: S[]): S[] =>
  spans.sort((one, other) => one.start - other.start || other.end - one.end);

function search(text: string, recognisers: readonly Recogniser[]): Span[] {
  const spans: Span[] = [];
  for (const recogniser of recognisers) {
    const { kind } = recogniser;
    recogniser.find(text, (start, end) => spans.push({ start, end, kind }));
  }
  return spans.length > 0 && text.includes('<') ? outsideTokens(text, inOrder(spans)) : spans;
}

/** What stands within a token is a part of it: it was put there by an earlier request, or by another entry. */
function outsideTokens(text: string, spans: readonly Span[]): Span[] {
  const tokens = [...text.matchAll(TOKEN)].map(({ index, 0: token }) => ({ start: index, end: index + token.length }));
  let n = 0;
  return spans.filter(({ start, end }) => {
    while (n < tokens.length && tokens[n]!.end <= start) n++;
    const token = tokens[n];
    return token === undefined || start < token.start || end > token.end;
  });
}
