/** Records for the tests of the store. */

import { newId } from '../../src/pipeline/id.ts';
import type { PromptPart } from '../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import type { StoreLog } from '../../src/store/health.ts';

/** A moment of a day like others. */
export const NOON = Date.parse('2026-11-20T12:00:00.000Z');

export const HOUR = 3_600_000;
/** The 24 hours that begin then. */
export const DAY = { from: new Date(NOON), to: new Date(NOON + 24 * HOUR) };

/** A typical exchange; what is given replaces its members. */
export function recordOf(changes: Partial<ExchangeRecord> = {}, at = NOON): ExchangeRecord {
  return {
    id: newId(at),
    time: new Date(at).toISOString(),
    tenant: null,
    project: null,
    agent: 'open-webui',
    key: null,
    user: null,
    session: null,
    turn: null,
    route: null,
    redactions: null,
    receipt: null,
    environment: null,
    tags: {},
    listener: '127.0.0.1:9110',
    method: 'POST',
    path: '/v1/chat/completions',
    provider: 'openai',
    api: 'openai.chat',
    model: { request: 'gpt-4o', response: 'gpt-4o-2024-08-06', priced_as: 'gpt-4o' },
    stream: true,
    status: 200,
    outcome: 'ok',
    stop_reason: { raw: 'stop', normalized: 'stop' },
    error: null,
    usage: { input_tokens: 1000, output_tokens: 5, 'cache_read.input_tokens': 900, 'reasoning.output_tokens': 0 },
    usage_status: 'final',
    usage_source: 'provider',
    raw_usage: null,
    cost_usd: '0.001425',
    cost_source: 'price_table',
    unpriced: null,
    table_cost_usd: null,
    price: { key: 'openai/gpt-4o', version: '2026-11-01', rates: { input: '2.5', output: '10', cache_read: '1.25' } },
    usage_by_model: null,
    service_tier: 'default',
    estimate: null,
    prediction: null,
    reserved_usd: null,
    upstream_request_id: 'req_0123456789abcdef',
    response_id: 'chatcmpl-0123456789abcdefghij',
    attempts: [],
    duration_ms: 612.25,
    time_to_first_token_ms: 204.5,
    overhead_ms: 0.4,
    request_bytes: 4321,
    response_bytes: 1234,
    prompt: { system_chars: 120, history_chars: 4000, tools_chars: null },
    tools_called: null,
    cache_break: null,
    rewritten_by: [],
    config_version: '0123456789ab',
    ...changes,
  };
}

/** A part of a prompt, read from the cache as a whole; what is given replaces its members. */
export function partOf(changes: Partial<PromptPart> = {}): PromptPart {
  const { tokens = 40 } = changes;
  return {
    kind: 'tool',
    name: 'read_file',
    hash: '0123456789ab',
    pieces: 1,
    chars: 160,
    tokens,
    cost_usd: '0.00005',
    read: tokens ?? 0,
    write: 0,
    write_1h: 0,
    uncached: 0,
    ...changes,
  };
}

/** The prompt of a record that was taken apart. */
export function promptOf(...parts: PromptPart[]): NonNullable<ExchangeRecord['prompt']> {
  const sizes = { system_chars: 120, history_chars: 4000, tools_chars: 800 };
  const counts = { messages: 5, user_messages: 3, assistant_messages: 2, tools: 4, tool_results: 2, images: 0 };
  return { ...sizes, ...counts, parts };
}

/** What an exchange lacks that came to nothing; what is given replaces it. */
export function failing(changes: Partial<ExchangeRecord> = {}): Partial<ExchangeRecord> {
  return {
    usage: null,
    usage_status: 'not_applicable',
    usage_source: 'none',
    cost_usd: null,
    cost_source: null,
    time_to_first_token_ms: null,
    ...changes,
  };
}

/** A log that keeps what it is told. */
export function listeningLog(): StoreLog & { lines: { level: string; message: string; facts?: unknown }[] } {
  const lines: { level: string; message: string; facts?: unknown }[] = [];
  const at = (level: string) => (message: string, facts?: unknown) => void lines.push({ level, message, facts });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
