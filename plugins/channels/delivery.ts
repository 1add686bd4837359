/** One notice at one channel, from the moment it is taken to the last try. */
import { createHash } from 'node:crypto';
import type { Json } from '../../src/plugin.ts';
import { type Notice, noticeOf } from '../shared/notice.ts';
import type { Outcome } from './outcome.ts';
import { TYPES } from './schema.ts';
import { short } from './words.ts';

export const STATES = ['waiting', 'sent', 'failed'] as const;

export type State = (typeof STATES)[number];

export interface Delivery {
  /** Of the notice and the channel: who tells the same again makes no second one. */
  readonly id: string;
  readonly channel: string;
  readonly type: (typeof TYPES)[number];
  readonly notice: Notice;
  /** `failed`: given up. */
  readonly state: State;
  readonly attempts: number;
  /** Of the last try: HTTP or SMTP; null: there was no answer, or no try yet. */
  readonly status: number | null;
  /** Why the last try failed. No address is in it, and no key. */
  readonly error: string | null;
  /** UTC ISO, as all of these: when it was taken. */
  readonly made: string;
  /** When it is tried again; null: not any more. */
  readonly next: string | null;
  /** Until then somebody is trying it; null: nobody is. */
  readonly claim: string | null;
  /** When it was sent, or given up. */
  readonly done: string | null;
  /** A test is tried once. */
  readonly once: boolean;
}

/** After which try the next one comes when, milliseconds; after the last of them it is given up. */
export const BACKOFF_MS: readonly number[] = [1000, 5000, 30_000, 120_000, 600_000];
/** A part of the wait is by chance, so that what failed together does not come back together. */
const JITTER = 0.2;
/** Bytes of JSON that a notice may have: it is kept until it was sent. */
const LARGEST = 16 * 1024;
const LONGEST_TEXT = 4000;
const LONGEST_TITLE = 300;

const iso = (at: number): string => new Date(at).toISOString();

/** 32 hex digits: as an id in a header it must not hold what ends one, or a dot. */
export const idOf = (notice: string, channel: string): string =>
  createHash('sha256')
    .update(JSON.stringify([notice, channel]))
    .digest('hex')
    .slice(0, 32);

/** Takes a notice for a channel. One that is too large goes without its facts. */
export function deliveryOf(
  notice: Notice,
  { name, type }: Pick<Delivery, 'type'> & { readonly name: string },
  now: number,
  once = false,
): Delivery {
  const { title, text, data } = notice;
  const fitting = { ...notice, title: short(title, LONGEST_TITLE), text: short(text, LONGEST_TEXT) };
  const kept = sizeOf(data) > LARGEST ? { ...fitting, data: {} } : fitting;
  return {
    id: idOf(notice.id, name),
    channel: name,
    type,
    notice: kept,
    state: 'waiting',
    attempts: 0,
    status: null,
    error: null,
    made: iso(now),
    next: iso(now),
    claim: null,
    done: null,
    once,
  };
}

/** What cannot be told as JSON is too large. */
function sizeOf(data: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(data));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** What becomes of it after a try. */
export function after(delivery: Delivery, outcome: Outcome, now: number, random: number): Delivery {
  const attempts = delivery.attempts + 1;
  const { status } = outcome;
  const tried = { ...delivery, attempts, status, claim: null };
  if (outcome.sent) return { ...tried, state: 'sent', error: null, next: null, done: iso(now) };
  const { error } = outcome;
  const pause = BACKOFF_MS[attempts - 1];
  if (delivery.once || !outcome.again || pause === undefined)
    return { ...tried, state: 'failed', error, next: null, done: iso(now) };
  const wait = Math.max(Math.round(pause * (1 + JITTER * random)), outcome.after ?? 0);
  return { ...tried, error, next: iso(now + wait) };
}

/** From the beginning, by hand. */
export const again = (delivery: Delivery, now: number): Delivery => ({
  ...delivery,
  state: 'waiting',
  attempts: 0,
  next: iso(now),
  claim: null,
  done: null,
});

/** Somebody tries it now: for so long nobody else does. */
export const claimed = (delivery: Delivery, until: number): Delivery => ({ ...delivery, claim: iso(until) });

/** A stored one; null for what an older or newer version has stored otherwise. */
export function readDelivery(id: string, body: Json): Delivery | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const { channel, type, state, attempts, made, next, claim, done, notice, ...rest } = body as Record<string, unknown>;
  const kept = noticeOf(notice);
  const isTime = (value: unknown): boolean =>
    value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
  const isWhole =
    kept !== null &&
    typeof channel === 'string' &&
    TYPES.some((known) => known === type) &&
    STATES.some((known) => known === state) &&
    Number.isInteger(attempts) &&
    typeof made === 'string' &&
    [made, next, claim, done].every(isTime) &&
    (state !== 'waiting' || next !== null);
  if (!isWhole) return null;
  const { status, error, once } = rest;
  return {
    ...(body as unknown as Delivery),
    id,
    status: typeof status === 'number' ? status : null,
    error: typeof error === 'string' ? error : null,
    once: once === true,
  };
}

export const bodyOf = ({ id: _, ...delivery }: Delivery): Json => delivery as unknown as Json;
