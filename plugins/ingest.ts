import { randomUUID } from 'node:crypto';
import type Router from '@koa/router';
import { definePlugin, type Lent, type RouteState } from '../src/plugin.ts';
import { type Report, readEvent, type Told } from './ingest/event.ts';
import { Intake } from './ingest/intake.ts';
import { readRouted } from './ingest/routed.ts';
import { inSlices } from './ingest/slices.ts';
import { type Complaint, isMembers } from './shared/fields.ts';
import { type Refused, readJson } from './shared/json-body.ts';
import { recordId } from './shared/record-id.ts';

/**
 * Takes usage that did not come through the proxy, from applications that report it.
 *
 * Events come in at `POST /api/v1/usage/events`, each with an id: one that is sent again
 * changes nothing, after a crash neither. `POST /api/ingest/routed` is the predecessor's. They
 * are priced like traffic, and are rows like all others. A gateway key with `access: proxy`
 * is enough; what the event does not say about its caller, the key's entry says.
 *
 * @example
 *   - ingest
 */
export default definePlugin({
  summary: 'Takes usage that did not come through the proxy, from applications that report it.',
  setup: (lent) => {
    const intake = new Intake(lent);
    return {
      routes(router) {
        router.post(EVENTS, (ctx) => takeEvents(ctx, lent, intake));
        router.post(ROUTED, (ctx) => takeRouted(ctx, lent, intake));
      },
      reports: [EVENTS, ROUTED],
    };
  },
});

const EVENTS = '/api/v1/usage/events';
const ROUTED = '/api/ingest/routed';
const KIB = 1024;
const MOST_BYTES = 1024 * KIB;
const MOST_ROUTED_BYTES = 16 * KIB;
const MOST_EVENTS = 1000;
const LONGEST_KEY = 200;

type Context = Parameters<Parameters<Router['post']>[1]>[0];

async function takeEvents(ctx: Context, lent: Lent, intake: Intake): Promise<void> {
  const read = await readJson(ctx.req, MOST_BYTES);
  if (!('value' in read)) return refuse(ctx, read);
  const key = ctx.get('idempotency-key').trim();
  if (key.length > LONGEST_KEY)
    return refuse(ctx, wrongEvents('Idempotency-Key', `has at most ${LONGEST_KEY} characters`));
  const list = listOf(read.value);
  if ('code' in list) return refuse(ctx, list);
  const isOne = list.length === 1 && list[0] === read.value;
  const report = reportOf(ctx, lent);
  const told = await inSlices(list, (event) => readEvent(event, isOne && key !== '' ? key : null, report));
  await answer(ctx, told, intake);
}

/** One event, a list, or a list under `events`. */
function listOf(value: unknown): readonly unknown[] | Refused {
  let list: unknown = value;
  if (isMembers(value) && 'events' in value) {
    const [other] = Object.keys(value).filter((name) => name !== 'events');
    if (other !== undefined) return wrongEvents(other.slice(0, 60), 'does not belong beside events');
    list = value.events;
    if (!Array.isArray(list)) return wrongEvents('events', 'must be a list');
  } else if (!Array.isArray(value)) list = [value];
  const events = list as readonly unknown[];
  if (events.length > MOST_EVENTS) return wrongEvents('events', `has at most ${MOST_EVENTS} members`);
  return events.length > 0 ? events : wrongEvents('events', 'is empty');
}

async function answer(ctx: Context, told: readonly Told[], intake: Intake): Promise<void> {
  const records = told.flatMap((one) => ('record' in one ? [one.record] : []));
  const rejected = told.flatMap((one, index) => ('record' in one ? [] : [{ index, errors: one.complaints }]));
  for (const _ of rejected) intake.reject();
  const taken = records.length > 0 ? await intake.take(records, true) : [];
  if (taken.includes('lost')) return refuse(ctx, NOT_KEPT);
  const body = {
    accepted: taken.filter((result) => result === 'accepted').length,
    duplicates: taken.filter((result) => result === 'duplicate').length,
    rejected,
    ids: told.map((one) => ('record' in one ? one.record.id : null)),
  };
  if (records.length > 0) {
    ctx.status = 202;
    ctx.body = body;
    return;
  }
  const [first] = rejected;
  refuse(ctx, wrongEvent(first?.errors ?? [], told.length > 1 ? `events[${first?.index}]` : ''), body);
}

async function takeRouted(ctx: Context, lent: Lent, intake: Intake): Promise<void> {
  const read = await readJson(ctx.req, MOST_ROUTED_BYTES);
  if (!('value' in read)) return refuse(ctx, read);
  const told = readRouted(read.value, recordId('routed', randomUUID()), reportOf(ctx, lent));
  if ('complaints' in told) {
    intake.reject();
    return refuse(ctx, wrongEvent(told.complaints, ''));
  }
  const [taken] = await intake.take([told.record], false);
  if (taken === 'lost') return refuse(ctx, NOT_KEPT);
  ctx.status = 202;
  ctx.body = { status: 'accepted' };
}

function reportOf(ctx: Context, { terms }: Lent): Report {
  const { principal, listener } = ctx.state as RouteState;
  return { principal, agent: listener.agent, path: ctx.path, now: Date.now(), terms: terms() };
}

/** Sent again, nothing is counted twice: what of it is safe is a duplicate then. */
const NOT_KEPT: Refused = {
  status: 503,
  code: 'store_unavailable',
  message: 'Neither the journal nor the database takes rows now. Send the events again.',
};

const wrongEvents = (at: string, message: string): Refused => wrongEvent([{ at, message }], '');

function wrongEvent(complaints: readonly Complaint[], place: string): Refused & { errors: readonly Complaint[] } {
  const [first] = complaints;
  const at = [place, first?.at].filter((part) => part).join('.');
  const message = `${at === '' ? '' : `${at} `}${first?.message ?? 'is wrong'}`;
  return { status: 422, code: 'invalid_event', message, errors: complaints };
}

function refuse(ctx: Context, { status, ...error }: Refused, more: object = {}): void {
  if (status === 503) ctx.set('retry-after', '5');
  ctx.status = status;
  ctx.body = { error, ...more };
}
