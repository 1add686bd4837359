import { definePlugin, type Exchange, type Verdict } from '../src/plugin.ts';
import { PauseBook } from './pauses/book.ts';
import { Lanes, type Overflow } from './pauses/lane.ts';
import { addForms, PAGE, pageOf } from './pauses/page.ts';
import { Passage } from './pauses/passage.ts';
import { firstOf, type Pause, type Slowed, scopeWords } from './pauses/pause.ts';
import { addRoutes, PauseDesk } from './pauses/routes.ts';
import { throttleWords } from './pauses/throttle.ts';

/**
 * Pauses an agent, a key, a session, a user, a project or a provider, or slows it down, until somebody resumes it.
 *
 * What is paused is refused with 403, and told by whom, since when, why and how to resume. What is
 * slowed down waits: for its turn at so many requests a minute, or so long each. It is set on the
 * dashboard or by `POST /api/v1/pauses`, is kept in the database, holds for the next request here and
 * within a second in other processes. Answers under way go on. A request that may go to several
 * providers goes to one that is not paused. The pace is kept in the memory of this process: two
 * processes let through twice as many.
 *
 * @example
 *   - pauses
 */
export default definePlugin({
  summary:
    'Pauses an agent, a key, a session, a user, a project or a provider, or slows it down, until somebody resumes it.',
  requires: { history: 'above', identity: 'above', queue: 'below', 'rate-limits': 'below', budgets: 'below' },
  setup: ({ documents, records, log, metrics, publish, every, shared }) => {
    const lanes = shared('lanes', () => new Lanes());
    const book = new PauseBook(documents, () => {
      lanes.follow(book.throttles());
      publish('pause', null);
    });
    const desk = new PauseDesk(book, lanes, log, (news) => publish('pause', news));
    const refusals = metrics.counter('refusals', 'Requests of what is paused.', ['dimension']);
    every(SWEEP_MS, () => book.sweep());

    const check = (exchange: Exchange): Verdict | undefined => {
      const pause = book.stops(exchange);
      if (pause === null) return undefined;
      refusals.add(1, { dimension: firstOf(pause.scope) });
      exchange.note('pauses', 'paused', { pause: pause.id });
      return refuse(exchange, pause);
    };
    const passage = new Passage(book, lanes, { stop: check, turnAway }, metrics);
    return {
      onRequest(exchange) {
        exchange.state.recheck = check;
        return check(exchange) ?? passage.pass(exchange);
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

/** SDKs wait by themselves for as long as they are told: a minute at most, see `Overflow`. */
function turnAway(exchange: Exchange, slowed: Slowed, { reason, again }: Overflow, waiting: number): Verdict {
  const { id, scope, throttle, reason: why, since, until, by } = slowed;
  const seconds = Math.max(1, Math.ceil(again / 1000));
  const who = by === null ? '' : ` by ${by}`;
  const state =
    reason === 'full' ? `${waiting} requests wait for their turn already` : 'its turn is more than a minute away';
  const message = `The ${scopeWords(scope)} was slowed down ${throttleWords(throttle)}${who} at ${since}, and ${state}. Come again in ${seconds} s. To end it: DELETE /api/v1/pauses/${id}, or /dashboard/pauses.`;
  return exchange.refuse(429, 'throttled', message, {
    details: { pause: id, scope, throttle, reason: why, since, until, by, waiting, retry_after_s: seconds },
    headers: { 'retry-after': String(seconds) },
  });
}
