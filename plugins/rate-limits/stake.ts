/** What one exchange has to do with one limit. */
import type { Account } from './accounts.ts';
import { ASK_AGAIN_MS } from './bucket.ts';
import type { Limit, Measure } from './limit.ts';

export interface Stake {
  readonly limit: Limit;
  readonly account: Account;
}

/** Something there was no room for. */
export interface Shortage {
  readonly limit: Limit;
  readonly measure: Measure;
  readonly most: number;
  /** What there is room for now. */
  readonly room: number;
  /** Milliseconds until there is room enough, as far as is known; null: it never fits. */
  readonly wait: number | null;
}

/** What a request of so many tokens lacks; empty: it fits. Null: tokens are not looked at. */
export function shortagesOf(stakes: readonly Stake[], tokens: number | null, now: number): Shortage[] {
  const found: Shortage[] = [];
  for (const { limit, account } of stakes) {
    const { rule, requests, daily, tokens: perMinute } = limit;
    if (rule.parallel !== undefined && account.underWay >= rule.parallel)
      found.push({ limit, measure: 'parallel', most: rule.parallel, room: 0, wait: ASK_AGAIN_MS });
    const check = (measure: Measure, amount: number, allowance: Limit['requests'], bucket: Account['requests']) => {
      const wait = allowance && bucket.wait(amount, allowance, now);
      if (allowance === null || wait === 0) return;
      found.push({ limit, measure, most: allowance.most, room: bucket.room(allowance, now), wait });
    };
    check('requests_per_minute', 1, requests, account.requests);
    check('requests_per_day', 1, daily, account.daily);
    if (tokens !== null) check('tokens_per_minute', tokens, perMinute, account.tokens);
  }
  return found;
}

/** What one request has taken of all its limits, from `shortagesOf` having said that there is room until it is over. */
export class Hold {
  readonly #stakes: readonly Stake[];
  readonly #then: number;
  #tokens: number;
  #isOver = false;

  constructor(stakes: readonly Stake[], tokens: number, now: number) {
    this.#stakes = stakes;
    this.#tokens = tokens;
    this.#then = now;
    for (const { limit, account } of stakes) {
      account.underWay++;
      if (limit.requests) account.requests.take(1, limit.requests, now);
      if (limit.daily) account.daily.take(1, limit.daily, now);
      if (limit.tokens) account.tokens.hold(tokens);
    }
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Holds no more tokens than these. */
  shrink(tokens: number): void {
    if (this.#isOver || tokens >= this.#tokens) return;
    for (const { limit, account } of this.#stakes) if (limit.tokens) account.tokens.hold(tokens - this.#tokens);
    this.#tokens = tokens;
  }

  /** Ends it: so many tokens are used now. What was not sent on counts for nothing. */
  end(used: number, left: boolean, now: number): void {
    this.#isOver = true;
    for (const { limit, account } of this.#stakes) {
      account.underWay--;
      if (!left && limit.requests) account.requests.giveBack(1, this.#then, limit.requests, now);
      if (!left && limit.daily) account.daily.giveBack(1, this.#then, limit.daily, now);
      if (limit.tokens) account.tokens.settle(this.#tokens, used, limit.tokens, now);
    }
  }
}
