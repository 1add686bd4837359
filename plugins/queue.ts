import { definePlugin, type Exchange, type Lent, type Verdict } from '../src/plugin.ts';
import { type Line, Lines, type Turn } from './queue/line.ts';

/**
 * Lets no more requests at a time through to a provider than it can take; the others wait in line.
 *
 * Each provider has a line of its own: first come, first served. `when` says which requests stand
 * in it. A place is taken until the last byte of the answer, and free as soon as the exchange is
 * over, however it ends. Who leaves while he waits is not sent on. Lines are in the memory of this
 * process: two processes let through twice as many.
 *
 * @example
 *   - plugin: queue
 *     when: { provider: ollama }
 *     parallel: 2        # at a time
 *     waiting: 50        # in line; who comes then is told to come again
 *     wait: 20s
 */
export default definePlugin({
  summary: 'Lets no more requests at a time through to a provider than it can take; the others wait in line.',
  options: {
    parallel: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      description: 'Most requests under way at a time. Needed.',
    },
    waiting: { type: 'integer', minimum: 0, maximum: 100_000, default: 100, description: 'Most requests in line.' },
    wait: { type: ['string', 'number'], format: 'time-span', default: '30s', description: 'Longest wait in line.' },
  },
  requires: { history: 'above', 'rate-limits': 'above', pauses: 'above', usage: 'above' },
  setup: ({ options, metrics, shared }) => {
    const { parallel, waiting, wait } = options;
    if (parallel === undefined)
      throw new Error('parallel is not set; write how many requests may be under way at a time');
    const lines = shared('lines', () => new Lines());
    const rules = { parallel, waiting, wait };
    lines.follow(rules);
    const tell = tellers(metrics, lines);

    const stand = async (exchange: Exchange, line: Line): Promise<Verdict | undefined> => {
      const since = performance.now();
      const turn = await line.wait((leave) => exchange.onGone(leave));
      const waited = performance.now() - since;
      exchange.note('queue', 'waited', { ms: Math.round(waited), turn });
      if (turn === 'mine') hold(exchange, line);
      tell.waited(exchange, waited, turn);
      exchange.setHeader('x-token-spy-queued-ms', String(Math.round(waited)));
      if (turn === 'late') return refuseLate(exchange, line, wait);
      // Much may have been said since it came.
      return turn === 'mine' ? exchange.state.recheck?.(exchange) : undefined;
    };

    return {
      onRequest(exchange) {
        if (exchange.provider === null) return;
        const line = lines.of(exchange.provider.name);
        if (line.enter()) return hold(exchange, line);
        if (!line.full) return stand(exchange, line);
        tell.refused(exchange, 'full');
        return refuseFull(exchange, line);
      },
      close: () => lines.forget(rules),
    };
  },
});

/** Keeps the place until the exchange is over. */
function hold(exchange: Exchange, line: Line): void {
  const since = performance.now();
  exchange.onFinish(() => line.leave(performance.now() - since));
}

function refuseFull(exchange: Exchange, line: Line): Verdict {
  const name = exchange.provider?.name;
  const message = `The provider ${name} has all the requests it can take, and ${line.waiting} more wait for their turn.`;
  return exchange.refuse(429, 'queue_full', message, { headers: comeAgain(line) });
}

function refuseLate(exchange: Exchange, line: Line, wait: number): Verdict {
  const name = exchange.provider?.name;
  const message = `The provider ${name} had no place for this request within ${wait / 1000} s.`;
  return exchange.refuse(503, 'queue_timeout', message, { headers: comeAgain(line) });
}

/** Longer than this nobody needs to stay away, seconds. */
const LONGEST = 60;

const comeAgain = ({ pace }: Line) => ({
  'retry-after': String(Math.min(LONGEST, Math.max(1, Math.ceil(pace / 1000)))),
});

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

function tellers(metrics: Lent['metrics'], lines: Lines) {
  const label = 'gen_ai_provider_name';
  metrics.gauge('waiting', 'Requests in line.', () => lines.waiting);
  metrics.gauge('under_way', 'Requests that were let through and are not over.', () => lines.underWay);
  const seconds = metrics.histogram('waited_seconds', 'Time in line of those who had to wait.', BUCKETS, [label]);
  const refusals = metrics.counter('refusals', 'Requests that were not let through.', [label, 'reason']);
  const refused = ({ provider }: Exchange, reason: string): void =>
    refusals.add(1, { [label]: provider?.name ?? '', reason });
  return {
    refused,
    waited(exchange: Exchange, milliseconds: number, turn: Turn): void {
      seconds.observe(milliseconds / 1000, { [label]: exchange.provider?.name ?? '' });
      if (turn === 'late') refused(exchange, 'timeout');
    },
  };
}
