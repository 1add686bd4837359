import type { ExchangeEntry } from '../../store/queries/shapes.ts';
import { whyOf } from './why.ts';

/** How an exchange ended, for a badge: a word, a colour, and why. */
export interface Badge {
  label: string;
  tone: 'good' | 'bad' | 'warn' | 'calm' | 'info';
  reason: string | null;
}

interface Ended {
  outcome: ExchangeEntry['outcome'];
  status: number | null;
  error_code: string | null;
  error_type: string | null;
}

/** Words for the ends that a status does not tell. */
const ENDS = {
  stream_error: ['stream error', 'bad'],
  truncated: ['cut off', 'bad'],
  bad_payload: ['bad payload', 'bad'],
  client_aborted: ['client left', 'calm'],
  refused: ['refused', 'warn'],
  cached: ['cached', 'info'],
} as const;

/** Makes the badge of an exchange. */
export function badgeOf({ outcome, status, error_code: code, error_type: type }: Ended): Badge {
  const reason = code ?? type;
  if (outcome === 'ok') return { label: status === null ? 'ok' : String(status), tone: 'good', reason };
  if (outcome === 'upstream_error')
    return { label: status === null ? 'no answer' : String(status), tone: 'bad', reason };
  const [label, tone] = ENDS[outcome];
  return { label: outcome === 'refused' && status !== null ? `${label} ${status}` : label, tone, reason };
}

/** What a cost is, where it is not simply known: unknown and why, free, or priced on tokens counted here. */
export function costBadgeOf(entry: ExchangeEntry): Badge | null {
  const { cost_usd: cost, cost_source: source, usage_source: counted, unpriced } = entry;
  if (cost === null) {
    if (entry.usage_status === 'not_applicable') return null;
    return { label: LABELS[unpriced?.reason ?? 'no_price'], tone: 'warn', reason: whyOf(unpriced) };
  }
  // A free provider is one's own machine; a free model has a price, which is 0.
  if (source === 'free' && entry.priced_as === null) return { label: 'local', tone: 'good', reason: 'a free provider' };
  if (source === 'free') return { label: 'free', tone: 'good', reason: `${entry.priced_as} is free` };
  if (source === 'price_table' && (counted === 'counted' || counted === 'estimated'))
    return { label: 'estimated', tone: 'info', reason: 'priced on tokens that were counted here' };
  return null;
}

const LABELS = {
  no_price: 'no price',
  no_rate: 'no rate',
  no_usage: 'no usage',
  odd_usage: 'odd usage',
} as const;

/** A line of the table of exchanges. */
export function rowOf(entry: ExchangeEntry): Record<string, unknown> {
  return {
    ...entry,
    badge: badgeOf(entry),
    // Nothing was generated, so nothing is owed: that is known, and not a missing price.
    cost: entry.cost_usd ?? (entry.usage_status === 'not_applicable' ? '0' : null),
    cost_badge: costBadgeOf(entry),
    // What an estimate says stands in the place of a cost that nobody knows, and is marked as one.
    guess: entry.cost_usd === null ? entry.estimated_cost_usd : null,
    other_model: entry.request_model !== null && entry.model !== entry.request_model ? entry.request_model : null,
  };
}
