import { definePlugin, type Exchange, type ExchangeRecord } from '../src/plugin.ts';

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
      exchange.onFinish(() => records.append(record(exchange)));
    },
  }),
});

function record(exchange: Exchange): ExchangeRecord {
  const { request, provider, ending, state } = exchange;
  return {
    ...caller(exchange),
    ...measured(exchange),
    id: exchange.id,
    time: new Date(exchange.startedAt).toISOString(),
    listener: exchange.listener.name,
    method: request.method,
    path: request.path,
    provider: provider?.name ?? null,
    api: exchange.api,
    stream: request.stream,
    status: ending?.status ?? null,
    outcome: ending?.outcome ?? 'ok',
    error: errorOf(exchange),
    estimate: state.estimate ?? null,
    upstream_request_id: upstreamId(exchange),
    attempts: exchange.attempts,
    duration_ms: tenths(exchange.finishedAt ?? exchange.elapsed()),
    time_to_first_token_ms: state.timeToFirstToken === undefined ? null : tenths(state.timeToFirstToken),
    overhead_ms: exchange.leftAt === null ? null : tenths(exchange.leftAt),
    request_bytes: exchange.requestBytes,
    response_bytes: exchange.responseBytes,
    prompt: promptOf(exchange),
    rewritten_by: request.rewrittenBy,
    config_version: exchange.terms.configVersion,
  };
}

const caller = ({ state, principal }: Exchange) => ({
  tenant: state.tenant ?? null,
  project: state.project ?? null,
  agent: state.agent ?? null,
  key: principal?.name ?? null,
  user: state.user ?? null,
  session: state.session ?? null,
  environment: state.environment ?? null,
  tags: state.tags ?? {},
});

/** What the answer told, and what it costs. */
function measured({ request, response, bills, state }: Exchange) {
  const { reading, cost } = state;
  const generated = bills && response !== null && response.status < 400;
  return {
    model: {
      request: short(deployment(request.path) ?? request.model),
      response: short(reading?.model),
      priced_as: cost?.priced_as ?? null,
    },
    stop_reason: reading?.stopReason ?? null,
    usage: reading?.usage ?? null,
    usage_status: reading?.usageStatus ?? (generated ? ('missing' as const) : ('not_applicable' as const)),
    usage_source: reading?.usage ? ('provider' as const) : ('none' as const),
    raw_usage: reading?.rawUsage ?? null,
    cost_usd: cost?.cost_usd ?? null,
    cost_source: cost?.cost_source ?? null,
    table_cost_usd: cost?.table_cost_usd ?? null,
    price: cost?.price ?? null,
    usage_by_model: cost?.by_model ?? null,
    service_tier: reading?.serviceTier ?? null,
    response_id: short(reading?.responseId),
  };
}

/** Azure asks for a model by the name of its deployment, in the path. */
function deployment(path: string): string | null {
  return /^\/openai\/deployments\/([^/]+)\//.exec(path)?.[1] ?? null;
}

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
    retry_after_s: seconds(response?.header('retry-after'), response?.header('retry-after-ms')),
  };
}

/** Seconds as the provider says them; in milliseconds only where it says nothing else. */
function seconds(text: string | undefined, milliseconds: string | undefined): number | null {
  if (text !== undefined && /^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  return milliseconds !== undefined && /^\d{1,9}(\.\d+)?$/.test(milliseconds) ? Number(milliseconds) / 1000 : null;
}

/** Beyond this the parts of a prompt are not measured in characters: it would hold the loop. */
const MEASURED_BYTES = 1024 * 1024;

/** Sizes of the prompt's parts as JSON text, in characters. */
function promptOf({ request }: Exchange): ExchangeRecord['prompt'] {
  const { body } = request;
  if (body === null || body.length > MEASURED_BYTES) return null;
  const roles = request.tally('messages', 'role');
  return {
    system_chars: request.length('system') ?? request.length('instructions'),
    history_chars: request.length('messages') ?? request.length('input') ?? request.length('prompt'),
    tools_chars: request.length('tools'),
    messages: roles && [...roles.values()].reduce((sum, count) => sum + count, 0),
    user_messages: roles && (roles.get('user') ?? 0),
    assistant_messages: roles && (roles.get('assistant') ?? 0),
    tools: request.count('tools'),
  };
}

const short = (text: string | null | undefined): string | null =>
  text === null || text === undefined ? null : text.slice(0, 256);
const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
