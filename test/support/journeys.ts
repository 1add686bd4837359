/** An exchange with a plan and nothing else, on a clock of one's own. */
import type { Exchange } from '../../src/pipeline/exchange.ts';
import type { Decision, RetryPolicy } from '../../src/pipeline/plan.ts';
import type { Provider, Target } from '../../src/pipeline/provider.ts';
import type { AttemptRecord } from '../../src/pipeline/record.ts';
import { HealthBook } from '../../src/routing/health-book.ts';
import { Journey } from '../../src/routing/journey.ts';

export interface Clock {
  ms: number;
}

export interface Way {
  exchange: Exchange;
  journey: Journey;
  attempts: AttemptRecord[];
  book: HealthBook;
  clock: Clock;
}

export const POLICY: RetryPolicy = {
  attempts: 6,
  retries: 1,
  backoff: 250,
  maxBackoff: 5000,
  maxWait: 5000,
  deadline: 120_000,
  restart: false,
};

/** A target by what tells it apart: `provider`, `provider/key`, `provider/key:model`. The provider has two keys where one is named. */
export function targetOf(text: string): Target {
  const [, name, keyName, model] = /^([^/:]+)(?:\/([^:]+))?(?::(.+))?$/.exec(text)!;
  const key = { name: keyName ?? '1', value: `sk-${name}-${keyName ?? '1'}` };
  const keys = keyName === undefined ? [key] : [key, { name: 'other', value: 'sk-other' }];
  const provider = { name, baseUrl: `https://${name}.example`, keys } as unknown as Provider;
  return { provider, model: model ?? null, key };
}

export interface WayParts {
  policy?: Partial<RetryPolicy>;
  decision?: Partial<Decision>;
  /** Context windows of models, tokens. */
  windows?: Readonly<Record<string, number>>;
  model?: string;
  book?: HealthBook;
  clock?: Clock;
  random?: () => number;
}

/** The way of one request along these targets. */
export function wayOf(targets: readonly string[], parts: WayParts = {}): Way {
  const clock = parts.clock ?? { ms: 100_000 };
  const book =
    parts.book ??
    new HealthBook(
      () => clock.ms,
      () => clock.ms,
    );
  const began = clock.ms;
  const list = targets.map(targetOf);
  const attempts: AttemptRecord[] = [];
  const exchange = {
    plan: {
      targets: list,
      policy: { ...POLICY, ...parts.policy },
      decision: { route: 'r', strategy: 'fallback', reason: '', alias: null, isBound: false, ...parts.decision },
    },
    targets: list,
    request: { model: parts.model ?? 'asked' },
    attempts,
    leftAt: null,
    elapsed: () => clock.ms - began,
  } as unknown as Exchange;
  const journey = new Journey({
    exchange,
    health: book,
    budget: book.retries,
    random: parts.random ?? (() => 0),
    limitsOf: (_provider, model) => ({ maxOutput: null, contextWindow: parts.windows?.[model ?? ''] ?? null }),
  });
  return { exchange, journey, attempts, book, clock };
}
