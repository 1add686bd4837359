import type { ExchangeEntry } from '../../store/queries/shapes.ts';

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

/** A line of the table of exchanges. */
export function rowOf(entry: ExchangeEntry): Record<string, unknown> {
  return {
    ...entry,
    badge: badgeOf(entry),
    // Nothing was generated, so nothing is owed: that is known, and not a missing price.
    cost: entry.cost_usd ?? (entry.usage_status === 'not_applicable' ? '0' : null),
    unpriced: entry.cost_usd === null && entry.usage_status !== 'not_applicable',
    other_model: entry.request_model !== null && entry.model !== entry.request_model ? entry.request_model : null,
    estimated: entry.usage_source === 'estimated' || entry.usage_source === 'counted',
  };
}
