/** Exchanges made of nothing, for tests that need no socket. */
import { scanJson } from '../../src/bytes/json-scan.ts';
import { Rope } from '../../src/bytes/rope.ts';
import type { Dialect } from '../../src/pipeline/dialect.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';
import type { RoutePlan } from '../../src/pipeline/plan.ts';
import type { Target } from '../../src/pipeline/provider.ts';
import { ExchangeRequest } from '../../src/pipeline/request.ts';
import { ExchangeResponse } from '../../src/pipeline/response.ts';

const DIALECT: Dialect = {
  dialect: 'openai',
  meter: () => {
    throw new Error('nothing is measured here');
  },
  error: ({ code }) => JSON.stringify({ error: { code } }),
  errorEvent: ({ code }) => `data: ${code}\n\n`,
};

export function requestOf(
  body: string | null = '{"model":"m"}',
  headers: Record<string, string> = {},
  search = '',
): ExchangeRequest {
  const bytes = body === null ? null : Buffer.from(body);
  return new ExchangeRequest({
    method: 'POST',
    path: '/v1/chat/completions',
    search,
    headers,
    pathAgent: null,
    body: bytes && { bytes: new Rope([bytes]), scan: scanJson(bytes) },
    raw: bytes && new Rope([bytes]),
  });
}

export const exchangeOf = (request = requestOf()): Exchange =>
  new Exchange({
    listener: { name: 'test', agent: null },
    principal: null,
    request,
    api: 'openai.chat',
    bills: true,
    dialect: DIALECT,
    route: () => planOf([]),
    terms: {
      configVersion: '0',
      cost: () => {
        throw new Error('nothing is priced here');
      },
      limits: () => ({ maxOutput: null, contextWindow: null }),
    },
    startedAt: 1_700_000_000_000,
    clock: performance.now(),
  });

export const responseOf = (headers: Record<string, string> = {}, status = 200): ExchangeResponse =>
  new ExchangeResponse(status, new Map(Object.entries(headers)), () => Promise.resolve(Buffer.alloc(0)));

/** The plan of a request that has these targets and no second try. */
export const planOf = (targets: readonly Target[]): RoutePlan => ({
  targets,
  decision: { route: null, strategy: null, reason: 'test', alias: null, isBound: false },
  policy: { attempts: 6, retries: 0, backoff: 1, maxBackoff: 1, maxWait: 0, deadline: Infinity, restart: false },
});
