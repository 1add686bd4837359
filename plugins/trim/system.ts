/** System text made shorter: without some sections, as another text, or cut. */
import type { Filters } from '../../src/plugin.ts';
import { cut, LEFT_OUT, lengthOf, withoutSections } from '../shared/text.ts';
import { type Text, textsIn, withTexts } from './content.ts';
import type { Rest } from './item.ts';

type Rules = Filters['system_prompt'];

/**
 * Shortens the system prompt, wherever its texts stand.
 *
 * @param contents in their order; what is left of each comes back. A text that is marked for the cache stays, if only
 *   as a mark, and of all of them one at least.
 */
export function shortenSystem(contents: readonly Buffer[], rules: Rules): Rest[] {
  const texts = contents.map(textsIn);
  const all = texts.flat();
  const edited = edit(all, rules);
  if (edited === null || all.length === 0) return [...contents];
  if (!edited.some((text) => text !== null)) edited[0] = LEFT_OUT;
  let from = 0;
  return contents.map((content, n) => {
    const own = edited.slice(from, from + texts[n]!.length);
    from += texts[n]!.length;
    return own.every((text, at) => text === texts[n]![at]!.text) ? content : withTexts(content, own);
  });
}

/** Null: all of it stays. */
function edit(texts: readonly Text[], rules: Rules): (string | null)[] | null {
  if (rules.mode === 'replace')
    return rules.custom_replacement === null ? null : replaced(texts, rules.custom_replacement);
  if (rules.mode === 'truncate') return rules.max_chars === null ? null : cutAll(texts, rules.max_chars);
  return texts.map((one): string | null => {
    const text = withoutSections(one.text, rules.strip_sections);
    return text === one.text || text.trim() !== '' ? text : blank(one);
  });
}

const blank = ({ marked }: Text): string | null => (marked ? LEFT_OUT : null);

/** The new text stands where the last mark was, so that what is cached still ends behind it. */
function replaced(texts: readonly Text[], text: string): (string | null)[] {
  const at = Math.max(
    0,
    texts.findLastIndex(({ marked }) => marked),
  );
  return texts.map((_, n) => (n === at ? text : null));
}

function cutAll(texts: readonly Text[], most: number): (string | null)[] {
  let room = most;
  return texts.map((one) => {
    const left = Math.max(0, room);
    room -= lengthOf(one.text);
    if (room >= 0) return one.text;
    return left > 0 ? cut(one.text, left) : blank(one);
  });
}
