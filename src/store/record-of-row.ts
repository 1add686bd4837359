/** Makes records of rows again. */
import type { UnpricedReason } from '../metering/unpriced.ts';
import type { StopKind, Usage } from '../metering/usage.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import type { Cell, ColumnName, Columns } from './columns.ts';
import { numberOf, textOf } from './columns.ts';
import { fromPico } from './money.ts';
import { type Detail, type Kept, type Row, USAGE_COLUMNS, USAGE_NAMES } from './row.ts';

/** Makes the record of a row, whether it comes from the database or from the journal. */
export function toRecord(row: Columns | Row): ExchangeRecord {
  const at = (name: ColumnName): Cell | undefined => row[name] as Cell | undefined;
  const detail: Detail = typeof row.detail === 'string' ? JSON.parse(row.detail) : (row.detail ?? {});
  return {
    ...keptOf(detail),
    ...callerOf(detail, at),
    id: String(row.id),
    time: detail.time ?? timeOf(at('time_ms')),
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
    unpriced: unpricedOf(at('unpriced')),
    price: detail.price ? { key: detail.price[0], version: detail.price[1], rates: detail.price[2] } : null,
    duration_ms: numberOf(at('duration_ms')),
    time_to_first_token_ms: numberOf(at('ttft_ms')),
    request_bytes: numberOf(at('request_bytes')),
    response_bytes: numberOf(at('response_bytes')),
    prompt: promptOf(detail, at('system_chars'), at('history_chars'), at('tools_chars')),
    turn: null,
    tools_called: null,
    cache_break: null,
    config_version: textOf(at('config_version')) ?? '',
  };
}

function callerOf({ session }: Detail, at: (name: ColumnName) => Cell | undefined) {
  const sessionId = textOf(at('session_id'));
  const [source, confidence] = session ?? (['', 'low'] as const);
  return {
    tenant: textOf(at('tenant')),
    project: textOf(at('project')),
    agent: textOf(at('agent')),
    key: textOf(at('key_name')),
    user: textOf(at('user_name')),
    session: sessionId === null ? null : { id: sessionId, source, confidence },
    environment: textOf(at('environment')),
    listener: textOf(at('listener')) ?? '',
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

/** Tells why the cost of a row is unknown; null where it is known, and where an older version did not say. */
export function unpricedOf(cell: Cell | undefined): ExchangeRecord['unpriced'] {
  const why = textOf(cell);
  if (why === null) return null;
  const colon = why.indexOf(':');
  if (colon === -1) return { reason: why as UnpricedReason, missing: null };
  return { reason: why.slice(0, colon) as UnpricedReason, missing: why.slice(colon + 1) };
}

function keptOf(detail: Detail): Kept {
  return {
    tags: detail.tags ?? {},
    raw_usage: detail.raw_usage ?? null,
    table_cost_usd: detail.table_cost_usd ?? null,
    usage_by_model: detail.usage_by_model ?? null,
    service_tier: detail.service_tier ?? null,
    estimate: detail.estimate ?? null,
    prediction: detail.prediction ?? null,
    reserved_usd: detail.reserved_usd ?? null,
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
