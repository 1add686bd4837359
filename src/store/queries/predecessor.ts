/** The shapes of `GET /api/summary` and `GET /api/usage`, which readers of the predecessor know. */

import { type Cell, type Columns, numberOf, SELECT_ENTRY, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum } from '../money.ts';
import { timeOf } from '../record-of-row.ts';
import type { Detail } from '../row.ts';
import { TURN } from './cost-kinds.ts';
import { clampLimit, whereOf } from './filters.ts';
import type { AgentSummary, PredecessorSource, UsageRow } from './predecessor-shapes.ts';

const HOUR_MS = 3_600_000;
const MAX_HOURS = 24 * 366;
export const NO_AGENT = 'unknown';

/** Input as the provider itself counts it: Anthropic's leaves out what the cache read and wrote. */
export const NATIVE_INPUT = `case when api like 'anthropic.%'
  then input_tokens - coalesce(cache_read_tokens, 0) - coalesce(cache_write_tokens, 0) else input_tokens end`;

export interface SummaryQuestion {
  /** 1 to 8784, 24 unless told. */
  hours?: number | undefined;
  tenant?: string | undefined;
}

export interface UsageQuestion extends SummaryQuestion {
  agent?: string | undefined;
  /** 1 to 10000, 200 unless told. */
  limit?: number | undefined;
}

/** Sums the turns of the last hours up, an element for each agent; failed calls are no turns. */
export async function summary(database: Database, question: SummaryQuestion = {}): Promise<AgentSummary[]> {
  const where = whereOf({ tenant: question.tenant }, since(question.hours)).and(TURN);
  const rows = await database.select<Record<string, Cell>>(
    `select coalesce(agent, '${NO_AGENT}') as name, count(*) as turns,
       cast(sum(${NATIVE_INPUT}) as text) as input, cast(sum(output_tokens) as text) as output,
       cast(sum(cache_read_tokens) as text) as cache_read, cast(sum(cache_write_tokens) as text) as cache_write,
       ${COST_SUM}, avg(${NATIVE_INPUT}) as avg_input, max(${NATIVE_INPUT}) as max_input,
       avg(system_chars) as avg_system, avg(history_chars) as avg_history,
       min(case when cost_source = 'free' then 1 else 0 end) as is_local
     from exchanges where ${where.sql} group by 1 order by 1`,
    where.binds,
  );
  return rows.map(summaryOf);
}

/** Lists the calls of the last hours, newest first, one predecessor's row each. */
export async function usageRows(database: Database, question: UsageQuestion = {}): Promise<UsageRow[]> {
  const where = whereOf({ tenant: question.tenant }, since(question.hours));
  if (question.agent !== undefined) where.and(`coalesce(agent, '${NO_AGENT}') = ${where.bind(question.agent)}`);
  where.and(`(api is not null or ${TURN})`);
  const rows = await database.select<Columns & { native_input: Cell }>(
    `select ${SELECT_ENTRY}, detail, ${NATIVE_INPUT} as native_input from exchanges where ${where.sql}
     order by time_ms desc, seq desc limit ${where.bind(clampLimit(question.limit, 200, 10_000))}`,
    where.binds,
  );
  return rows.map(usageRowOf);
}

/** Says where the cost of a row came from, in the predecessor's words. */
export function sourceOf(row: { cost_source?: Cell; usage_source?: Cell }): PredecessorSource {
  if (row.cost_source === 'free') return 'local_zero_cost';
  if (row.cost_source === 'provider') return 'actual_billed';
  if (row.cost_source !== 'price_table') return 'untracked';
  return row.usage_source === 'counted' || row.usage_source === 'estimated' ? 'estimated' : 'priced_from_tokens';
}

function since(hours: number | undefined): Date {
  return new Date(Date.now() - clampLimit(hours, 24, MAX_HOURS) * HOUR_MS);
}

function summaryOf(row: Record<string, Cell>): AgentSummary {
  const pico = picoSum({ cost_high: row.cost_high, cost_low: row.cost_low });
  return {
    agent: String(row.name),
    turns: Number(row.turns),
    total_input_tokens: numberOf(row.input) ?? 0,
    total_output_tokens: numberOf(row.output) ?? 0,
    total_cache_read: numberOf(row.cache_read) ?? 0,
    total_cache_write: numberOf(row.cache_write) ?? 0,
    total_cost: Number(fromPico(pico ?? 0n)),
    avg_input_tokens: numberOf(row.avg_input),
    max_input_tokens: numberOf(row.max_input),
    avg_system_chars: numberOf(row.avg_system),
    avg_history_chars: numberOf(row.avg_history),
    avg_skill_chars: null,
    avg_base_prompt_chars: null,
    ...(Number(row.is_local) === 1 && { is_local_model: true as const }),
  };
}

/** Parts of a prompt that the predecessor knew from one assistant's files. */
const NOT_TOLD_APART = {
  workspace_agents_chars: null,
  workspace_soul_chars: null,
  workspace_tools_chars: null,
  workspace_identity_chars: null,
  workspace_user_chars: null,
  workspace_heartbeat_chars: null,
  workspace_bootstrap_chars: null,
  workspace_memory_chars: null,
  skill_injection_chars: null,
  base_prompt_chars: null,
} as const;

function usageRowOf(row: Columns & { native_input: Cell }): UsageRow {
  const pico = textOf(row.cost_pico);
  const [messages, user, assistant, tools] = countsOf(textOf(row.detail));
  return {
    id: Number(row.seq),
    timestamp: timeOf(row.time_ms),
    agent: textOf(row.agent) ?? NO_AGENT,
    model: textOf(row.request_model) ?? textOf(row.response_model),
    request_body_bytes: numberOf(row.request_bytes) ?? 0,
    message_count: messages,
    user_message_count: user,
    assistant_message_count: assistant,
    tool_count: tools,
    system_prompt_total_chars: numberOf(row.system_chars),
    ...NOT_TOLD_APART,
    conversation_history_chars: numberOf(row.history_chars),
    input_tokens: numberOf(row.native_input),
    output_tokens: numberOf(row.output_tokens),
    cache_read_tokens: numberOf(row.cache_read_tokens),
    cache_write_tokens: numberOf(row.cache_write_tokens),
    estimated_cost_usd: pico === null ? null : Number(Number(fromPico(pico)).toFixed(6)),
    duration_ms: numberOf(row.duration_ms),
    stop_reason: textOf(row.stop_raw),
    provider_name: textOf(row.provider),
    cost_source: sourceOf(row),
    filter_chars_saved: null,
    filter_tokens_saved: null,
    filter_tools_removed: null,
    status: numberOf(row.status),
    error_type: textOf(row.error_type),
    time_to_first_token_ms: numberOf(row.ttft_ms),
  };
}

/** How many messages of whom, and tools, as the row keeps them. */
function countsOf(detail: string | null): Exclude<NonNullable<Detail['prompt']>, 0> {
  const prompt = detail?.includes('"prompt":[') ? (JSON.parse(detail) as Detail).prompt : null;
  return Array.isArray(prompt) ? prompt : [null, null, null, null];
}
