import type { ExchangeRecord, Outcome, Principal, StopReason, Terms } from '../../src/plugin.ts';
import { BLANK } from '../shared/blank-record.ts';
import { type Complaint, Fields, isLine, isMembers } from '../shared/fields.ts';
import { recordId } from '../shared/record-id.ts';
import { costOf, price } from './cost.ts';
import { readUsage } from './usage.ts';

/** Who reports, and when. */
export interface Report {
  /** Whose gateway key was shown; null on an open listener. */
  principal: Principal | null;
  /** The agent that the port belongs to. */
  agent: string | null;
  /** Where it was posted. */
  path: string;
  /** Epoch milliseconds. */
  now: number;
  terms: Terms;
}

/** A record, or what is wrong with the event. */
export type Told = { record: ExchangeRecord } | { complaints: readonly Complaint[] };

/** What a row says where the name of its listener stands: it came in by no port of the proxy. */
export const LISTENER = 'ingest';

const DAY_MS = 86_400_000;
const EARLIEST = Date.UTC(2020, 0, 1);
const NAME = 128;
const HINT = 'is not a member of an event; texts of prompts and answers are never taken';
const OUTCOMES: readonly Outcome[] = [
  'ok',
  'upstream_error',
  'stream_error',
  'truncated',
  'bad_payload',
  'client_aborted',
  'refused',
  'cached',
];

/**
 * Makes the record of one event that an application reports.
 *
 * Its id is that of the event, within what one key reports: sent again it is the same row,
 * whatever else it says then.
 *
 * @param key what identifies the event where it has no `id`: the header of a single one
 */
export function readEvent(event: unknown, key: string | null, report: Report): Told {
  if (!isMembers(event)) return { complaints: [{ at: '', message: 'an event is a JSON object' }] };
  const fields = new Fields(event);
  const id = fields.text('id', 200, key === null ? 'needed' : undefined) ?? key ?? '';
  const { principal } = report;
  const record = { ...BLANK };
  record.id = recordId('event', principal?.tenant ?? '', principal?.name ?? '', id);
  record.time = new Date(timeOf(fields, report.now)).toISOString();
  record.listener = LISTENER;
  record.method = 'POST';
  record.path = report.path;
  record.attempts = [];
  record.rewritten_by = [];
  record.config_version = report.terms.configVersion;
  writeCaller(record, fields, report);
  writeCall(record, fields);
  writeBill(record, fields, report.terms);
  fields.end(HINT);
  return fields.complaints.length > 0 ? { complaints: fields.complaints } : { record };
}

/** The event's own word before the key's, the key's before the port's. */
function writeCaller(record: ExchangeRecord, fields: Fields, { principal, agent }: Report): void {
  record.tenant = tenantOf(fields, principal);
  record.project = fields.text('project', NAME) ?? principal?.project ?? null;
  record.agent = fields.text('agent', NAME) ?? principal?.agent ?? agent;
  record.key = principal?.name ?? null;
  record.user = fields.text('user', NAME) ?? principal?.user ?? null;
  record.environment = fields.text('environment', NAME) ?? principal?.environment ?? null;
  const session = fields.text('session', NAME);
  record.session = session === null ? null : { id: session, source: 'event', confidence: 'high' };
  record.tags = { ...principal?.tags, ...tagsOf(fields) };
}

/** A key speaks for its own tenant; only one of the operator's, which opens everything, for any. */
function tenantOf(fields: Fields, principal: Principal | null): string | null {
  const own = principal?.tenant ?? null;
  const named = fields.text('tenant', NAME);
  if (named === null || named === own) return own;
  if (own !== null) return fields.wrong('tenant', 'is not the tenant of this gateway key');
  return principal?.access === 'proxy' ? fields.wrong('tenant', 'is not for a key of the proxy to say') : named;
}

const MOST_TAGS = 20;

function tagsOf(fields: Fields): Record<string, string> {
  const members = fields.object('tags');
  if (members === null) return {};
  const names = Object.keys(members);
  if (names.length > MOST_TAGS) fields.wrong('tags', `has at most ${MOST_TAGS} members`);
  const inner = new Fields(members, { at: 'tags', complaints: fields.complaints });
  const tags: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name of names.slice(0, MOST_TAGS)) {
    const value = inner.text(name, 256);
    if (name === '' || name.length > 64 || !isLine(name)) inner.wrong(name, 'has no name of 1 to 64 plain characters');
    else if (value !== null) tags[name.toLowerCase()] = value;
  }
  return { ...tags };
}

function writeCall(record: ExchangeRecord, fields: Fields): void {
  const model = fields.text('model', 256, 'needed');
  record.provider = fields.text('provider', 64, 'needed')?.toLowerCase() ?? null;
  record.model = { request: model, response: model, priced_as: null };
  record.api = apiOf(fields);
  record.stream = fields.flag('stream');
  record.status = fields.count('status', 599, 100);
  record.outcome = fields.word('outcome', OUTCOMES) ?? 'ok';
  record.stop_reason = stopOf(fields.text('stop_reason', NAME));
  record.duration_ms = fields.amount('duration_ms', DAY_MS);
  record.time_to_first_token_ms = fields.amount('time_to_first_token_ms', DAY_MS);
  record.response_id = fields.text('response_id', 256);
}

function apiOf(fields: Fields): string | null {
  const api = fields.text('api', 64);
  if (api === null || /^[a-z][\w.]*$/i.test(api)) return api;
  return fields.wrong('api', 'must be a name such as openai.chat');
}

const STOPS: Readonly<Record<string, NonNullable<StopReason['normalized']>>> = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  completed: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  tool_calls: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  safety: 'content_filter',
  refusal: 'refusal',
  error: 'error',
  failed: 'error',
};

/** The word that was said, and what it means where it is one that every provider's clients know. */
export function stopOf(raw: string | null): StopReason | null {
  if (raw === null) return null;
  const word = raw.toLowerCase();
  return { raw, normalized: Object.hasOwn(STOPS, word) ? STOPS[word]! : null };
}

function writeBill(record: ExchangeRecord, fields: Fields, terms: Terms): void {
  const usage = readUsage(fields);
  const reportedCostUsd = dollarsOf(fields);
  if (usage === null && reportedCostUsd === null && fields.complaints.length === 0) {
    fields.wrong('usage', 'is needed, or cost_usd is: an event says what was used');
  }
  const serviceTier = tierOf(fields);
  const [speed, geo] = [fields.text('speed', 64), fields.text('geo', 64)];
  record.usage = usage;
  record.usage_status = usage === null ? 'missing' : 'final';
  record.usage_source = usage === null ? 'none' : 'provider';
  record.service_tier = serviceTier;
  if (fields.complaints.length > 0) return;
  const { request: requestModel, response: responseModel } = record.model;
  const at = new Date(record.time);
  const said = { requestModel, responseModel, usage, parts: null, serviceTier, speed, geo, at, reportedCostUsd };
  price(record, costOf(terms, { provider: record.provider ?? '', ...said }));
}

function tierOf(fields: Fields): string | null {
  const tier = fields.text('service_tier', 64);
  if (!fields.flag('batch')) return tier;
  return tier === null || tier === 'batch' ? 'batch' : fields.wrong('batch', 'contradicts service_tier');
}

/** Money is a text: a number of JSON loses digits on its way. */
function dollarsOf(fields: Fields): string | null {
  const text = fields.text('cost_usd', 32);
  if (text === null || /^\d{1,6}(\.\d{1,12})?$/.test(text)) return text;
  return fields.wrong('cost_usd', 'must be dollars as a text such as "0.0123", below 1000000, at most 12 decimals');
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Epoch milliseconds; the present where the event does not say, or says nonsense. */
function timeOf(fields: Fields, now: number): number {
  const text = fields.text('time', 40);
  if (text === null) return now;
  const [, year, month, day, ...clock] = (TIME.exec(text) ?? []).map(Number);
  const time = Date.parse(text);
  // Date.parse takes the 31st of June for the 1st of July.
  const isReal = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day)).getUTCDate() === day && (clock[0] ?? 24) < 24;
  if (!isReal || Number.isNaN(time)) fields.wrong('time', 'must be a time such as 2026-11-20T09:10:11.123Z');
  else if (time < EARLIEST) fields.wrong('time', 'must not be before 2020');
  else if (time > now + DAY_MS) fields.wrong('time', 'must not lie more than a day ahead');
  else return time;
  return now;
}
