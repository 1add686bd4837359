/** Which limits a request has reached. */
import { type AccountKey, type Exchange, fromPico } from '../../src/plugin.ts';
import { factsOf } from '../shared/facts.ts';
import type { Bound, SessionLimit, State, Summed, Word } from './limit.ts';

/** A limit that a session is at. */
export interface Reached {
  readonly limit: SessionLimit;
  readonly word: Word;
  readonly state: State;
  readonly value: bigint;
  readonly bound: bigint;
}

/** What a session has come to, by limit and word. */
export type Sums = ReadonlyMap<SessionLimit, ReadonlyMap<Summed, bigint>>;

/** What is known of the request at hand, where anybody asks. */
export interface Measured {
  readonly chars: number | null;
  readonly repeats: number | null;
  /** The agent's own limit of characters. */
  readonly setting: number;
}

/** A sum that has to be looked up. */
export interface Wanted extends AccountKey {
  readonly limit: SessionLimit;
  readonly word: Summed;
}

const ALL_TIME = { from: 0, to: null } as const;

/** The accounts of a request's session; none where nobody knows which session it is. */
export function wantedOf(limits: readonly SessionLimit[], exchange: Exchange): Wanted[] {
  if (exchange.state.session === undefined) return [];
  const fact = factsOf(exchange);
  return limits.flatMap((limit) =>
    [...limit.sums].flatMap(([word, { ofTenant, ofNobody }]) => {
      const series = exchange.state.tenant === undefined ? ofNobody : ofTenant;
      const subject = series.subjectOf(fact);
      return subject === null ? [] : [{ limit, word, series, subject, window: ALL_TIME }];
    }),
  );
}

/** What each limit is at: of several bounds a hard one, and of these the first. What nobody knows reaches nothing. */
export function reachedBy(limits: readonly SessionLimit[], measured: Measured, sums: Sums): Reached[] {
  return limits.flatMap((limit) => {
    const values = { ...ofRequest(measured), ...Object.fromEntries(sums.get(limit) ?? []) };
    const reached = (state: State): Reached[] =>
      [...limit.bounds].flatMap(([word, bounds]) => {
        const value = values[word];
        const bound = inForce(bounds[state], measured.setting);
        return value === undefined || bound === null || value < bound ? [] : [{ limit, word, state, value, bound }];
      });
    return [...reached('hard'), ...reached('soft')].slice(0, 1);
  });
}

function ofRequest({ chars, repeats }: Measured): Partial<Record<Word, bigint>> {
  return {
    ...(chars !== null && { chars: BigInt(chars) }),
    ...(repeats !== null && { repeats: BigInt(repeats) }),
  };
}

export const inForce = (bound: Bound, setting: number): bigint | null =>
  bound === 'setting' ? BigInt(setting) : bound;

/** An amount as it is told: exact dollars, or a whole number. */
export const amountOf = (word: Word, value: bigint): string => (word === 'usd' ? fromPico(value) : value.toString());
