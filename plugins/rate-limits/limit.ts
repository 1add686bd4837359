import { type FactOf, Series } from '../../src/plugin.ts';
import { perOf, type Scope, whereOf } from '../shared/where.ts';
import type { Account, Accounts } from './accounts.ts';
import type { Allowance } from './bucket.ts';

/** A limit as gateway.yaml writes it. */
export interface Rule {
  readonly name: string;
  readonly scope: Scope;
  readonly per?: unknown;
  readonly requests_per_minute?: number | undefined;
  readonly requests_per_day?: number | undefined;
  readonly tokens_per_minute?: number | undefined;
  readonly parallel?: number | undefined;
  readonly status: number;
}

/** In the order in which they are told. */
export const MEASURES = ['parallel', 'requests_per_minute', 'requests_per_day', 'tokens_per_minute'] as const;
export type Measure = (typeof MEASURES)[number];

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longer subjects are no names; what they begin with tells them apart. */
const LONGEST = 512;

/** One limit: whom it concerns, and how much it allows. */
export class Limit {
  readonly rule: Rule;
  readonly requests: Allowance | null;
  readonly daily: Allowance | null;
  readonly tokens: Allowance | null;
  readonly #series: Series;
  readonly #accounts: Accounts;

  /** @param accounts gives those of a limit of this name and scope, which may be older than it */
  constructor(rule: Rule, accounts: (key: string) => Accounts) {
    this.rule = rule;
    this.requests = allowance(rule.requests_per_minute, MINUTE_MS);
    this.daily = allowance(rule.requests_per_day, DAY_MS);
    this.tokens = allowance(rule.tokens_per_minute, MINUTE_MS);
    this.#series = new Series({ measure: 'requests', where: whereOf(rule.scope), per: perOf(rule.per) });
    this.#accounts = accounts(`${rule.name} ${this.#series.key}`);
  }

  /** The account a request belongs to; null: the limit is not for it. */
  accountOf(fact: FactOf): Account | null {
    const subject = this.#series.subjectOf(fact);
    return subject === null ? null : this.#accounts.of(subject.slice(0, LONGEST));
  }
}

const allowance = (most: number | undefined, window: number): Allowance | null =>
  most === undefined ? null : { most, window };

/** Reads the list of gateway.yaml. Throws an error of one line when two have one name, or one limits nothing. */
export function readLimits(rules: readonly Rule[], accounts: (key: string) => Accounts): readonly Limit[] {
  const names = new Set<string>();
  return rules.map((rule, i) => {
    const at = `rate_limits[${i}]`;
    if (names.has(rule.name)) throw new Error(`${at}.name ${rule.name} is taken by another; names must differ`);
    names.add(rule.name);
    if (MEASURES.every((measure) => rule[measure] === undefined))
      throw new Error(`${at} (${rule.name}) limits nothing; give it one of ${MEASURES.join(', ')}`);
    return new Limit(rule, accounts);
  });
}
