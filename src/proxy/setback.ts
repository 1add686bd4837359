import type { FailureClass } from '../pipeline/plan.ts';
import { classOfAnswer, classOfError, classOfProblem } from '../routing/failure.ts';
import type { Setback } from '../routing/journey.ts';
import { isFinal, retryAfter } from '../routing/retry-after.ts';
import type { Leg } from './leg.ts';
import { type Failure, INCOMPLETE, SAID_ERROR, SILENT, TOO_LATE, UNREADABLE } from './problems.ts';

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
