/** A channel of gateway.yaml as something that can be sent to. */
import type { LookupFunction } from 'node:net';
import { kindOf, type Notice, SEVERITIES, type Severity } from '../shared/notice.ts';
import { hostOf } from './addresses.ts';
import type { ChannelEntry } from './check.ts';
import { discordBody, discordOutcome, discordUrl } from './discord.ts';
import { sendMail } from './email.ts';
import type { Outcome } from './outcome.ts';
import { PAGERDUTY_URL, pagerdutyBody, pagerdutyOutcome } from './pagerduty.ts';
import { headersOf, type Parcel } from './parcel.ts';
import { type Answer, type Letter, post } from './post.ts';
import type { ChannelType } from './schema.ts';
import { slackBody, slackOutcome } from './slack.ts';
import { webhookBody, webhookHeaders, webhookOutcome } from './webhook.ts';

export interface Channel {
  readonly name: string;
  readonly type: ChannelType;
  readonly events: readonly string[];
  readonly minSeverity: Severity;
  readonly allowPrivate: boolean;
  /** Milliseconds for one try. */
  readonly timeout: number;
  /** Where it leads, as far as anybody may know: the host and the last four characters. */
  readonly target: string;
  /** Tries once. Never rejects. */
  send(parcel: Parcel, signal?: AbortSignal): Promise<Outcome>;
}

/** @param lookup for tests: who looks names up */
export function channelOf(name: string, entry: ChannelEntry, lookup?: LookupFunction): Channel {
  const { type, events, min_severity: minSeverity, allow_private: allowPrivate } = entry;
  const timeout = entry.timeout as number;
  const way = { allowPrivate, timeout, ...(lookup && { lookup }) };
  const send = senderOf(entry);
  return {
    name,
    type,
    events,
    minSeverity,
    allowPrivate,
    timeout,
    target: targetOf(entry),
    send: (parcel, signal) => send(parcel, { ...way, ...(signal && { signal }) }),
  };
}

type Way = Parameters<typeof post>[1];
type Send = (parcel: Parcel, way: Way) => Promise<Outcome>;

function senderOf(entry: ChannelEntry): Send {
  const { type, url = PAGERDUTY_URL, routing_key: routingKey = '', secret = '', headers = {} } = entry;
  const posted =
    (letter: (parcel: Parcel) => Letter, outcome: (answer: Answer) => Outcome): Send =>
    async (parcel, way) => {
      const answer = await post(letter(parcel), way);
      return 'error' in answer ? answer : outcome(answer);
    };
  const json = (to: URL, bodyOf: (parcel: Parcel) => object) => (parcel: Parcel) => ({
    url: to,
    headers: headersOf(parcel),
    body: JSON.stringify(bodyOf(parcel)),
    reads: true,
  });
  switch (type) {
    case 'slack':
      return posted(json(new URL(url), slackBody), slackOutcome);
    case 'discord':
      return posted(json(discordUrl(url), discordBody), discordOutcome);
    case 'pagerduty':
      return posted(
        json(new URL(url), (parcel) => pagerdutyBody(parcel, routingKey)),
        pagerdutyOutcome,
      );
    case 'webhook':
      return posted((parcel) => {
        const body = webhookBody(parcel.notice);
        return { url: new URL(url), headers: webhookHeaders(parcel, body, { secret, headers }), body, reads: false };
      }, webhookOutcome);
    case 'email':
      return mailed(entry);
  }
}

function mailed({ smtp = '', from = '', to = [] }: ChannelEntry): Send {
  const box = { smtp: new URL(smtp), from, to };
  return (parcel, way) => sendMail(parcel, box, way);
}

/** Enough to know it again, too little to use it. */
function targetOf({
  type,
  url = PAGERDUTY_URL,
  routing_key: routingKey = '',
  smtp = '',
  to = [],
}: ChannelEntry): string {
  if (type === 'email') return `${hostOf(new URL(smtp))}, ${to.length} ${to.length === 1 ? 'recipient' : 'recipients'}`;
  const secret = type === 'pagerduty' ? routingKey : url;
  return `${hostOf(new URL(url))} …${secret.slice(-4)}`;
}

/** Whether it wants a notice: one that names channels goes to those, any other to those that hear of its event. */
export function wants({ name, events, minSeverity }: Channel, { notify, event, severity }: Notice): boolean {
  const isMeant = notify.length > 0 ? notify.includes(name) : events.includes(kindOf(event));
  return isMeant && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minSeverity);
}
