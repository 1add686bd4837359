import { definePlugin } from '../src/plugin.ts';
import { addSessionLimits } from './session-limits/api.ts';
import { Guard } from './session-limits/guard.ts';
import { readSessionLimits } from './session-limits/limit.ts';
import { Memory } from './session-limits/memory.ts';
import { limitSchema } from './session-limits/schema.ts';
import { Waits } from './session-limits/wait.ts';

/**
 * Warns, slows down, trims or refuses sessions that become too long, too dear, or go in circles.
 *
 * A limit looks at the history of the request at hand (`chars`), at how often one tool was called with the
 * same arguments since the user spoke last (`repeats`), and at what the session has come to over all time and processes: `turns`, `tokens`,
 * `usd`. It is looked at before a request leaves, and what that one adds is not known then: it passes where the
 * session was not at the bound yet. Who is refused is told what to do, and a request that asks for a summary of the
 * conversation passes a bound of characters, since nothing else makes the history shorter.
 *
 * @example
 *   - session-limits
 * session_limits:
 *   - { name: history, chars: { soft: 150000, hard: setting } }
 *   - { name: cost of one task, scope: { agent: "ci-*" }, usd: { soft: 1, hard: "2.50" }, at_soft: slow, slow: 5s }
 *   - { name: circles, repeats: { soft: 4, hard: 8 } }
 */
export default definePlugin({
  summary: 'Warns, slows down, trims or refuses sessions that become too long, too dear, or go in circles.',
  section: 'session_limits',
  options: {
    session_limits: {
      type: 'array',
      description: 'What sessions may come to. Of all that concern a request the strictest holds.',
      maxItems: 1000,
      default: [],
      items: limitSchema,
    },
  },
  requires: {
    history: 'above',
    identity: 'above',
    sessions: 'above',
    pauses: 'above',
    trim: 'below',
    prediction: 'below',
    'rate-limits': 'below',
    budgets: 'below',
    usage: 'below',
  },
  needsBy: ({ session_limits: limits }) => (limits.some(({ at_hard: action }) => action === 'trim') ? ['trim'] : []),
  setup: ({ options, accounts, prompts, settings, audit, log, publish, metrics, shared, every }) => {
    const limits = readSessionLimits(options.session_limits);
    const memory = shared('memory', () => new Memory());
    const waits = shared('waits', () => new Waits());
    const reached = metrics.counter('reached', 'Requests of sessions at a limit, by what became of them.', [
      'limit',
      'measure',
      'state',
      'action',
    ]);
    const unknown = metrics.counter('unknown', 'Requests of which nobody knew what their session had come to.');
    metrics.gauge('waiting', 'Requests that are made slow.', () => waits.waiting);
    let missed = 0;
    every(MINUTE_MS, () => {
      if (missed > 0) log.warn('sessions passed unseen, since the database did not answer', { requests: missed });
      missed = 0;
    });
    const guard = new Guard(limits, {
      lent: { accounts, prompts, settings, audit, log, publish },
      memory,
      waits,
      count: ({ limit, word, state }, action) => reached.add(1, { limit: limit.name, measure: word, state, action }),
      unknown: () => {
        missed++;
        unknown.add(1);
      },
    });
    return {
      ...(limits.length > 0 && { onRequest: (exchange) => guard.meet(exchange) }),
      routes: (router) => addSessionLimits(router, limits, memory, accounts),
    };
  },
});

const MINUTE_MS = 60_000;
