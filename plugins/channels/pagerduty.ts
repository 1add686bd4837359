/** PagerDuty's Events API v2. https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
import { createHash } from 'node:crypto';
import { failed, failedBy, type Outcome } from './outcome.ts';
import { objectIn, type Parcel, USER_AGENT, wordOf } from './parcel.ts';
import { type Answer, isGood } from './post.ts';
import { headlineOf, linkOf, short } from './words.ts';

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

/** Characters. */
const LONGEST_SUMMARY = 1024;
const LONGEST_KEY = 255;

/** A trigger, or a resolve of the incident with the same key. */
export function pagerdutyBody({ notice, dashboard }: Parcel, routingKey: string): object {
  const { resolves, severity, event, at, text, tenant, data } = notice;
  const incident = { routing_key: routingKey, dedup_key: keyOf(notice.key) };
  if (resolves) return { ...incident, event_action: 'resolve' };
  const link = linkOf(notice, dashboard);
  return {
    ...incident,
    event_action: 'trigger',
    client: USER_AGENT,
    ...(link !== null && { client_url: link, links: [{ href: link, text: 'Dashboard' }] }),
    payload: {
      summary: short(headlineOf(notice), LONGEST_SUMMARY),
      source: USER_AGENT,
      severity,
      timestamp: at,
      component: 'gateway',
      ...(tenant !== null && { group: tenant }),
      class: event,
      custom_details: { text, ...data },
    },
  };
}

/** A key that is too long is told by its hash: cut ones might be the same. */
const keyOf = (key: string): string =>
  key.length > 0 && key.length <= LONGEST_KEY ? key : createHash('sha256').update(key).digest('hex');

/** Good is 202 with the status `success`. */
export function pagerdutyOutcome({ status, retryAfter, text }: Answer): Outcome {
  const word = wordOf(objectIn(text)?.status);
  if (!isGood(status)) return failedBy(status, retryAfter, word);
  if (word === 'success') return { sent: true, status };
  return failed(`it answered ${status}, but not success${word === '' ? '' : `: ${word}`}`, { status });
}
