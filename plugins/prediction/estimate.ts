import type { IncomingMessage } from 'node:http';
import type Router from '@koa/router';
import type { Exchange, Lent, Misfit, Rehearsal, RouteState } from '../../src/plugin.ts';
import { readJson } from '../shared/json-body.ts';
import { mostCost, priced } from './cost.ts';
import type { Means } from './outlook.ts';
import { Outlook } from './outlook.ts';
import { unknownsOf } from './unknown.ts';

type Context = Parameters<Parameters<Router['post']>[1]>[0];

export const ESTIMATE = '/api/v1/estimate';
const KIB = 1024;
const MOST_BYTES = 4 * KIB * KIB;
const NAMES = ['api', 'provider', 'model'] as const;
const LONGEST = 256;

type Words = { [name in (typeof NAMES)[number]]: string | null };

/** Answers what a request would cost. Nothing is sent anywhere. */
export async function answerEstimate(ctx: Context, lent: Pick<Lent, 'rehearse'>, means: Means): Promise<void> {
  const question = await readQuestion(ctx.req, ctx.query);
  if ('message' in question) return refuse(ctx, question);
  const { principal, listener } = ctx.state as RouteState;
  const exchange = lent.rehearse({ ...question, principal, listener });
  if ('field' in exchange) return refuse(ctx, exchange);
  ctx.body = await estimateOf(exchange, means);
}

async function estimateOf(exchange: Exchange, means: Means): Promise<Record<string, unknown>> {
  const outlook = new Outlook(exchange, means);
  const { prediction, bound } = await outlook.counted();
  const { view } = outlook;
  const most = await outlook.most();
  const [first] = view.places;
  const price = first === undefined ? null : priced(first, { input_tokens: most.input, output_tokens: most.output });
  return {
    api: exchange.api,
    provider: first?.provider ?? null,
    model: view.model,
    input_tokens: prediction?.input_tokens ?? null,
    input_tokens_max: most.input,
    output_tokens: prediction?.output_tokens ?? null,
    output_tokens_p90: prediction?.output_tokens_p90 ?? null,
    output_tokens_max: most.output,
    answers: view.output.answers,
    source: prediction?.source ?? null,
    basis: prediction?.basis ?? null,
    cost_usd: prediction?.cost_usd ?? null,
    cost_usd_p90: prediction?.cost_usd_p90 ?? null,
    cost_usd_max: bound.cost_usd,
    confidence: prediction?.confidence ?? null,
    price: price?.price
      ? { key: price.price.key, version: price.price.version, source: price.cost_source, rates: price.price.rates }
      : null,
    targets: view.places.map((place) => ({
      provider: place.provider,
      model: place.model,
      cost_usd_max: mostCost(place, most, most.hasUnseen),
    })),
    unknown: unknownsOf(view, most, price),
  };
}

/** A request as it would be sent, or one under `request` with words about it beside; words may stand in the address, too. */
async function readQuestion(
  req: IncomingMessage,
  query: Readonly<Record<string, unknown>>,
): Promise<Pick<Rehearsal, 'body' | 'api' | 'provider' | 'model'> | Refusal> {
  const read = await readJson(req, MOST_BYTES);
  if (!('value' in read)) {
    if (read.status !== 413) return { ...read, field: null };
    return { ...read, field: null, message: `The body is larger than ${MOST_BYTES / KIB} KiB.` };
  }
  const { value } = read;
  if (!isObject(value)) return { field: 'body', message: 'must be a JSON object' };
  const isWrapped = isObject(value.request);
  const words: Words = { api: null, provider: null, model: null };
  for (const name of NAMES) {
    const said = query[name] ?? (isWrapped ? value[name] : undefined) ?? null;
    if (said === null) continue;
    if (typeof said !== 'string' || said === '' || said.length > LONGEST)
      return { field: name, message: `must be a text of at most ${LONGEST} characters` };
    words[name] = said;
  }
  const stranger = isWrapped ? Object.keys(value).find((name) => name !== 'request' && !isName(name)) : undefined;
  if (stranger !== undefined) return { field: stranger.slice(0, 60), message: 'does not belong beside request' };
  return { ...words, body: Buffer.from(JSON.stringify(isWrapped ? value.request : value)) };
}

interface Refusal extends Omit<Misfit, 'field'> {
  field: string | null;
  status?: number;
  code?: string;
}

function refuse(ctx: Context, { field, message, status = 400, code = 'invalid_request' }: Refusal): void {
  ctx.status = status;
  const error = field === null ? { code, message } : { code, field, message: `${field} ${message}` };
  ctx.body = { error };
}

const isName = (name: string): boolean => (NAMES as readonly string[]).includes(name);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
