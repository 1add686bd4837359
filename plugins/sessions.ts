import { definePlugin } from '../src/plugin.ts';
import { sessionPages } from './_session-pages.ts';

/**
 * Finds out which session a request belongs to, and how it goes on from the one before.
 *
 * @example
 *   - plugin: sessions
 *     on_error: skip
 */
export default definePlugin({
  summary: 'Finds out which session a request belongs to, and how it goes on from the one before.',
  requires: { history: 'above', identity: 'above' },
  setup: (lent) => ({
    onRequest({ state }) {
      if (state.session) state.turn = { relation: 'named', parent: null, before: null };
    },
    pages: sessionPages(lent),
  }),
});
