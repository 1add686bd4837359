import { type FactOf, type Measure, Series } from '../../src/plugin.ts';
import { picoOf } from '../shared/amounts.ts';
import { type Scope, whereOf } from '../shared/where.ts';

/** In the order in which they are told. */
export const WORDS = ['chars', 'repeats', 'turns', 'tokens', 'usd'] as const;
/** - `chars`, `repeats`: of the request at hand - the others: what the session has come to */
export type Word = (typeof WORDS)[number];
export type Summed = Exclude<Word, 'chars' | 'repeats'>;
export type Action = 'warn' | 'slow' | 'refuse' | 'trim';
export type State = 'soft' | 'hard';

/** Characters, tokens, requests, calls or pico-dollars; null: none. `setting`: the agent's own limit of characters. */
export type Bound = bigint | 'setting' | null;

export interface Bounds {
  readonly soft: Bound;
  readonly hard: Bound;
}

/** A limit as gateway.yaml writes it. */
export interface Rule {
  readonly name: string;
  readonly scope: Scope;
  readonly at_soft: 'warn' | 'slow';
  readonly at_hard: Action | 'block';
  /** Milliseconds. */
  readonly slow: unknown;
  readonly grace: number;
  readonly status: number;
  readonly chars?: unknown;
  readonly repeats?: unknown;
  readonly turns?: unknown;
  readonly tokens?: unknown;
  readonly usd?: unknown;
}

/** Whose sums a session has: ids of sessions are their clients' to choose, so those of two tenants are two. */
interface Sums {
  readonly ofTenant: Series;
  readonly ofNobody: Series;
}

const MEASURES: Readonly<Record<Summed, Measure>> = { turns: 'requests', tokens: 'tokens', usd: 'usd' };
const LONGEST_SLOW_MS = 60_000;

/** What sessions of a scope may come to, and what is done where one does. */
export class SessionLimit {
  readonly rule: Rule;
  readonly bounds: ReadonlyMap<Word, Bounds>;
  readonly sums: ReadonlyMap<Summed, Sums>;
  readonly actions: Readonly<Record<State, Action>>;
  /** Milliseconds. */
  readonly slow: number;
  readonly where: Series['where'];
  readonly #scope: Series;

  constructor(rule: Rule, bounds: ReadonlyMap<Word, Bounds>) {
    this.rule = rule;
    this.bounds = bounds;
    this.where = whereOf(rule.scope);
    this.slow = rule.slow as number;
    this.actions = { soft: rule.at_soft, hard: rule.at_hard === 'block' ? 'refuse' : rule.at_hard };
    this.#scope = new Series({ measure: 'requests', where: this.where, per: [] });
    const sumsOf = (word: Summed): Sums => {
      const parts = { measure: MEASURES[word], where: this.where };
      return {
        ofTenant: new Series({ ...parts, per: ['tenant', 'session'] }),
        ofNobody: new Series({ ...parts, per: ['session'] }),
      };
    };
    const summed = [...bounds.keys()].filter((word) => word !== 'chars' && word !== 'repeats');
    this.sums = new Map(summed.map((word) => [word, sumsOf(word)]));
  }

  get name(): string {
    return this.rule.name;
  }

  /** Whether a request is in its scope. */
  concerns(fact: FactOf): boolean {
    return this.#scope.subjectOf(fact) !== null;
  }
}

/** Reads the list of gateway.yaml. Throws an error of one line that names what is wrong. */
export function readSessionLimits(rules: readonly Rule[]): readonly SessionLimit[] {
  const names = new Set<string>();
  return rules.map((rule, i) => {
    const at = `session_limits[${i}]`;
    if (names.has(rule.name)) throw new Error(`${at}.name ${rule.name} is taken by another; names must differ`);
    names.add(rule.name);
    const said = WORDS.filter((word) => rule[word] !== undefined);
    if (said.length === 0) throw new Error(`${at} (${rule.name}) limits nothing; give it one of ${WORDS.join(', ')}`);
    if (typeof rule.slow !== 'number' || rule.slow > LONGEST_SLOW_MS)
      throw new Error(`${at}.slow is longer than a minute; clients give up before`);
    const bounds = new Map(said.map((word) => [word, readBounds(rule[word], word, `${at}.${word}`)]));
    const other = said.find((word) => word !== 'chars' && bounds.get(word)!.hard !== null);
    if (rule.at_hard === 'trim' && other !== undefined)
      throw new Error(
        `${at}.at_hard trim makes the history shorter, which does nothing for ${other}; give ${other} a limit of its own`,
      );
    return new SessionLimit(rule, bounds);
  });
}

function readBounds(value: unknown, word: Word, at: string): Bounds {
  const isPair = typeof value === 'object' && value !== null;
  const { soft, hard } = isPair ? (value as { soft?: unknown; hard?: unknown }) : { soft: undefined, hard: value };
  const bounds = { soft: boundOf(soft, word), hard: boundOf(hard, word) };
  if (bounds.soft === 0n || bounds.hard === 0n) throw new Error(`${at} must be more than 0`);
  if (bounds.hard !== null && bounds.soft === bounds.hard)
    throw new Error(`${at} has the same bound twice; soft must be less than hard`);
  if (typeof bounds.soft === 'bigint' && typeof bounds.hard === 'bigint' && bounds.soft > bounds.hard)
    throw new Error(`${at} has a soft bound above the hard one; soft must be less than hard`);
  return bounds;
}

function boundOf(value: unknown, word: Word): Bound {
  if (value === undefined) return null;
  if (value === 'setting') return value;
  return word === 'usd' ? picoOf(value as string | number) : BigInt(value as number);
}
