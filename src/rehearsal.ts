import type { Endpoint } from './adapter.ts';
import { type JsonScan, scanJson } from './bytes/json-scan.ts';
import { Rope } from './bytes/rope.ts';
import type { Generation } from './generation.ts';
import { Exchange } from './pipeline/exchange.ts';
import type { Provider } from './pipeline/provider.ts';
import { ExchangeRequest } from './pipeline/request.ts';
import type { Misfit, Rehearsal } from './plugin.ts';

type Body = { bytes: Rope; scan: JsonScan };

/** Clouds put these into their paths; no price depends on them. */
const PATH_WORDS: Readonly<Record<string, string>> = { version: 'v1', project: 'project', location: 'global' };

/**
 * Makes the exchange that a request would be, as the proxy would make it and before a plugin
 * has met it. It goes nowhere. Where something is missing to make one, the field is named.
 */
export function rehearse(generation: Generation, rehearsal: Rehearsal): Exchange | Misfit {
  const provider = rehearsal.provider === null ? null : generation.provider(rehearsal.provider);
  if (provider === undefined) return { field: 'provider', message: 'is not a provider of this gateway' };
  const bytes = new Rope([rehearsal.body]);
  const scan = scanJson(rehearsal.body);
  if (scan.problem !== null) return { field: 'request', message: `${scan.problem}; one JSON object is expected` };
  const body = { bytes, scan };
  const shape = requestOf('/', body);
  const endpoint = endpointOf(generation, provider, rehearsal.api, shape);
  if (endpoint === null) return unknownApi(generation, rehearsal.api);
  const model = rehearsal.model ?? shape.model ?? '';
  if (model === '') return { field: 'model', message: 'is needed: nothing has a price without one' };
  return exchangeOf(generation, provider, rehearsal, pathOf(endpoint.path, model), body);
}

function exchangeOf(
  generation: Generation,
  provider: Provider | null,
  { principal, listener, model }: Rehearsal,
  path: string,
  body: Body,
): Exchange | Misfit {
  const found = generation.endpoint('POST', path);
  if (found === null) return { field: 'model', message: 'is not a name that can stand in a path' };
  const { api, bills, dialect, streams } = found.facts;
  const request = requestOf(path, body, found.model, streams);
  if (model !== null && found.model === null && request.model !== model) request.set(['model'], model, 'rehearsal');
  const own = generation.blueprint.config.listen.find(({ name }) => name === listener.name);
  const port = { ...listener, provider: own?.provider ?? null, locked: false };
  return new Exchange({
    listener,
    principal,
    request,
    api,
    bills,
    dialect,
    route: (exchange) =>
      generation.plan({ exchange, listener: port, endpoint: found.facts, named: provider, ownCredential: false }),
    terms: generation.terms,
    startedAt: Date.now(),
    clock: performance.now(),
  });
}

function requestOf(
  path: string,
  body: Body,
  pathModel: { start: number; end: number } | null = null,
  streams = false,
): ExchangeRequest {
  const said = { method: 'POST', path, search: '', headers: {}, pathAgent: null };
  return new ExchangeRequest({ ...said, body, raw: body.bytes, pathModel, streams });
}

/** The plainest endpoint of the API, of those that the provider speaks where one is named. */
function endpointOf(
  generation: Generation,
  provider: Provider | null,
  api: string | null,
  shape: ExchangeRequest,
): Endpoint | null {
  const endpoints = pricedEndpoints(generation, provider?.adapters ?? null);
  for (const name of api === null ? looksLike(shape) : [api]) {
    const [plainest] = endpoints.filter((endpoint) => endpoint.api === name).sort((a, b) => weight(a) - weight(b));
    if (plainest) return plainest;
  }
  return null;
}

function pricedEndpoints({ blueprint }: Generation, adapters: readonly string[] | null): Endpoint[] {
  return [...blueprint.adapters]
    .filter(([name]) => adapters === null || adapters.includes(name))
    .flatMap(([, { value }]) => value.endpoints)
    .filter(({ method, bills, body }) => method === 'POST' && bills && body === 'json');
}

/** Names that have to be put into a path weigh more than its length. */
const weight = ({ path }: Endpoint): number => path.split('/:').length * 1000 + path.length;

/** The APIs whose requests look so, the likeliest first. */
function looksLike(request: ExchangeRequest): readonly string[] {
  const has = (name: string): boolean => request.length(name) !== null;
  const model = request.model ?? '';
  if (has('contents')) return ['gemini.generateContent'];
  if (has('messages')) {
    const isClaude = has('system') || has('anthropic_version') || /^claude/i.test(model);
    const [first, second] = ['openai.chat', 'anthropic.messages'];
    const rest = ['bedrock.converse', 'ollama.chat', 'mistral.chat'];
    return has('inferenceConfig') ? rest : [...(isClaude ? [second, first] : [first, second]), ...rest];
  }
  if (has('input')) return /embed/i.test(model) ? ['openai.embeddings'] : ['openai.responses', 'openai.embeddings'];
  return has('prompt') ? ['openai.completions', 'ollama.generate', 'llama_cpp.completion'] : [];
}

function pathOf(pattern: string, model: string): string {
  return pattern
    .replace(/:model(?=[:/]|$)/, () => encodeURIComponent(model))
    .replace(/\/:([a-z]+)/g, (_, name: string) => `/${PATH_WORDS[name] ?? name}`);
}

function unknownApi(generation: Generation, api: string | null): Misfit {
  const known = [...new Set(pricedEndpoints(generation, null).map((endpoint) => endpoint.api))].sort().join(', ');
  if (api === null) return { field: 'api', message: `is needed, the request does not show it: one of ${known}` };
  return { field: 'api', message: `must be an API that the provider speaks, one of ${known}` };
}
