import type { Exchange } from '../pipeline/exchange.ts';
import type { FailureClass } from '../pipeline/plan.ts';
import { classOfAnswer, classOfError, classOfProblem } from '../routing/failure.ts';
import type { Setback } from '../routing/journey.ts';
import { isFinal, retryAfter } from '../routing/retry-after.ts';
import type { Leg } from './leg.ts';
import { type Failure, INCOMPLETE, originFailed, SAID_ERROR, SILENT, TOO_LATE, UNREADABLE } from './problems.ts';

/** What an error answer means for what to do next; `body` is null where it was not read. */
export function setbackOf({ head, ownKey }: Leg, body: Buffer | null): Setback {
  const { status, headers } = head!;
  const header = (name: string): string | undefined => headers.all.get(name);
  const read = body === null ? null : body.subarray(0, READ);
  return {
    failure: classOfAnswer({ status, header, body: read }) ?? 'server',
    retryAfterMs: retryAfter({ header, body: read, now: Date.now() }),
    ownKey,
    isFinal: isFinal(header),
  };
}

/** So much of an error's body is looked at, bytes. */
const READ = 16 * 1024;

/** Failures that only the proxy knows, before any content. Afterwards all of them are `broken`. */
const CLASSES: ReadonlyMap<Failure, FailureClass> = new Map([
  [SILENT, 'timeout'],
  [TOO_LATE, 'timeout'],
  [INCOMPLETE, 'server'],
  [UNREADABLE, 'server'],
]);

/** What a failure of an attempt without an error status means; null: it says nothing of the provider. */
export function troubleOf({ response, isSeen, isHeldBack }: Leg, failure: Failure): FailureClass | null {
  const known = CLASSES.get(failure) ?? (failure === SAID_ERROR ? 'server' : classOfProblem(failure.code));
  if (known === null) return null;
  if (isHeldBack || (isSeen && response!.begun)) return 'broken';
  if (failure !== SAID_ERROR) return known;
  // The provider's own words for it, as far as the meter has read them.
  return classOfError(Buffer.from(JSON.stringify({ error: response?.problem })));
}

/** What does not pass by itself, or is no matter of the request. */
const STRANDING: ReadonlySet<FailureClass> = new Set([
  'connect',
  'timeout',
  'server',
  'overloaded',
  'quota',
  'auth',
  'broken',
]);

/**
 * What to tell a client whose request only one place can answer, which fails: the provider's own
 * words would have it wait for somebody else, or think that its own key is wrong. Null: they tell it best.
 */
export function strandedBy({ plan }: Exchange, failure: FailureClass | null, ownKey: boolean): Failure | null {
  if (failure === null || !plan.decision.isBound || !STRANDING.has(failure)) return null;
  return failure === 'auth' && !ownKey ? null : originFailed(plan.decision.reason, failure);
}
