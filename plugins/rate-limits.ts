import { definePlugin, type Exchange, type Verdict } from '../src/plugin.ts';
import { Accounts } from './rate-limits/accounts.ts';
import { headersOf } from './rate-limits/headers.ts';
import { type Limit, readLimits } from './rate-limits/limit.ts';
import { refusalOf } from './rate-limits/refusal.ts';
import { Hold, type Stake, shortagesOf } from './rate-limits/stake.ts';
import { factsOf } from './shared/facts.ts';
import { perSchema, scopeSchema } from './shared/scope.ts';

/**
 * Refuses requests that come too fast: by requests and tokens a minute, requests a day, requests at a time.
 *
 * Limits are counted in the memory of this process: several processes have each their own, and a
 * restart begins anew. What a limit allows may be used at once; what was used flows off evenly, so
 * that after all 60 of a minute the next one passes a second later. Tokens are held before the
 * request leaves, the most it may use, and become what it has used when it is over. A request passes
 * all limits that concern it, or takes nothing of any.
 *
 * @example
 *   - rate-limits
 * rate_limits:
 *   - { name: each key, per: key, requests_per_minute: 60, tokens_per_minute: 200000, parallel: 8 }
 *   - { name: crawlers, scope: { agent: "crawl-*" }, requests_per_minute: 10 }
 */
export default definePlugin({
  summary: 'Refuses requests that come too fast: by requests and tokens a minute, requests a day, requests at a time.',
  section: 'rate_limits',
  options: {
    rate_limits: {
      type: 'array',
      description: 'How often callers may come. All limits that concern a request must have room for it.',
      maxItems: 1000,
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 128, description: 'Unique; callers are told it.' },
          scope: { ...scopeSchema, default: {} },
          per: perSchema,
          requests_per_minute: amount('Requests a minute.'),
          requests_per_day: amount('Requests in 24 hours.'),
          tokens_per_minute: amount('Tokens a minute, input and output together.'),
          parallel: amount('Requests under way at a time.'),
          status: {
            type: 'integer',
            minimum: 400,
            maximum: 599,
            default: 429,
            description: 'Status of the refusal. SDKs try again by themselves after 429.',
          },
        },
      },
    },
  },
  requires: { identity: 'above', history: 'above', prediction: 'above', usage: 'below' },
  needs: ['prediction', 'usage'],
  setup: ({ options, metrics, shared }) => {
    const limits = readLimits(options.rate_limits, (key) => shared(key, () => new Accounts()));
    const refusals = metrics.counter('refusals', 'Requests that came too fast.', ['limit', 'measure']);
    if (limits.length === 0) return {};

    const decide = (exchange: Exchange, stakes: readonly Stake[], tokens: number | null): Pending => {
      const now = performance.now();
      const shortages = shortagesOf(stakes, tokens, now);
      if (shortages.length === 0) return void begin(exchange, stakes, tokens ?? 0);
      exchange.setHeadersLate(() => headersOf(exchange, stakes, performance.now()));
      for (const { limit, measure, most, room } of shortages) {
        refusals.add(1, { limit: limit.rule.name, measure });
        exchange.note('rate-limits', 'exceeded', { limit: limit.rule.name, measure, most, room });
      }
      const never = shortages.find(({ wait }) => wait === null);
      const { foresight } = exchange.state;
      if (!never || !foresight) return refusalOf(exchange, shortages, tokens);
      return foresight.affordable({ tokens: never.most }).then((most) => refusalOf(exchange, shortages, tokens, most));
    };

    return {
      onRequest(exchange) {
        const stakes = stakesOf(exchange, limits);
        if (stakes.length === 0) return;
        const { foresight } = exchange.state;
        if (!foresight || !stakes.some(({ limit }) => limit.tokens)) return decide(exchange, stakes, null);
        const now = performance.now();
        // Too many of them anyway: what it would use is nothing to be told.
        if (shortagesOf(stakes, null, now).length > 0) return decide(exchange, stakes, null);
        const { tokens } = foresight.bound();
        if (shortagesOf(stakes, tokens, now).length === 0) return decide(exchange, stakes, tokens);
        // By its length it does not fit, and that is mostly far more than the truth: now it is worth counting.
        return foresight.counted().then(({ bound }) => decide(exchange, stakes, bound.tokens));
      },
    };
  },
});

type Pending = Verdict | undefined | Promise<Verdict | undefined>;

function amount(description: string) {
  return { type: 'integer', minimum: 1, maximum: 1e12, description } as const;
}

function stakesOf(exchange: Exchange, limits: readonly Limit[]): Stake[] {
  const fact = factsOf(exchange);
  const stakes: Stake[] = [];
  for (const limit of limits) {
    const account = limit.accountOf(fact);
    if (account) stakes.push({ limit, account });
  }
  return stakes;
}

/** Lets a request pass: takes it of its limits now, and settles that when it is over. */
function begin(exchange: Exchange, stakes: readonly Stake[], tokens: number): void {
  const hold = new Hold(stakes, tokens, performance.now());
  exchange.setHeadersLate(() => headersOf(exchange, stakes, performance.now()));
  exchange.onFinish(() => {
    const left = exchange.leftAt !== null;
    hold.end(left ? usedBy(exchange, hold.tokens) : 0, left, performance.now());
  });
  const { foresight } = exchange.state;
  // By its length it is mostly far more than the truth: others need not wait for that.
  const counted = tokens > 0 ? foresight?.counted() : undefined;
  counted?.then(
    ({ bound }) => hold.shrink(bound.tokens),
    () => {}, // then it stays as it is
  );
}

/** Tokens that an exchange has used: as the provider said, else as it was reckoned here. What failed used none; of the rest nobody knows. */
function usedBy({ state, response, ending, bills }: Exchange, held: number): number {
  const said = sum(state.reading?.usage);
  const reckoned = sum(state.estimate);
  if (said !== null || reckoned !== null) return Math.max(said ?? 0, reckoned ?? 0);
  const failed = response === null || response.status >= 400 || ending?.outcome === 'upstream_error';
  return failed || !bills || state.reading?.usageStatus === 'not_applicable' ? 0 : held;
}

/** Input and output; null where nothing is known of either. */
function sum(usage: Sizes | null | undefined): number | null {
  const { input_tokens: input, output_tokens: output } = usage ?? {};
  return input == null && output == null ? null : (input ?? 0) + (output ?? 0);
}

interface Sizes {
  input_tokens?: number | null;
  output_tokens?: number | null;
}
