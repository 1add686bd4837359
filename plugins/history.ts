import { definePlugin, type Exchange, type ExchangeRecord } from '../src/plugin.ts';
import { addVain } from './history/vain.ts';
import { BLANK, putCaller, putCost } from './shared/blank-record.ts';
import { historyChars } from './shared/history-chars.ts';

/**
 * Writes one row for every exchange, also for refused, failed and aborted ones.
 *
 * It stands at the top, so that everything the other plugins found out is in the row. No
 * prompt and no answer is kept: only names, sizes, tokens, times and money.
 *
 * @example
 *   - plugin: history
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Writes one row for every exchange, also for refused, failed and aborted ones.',
  requires: { usage: 'below', identity: 'below' },
  setup: ({ records }) => ({
    onRequest(exchange) {
      exchange.onFinish(() => void records.append(record(exchange)));
    },
  }),
});

function record(exchange: Exchange): ExchangeRecord {
  const { request, provider, ending, state } = exchange;
  const row = { ...BLANK };
  row.id = exchange.id;
  row.time = new Date(exchange.startedAt).toISOString();
  row.listener = exchange.listener.name;
  row.method = request.method;
  row.path = request.path;
  row.provider = provider?.name ?? null;
  row.api = exchange.api;
  row.stream = request.stream;
  row.status = ending?.status ?? null;
  row.outcome = ending?.outcome ?? 'ok';
  row.error = errorOf(exchange);
  row.estimate = state.estimate ?? null;
  row.prediction = state.prediction ?? null;
  row.upstream_request_id = upstreamId(exchange);
  row.attempts = attemptsOf(exchange);
  row.route = routeOf(exchange);
  row.redactions = state.redactions ?? null;
  row.receipt = state.receipt ? { ...state.receipt, decisions: exchange.notes } : null;
  row.duration_ms = tenths(exchange.finishedAt ?? exchange.elapsed());
  row.time_to_first_token_ms = state.timeToFirstToken === undefined ? null : tenths(state.timeToFirstToken);
  row.overhead_ms = exchange.leftAt === null ? null : tenths(exchange.leftAt);
  row.request_bytes = exchange.requestBytes;
  row.response_bytes = exchange.responseBytes;
  row.turn = state.turn ? { relation: state.turn.relation, parent: state.turn.parent } : null;
  row.prompt = promptOf(exchange);
  row.tools_called = state.reading?.toolCalls ?? null;
  row.cache_break = state.cacheBreak ?? null;
  row.rewritten_by = request.rewrittenBy;
  row.config_version = exchange.terms.configVersion;
  putCaller(row, exchange);
  writeAnswer(row, exchange);
  addVain(row);
  return row;
}

/** Clients may call a model whatever they like. */
function attemptsOf({ attempts }: Exchange): ExchangeRecord['attempts'] {
  for (const attempt of attempts) attempt.model = short(attempt.model);
  return attempts;
}

/** Null where there was nothing to decide. */
function routeOf({ plan }: Exchange): ExchangeRecord['route'] {
  const { route, strategy, reason, alias } = plan.decision;
  return route === null && alias === null ? null : { name: route, strategy, reason, alias };
}

/** What the answer told, and what it costs. */
function writeAnswer(row: ExchangeRecord, exchange: Exchange): void {
  const { request, response, bills, state } = exchange;
  const { reading, cost } = state;
  const generated = bills && response !== null && response.status < 400;
  row.model = {
    request: short(request.model),
    response: short(reading?.model),
    priced_as: cost?.priced_as ?? null,
  };
  row.stop_reason = reading?.stopReason ?? null;
  row.usage = reading?.usage ?? null;
  row.usage_status = reading?.usageStatus ?? (generated ? 'missing' : 'not_applicable');
  row.usage_source = reading?.usage ? 'provider' : (state.estimate?.source ?? 'none');
  row.raw_usage = reading?.rawUsage ?? null;
  if (cost) putCost(row, cost);
  else if (row.usage_status !== 'not_applicable') row.unpriced = NOTHING_SAID;
  if (isUnknown(row, exchange)) row.reserved_usd = state.reserve ?? null;
  row.service_tier = reading?.serviceTier ?? null;
  row.response_id = short(reading?.responseId);
}

/** It may have cost something, and nobody can say what. */
function isUnknown(row: ExchangeRecord, { leftAt, bills, api, response, ending }: Exchange): boolean {
  const failed = ending?.outcome === 'upstream_error' || (response?.status ?? 0) >= 400;
  // Of a path that nobody knows, nobody knows whether it is charged for.
  const mayCharge = bills || api === null;
  return leftAt !== null && mayCharge && !failed && row.cost_usd === null && (row.estimate?.cost_usd ?? null) === null;
}

/** Something was generated, and nothing could be read of it. */
const NOTHING_SAID: ExchangeRecord['unpriced'] = { reason: 'no_usage', missing: null };

const ID_HEADERS = ['apim-request-id', 'x-request-id', 'request-id', 'x-amzn-requestid', 'x-generation-id'];

function upstreamId({ response }: Exchange): string | null {
  for (const name of ID_HEADERS) {
    const id = response?.header(name);
    if (id !== undefined) return short(id);
  }
  return null;
}

function errorOf({ ending, response, state }: Exchange): ExchangeRecord['error'] {
  const told = state.reading?.error ?? null;
  const status = response?.status ?? null;
  const failed =
    ending !== null && ending.outcome !== 'ok' && ending.outcome !== 'client_aborted' && ending.outcome !== 'cached';
  if (!failed) return null;
  return {
    type: short(told ? told.type : ending.error?.type),
    code: short(told ? told.code : ending.error?.code),
    http_status: status ?? ending.status,
    retry_after_s:
      seconds(response?.header('retry-after'), response?.header('retry-after-ms')) ?? told?.retryAfterS ?? null,
  };
}

/** Seconds as the provider says them; in milliseconds only where it says nothing else. */
function seconds(text: string | undefined, milliseconds: string | undefined): number | null {
  if (text !== undefined && /^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  return milliseconds !== undefined && /^\d{1,9}(\.\d+)?$/.test(milliseconds) ? Number(milliseconds) / 1000 : null;
}

/** Beyond this characters are not counted in the body: it would hold the loop. What its parts told is there all the same. */
const MEASURED_BYTES = 1024 * 1024;
const UNMEASURED = { system_chars: null, history_chars: null, tools_chars: null };

/** Sizes of the prompt's parts as JSON text, in characters. */
function promptOf({ request, state }: Exchange): ExchangeRecord['prompt'] {
  const { bodyBytes } = request;
  if (bodyBytes === 0) return null;
  const { prompt: cut, parts = null } = state;
  const seen = { tool_results: cut?.toolResults ?? null, images: cut?.images ?? null, parts };
  if (bodyBytes > MEASURED_BYTES) return cut ? { ...UNMEASURED, ...seen } : null;
  // Gemini's words for the same; what has no role there is the user's.
  const contents = request.count('contents');
  const roles = request.tally('messages', 'role') ?? request.tally('contents', 'role');
  const answers = roles && (roles.get('assistant') ?? roles.get('model') ?? 0);
  return {
    system_chars: request.length('system') ?? request.length('instructions') ?? request.length('systemInstruction'),
    history_chars: historyChars(request),
    tools_chars: request.length('tools'),
    messages: contents ?? (roles && [...roles.values()].reduce((sum, count) => sum + count, 0)),
    user_messages: contents === null ? roles && (roles.get('user') ?? 0) : contents - (answers ?? 0),
    assistant_messages: answers,
    tools: request.count('tools'),
    ...seen,
  };
}

const short = (text: string | null | undefined): string | null =>
  text === null || text === undefined ? null : text.slice(0, 256);
const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
