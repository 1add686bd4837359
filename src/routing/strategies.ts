/** The four orders in which a route may ask its targets. */
import type { Exchange } from '../pipeline/exchange.ts';
import type { Health, Strategy } from '../pipeline/plan.ts';
import type { Target } from '../pipeline/provider.ts';
import { pairing } from './hash.ts';
import { byPrice, type PriceGuesses, weigh } from './price-guess.ts';
import { LISTED, type Option } from './way.ts';

/** One of a route's options with what it comes to for this request. */
export interface Candidate {
  readonly option: Option;
  /** Best first, never empty. */
  readonly targets: readonly Target[];
  /** The one that would be asked: the first that may be tried. */
  readonly first: Target;
  /** False where none of its targets may be tried now. */
  readonly isOpen: boolean;
}

export interface Circumstances {
  readonly exchange: Exchange;
  /** The model that is asked for where a target has no other name for it; '' where none is named. */
  readonly model: string;
  /** Hash of the session; null where none is known. */
  readonly session: number | null;
  /** It carries state of somebody unknown: the order must not hang on chance and load. */
  readonly isSettled: boolean;
  readonly health: Health | null;
  readonly prices: PriceGuesses;
  /** From 0 to below 1. */
  random(): number;
}

export interface Order {
  readonly candidates: readonly Candidate[];
  readonly reason: string;
}

export type Arrange = (candidates: readonly Candidate[], circumstances: Circumstances) => Order;

export const STRATEGIES: Readonly<Record<Strategy, Arrange>> = {
  fallback: (candidates) => ({ candidates, reason: LISTED }),
  weighted,
  cheapest,
  fastest,
};

/**
 * Each has the chance of its weight to be the first, and among the rest to be the next. With a
 * session its hash takes the place of chance (weighted rendezvous), so that the session stays
 * where it is while others are added or taken away.
 */
function weighted(candidates: readonly Candidate[], { session, random }: Circumstances): Order {
  const ranked = candidates.map((candidate) => {
    const { weight, hash } = candidate.option;
    const chance = session === null ? 1 - random() : pairing(session, hash);
    return { candidate, rank: weight === 0 ? 0 : weight / Math.abs(Math.log(chance)) };
  });
  ranked.sort((a, b) => b.rank - a.rank);
  const order = ranked.map(({ candidate }) => candidate);
  const { name, weight } = order[0]!.option;
  return {
    candidates: order,
    reason: `weighted: ${name} of weight ${weight}${session === null ? '' : ', by session'}`,
  };
}

/** By what this request would cost, about. Equal prices stay as listed. */
function cheapest(candidates: readonly Candidate[], { exchange, model, prices }: Circumstances): Order {
  const weight = weigh(exchange);
  const priced = candidates.map((candidate) => {
    const { provider, model: own } = candidate.first;
    return { candidate, guess: prices.of(provider, own ?? model, weight, exchange) };
  });
  priced.sort((a, b) => byPrice(a.guess, b.guess));
  const words = priced.slice(0, TOLD).map(({ candidate, guess }) => `${candidate.option.name} ${guess.text}`);
  return { candidates: priced.map(({ candidate }) => candidate), reason: `cheapest: ${words.join(', ')}` };
}

/** Of many options so many are told. */
const TOLD = 4;

interface Pace {
  readonly candidate: Candidate;
  readonly latency: number | null;
  readonly inFlight: number;
  /** What its answer would take if all that is under way there waited in a line. */
  readonly score: number;
}

/**
 * The better one of two that chance takes: so the quickest gets most, and not all of a burst
 * before its load is seen. Who was never measured counts as quickest, or nobody would learn of it.
 */
function fastest(candidates: readonly Candidate[], circumstances: Circumstances): Order {
  const { health, random, session, isSettled } = circumstances;
  if (isSettled) return settled(candidates, session);
  const paces = candidates.map((candidate) => paceOf(candidate, health));
  const open = paces.filter(({ candidate }) => candidate.isOpen);
  const pool = open.length > 0 ? open : paces;
  const one = pool[Math.floor(random() * pool.length)]!;
  if (pool.length === 1)
    return { candidates: [one, ...others(paces, one)].map(of), reason: `fastest: ${sayPace(one)}` };
  const rest = pool.filter((pace) => pace !== one);
  const other = rest[Math.floor(random() * rest.length)]!;
  const [first, second] = other.score < one.score ? [other, one] : [one, other];
  return {
    candidates: [first, ...others(paces, first)].map(of),
    reason: `fastest: ${sayPace(first)} against ${sayPace(second)}`,
  };
}

const of = ({ candidate }: Pace): Candidate => candidate;

const others = (paces: readonly Pace[], first: Pace): Pace[] =>
  paces.filter((pace) => pace !== first).sort((a, b) => a.score - b.score);

/** Without a measure those with less under way come first, and all of them before those with one. */
function paceOf(candidate: Candidate, health: Health | null): Pace {
  const latency = health?.latency(candidate.first) ?? null;
  const inFlight = health?.inFlight(candidate.first) ?? 0;
  return { candidate, latency, inFlight, score: latency === null ? inFlight / 1e6 : latency * (inFlight + 1) };
}

function sayPace({ candidate, latency, inFlight }: Pace): string {
  const { name } = candidate.option;
  return latency === null ? `${name} not measured yet` : `${name} ${Math.round(latency)} ms x ${inFlight + 1}`;
}

function settled(candidates: readonly Candidate[], session: number | null): Order {
  const rank = ({ option }: Candidate): number => pairing(session ?? 0, option.hash);
  const order = [...candidates].sort((a, b) => rank(b) - rank(a));
  return { candidates: order, reason: `fastest: ${order[0]!.option.name}, by session` };
}
