/** What clients are told of the limits beside every answer, in the names that vendors gave it. */
import type { Exchange } from '../../src/plugin.ts';
import type { Allowance, Bucket } from './bucket.ts';
import type { Stake } from './stake.ts';

/** One figure of those that SDKs read. */
interface Standing {
  readonly most: number;
  readonly room: number;
  /** Milliseconds until all of it is free again. */
  readonly reset: number;
}

/** Makes the headers, as things stand now: of several limits the one with the least room. What the provider says itself stands. */
export function headersOf({ response, dialect }: Exchange, stakes: readonly Stake[], now: number) {
  const headers: Record<string, string> = {};
  const isAnthropic = dialect.dialect === 'anthropic';
  const put = (name: string, value: string): void => {
    if (response?.header(name) === undefined) headers[name] = value;
  };
  for (const [kind, standing] of standingsOf(stakes, now)) {
    put(`x-ratelimit-limit-${kind}`, String(standing.most));
    put(`x-ratelimit-remaining-${kind}`, String(standing.room));
    put(`x-ratelimit-reset-${kind}`, spanOf(standing.reset));
    if (!isAnthropic) continue;
    put(`anthropic-ratelimit-${kind}-limit`, String(standing.most));
    put(`anthropic-ratelimit-${kind}-remaining`, String(standing.room));
    put(`anthropic-ratelimit-${kind}-reset`, momentIn(standing.reset));
  }
  return headers;
}

function standingsOf(stakes: readonly Stake[], now: number): Map<'requests' | 'tokens', Standing> {
  const found = new Map<'requests' | 'tokens', Standing>();
  const note = (kind: 'requests' | 'tokens', allowance: Allowance | null, bucket: Bucket): void => {
    if (allowance === null) return;
    const room = bucket.room(allowance, now);
    const tightest = found.get(kind);
    if (tightest && tightest.room <= room) return;
    found.set(kind, { most: allowance.most, room, reset: bucket.emptyIn(allowance, now) });
  };
  for (const { limit, account } of stakes) {
    note('requests', limit.requests, account.requests);
    note('requests', limit.daily, account.daily);
    note('tokens', limit.tokens, account.tokens);
  }
  return found;
}

/** As OpenAI writes it, in whole seconds: `1s`, `6m0s`, `1h0m0s`. */
export function spanOf(milliseconds: number): string {
  const seconds = wholeSeconds(milliseconds);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** As Anthropic writes it, without fractions. */
const momentIn = (milliseconds: number): string =>
  new Date(Math.ceil((Date.now() + milliseconds) / 1000) * 1000).toISOString().replace('.000', '');

/** Rounded up, but for what fractions leave behind. */
export const wholeSeconds = (milliseconds: number): number => Math.ceil(Math.round(milliseconds) / 1000);
