import { definePlugin, SessionBook } from '../src/plugin.ts';
import { addRoutes } from './sessions/api.ts';
import { sessionPages } from './sessions/pages.ts';
import { recall } from './sessions/recall.ts';
import { isTurn, place } from './sessions/turn.ts';
import { unhealthySessions } from './sessions/unhealthy.ts';

/**
 * Finds out which session a request belongs to, and how it goes on from the one before.
 *
 * An id that a client sends wins. Without one, a request goes on from the one whose messages it begins with, whatever
 * model and provider they go to: so conversations that run side by side stay apart. Where neither tells, the length of
 * the history does. /dashboard/sessions shows them, `/api/v1/sessions` and the predecessor's `/api/session-status` tell
 * them. What was said is not kept: only salted hashes, in memory, and sizes.
 *
 * @example
 *   - plugin: sessions
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Finds out which session a request belongs to, and how it goes on from the one before.',
  requires: { history: 'above', identity: 'above', settings: 'below', pauses: 'below', usage: 'below' },
  setup: (lent) => {
    const { prompts, records, metrics, shared, every, log, figures } = lent;
    const memory = shared('memory', () => ({ book: new SessionBook(), recalled: false }));
    const { book } = memory;
    const turns = metrics.counter('turns', 'Turns of sessions, by how they go on from those before.', ['relation']);
    metrics.gauge('conversations', 'Conversations that are remembered.', () => book.size.conversations);
    const remember = async (): Promise<void> => {
      if (memory.recalled) return;
      memory.recalled = true;
      try {
        log.debug('sessions of before are known', { sessions: await recall(book, records) });
      } catch (error) {
        memory.recalled = false;
        log.debug('sessions of before are not known yet', { error: (error as Error).name });
      }
    };
    figures.offer(
      'unhealthy_sessions',
      'Sessions of the last hour that should be compacted or reset, or whose cache is unstable, by agent.',
      () => unhealthySessions(lent),
    );
    void remember();
    every(MINUTE_MS, () => book.sweep(Date.now()));
    every(MINUTE_MS, remember);
    return {
      onRequest(exchange) {
        if (!isTurn(exchange)) return;
        place(book, exchange, prompts.cut(exchange));
        turns.add(1, { relation: exchange.state.turn!.relation });
      },
      routes(router) {
        addRoutes(router, lent);
      },
      pages: sessionPages(lent),
    };
  },
});

const MINUTE_MS = 60_000;
