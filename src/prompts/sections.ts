/** Finds parts of a text by what begins and ends them. All take time in proportion to the text. */

/** A part, in UTF-16 units; `end` is behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const FENCE = /^ {0,3}(```|~~~)/;
/** Of a line and of a tag that much is looked at, UTF-16 units: nothing here may take longer than the text is long. */
const LOOKED_AT = 1000;

interface Heading {
  readonly at: number;
  readonly level: number;
  readonly title: string;
}

/**
 * Sections under a Markdown heading, each with its heading, up to the next one of its level or above.
 *
 * @param heading with its `#`, or without: then of any level
 */
export function sectionsUnder(text: string, heading: string): Span[] {
  const wanted = headingOf(heading.trim(), 0);
  const title = wanted?.title ?? heading.trim();
  const spans: Span[] = [];
  let open: { start: number; level: number } | null = null;
  for (const found of headingsIn(text)) {
    if (open !== null && found.level <= open.level) {
      spans.push({ start: open.start, end: found.at });
      open = null;
    }
    if (open === null && found.title === title && (wanted === null || wanted.level === found.level))
      open = { start: found.at, level: found.level };
  }
  if (open !== null) spans.push({ start: open.start, end: text.length });
  return spans;
}

/** Headings of a text, but for what looks like one in code between fences. */
function* headingsIn(text: string): Generator<Heading> {
  let fence = '';
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed;
    const first = text[at];
    // Most lines are neither, and are not copied.
    if (first === '#' || first === '`' || first === '~' || first === ' ') {
      const line = text.slice(at, Math.min(end, at + LOOKED_AT));
      const mark = FENCE.exec(line)?.[1] ?? '';
      if (mark !== '' && (fence === '' || fence === mark)) fence = fence === '' ? mark : '';
      const heading = fence === '' && mark === '' ? headingOf(line, at) : null;
      if (heading !== null) yield heading;
    }
    at = end + 1;
  }
}

/** Reads `## Title ##`; null where a line is no heading. */
function headingOf(line: string, at: number): Heading | null {
  let level = 0;
  while (line[level] === '#') level++;
  const behind = line[level];
  if (level === 0 || level > 6 || (behind !== ' ' && behind !== '\t')) return null;
  const title = line.slice(level).trim();
  let end = title.length;
  while (title[end - 1] === '#') end--;
  const isClosed = end === 0 || title[end - 1] === ' ' || title[end - 1] === '\t';
  return { at, level, title: isClosed ? title.slice(0, end).trimEnd() : title };
}

/** From each `<name ...>` to the `</name>` that belongs to it, both included; one that is never closed is none. */
export function tagged(text: string, name: string): Span[] {
  const spans: Span[] = [];
  const tag = new RegExp(`<(/?)${name.replaceAll(/[.\\-]/g, '\\$&')}(?=[\\s/>])`, 'g');
  let depth = 0;
  let start = -1;
  for (const { index, 1: slash } of text.matchAll(tag)) {
    const length = text.slice(index, index + LOOKED_AT).indexOf('>') + 1;
    if (length === 0) continue;
    const end = index + length;
    if (slash === '/') {
      depth = Math.max(0, depth - 1);
      if (depth === 0 && start !== -1) {
        spans.push({ start, end });
        start = -1;
      }
    } else if (text[end - 2] !== '/') {
      if (depth === 0) start = index;
      depth++;
    } else if (depth === 0) spans.push({ start: index, end });
  }
  return spans;
}

/** From the first `from`, included, to the next `to`, which is not; to the end where there is none, or none is named. */
export function between(text: string, from: string, to: string | undefined): Span[] {
  const start = text.indexOf(from);
  if (start === -1) return [];
  const end = to === undefined ? -1 : text.indexOf(to, start + from.length);
  return [{ start, end: end === -1 ? text.length : end }];
}
