import type { Principal, Terms, Usage } from '../../src/plugin.ts';
import { BLANK } from '../shared/blank-record.ts';
import { Fields, isMembers } from '../shared/fields.ts';
import { costOf, price } from './cost.ts';
import { LISTENER, type Report, stopOf, type Told } from './event.ts';

/** The paths that the predecessor took, and how we call their APIs. */
const APIS: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'openai.chat',
  '/v1/completions': 'openai.completions',
  '/v1/responses': 'openai.responses',
};
/** Names of engines on one's own machine. */
const LOCAL = new Set(['hipfire', 'local', 'lemonade', 'llama', 'llama.cpp', 'llama-server', 'mlx', 'ollama', 'vllm']);
const MOST_TOKENS = 2_000_000_000;
const MOST_COUNT = 100_000;
const MOST_BYTES = 2 * 1024 * 1024;
const DAY_MS = 86_400_000;
const HINT = 'is not a member of a routed event; texts of prompts and answers are never taken';

/**
 * Makes the record of an event as LiteLLM's callback and the model router of the predecessor
 * send it. They name no id, so each one is a row.
 *
 * @param newId the id of the row
 */
export function readRouted(event: unknown, newId: string, { principal, now, terms }: Omit<Report, 'path'>): Told {
  if (!isMembers(event)) return { complaints: [{ at: '', message: 'a routed event is a JSON object' }] };
  const fields = new Fields(event, { nulls: false });
  const record = { ...BLANK };
  record.id = newId;
  record.time = new Date(now).toISOString();
  record.listener = LISTENER;
  record.method = 'POST';
  record.agent = fields.text('agent', 128, 'needed');
  const model = fields.text('model', 512, 'needed');
  const provider = fields.text('provider_name', 128, 'needed')?.toLowerCase() ?? '';
  const isLocal = LOCAL.has(provider);
  record.provider = isLocal ? 'local' : provider;
  record.model = { request: nameOf(model, isLocal), response: null, priced_as: null };
  const path = fields.text('path', 64, 'needed');
  if (path !== null && !Object.hasOwn(APIS, path))
    fields.wrong('path', `must be one of ${Object.keys(APIS).join(', ')}`);
  record.path = path ?? '';
  record.api = APIS[record.path] ?? null;
  record.stop_reason = stopOf(fields.text('stop_reason', 128));
  record.request_bytes = fields.count('request_body_bytes', MOST_BYTES);
  record.duration_ms = fields.count('duration_ms', DAY_MS);
  record.prompt = promptOf(fields);
  record.usage = usageOf(fields);
  record.usage_status = record.usage === null ? 'missing' : 'final';
  record.usage_source = record.usage === null ? 'none' : 'provider';
  record.attempts = [];
  record.rewritten_by = [];
  record.config_version = terms.configVersion;
  writeCaller(record, principal);
  fields.end(HINT);
  if (fields.complaints.length > 0) return { complaints: fields.complaints };
  price(record, priceOf(record, isLocal, terms));
  return { record };
}

type Row = typeof BLANK;

/** The predecessor has one agent a process and knows no more of who calls; the key may. */
function writeCaller(record: Row, principal: Principal | null): void {
  record.tenant = principal?.tenant ?? null;
  record.project = principal?.project ?? null;
  record.key = principal?.name ?? null;
  record.user = principal?.user ?? null;
  record.environment = principal?.environment ?? null;
  record.tags = { ...principal?.tags };
}

/** Lemonade calls one and the same model `name` and `extra.name`. */
function nameOf(model: string | null, isLocal: boolean): string | null {
  return isLocal && model !== null ? model.replace(/^extra\.(?=.)/, '') : model;
}

function priceOf(record: Row, isLocal: boolean, terms: Terms) {
  const { provider, model, usage } = record;
  const none = { parts: null, serviceTier: null, speed: null, geo: null, reportedCostUsd: null };
  const asked = { requestModel: model.request, responseModel: null, usage, at: new Date(record.time), ...none };
  return costOf(terms, { provider: provider ?? '', ...asked, ...(isLocal && { free: true }) });
}

/**
 * Absent counts are unknown here, 0 there. Senders count as OpenAI does, the cache within the
 * input; where it is more than the input, it stands beside it.
 */
function usageOf(fields: Fields): Usage | null {
  const input = fields.count('input_tokens', MOST_TOKENS);
  const output = fields.count('output_tokens', MOST_TOKENS);
  const read = fields.count('cache_read_tokens', MOST_TOKENS);
  const written = fields.count('cache_write_tokens', MOST_TOKENS);
  const cached = (read ?? 0) + (written ?? 0);
  const usage: Usage = {};
  if (input !== null || cached > 0) usage.input_tokens = (input ?? 0) + (cached > (input ?? 0) ? cached : 0);
  if (output !== null) usage.output_tokens = output;
  if (read !== null) usage['cache_read.input_tokens'] = read;
  if (written !== null) usage['cache_creation.input_tokens'] = written;
  return Object.keys(usage).length > 0 ? usage : null;
}

function promptOf(fields: Fields): Row['prompt'] {
  const counts = {
    messages: fields.count('message_count', MOST_COUNT),
    user_messages: fields.count('user_message_count', MOST_COUNT),
    assistant_messages: fields.count('assistant_message_count', MOST_COUNT),
    tools: fields.count('tool_count', MOST_COUNT),
  };
  if (Object.values(counts).every((count) => count === null)) return null;
  return { system_chars: null, history_chars: null, tools_chars: null, ...counts };
}
