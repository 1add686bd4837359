/** What a gateway that starts knows of the sessions of before. */
import type { Lent, SessionBook } from '../../src/plugin.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const PAGE = 200;
const PAGES = 5;

/**
 * Tells a book the ids of the newest thousand sessions, so that a conversation which begins with the same words as one
 * of before a restart does not get its id. Rejects when the database does not answer.
 *
 * @returns how many it knows now
 */
export async function recall(book: SessionBook, records: Lent['records']): Promise<number> {
  let known = 0;
  const to = new Date(Date.now() + 1);
  const from = new Date(to.getTime() - WEEK_MS);
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const { sessions, next } = await records.sessions({ from, to, singles: true, limit: PAGE, cursor });
    for (const { id, source } of sessions) {
      if (source !== 'chain') continue;
      book.know(id);
      known++;
    }
    if (next === null) break;
    cursor = next;
  }
  return known;
}
