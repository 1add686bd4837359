import { definePlugin, type Exchange, type Verdict } from '../src/plugin.ts';
import { DIMENSIONS, type Pause, scopeWords } from './_pause.ts';
import { PauseBook } from './_pause-book.ts';
import { addForms, PAGE, pageOf } from './_pause-page.ts';
import { addRoutes, PauseDesk } from './_pause-routes.ts';

/**
 * Pauses an agent, a key, a session, a user, a project or a provider until somebody resumes it.
 *
 * What is paused is refused with 403, and told by whom, since when, why and how to resume. It is
 * set on the dashboard or by `POST /api/v1/pauses`, is kept in the database, holds for the next
 * request here and within a second in other processes. Answers under way go on. A request that may
 * go to several providers goes to one that is not paused.
 *
 * @example
 *   - pauses
 */
export default definePlugin({
  summary: 'Pauses an agent, a key, a session, a user, a project or a provider until somebody resumes it.',
  requires: { history: 'above', identity: 'above', queue: 'below', 'rate-limits': 'below', budgets: 'below' },
  setup: ({ documents, records, log, metrics, publish, every }) => {
    const book = new PauseBook(documents, () => publish('pause', null));
    const desk = new PauseDesk(book, log);
    const refusals = metrics.counter('refusals', 'Requests of what is paused.', ['dimension']);
    every(SWEEP_MS, () => book.sweep());

    const check = (exchange: Exchange): Verdict | undefined => {
      const pause = book.stops(exchange);
      if (pause === null) return undefined;
      refusals.add(1, { dimension: DIMENSIONS.find((name) => pause.scope[name] !== undefined)! });
      return refuse(exchange, pause);
    };
    return {
      onRequest(exchange) {
        exchange.state.recheck = check;
        return check(exchange);
      },
      routes(router) {
        addRoutes(router, desk);
        addForms(router, desk, records);
      },
      pages: [{ name: PAGE, title: 'Pauses', live: true, data: (question) => pageOf(desk, records, question) }],
      close: () => book.close(),
    };
  },
});

const SWEEP_MS = 60_000;

function refuse(exchange: Exchange, pause: Pause): Verdict {
  const { id, scope, reason, since, until, by } = pause;
  const who = by === null ? '' : ` by ${by}`;
  const end = until === null ? '' : ` until ${until}`;
  const why = reason === null ? '' : ` Reason: ${reason.replace(/[.\s]*$/, '.')}`;
  const message = `The ${scopeWords(scope)} was paused${who} at ${since}${end}.${why} To resume it: DELETE /api/v1/pauses/${id}, or /dashboard/pauses.`;
  return exchange.refuse(403, 'paused', message, {
    details: { pause: id, scope, reason, since, until, by },
    headers: { 'x-should-retry': 'false' },
  });
}
