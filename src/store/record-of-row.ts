/** Makes records of rows again. */
import type { UnpricedReason } from '../metering/unpriced.ts';
import type { StopKind, Usage } from '../metering/usage.ts';
import type { CacheBreak, PartKind, PromptPart, TurnRelation } from '../pipeline/prompt.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import type { Cell, ColumnName, Columns } from './columns.ts';
import { numberOf, textOf } from './columns.ts';
import { fromPico } from './money.ts';
import { type PackedCalls, type PackedPart, unpackCalls, unpackParts } from './packed-parts.ts';
import type { Detail, Kept, Row } from './row.ts';
import { USAGE_COLUMNS, USAGE_NAMES } from './row-usage.ts';
import { type WayCells, wayOf } from './row-way.ts';

/** Makes the record of a row, whether it comes from the database or from the journal. */
export function toRecord(row: Columns | Row): ExchangeRecord {
  const at = (name: ColumnName): Cell | undefined => row[name] as Cell | undefined;
  const detail: Detail = typeof row.detail === 'string' ? JSON.parse(row.detail) : (row.detail ?? {});
  return {
    ...keptOf(detail),
    ...callerOf(detail, at),
    ...wayOf(detail, row as WayCells),
    id: String(row.id),
    time: detail.time ?? timeOf(at('time_ms')),
    method: textOf(at('method')) ?? '',
    path: textOf(at('path')) ?? '',
    provider: textOf(at('provider')),
    api: textOf(at('api')),
    model: modelOf(at),
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
    prompt: promptOf(detail, row),
    turn: turnOf(row),
    tools_called: calledOf(row.called),
    cache_break: breakOf(row, detail.break_usd),
    config_version: textOf(at('config_version')) ?? '',
  };
}

function modelOf(at: (name: ColumnName) => Cell | undefined): ExchangeRecord['model'] {
  return {
    request: textOf(at('request_model')),
    response: textOf(at('response_model')),
    priced_as: textOf(at('priced_as')),
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
    route: detail.route ?? null,
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

function promptOf(detail: Detail, row: Columns | Row): ExchangeRecord['prompt'] {
  const prompt = {
    system_chars: numberOf(row.system_chars),
    history_chars: numberOf(row.history_chars),
    tools_chars: numberOf(row.tools_chars),
  };
  const known = prompt.system_chars !== null || prompt.history_chars !== null || prompt.tools_chars !== null;
  if (!Array.isArray(detail.prompt)) return known || detail.prompt === 0 ? prompt : null;
  const [messages, user_messages, assistant_messages, tools, images] = detail.prompt;
  const counted = { ...prompt, messages, user_messages, assistant_messages, tools };
  if (images === undefined) return counted;
  return { ...counted, tool_results: numberOf(row.tool_results), images, parts: partsOf(row.parts) };
}

/** Reads parts, whether they come from the database or from the journal. */
export function partsOf(parts: Cell | PackedPart[] | undefined): PromptPart[] | null {
  return parts === null || parts === undefined ? null : unpackParts(unpacked(parts) as PackedPart[]);
}

export function calledOf(called: Cell | PackedCalls | undefined): Record<string, number> | null {
  return called === null || called === undefined ? null : unpackCalls(unpacked(called) as PackedCalls);
}

function unpacked(value: Cell | unknown[]): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

function turnOf(row: Columns | Row): ExchangeRecord['turn'] {
  const relation = textOf(row.relation);
  return relation === null ? null : { relation: relation as TurnRelation, parent: textOf(row.parent_session) };
}

/** What breaks a row has: at most one. `cost` is what it cost where the column cannot hold it. */
export function breakOf(row: BreakCells, cost: string | undefined): CacheBreak | null {
  const cause = textOf(row.break_cause);
  if (cause === null) return null;
  return {
    cause: cause as CacheBreak['cause'],
    part: partNameOf(row.break_part),
    tokens: Number(row.break_tokens),
    cost_usd: costOf({ ...(cost !== undefined && { cost_usd: cost }) }, row.break_pico),
    idle_s: Number(row.break_idle_s),
  };
}

type BreakCells = { readonly [name in `break_${'cause' | 'part' | 'tokens' | 'pico' | 'idle_s'}`]?: Cell | undefined };

/** `file:AGENTS.md`; only the name may have a colon. */
export function partNameOf(cell: Cell | undefined): CacheBreak['part'] {
  const part = textOf(cell);
  if (part === null) return null;
  const colon = part.indexOf(':');
  return { kind: part.slice(0, colon) as PartKind, name: part.slice(colon + 1) };
}
