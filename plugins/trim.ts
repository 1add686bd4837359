import { definePlugin, type Exchange } from '../src/plugin.ts';
import { SPEECHES, type Trimmed, trim } from './_trim-body.ts';
import { Savings, tokensOf } from './_trim-saved.ts';
import { addStats } from './_trim-stats.ts';

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
    const told = shared('told', () => new Set<string>());
    const requests = metrics.counter('requests', 'Requests that were made shorter.', ['agent']);
    const chars = metrics.counter('saved_characters', 'Characters that did not leave.', ['agent']);
    const tools = metrics.counter('removed_tools', 'Tools that did not leave.', ['agent']);
    const passed = metrics.counter('passed', 'Requests that passed untouched though there are rules for them.', [
      'why',
    ]);
    /** A word to the log, once for each reason and API: these are few. */
    const pass = (exchange: Exchange, why: string, message: string): void => {
      passed.add(1, { why });
      const api = exchange.api ?? 'unknown';
      if (told.has(`${why} ${api}`)) return;
      told.add(`${why} ${api}`);
      log.warn(message, { api });
    };
    const count = ({ state }: Exchange, agent: string, trimmed: Trimmed): void => {
      savings.add(state.tenant, agent, trimmed);
      requests.add(1, { agent });
      chars.add(trimmed.chars, { agent });
      tools.add(trimmed.tools, { agent });
    };

    return {
      onRequest(exchange) {
        const { state, request } = exchange;
        const { filters, sessionCharLimit } = settings.of(state.agent ?? null);
        if ((!filters.enabled && state.shorten === undefined) || !exchange.bills || request.bodyBytes === 0) return;
        const speech = SPEECHES.get(exchange.api ?? '');
        if (speech === undefined) return pass(exchange, 'api', 'requests of this API are not trimmed');
        if (request.bodyBytes > MOST_BYTES)
          return pass(exchange, 'size', 'requests of more than 4 MiB are not trimmed');
        const rules = {
          filters,
          shortenTo: state.shorten === undefined ? null : (state.shortenTo ?? sessionCharLimit),
        };
        const trimmed = attempt(() => trim(request.body!, speech, rules));
        if (trimmed === undefined) return pass(exchange, 'unreadable', 'a request was not what its API says');
        if (trimmed === null) return;
        request.rewrite(trimmed.body, 'trim');
        state.trimmed = { tools: trimmed.tools, chars: trimmed.chars, historyChars: trimmed.historyChars };
        exchange.setHeader('x-token-spy-trimmed', `tools=${trimmed.tools}; chars=${trimmed.chars}`);
        const agent = state.agent ?? 'unknown';
        count(exchange, agent, trimmed);
        const { tools: removed, chars: saved, messages } = trimmed;
        const facts = { agent, tools: removed, messages, chars: saved, tokens_estimated: tokensOf(saved) };
        if (filters.log_details) log.info('a request was trimmed', facts);
      },
      routes: (router) => addStats(router, settings, savings),
    };
  },
});

const MOST_BYTES = 4 * 1024 * 1024;

/** Undefined where it fails: a request that is not understood is the provider's to refuse. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
