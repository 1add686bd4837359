import { breakOf, type CacheBreak, definePlugin, type Exchange } from '../src/plugin.ts';
import { lossOf } from './cache-breaks/cost.ts';
import { BreakTeller } from './cache-breaks/news.ts';
import { pageOf } from './cache-breaks/page.ts';
import { addRoutes } from './cache-breaks/routes.ts';
import { answered } from './shared/prompt-prices.ts';

/**
 * Finds out why a cache broke, which part of the prompt did it, and what that cost.
 *
 * Each request is held against the one before it in its session. Where clearly less came from the cache than was in
 * it, the first part that changed is named; or it is another model, a pause that was too long, or the provider. It
 * stands in the row, on /dashboard/cache-breaks and in the log, and is an event for alerts. No text is kept.
 *
 * @example
 *   - plugin: cache-breaks
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Finds out why a cache broke, which part of the prompt did it, and what that cost.',
  requires: { history: 'above', identity: 'above', sessions: 'above', prompts: 'below', usage: 'below' },
  needs: ['sessions', 'prompts'],
  setup: (lent) => {
    const teller = new BreakTeller(lent);
    return {
      onRequest(exchange) {
        exchange.onFinish(() => {
          const found = find(exchange);
          if (found === null) return;
          exchange.state.cacheBreak = found;
          teller.tell(exchange, found);
        });
      },
      routes(router) {
        addRoutes(router, lent);
      },
      pages: [
        { name: 'cache-breaks', title: 'Cache breaks', live: true, data: (question) => pageOf(lent.records, question) },
      ],
    };
  },
});

const MINUTE_MS = 60_000;
/** How long providers keep a prefix that nobody marked at least; OpenAI a day where the request says so. */
const UNMARKED_MS = 5 * MINUTE_MS;
const RETAINED_MS = 24 * 60 * MINUTE_MS;

function find(exchange: Exchange): CacheBreak | null {
  const { turn, prompt } = exchange.state;
  const reading = answered(exchange);
  // Several models' readings of one prompt are one number here: what of it came from whose cache is not said.
  if (!turn?.before || !prompt || reading === null || reading.parts !== null) return null;
  const found = breakOf(turn.before, {
    prompt,
    usage: reading.usage,
    provider: exchange.provider?.name ?? null,
    model: exchange.targetModel ?? exchange.request.model,
    at: exchange.startedAt,
    unmarkedMs: exchange.request.text('prompt_cache_retention') === '24h' ? RETAINED_MS : UNMARKED_MS,
  });
  if (found === null) return null;
  const { cause, part, tokens, idle_s } = found;
  return { cause, part, tokens, cost_usd: lossOf(exchange, reading, found), idle_s };
}
