import type { IncomingMessage, ServerResponse } from 'node:http';
import { definePlugin } from '../src/plugin.ts';
import { countTokens, messages } from './simulator/anthropic.ts';
import { PromptCache } from './simulator/cache.ts';
import { chat, completions, embeddings } from './simulator/openai.ts';
import type { Fields } from './simulator/question.ts';
import { type Dialect, json, newId, problem, type Reply } from './simulator/reply.ts';
import { responses } from './simulator/responses.ts';
import { perform, readBody, takeStage } from './simulator/stage.ts';

type Endpoint = (body: Fields, cache: PromptCache) => Reply;

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST /v1/chat/completions': chat,
  'POST /v1/completions': completions,
  'POST /v1/responses': responses,
  'POST /v1/embeddings': embeddings,
  'POST /v1/messages': messages,
  'POST /v1/messages/count_tokens': countTokens,
};

const MODELS = ['simulated', 'simulated-slow', 'simulated-error', 'simulated-rate-limit', 'simulated-cut'];
const CREATED = Date.UTC(2026, 0, 1) / 1000;
/** How much longer `simulated-slow` thinks before its first byte. */
const SLOW_MS = 4000;
const LIMIT_REQUESTS = 10_000;
const LIMIT_TOKENS = 2_000_000;

/**
 * Answers like a provider, so that a fresh gateway works with no key and no network.
 *
 * It opens a real port on the loopback address and speaks the OpenAI and Anthropic
 * dialects, JSON and SSE, with usage and prompt caching. The same prompt gets the same
 * words. Any model name is answered; some show a failure: `simulated-error` answers
 * 500, `simulated-rate-limit` 429, `simulated-slow` keeps you waiting for the first
 * byte, `simulated-cut` breaks off in the middle. A last message that names one of the
 * request's tools gets a call of that tool.
 *
 * @example
 *   - plugin: simulator
 *     port: 9119    # the base_url of provider `simulated` names it too
 *     pace: 25      # milliseconds between two events of a stream
 */
export default definePlugin({
  summary: 'Answers like a provider, so that a fresh gateway works with no key and no network.',
  options: {
    port: { type: 'integer', minimum: 1, maximum: 65535, default: 9119, description: 'Loopback port it listens on.' },
    pace: { type: 'integer', minimum: 0, default: 25, description: 'Milliseconds between two events of a stream.' },
    latency: {
      type: 'integer',
      minimum: 0,
      default: 120,
      description: 'Milliseconds before the first byte of an answer.',
    },
  },
  setup: async ({ options, log }) => {
    const cache = new PromptCache();
    const serve = (req: IncomingMessage, res: ServerResponse) => {
      answer(req, res, options, cache).catch((error: Error) => {
        log.error('cannot answer', { error: error.message, path: req.url?.split('?')[0] });
        res.destroy();
      });
    };
    try {
      return { close: await takeStage(options.port, serve) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      const mend = 'set `port` of plugin simulator and the base_url of provider simulated';
      throw new Error(`port ${options.port} is taken: ${mend}`, { cause: error });
    }
  },
});

type Speed = { readonly pace: number; readonly latency: number };

async function answer(req: IncomingMessage, res: ServerResponse, speed: Speed, cache: PromptCache): Promise<void> {
  const path = req.url!.split('?')[0]!;
  const dialect: Dialect =
    path.startsWith('/v1/messages') || 'anthropic-version' in req.headers ? 'anthropic' : 'openai';
  const bytes = await readBody(req).catch(() => Buffer.from('undecodable'));
  const body = bytes && parse(bytes);
  const model = typeof body?.model === 'string' ? body.model : '';
  const reply = replyTo(`${req.method} ${path}`, dialect, bytes === null ? null : (body ?? 'not an object'), cache);
  Object.assign(reply.headers, headersOf(dialect, speed.latency, bytes?.length ?? 0));
  if (bytes === null) reply.headers.connection = 'close';
  if (model === 'simulated-rate-limit') reply.headers['retry-after'] = '1';
  const latency = speed.latency + (model === 'simulated-slow' ? SLOW_MS : 0);
  await perform(reply, { latency, pace: speed.pace, cut: model === 'simulated-cut' }, res);
}

function replyTo(target: string, dialect: Dialect, body: Fields | 'not an object' | null, cache: PromptCache): Reply {
  const endpoint = Object.hasOwn(ENDPOINTS, target) ? ENDPOINTS[target] : undefined;
  if (!endpoint) return models(target, dialect) ?? problem(dialect, 404, `Invalid URL (${target})`);
  if (body === null) return problem(dialect, 413, 'Request exceeds the maximum size');
  if (body === 'not an object') return problem(dialect, 400, 'The body of your request is not a JSON object.');
  if (typeof body.model !== 'string') return problem(dialect, 400, 'model: Field required', 'model');
  if (body.model === 'simulated-error') return problem(dialect, 500, 'The simulated model fails on purpose.');
  if (body.model === 'simulated-rate-limit')
    return problem(dialect, 429, 'The simulated model is out of requests on purpose.');
  return endpoint(body, cache);
}

function models(target: string, dialect: Dialect): Reply | null {
  const match = /^GET \/v1\/models(?:\/([^/]+))?$/.exec(target);
  if (!match) return null;
  const name = match[1];
  const card = (id: string) =>
    dialect === 'openai'
      ? { id, object: 'model', created: CREATED, owned_by: 'simulator' }
      : { id, type: 'model', display_name: id, created_at: new Date(CREATED * 1000).toISOString() };
  if (name === undefined && dialect === 'openai') return json({ object: 'list', data: MODELS.map(card) });
  if (name === undefined) {
    return json({ data: MODELS.map(card), has_more: false, first_id: MODELS[0], last_id: MODELS.at(-1) });
  }
  return MODELS.includes(name)
    ? json(card(name))
    : problem(dialect, 404, `The model '${name}' does not exist`, 'model');
}

function parse(bytes: Buffer): Fields | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

/** What the providers send along with every answer. */
function headersOf(dialect: Dialect, latency: number, bytes: number): Record<string, string> {
  const tokensLeft = String(LIMIT_TOKENS - Math.ceil(bytes / 4));
  if (dialect === 'anthropic') {
    const reset = new Date(Date.now() + 60_000).toISOString();
    return {
      'request-id': newId('req_'),
      'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
      'anthropic-ratelimit-requests-limit': String(LIMIT_REQUESTS),
      'anthropic-ratelimit-requests-remaining': String(LIMIT_REQUESTS - 1),
      'anthropic-ratelimit-requests-reset': reset,
      'anthropic-ratelimit-tokens-limit': String(LIMIT_TOKENS),
      'anthropic-ratelimit-tokens-remaining': tokensLeft,
      'anthropic-ratelimit-tokens-reset': reset,
    };
  }
  return {
    'x-request-id': newId('req_'),
    'openai-organization': 'org-simulated',
    'openai-processing-ms': String(latency),
    'openai-version': '2020-10-01',
    'x-ratelimit-limit-requests': String(LIMIT_REQUESTS),
    'x-ratelimit-remaining-requests': String(LIMIT_REQUESTS - 1),
    'x-ratelimit-reset-requests': '6ms',
    'x-ratelimit-limit-tokens': String(LIMIT_TOKENS),
    'x-ratelimit-remaining-tokens': tokensLeft,
    'x-ratelimit-reset-tokens': '20ms',
  };
}
