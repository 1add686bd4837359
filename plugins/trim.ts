import { definePlugin, type Exchange, type Lent } from '../src/plugin.ts';
import { SPEECHES, type Trimmed, trim } from './trim/body.ts';
import { Savings, tokensOf } from './trim/saved.ts';
import { addStats } from './trim/stats.ts';

/**
 * Takes out of requests what an agent does not need: tools, sections of the system prompt, old history.
 *
 * What goes is said by the `filters` of the settings, for all agents or for one; without them nothing does. A tool's
 * call and its result go together or not at all, and the newest question with all that belongs to it stays as it is.
 * What is not touched keeps every byte. Where a request is larger than 4 MiB, or is none that can be read, it passes
 * untouched. Session limits that are set to `trim` shorten the history by the same rules.
 *
 * @example
 *   - trim
 */
export default definePlugin({
  summary: 'Takes out of requests what an agent does not need: tools, sections of the system prompt, old history.',
  requires: { history: 'above', identity: 'above', settings: 'above', 'session-limits': 'above', usage: 'below' },
  setup: ({ settings, log, metrics, shared }) => {
    const savings = shared('savings', () => new Savings());
    const count = counting(savings, metrics);
    const pass = passing(
      shared('told', () => new Set<string>()),
      metrics,
      log,
    );

    return {
      onRequest(exchange) {
        const { state, request } = exchange;
        const { filters, sessionCharLimit } = settings.of(state.agent ?? null);
        if ((!filters.enabled && state.shorten === undefined) || !exchange.bills || request.bodyBytes === 0) return;
        const speech = SPEECHES.get(exchange.api ?? '');
        if (speech === undefined) return pass(exchange, 'api');
        if (request.bodyBytes > MOST_BYTES) return pass(exchange, 'size');
        const shortenTo = state.shorten === undefined ? null : (state.shortenTo ?? sessionCharLimit);
        const trimmed = attempt(() => trim(request.body!, speech, { filters, shortenTo }));
        if (trimmed === undefined) return pass(exchange, 'unreadable');
        if (trimmed === null) return;
        const { tools, chars, historyChars, messages } = trimmed;
        request.rewrite(trimmed.body, 'trim');
        state.trimmed = { tools, chars, historyChars };
        exchange.setHeader('x-token-spy-trimmed', `tools=${tools}; chars=${chars}`);
        exchange.note('trim', 'trimmed', { tools, chars, history_chars: historyChars, messages });
        count(exchange, trimmed);
        const facts = { agent: state.agent, tools, messages, chars, tokens_estimated: tokensOf(chars) };
        if (filters.log_details) log.info('a request was trimmed', facts);
      },
      routes: (router) => addStats(router, settings, savings),
    };
  },
});

const MOST_BYTES = 4 * 1024 * 1024;

/** Why a request passes untouched though there are rules for it. */
const PASSED = {
  api: 'requests of this API are not trimmed',
  size: 'requests of more than 4 MiB are not trimmed',
  unreadable: 'a request was not what its API says',
} as const;

function counting(savings: Savings, metrics: Lent['metrics']): (exchange: Exchange, trimmed: Trimmed) => void {
  const requests = metrics.counter('requests', 'Requests that were made shorter.', ['agent']);
  const chars = metrics.counter('saved_characters', 'Characters that did not leave.', ['agent']);
  const tools = metrics.counter('removed_tools', 'Tools that did not leave.', ['agent']);
  return ({ state: { tenant, agent = 'unknown' } }, trimmed) => {
    savings.add(tenant, agent, trimmed);
    requests.add(1, { agent });
    chars.add(trimmed.chars, { agent });
    tools.add(trimmed.tools, { agent });
  };
}

/** The log hears of each reason once for each API: these are few. */
function passing(told: Set<string>, metrics: Lent['metrics'], log: Lent['log']) {
  const passed = metrics.counter('passed', 'Requests that passed untouched though there are rules for them.', ['why']);
  return ({ api }: Exchange, why: keyof typeof PASSED): void => {
    passed.add(1, { why });
    if (told.has(`${why} ${api}`)) return;
    told.add(`${why} ${api}`);
    log.warn(PASSED[why], { api });
  };
}

/** Undefined where it fails: a request that is not understood is the provider's to refuse. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
