/** Webhooks of anybody's own, signed as Standard Webhooks says. https://www.standardwebhooks.com */
import { createHmac } from 'node:crypto';
import type { Notice } from '../shared/notice.ts';
import { failedBy, type Outcome } from './outcome.ts';
import { headersOf, type Parcel } from './parcel.ts';
import { type Answer, isGood } from './post.ts';

const PREFIX = 'whsec_';

/** The bytes of a secret: those behind `whsec_` are base64, any other text is its own bytes. Null: base64 that is none. */
export function keyOf(secret: string): Buffer | null {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret);
  const text = secret.slice(PREFIX.length);
  return /^[A-Za-z0-9+/]{4,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
}

/** What is told, and in what order: receivers sign the very same bytes. */
export function webhookBody({ event, id, key, at, severity, resolves, title, text, data }: Notice): string {
  return JSON.stringify({ event, id, key, at, severity, resolves, title, text, data });
}

/** Headers of one try: its time is that of the try, its id that of the delivery. */
export function webhookHeaders(
  parcel: Parcel,
  body: string,
  { secret, headers }: { secret: string; headers: Readonly<Record<string, string>> },
): Record<string, string> {
  const timestamp = Math.floor(parcel.at / 1000);
  const signature = createHmac('sha256', keyOf(secret) ?? secret)
    .update(`${parcel.id}.${timestamp}.${body}`)
    .digest('base64');
  return {
    ...headersOf(parcel),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    'webhook-id': parcel.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}

/** Any status of success is one; of what else it says nothing is kept. */
export const webhookOutcome = ({ status, retryAfter }: Answer): Outcome =>
  isGood(status) ? { sent: true, status } : failedBy(status, retryAfter);
