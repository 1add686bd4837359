/** Texts made shorter: cut with a word about it, or without the sections that nobody wants. */

/** What stands where a text or a tool call was that must not be empty. */
export const LEFT_OUT = '[left out]';

/**
 * The first so many characters and a word about the rest; the text itself where that would save nothing. A character is
 * a code point.
 */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  let chars = 0;
  while (end < text.length && chars < most) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1;
    chars++;
  }
  const rest = lengthOf(text, end);
  const word = `\n[... ${rest} characters left out]`;
  return rest <= word.length ? text : text.slice(0, end) + word;
}

/** Characters of a text from there on, each code point one. */
export function lengthOf(text: string, from = 0): number {
  let pairs = 0;
  for (let at = from; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) pairs++;
  return text.length - from - pairs;
}

/**
 * Takes sections out of Markdown: from a heading to the next one of its level or above, or to the end. What looks like
 * a heading between code fences is none.
 *
 * @param headings as they stand in the text, such as `## Sandbox`
 */
export function withoutSections(text: string, headings: readonly string[]): string {
  const wanted = new Set(headings.map(plain));
  let fence: string | null = null;
  let level = 0;
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    const heading = fence === null ? /^(#{1,6})\s/.exec(line)?.[1] : undefined;
    if (heading !== undefined) {
      if (level > 0 && heading.length <= level) level = 0;
      if (level === 0 && wanted.has(plain(line))) level = heading.length;
    } else if (mark !== undefined) fence = fenceAfter(fence, mark);
    if (level === 0) kept.push(line);
  }
  return kept.join('\n');
}

/** The fence that is open behind a line with these marks. */
function fenceAfter(open: string | null, mark: string): string | null {
  if (open === null) return mark;
  return mark[0] === open[0] && mark.length >= open.length ? null : open;
}

const plain = (heading: string): string => heading.trim().replace(/\s+/g, ' ');
