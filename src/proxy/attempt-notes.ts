/** What is written down of an attempt: what came of it, and what it cost in vain. */
import type { Exchange, Pending } from '../pipeline/exchange.ts';
import type { FailureClass } from '../pipeline/plan.ts';
import type { Journey } from '../routing/journey.ts';
import type { Leg } from './leg.ts';
import type { Failure } from './problems.ts';

/** An attempt that was left; `failure` where it had no answer. */
export interface Past {
  leg: Leg;
  failure: Failure | null;
  /** It was not the one that could read what the request carries, which is nobody's fault. */
  isForeign: boolean;
}

/** What came of it, or what came of it after all: an answer may turn out to be none. */
export interface Came {
  reason: string;
  ms: number;
  failure?: FailureClass | undefined;
}

export function noteAttempt(exchange: Exchange, journey: Journey, leg: Leg, { reason, ms, failure }: Came): void {
  const last = exchange.attempts.at(-1);
  if (!leg.isNoted || !last) {
    const { head, ownKey } = leg;
    journey.note({ status: head?.status ?? null, reason, ms, ownKey, ...(failure && { failure }) });
    leg.isNoted = true;
    return;
  }
  last.reason = reason;
  last.ms = ms;
  if (failure) last.class = failure;
}

/** An answer that has begun is charged: whether there is money for another one, which is held by then. */
export const canPayAgain = ({ state }: Exchange, { isHeldBack }: Leg): Pending<boolean> =>
  (isHeldBack ? state.payAgain?.() : true) ?? true;

/** Leaves an attempt for another one, and writes down what it has generated in vain. */
export function drop(exchange: Exchange, leg: Leg): void {
  const { isHeldBack, response } = leg;
  if (response !== null && exchange.response === response) {
    const cost = exchange.state.giveUp?.() ?? null;
    const record = exchange.attempts.at(-1);
    if (isHeldBack && record) record.cost_usd = cost;
    exchange.response = null;
  }
  void leg.leave();
}

/** Says when it may be worth another try, where the provider whose error is passed on does not say so itself. */
export function adviseWait(exchange: Exchange, { head }: Leg, waitMs: number | null): void {
  if (waitMs === null || head === null || (head.status !== 429 && head.status < 500)) return;
  const { all } = head.headers;
  if (all.has('retry-after') || all.has('retry-after-ms')) return;
  exchange.setHeader('retry-after', String(Math.ceil(waitMs / 1000)));
}
