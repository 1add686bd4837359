/**
 * A record as a row of the table `exchanges`, and back, without loss.
 *
 * What is filtered, grouped or summed has a column; the rest lies in `detail`, only
 * where it says something. A value that its column cannot hold (a fraction of a token,
 * money finer than a pico-dollar) is kept in `detail` too.
 */
import type { StopKind, Usage, UsageName } from '../metering/usage.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import type { Cell, ColumnName, Columns } from './columns.ts';
import { numberOf, textOf } from './columns.ts';
import { fromPico, toPico } from './money.ts';

/** Characters of a text column. Clients choose some of them, and Postgres refuses long values in an index. */
const MAX_TEXT = 512;
/** Beyond this a count is not believed, so that sums cannot overflow; the detail still has it. */
const MAX_COUNT = 1e12;

/** A row on its way to the database: what is absent is null there. */
export type Row = { id: string; detail: Detail } & {
  [name in Exclude<ColumnName, 'id' | 'detail'>]?: string | number | undefined;
};

/** Members of a record that lie in `detail` as they are, unless they are null or empty. */
const KEPT = [
  'tags',
  'raw_usage',
  'table_cost_usd',
  'usage_by_model',
  'service_tier',
  'estimate',
  'upstream_request_id',
  'response_id',
  'attempts',
  'overhead_ms',
  'rewritten_by',
] as const satisfies readonly (keyof ExchangeRecord)[];

type Kept = Pick<ExchangeRecord, (typeof KEPT)[number]>;

export interface Detail extends Partial<Kept> {
  /** Where the time is no canonical ISO string. */
  time?: string;
  session?: [source: string, confidence: 'high' | 'medium' | 'low'];
  /** What of the usage is not in columns; `{}` for a usage without any number. */
  usage?: Usage;
  error?: { http_status?: number | null; retry_after_s?: number | null };
  /** Without the names of its members: most rows have it. */
  price?: [key: string, version: string, rates: Record<string, string>];
  /** How many messages of whom, and tools: what of the prompt is not in columns; 0 for a prompt of which nothing is known. */
  prompt?: 0 | [messages: number | null, user: number | null, assistant: number | null, tools: number | null];
  cost_usd?: string;
}

const USAGE_COLUMNS = {
  input_tokens: 'input_tokens',
  output_tokens: 'output_tokens',
  'cache_read.input_tokens': 'cache_read_tokens',
  'cache_creation.input_tokens': 'cache_write_tokens',
  'reasoning.output_tokens': 'reasoning_tokens',
} as const satisfies { [name in UsageName]?: ColumnName };
const USAGE_NAMES = Object.keys(USAGE_COLUMNS) as (keyof typeof USAGE_COLUMNS)[];

/** Makes the row of a record. It runs for every exchange, so it makes one object and loops over little. */
export function toRow(record: ExchangeRecord): Row {
  const { model, usage, prompt, stop_reason: stop, error } = record;
  const detail = detailOf(record);
  return {
    id: record.id,
    time_ms: Date.parse(record.time),
    tenant: text(record.tenant),
    project: text(record.project),
    agent: text(record.agent),
    key_name: text(record.key),
    user_name: text(record.user),
    session_id: text(record.session?.id),
    environment: text(record.environment),
    listener: text(record.listener),
    method: text(record.method),
    path: text(record.path),
    provider: text(record.provider),
    api: text(record.api),
    request_model: text(model.request),
    response_model: text(model.response),
    priced_as: text(model.priced_as),
    stream: record.stream ? 1 : 0,
    status: record.status ?? undefined,
    outcome: record.outcome,
    stop_reason: stop?.normalized ?? undefined,
    stop_raw: text(stop?.raw),
    error_type: text(error?.type),
    error_code: text(error?.code),
    usage_status: record.usage_status,
    usage_source: record.usage_source,
    input_tokens: count(usage?.input_tokens),
    output_tokens: count(usage?.output_tokens),
    cache_read_tokens: count(usage?.['cache_read.input_tokens']),
    cache_write_tokens: count(usage?.['cache_creation.input_tokens']),
    reasoning_tokens: count(usage?.['reasoning.output_tokens']),
    cost_pico: picoOf(record, detail),
    cost_source: record.cost_source ?? undefined,
    duration_ms: record.duration_ms,
    ttft_ms: record.time_to_first_token_ms ?? undefined,
    request_bytes: record.request_bytes,
    response_bytes: record.response_bytes,
    system_chars: count(prompt?.system_chars),
    history_chars: count(prompt?.history_chars),
    tools_chars: count(prompt?.tools_chars),
    config_version: text(record.config_version),
    detail,
  };
}

/** Makes the record of a row, whether it comes from the database or from the journal. */
export function toRecord(row: Columns | Row): ExchangeRecord {
  const at = (name: ColumnName): Cell | undefined => row[name] as Cell | undefined;
  const detail: Detail = typeof row.detail === 'string' ? JSON.parse(row.detail) : (row.detail ?? {});
  const sessionId = textOf(at('session_id'));
  const [source, confidence] = detail.session ?? ['', 'low'];
  return {
    ...keptOf(detail),
    id: String(row.id),
    time: detail.time ?? timeOf(at('time_ms')),
    tenant: textOf(at('tenant')),
    project: textOf(at('project')),
    agent: textOf(at('agent')),
    key: textOf(at('key_name')),
    user: textOf(at('user_name')),
    session: sessionId === null ? null : { id: sessionId, source, confidence },
    environment: textOf(at('environment')),
    listener: textOf(at('listener')) ?? '',
    method: textOf(at('method')) ?? '',
    path: textOf(at('path')) ?? '',
    provider: textOf(at('provider')),
    api: textOf(at('api')),
    model: {
      request: textOf(at('request_model')),
      response: textOf(at('response_model')),
      priced_as: textOf(at('priced_as')),
    },
    stream: numberOf(at('stream')) === 1,
    status: numberOf(at('status')),
    outcome: textOf(at('outcome')) as ExchangeRecord['outcome'],
    stop_reason: stopOf(at('stop_raw'), at('stop_reason')),
    error: errorOf(detail, at('error_type'), at('error_code')),
    usage: usageOf(detail, row),
    usage_status: textOf(at('usage_status')) as ExchangeRecord['usage_status'],
    usage_source: textOf(at('usage_source')) as ExchangeRecord['usage_source'],
    cost_usd: costOf(detail, at('cost_pico')),
    cost_source: textOf(at('cost_source')) as ExchangeRecord['cost_source'],
    price: detail.price ? { key: detail.price[0], version: detail.price[1], rates: detail.price[2] } : null,
    duration_ms: numberOf(at('duration_ms')) ?? 0,
    time_to_first_token_ms: numberOf(at('ttft_ms')),
    request_bytes: numberOf(at('request_bytes')) ?? 0,
    response_bytes: numberOf(at('response_bytes')) ?? 0,
    prompt: promptOf(detail, at('system_chars'), at('history_chars'), at('tools_chars')),
    config_version: textOf(at('config_version')) ?? '',
  };
}

/** Gives the time of a row as UTC ISO with milliseconds. */
export function timeOf(cell: Cell | undefined): string {
  return new Date(Number(cell)).toISOString();
}

/** Gives the cost of a row in dollars. */
export function costOf(detail: Detail, pico: Cell | undefined): string | null {
  if (detail.cost_usd !== undefined) return detail.cost_usd;
  return pico === null || pico === undefined ? null : fromPico(String(pico));
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
  if (messages !== undefined) detail.prompt = [messages, user ?? null, assistant ?? null, tools ?? null];
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

function keepUsage(usage: Usage, detail: Detail): void {
  let rest: Usage | undefined;
  let named = false;
  for (const key in usage) {
    const name = key as UsageName;
    if (name in USAGE_COLUMNS && count(usage[name]) !== undefined) named = true;
    else {
      rest ??= {};
      rest[name] = usage[name]!;
    }
  }
  if (rest || !named) detail.usage = rest ?? {};
}

function picoOf(record: ExchangeRecord, detail: Detail): string | undefined {
  if (record.cost_usd === null) return undefined;
  const pico = toPico(record.cost_usd);
  if (pico === null || fromPico(pico) !== record.cost_usd) detail.cost_usd = record.cost_usd;
  return pico ?? undefined;
}

function text(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
}

function count(value: number | null | undefined): number | undefined {
  return Number.isInteger(value) && value! >= 0 && value! <= MAX_COUNT ? value! : undefined;
}

function keptOf(detail: Detail): Kept {
  return {
    tags: detail.tags ?? {},
    raw_usage: detail.raw_usage ?? null,
    table_cost_usd: detail.table_cost_usd ?? null,
    usage_by_model: detail.usage_by_model ?? null,
    service_tier: detail.service_tier ?? null,
    estimate: detail.estimate ?? null,
    upstream_request_id: detail.upstream_request_id ?? null,
    response_id: detail.response_id ?? null,
    attempts: detail.attempts ?? [],
    overhead_ms: detail.overhead_ms ?? null,
    rewritten_by: detail.rewritten_by ?? [],
  };
}

function stopOf(raw: Cell | undefined, normalized: Cell | undefined): ExchangeRecord['stop_reason'] {
  const word = textOf(raw);
  return word === null ? null : { raw: word, normalized: textOf(normalized) as StopKind | null };
}

function errorOf(detail: Detail, type: Cell | undefined, code: Cell | undefined): ExchangeRecord['error'] {
  if (!detail.error) return null;
  const { http_status = null, retry_after_s = null } = detail.error;
  return { type: textOf(type), code: textOf(code), http_status, retry_after_s };
}

function usageOf(detail: Detail, row: Columns | Row): Usage | null {
  let usage: Usage | null = detail.usage ? { ...detail.usage } : null;
  for (const name of USAGE_NAMES) {
    const value = numberOf(row[USAGE_COLUMNS[name]] as Cell | undefined);
    if (value === null) continue;
    usage ??= {};
    usage[name] = value;
  }
  return usage;
}

function promptOf(detail: Detail, system: Cell | undefined, history: Cell | undefined, tools: Cell | undefined) {
  const prompt = {
    system_chars: numberOf(system),
    history_chars: numberOf(history),
    tools_chars: numberOf(tools),
  };
  const known = prompt.system_chars !== null || prompt.history_chars !== null || prompt.tools_chars !== null;
  if (!Array.isArray(detail.prompt)) return known || detail.prompt === 0 ? prompt : null;
  const [messages, user_messages, assistant_messages, counted] = detail.prompt;
  return { ...prompt, messages, user_messages, assistant_messages, tools: counted };
}
