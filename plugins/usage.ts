import {
  type Cost,
  definePlugin,
  type Exchange,
  type ExchangeResponse,
  type KeptText,
  type Metrics,
  type Outcome,
  type Reading,
} from '../src/plugin.ts';
import { type Counting, reckon, withoutCounting } from './usage/estimate.ts';

/**
 * Reads tokens from every answer and says what they cost.
 *
 * Numbers are the provider's own; a zero of its is a zero. Where it gave none, usage stays
 * unknown (null, never zero), and what was counted here stands beside it as the estimate:
 * `counted` with the model's own tokenizer over all of the text, `estimated` otherwise. The
 * tokenizer has a thread of its own, and only such rows wait for it.
 *
 * @example
 *   - plugin: usage
 *     on_error: skip     # metering may fail, forwarding may not
 */
export default definePlugin({
  summary: 'Reads tokens from every answer and says what they cost.',
  options: {
    count_tokens: {
      type: 'boolean',
      default: true,
      description:
        'Where a provider says no usage, count with a tokenizer: it takes 80 MB while it runs. False: by length.',
    },
  },
  setup: ({ options, metrics, tokens }) => {
    const count = counters(metrics);
    const counting = options.count_tokens ? tokens : withoutCounting(tokens);
    return {
      onRequest(exchange) {
        let ear: Ear | null = null;
        exchange.onResponse((response) => {
          ear = exchange.api === null ? null : listen(exchange, response);
        });
        exchange.state.giveUp = () => {
          const reading = ear?.read(false) ?? null;
          ear = null;
          return reading && giveUp(exchange, reading, count);
        };
        exchange.state.readNow = (body) => ear !== null && readAnswer(exchange, ear.read(true, body));
        exchange.onFinish(() => {
          const outcome = exchange.ending?.outcome;
          const reading = ear?.read(outcome === 'ok' || outcome === 'upstream_error') ?? null;
          if (reading) {
            readAnswer(exchange, reading);
            refine(exchange, reading);
            count(exchange, reading, exchange.state.cost);
          }
          if (isUnsaid(exchange, reading)) return estimate(exchange, reading, ear?.text() ?? null, counting);
        });
      },
    };
  },
});

/** What an answer says, as far as it was heard. */
interface Ear {
  /** Ends the listening, the first time. `body` is all of an answer of which nothing was heard yet. */
  read(whole: boolean, body?: Uint8Array): Reading;
  text(): KeptText | null;
}

/** Opens the meter that fits an answer, beside its way to the client. */
function listen(exchange: Exchange, response: ExchangeResponse): Ear {
  const { status, contentType } = response;
  const streamAsked = exchange.request.stream;
  const meter = exchange.dialect.meter({
    api: exchange.api ?? '',
    status,
    contentType,
    streamAsked,
    model: exchange.targetModel ?? exchange.request.model,
    header: (name) => response.header(name),
  });
  delete exchange.state.timeToFirstToken;
  response.beginsWhen(() => !streamAsked || meter.started);
  response.drainWhen(() => meter.finishing);
  response.tellsOf(() => meter.problem);
  let reading: Reading | null = null;
  response.tap((chunk) => {
    if (reading === null) meter.push(chunk);
    if (exchange.state.timeToFirstToken !== undefined || (streamAsked && !meter.started)) return;
    exchange.state.timeToFirstToken = exchange.elapsed();
  });
  const read = (whole: boolean, body?: Uint8Array): Reading => {
    if (reading === null && body) meter.push(body);
    reading ??= meter.end(whole);
    return reading;
  };
  return { read, text: () => meter.text };
}

/** Says in the exchange what was read, once. What nobody bills has no price, whatever was counted on the way to a refusal. */
function readAnswer(exchange: Exchange, reading: Reading): true {
  if (exchange.state.reading === reading) return true;
  exchange.state.reading = reading;
  if (reading.usageStatus !== 'not_applicable') exchange.state.cost = costOf(exchange, reading);
  return true;
}

/** Forgets an answer that another one takes the place of; returns what is known of its cost. */
function giveUp(exchange: Exchange, reading: Reading, count: Count): string | null {
  const { state } = exchange;
  delete state.reading;
  delete state.cost;
  delete state.timeToFirstToken;
  if (reading.usageStatus === 'not_applicable') return null;
  const cost = costOf(exchange, reading);
  count(exchange, reading, cost);
  return cost.cost_usd;
}

/** Adds an answer to the metrics. */
type Count = (exchange: Exchange, reading: Reading, cost: Cost | undefined) => void;

/** Makes the function that adds an answer to the metrics. */
function counters(metrics: Metrics): Count {
  const tokens = metrics.counter(
    'gen_ai_client_token_usage',
    'Tokens as providers reported them.',
    LABELS.concat('gen_ai_token_type'),
  );
  const dollars = metrics.counter(
    'gen_ai_client_cost_usd',
    'Cost of answers whose price is known, in US dollars.',
    LABELS,
  );
  const unpriced = metrics.counter('unpriced', 'Billed answers whose cost is unknown.', LABELS);
  return ({ provider }, reading, cost) => {
    const labels = {
      gen_ai_provider_name: provider?.name ?? '',
      gen_ai_response_model: cost?.priced_as ? (reading.model ?? '') : (cost?.cost_source ?? 'unpriced'),
    };
    const { input_tokens: input, output_tokens: output } = reading.usage ?? {};
    if (input) tokens.add(input, { ...labels, gen_ai_token_type: 'input' });
    if (output) tokens.add(output, { ...labels, gen_ai_token_type: 'output' });
    if (cost?.cost_usd) dollars.add(Number(cost.cost_usd), labels);
    else if (reading.usageStatus !== 'not_applicable') unpriced.add(1, labels);
  };
}

const LABELS = ['gen_ai_provider_name', 'gen_ai_response_model'];

const ENDINGS: Readonly<Record<Reading['ending'], Outcome>> = {
  complete: 'ok',
  truncated: 'truncated',
  error: 'stream_error',
  bad_payload: 'bad_payload',
};

/** Sockets saw a good end; what the bytes say about it counts more. */
function refine(exchange: Exchange, reading: Reading): void {
  const { ending } = exchange;
  if (!ending) return;
  if (ending.outcome === 'ok') ending.outcome = ENDINGS[reading.ending];
  if (ending.error === null && reading.error)
    ending.error = { type: reading.error.type ?? 'error', code: reading.error.code ?? reading.error.type ?? 'error' };
}

function costOf(exchange: Exchange, reading: Reading) {
  return exchange.terms.cost({
    provider: exchange.provider?.name ?? '',
    free: exchange.provider?.free === true && !reading.paid,
    requestModel: exchange.targetModel ?? exchange.request.model,
    responseModel: reading.model,
    usage: reading.usage,
    parts: reading.parts,
    serviceTier: reading.serviceTier,
    speed: reading.speed,
    geo: reading.geo,
    at: new Date(exchange.startedAt),
    reportedCostUsd: reading.reportedCostUsd,
  });
}

/** Something was asked and perhaps generated, and the provider has not had its last word about it. */
function isUnsaid({ leftAt, ending, bills }: Exchange, reading: Reading | null): boolean {
  const said =
    reading?.usageStatus === 'final' || reading?.usageStatus === 'not_applicable' || reading?.deferred === true;
  return !said && bills && leftAt !== null && ending?.outcome !== 'upstream_error' && ending?.outcome !== 'refused';
}

async function estimate(
  exchange: Exchange,
  reading: Reading | null,
  text: KeptText | null,
  tokens: Counting,
): Promise<void> {
  const { input_tokens: input, output_tokens: output, ...how } = await reckon(exchange, reading, text, tokens);
  const isKnown = input !== null && output !== null;
  const usage = isKnown ? { ...reading?.usage, input_tokens: input, output_tokens: output } : null;
  const guess = { ...(reading ?? NOTHING), usage, parts: null, reportedCostUsd: null };
  const cost = isKnown ? costOf(exchange, guess).cost_usd : null;
  exchange.state.estimate = { input_tokens: input, output_tokens: output, cost_usd: cost, ...how };
}

const NOTHING: Reading = {
  usage: null,
  usageStatus: 'missing',
  rawUsage: null,
  parts: null,
  model: null,
  responseId: null,
  serviceTier: null,
  speed: null,
  geo: null,
  stopReason: null,
  toolCalls: null,
  reportedCostUsd: null,
  paid: false,
  deferred: false,
  error: null,
  ending: 'truncated',
  outputChars: 0,
  inconsistencies: [],
};
