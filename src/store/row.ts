/**
 * A record as a row of the table `exchanges`, without loss: record-of-row.ts is the way back.
 *
 * What is filtered, grouped or summed has a column; the rest lies in `detail`, only
 * where it says something. A value that its column cannot hold (a fraction of a token,
 * money finer than a pico-dollar) is kept in `detail` too.
 */
import type { Usage } from '../metering/usage.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import { writeCharges } from './charged.ts';
import type { ColumnName } from './columns.ts';
import { fromPico, toPico } from './money.ts';
import { type PackedCalls, type PackedPart, packCalls, packParts } from './packed-parts.ts';
import { keepUsage } from './row-usage.ts';
import { count, pico, text } from './row-values.ts';
import { keepWay, type WayDetail } from './row-way.ts';

/** A row on its way to the database: what is absent is null there. */
export type Row = {
  id: string;
  detail: Detail;
  called?: PackedCalls | undefined;
  /** How often what was taken out, by kind. */
  redacted?: Record<string, number> | undefined;
  /** They are stored beside the row. */
  parts?: PackedPart[] | undefined;
} & { [name in Exclude<ColumnName, 'id' | 'detail' | 'called' | 'redacted'>]?: string | number | undefined };

/** Members of a record that lie in `detail` as they are, unless they are null or empty. */
const KEPT = [
  'tags',
  'raw_usage',
  'table_cost_usd',
  'usage_by_model',
  'service_tier',
  'estimate',
  'prediction',
  'reserved_usd',
  'upstream_request_id',
  'response_id',
  'route',
  'overhead_ms',
  'rewritten_by',
] as const satisfies readonly (keyof ExchangeRecord)[];

export type Kept = Pick<ExchangeRecord, (typeof KEPT)[number]>;

export interface Detail extends Partial<Kept>, WayDetail {
  /** Where the time is no canonical ISO string. */
  time?: string;
  session?: [source: string, confidence: 'high' | 'medium' | 'low'];
  /** What of the usage is not in columns; `{}` for a usage without any number. */
  usage?: Usage;
  error?: { http_status?: number | null; retry_after_s?: number | null };
  /** Without the names of its members: most rows have it. */
  price?: [key: string, version: string, rates: Readonly<Record<string, string | true>>];
  /**
   * How many messages of whom, and tools: what of the prompt is not in columns; 0 for a prompt of which nothing is known.
   * With a fifth element its images, tool results and parts were looked for.
   */
  prompt?:
    | 0
    | [messages: number | null, user: number | null, assistant: number | null, tools: number | null]
    | [
        messages: number | null,
        user: number | null,
        assistant: number | null,
        tools: number | null,
        images: number | null,
      ];
  cost_usd?: string;
  /** Cost of the cache's break where its column cannot hold it. */
  break_usd?: string;
}

/** A row of which nothing is known yet. Copied in one step; built from parts with `...` an object of this size costs 24 KB. */
const BLANK: Row = {
  id: '',
  detail: {},
  time_ms: undefined,
  tenant: undefined,
  project: undefined,
  agent: undefined,
  key_name: undefined,
  user_name: undefined,
  session_id: undefined,
  environment: undefined,
  listener: undefined,
  method: undefined,
  path: undefined,
  provider: undefined,
  api: undefined,
  request_model: undefined,
  response_model: undefined,
  priced_as: undefined,
  stream: undefined,
  status: undefined,
  outcome: undefined,
  stop_reason: undefined,
  stop_raw: undefined,
  error_type: undefined,
  error_code: undefined,
  usage_status: undefined,
  usage_source: undefined,
  input_tokens: undefined,
  output_tokens: undefined,
  cache_read_tokens: undefined,
  cache_write_tokens: undefined,
  reasoning_tokens: undefined,
  cost_pico: undefined,
  cost_source: undefined,
  unpriced: undefined,
  estimate_cost_pico: undefined,
  duration_ms: undefined,
  ttft_ms: undefined,
  request_bytes: undefined,
  response_bytes: undefined,
  system_chars: undefined,
  history_chars: undefined,
  tools_chars: undefined,
  config_version: undefined,
  charged_pico: undefined,
  charged_tokens: undefined,
  charged_requests: undefined,
  predicted_cost_pico: undefined,
  predicted_p90_pico: undefined,
  predicted_output: undefined,
  predicted_p90_output: undefined,
  predicted_confidence: undefined,
  relation: undefined,
  parent_session: undefined,
  tool_results: undefined,
  called: undefined,
  break_cause: undefined,
  break_part: undefined,
  break_tokens: undefined,
  break_pico: undefined,
  break_idle_s: undefined,
  redacted: undefined,
  tries: undefined,
  parts: undefined,
};

/** Makes the row of a record. It runs for every exchange, so it makes one object and loops over little. */
export function toRow(record: ExchangeRecord): Row {
  const { model, stop_reason: stop, error } = record;
  const row = { ...BLANK };
  row.id = record.id;
  row.detail = detailOf(record);
  row.time_ms = Date.parse(record.time);
  row.method = text(record.method);
  row.path = text(record.path);
  row.provider = text(record.provider);
  row.api = text(record.api);
  row.request_model = text(model.request);
  row.response_model = text(model.response);
  row.priced_as = text(model.priced_as);
  row.stream = record.stream ? 1 : 0;
  row.status = record.status ?? undefined;
  row.outcome = record.outcome;
  row.stop_reason = stop?.normalized ?? undefined;
  row.stop_raw = text(stop?.raw);
  row.error_type = text(error?.type);
  row.error_code = text(error?.code);
  row.usage_status = record.usage_status;
  row.usage_source = record.usage_source;
  row.cost_pico = picoOf(record, row.detail);
  row.cost_source = record.cost_source ?? undefined;
  row.unpriced = text(whyOf(record.unpriced));
  // The estimate itself lies in the detail; this is what is summed up.
  row.estimate_cost_pico = pico(record.estimate?.cost_usd ?? null);
  row.config_version = text(record.config_version);
  writeCaller(row, record);
  writeAmounts(row, record);
  writeCharges(row);
  if (record.prediction) writePrediction(row, record.prediction);
  writeTurn(row, record);
  keepWay(row, record);
  return row;
}

function writeCaller(row: Row, record: ExchangeRecord): void {
  row.tenant = text(record.tenant);
  row.project = text(record.project);
  row.agent = text(record.agent);
  row.key_name = text(record.key);
  row.user_name = text(record.user);
  row.session_id = text(record.session?.id);
  row.environment = text(record.environment);
  row.listener = text(record.listener);
}

function writeAmounts(row: Row, record: ExchangeRecord): void {
  const { usage, prompt } = record;
  row.input_tokens = count(usage?.input_tokens);
  row.output_tokens = count(usage?.output_tokens);
  row.cache_read_tokens = count(usage?.['cache_read.input_tokens']);
  row.cache_write_tokens = count(usage?.['cache_creation.input_tokens']);
  row.reasoning_tokens = count(usage?.['reasoning.output_tokens']);
  row.duration_ms = record.duration_ms ?? undefined;
  row.ttft_ms = record.time_to_first_token_ms ?? undefined;
  row.request_bytes = record.request_bytes ?? undefined;
  row.response_bytes = record.response_bytes ?? undefined;
  row.system_chars = count(prompt?.system_chars);
  row.history_chars = count(prompt?.history_chars);
  row.tools_chars = count(prompt?.tools_chars);
}

/** The whole of it lies in the detail; this is what is held against what came of it. */
function writePrediction(row: Row, prediction: NonNullable<ExchangeRecord['prediction']>): void {
  row.predicted_cost_pico = pico(prediction.cost_usd);
  row.predicted_p90_pico = pico(prediction.cost_usd_p90);
  row.predicted_output = count(prediction.output_tokens);
  row.predicted_p90_output = count(prediction.output_tokens_p90);
  row.predicted_confidence = prediction.confidence;
}

/** How it goes on from others, and what its prompt was made of. */
function writeTurn(row: Row, { turn, prompt, tools_called: called, cache_break: broken }: ExchangeRecord): void {
  row.relation = turn?.relation;
  row.parent_session = text(turn?.parent);
  row.tool_results = count(prompt?.tool_results);
  if (prompt?.parts) row.parts = packParts(prompt.parts);
  if (called) row.called = packCalls(called);
  if (!broken) return;
  row.break_cause = broken.cause;
  row.break_part = text(broken.part && `${broken.part.kind}:${broken.part.name}`);
  row.break_tokens = count(Math.round(broken.tokens)) ?? 0;
  row.break_idle_s = broken.idle_s;
  row.break_pico = pico(broken.cost_usd);
  if (
    broken.cost_usd !== null &&
    (row.break_pico === undefined || fromPico(row.break_pico as string) !== broken.cost_usd)
  )
    row.detail.break_usd = broken.cost_usd;
}

function detailOf(record: ExchangeRecord): Detail {
  const detail: Detail = {};
  for (const name of KEPT) {
    const value = record[name];
    if (value !== null && !isEmpty(value)) (detail as Record<string, unknown>)[name] = value;
  }
  if (record.session) detail.session = [record.session.source, record.session.confidence];
  if (record.price) detail.price = [record.price.key, record.price.version, record.price.rates];
  if (record.usage) keepUsage(record.usage, detail);
  if (record.error) detail.error = facts(record.error);
  const { prompt } = record;
  if (prompt) keepPrompt(prompt, detail);
  if (!isCanonical(record.time)) detail.time = record.time;
  return detail;
}

/** `2026-11-20T09:10:11.123Z` and nothing else survives the way through milliseconds unchanged. */
function isCanonical(time: string): boolean {
  return time.length === 24 && time.charCodeAt(23) === 90 && time.charCodeAt(19) === 46;
}

function keepPrompt(prompt: NonNullable<ExchangeRecord['prompt']>, detail: Detail): void {
  const { messages, user_messages: user, assistant_messages: assistant, tools } = prompt;
  if (prompt.tool_results !== undefined || prompt.images !== undefined || prompt.parts !== undefined)
    detail.prompt = [messages ?? null, user ?? null, assistant ?? null, tools ?? null, prompt.images ?? null];
  else if (messages !== undefined) detail.prompt = [messages, user ?? null, assistant ?? null, tools ?? null];
  else if (prompt.system_chars === null && prompt.history_chars === null && prompt.tools_chars === null)
    detail.prompt = 0;
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object') return value === undefined;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function facts(error: NonNullable<ExchangeRecord['error']>): NonNullable<Detail['error']> {
  const { http_status, retry_after_s } = error;
  return { ...(http_status !== null && { http_status }), ...(retry_after_s !== null && { retry_after_s }) };
}

function picoOf(record: ExchangeRecord, detail: Detail): string | undefined {
  if (record.cost_usd === null) return undefined;
  const pico = toPico(record.cost_usd);
  if (pico === null || fromPico(pico) !== record.cost_usd) detail.cost_usd = record.cost_usd;
  return pico ?? undefined;
}

/** `no_rate:input_audio`: the reason, and what is missing where it has a name. */
function whyOf(unpriced: ExchangeRecord['unpriced']): string | null {
  if (unpriced === null) return null;
  return unpriced.missing === null ? unpriced.reason : `${unpriced.reason}:${unpriced.missing}`;
}
