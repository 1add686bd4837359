/** What a caller is told who has come too often. */
import type { Exchange, Verdict } from '../../src/plugin.ts';
import { wholeSeconds } from './headers.ts';
import type { Shortage } from './stake.ts';

/** SDKs sleep as long as they are told, hours if need be; beyond this they had better tell their user, seconds. */
const LONGEST_SLEEP = 60;

/**
 * Makes the refusal. Of several shortages the longest counts: before it is over, another try
 * would come to nothing.
 *
 * @param tokens the request may use; null where that was not looked at
 * @param affordable output tokens of each answer with which it would fit, where that is known
 */
export function refusalOf(
  exchange: Exchange,
  shortages: readonly Shortage[],
  tokens: number | null,
  affordable: number | null = null,
): Verdict {
  const worst = shortages.reduce((one, other) => (waitOf(other) > waitOf(one) ? other : one));
  const { limit, measure, most, room, wait } = worst;
  const seconds = wait === null ? null : Math.max(1, wholeSeconds(wait));
  const headers: Record<string, string> = {};
  if (seconds !== null) headers['retry-after'] = String(seconds);
  if (seconds === null || seconds > LONGEST_SLEEP) headers['x-should-retry'] = 'false';
  const details = {
    limit: limit.rule.name,
    measure,
    allowed: most,
    remaining: room,
    retry_after_s: seconds,
    ...(measure === 'tokens_per_minute' && { tokens }),
    ...(affordable !== null && { affordable_output_tokens: affordable }),
  };
  return exchange.refuse(limit.rule.status, 'rate_limited', wordsOf(worst, tokens, affordable), { details, headers });
}

const waitOf = ({ wait }: Shortage): number => wait ?? Number.POSITIVE_INFINITY;

function wordsOf({ limit, measure, most, room, wait }: Shortage, tokens: number | null, affordable: number | null) {
  const { name } = limit.rule;
  if (measure === 'parallel')
    return `The rate limit ${name} allows ${counted(most, 'request')} at a time, and so many are under way.`;
  if (measure !== 'tokens_per_minute')
    return `The rate limit ${name} allows ${counted(most, 'request')} a ${measure.slice('requests_per_'.length)}, and they were used.`;
  const allows = `The rate limit ${name} allows ${counted(most, 'token')} a minute`;
  if (wait !== null) return `${allows}; this request may use up to ${tokens}, and ${room} are free now.`;
  const mend =
    affordable !== null && affordable > 0
      ? `Ask for at most ${counted(affordable, 'output token')}.`
      : 'Send a shorter prompt, or ask for a shorter answer.';
  return `${allows}, and this request alone may use up to ${tokens}: it can never pass. ${mend}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
