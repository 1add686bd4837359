import type { IncomingMessage, ServerResponse } from 'node:http';

import { readForm } from '../bytes/form.ts';
import { Rope } from '../bytes/rope.ts';
import type { ListenerFacts } from '../pipeline/asked.ts';
import { type Ending, Exchange } from '../pipeline/exchange.ts';
import { newId } from '../pipeline/id.ts';
import { ExchangeRequest } from '../pipeline/request.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { routeHeader } from '../routing/route-header.ts';
import { type Body, type BodyProblem, planBody, readBody } from './body.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { Deadlines } from './deadlines.ts';
import { sendVerdict } from './endings.ts';
import { Forward } from './forward.ts';
import type { Overload } from './overload.ts';
import { parsePath, type RequestPath } from './paths.ts';
import { OVERLOADED, sendProblem } from './problems.ts';
import type { FoundEndpoint, Traffic } from './traffic.ts';

export interface HandlerParts {
  /** Read once per exchange: it keeps the configuration it began with. */
  current: () => Traffic;
  deadlines: Deadlines;
  overload: Overload;
  /** An error that nobody else took care of. */
  failed: (error: unknown) => void;
}

/** One request on its way through the proxy, before it is an exchange. */
interface Arrival {
  req: IncomingMessage;
  res: ServerResponse;
  listener: ListenerFacts;
  traffic: Traffic;
  startedAt: number;
  clock: number;
}

/** Makes the function that takes every request which is not the gateway's own. */
export function createProxy(
  parts: HandlerParts,
): (req: IncomingMessage, res: ServerResponse, listener: ListenerFacts) => void {
  return (req, res, listener) => {
    const clock = performance.now();
    const traffic = parts.current();
    traffic.enter();
    res.on('error', () => {}); // a client that left: `close` tells
    const arrival: Arrival = { req, res, listener, traffic, startedAt: Date.now(), clock };
    proxy(arrival, parts)
      .catch((error) => {
        parts.failed(error);
        const dialect = traffic.dialectOf(req.url ?? '/', null);
        const message = 'The gateway failed on this request; its log says why.';
        sendProblem(res, dialect, {
          status: 500,
          code: 'internal_error',
          message,
          requestId: newId(arrival.startedAt),
        });
        if (!res.writableEnded) res.destroy();
      })
      .finally(() => traffic.leave());
  };
}

async function proxy(arrival: Arrival, parts: HandlerParts): Promise<void> {
  const { req, res, listener, traffic } = arrival;
  // Where the port names the provider, a path is the provider's own: Groq's begins with /openai/.
  const isProvider = (name: string): boolean => listener.provider === null && traffic.provider(name) !== undefined;
  const path = parsePath(req.url ?? '/', isProvider);
  if (path === null)
    return turnAway(
      arrival,
      '/',
      400,
      'invalid_path',
      'The request target must be a plain path such as /v1/chat/completions.',
    );
  const credentials = readCredentials(req, (key) => traffic.principal(key));
  if (listener.locked && !credentials.principal) {
    const message = 'A gateway key is needed: as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.';
    return turnAway(arrival, path.path, 401, 'invalid_gateway_key', message, { 'www-authenticate': 'Bearer' });
  }
  if (parts.overload.reason || traffic.full) {
    return turnAway(arrival, path.path, 503, OVERLOADED.code, OVERLOADED.message, { 'retry-after': '1' });
  }
  const endpoint = traffic.endpoint(req.method ?? 'GET', path.path);
  const wanted = endpoint?.facts.body ?? 'any';
  const plan = planBody(req, wanted, traffic.limits.body);
  let body: Body | null = null;
  let trouble: Trouble = typeof plan === 'object' ? plan : null;
  if (plan === 'read' || plan === 'pass') askForBody(req, res);
  if (plan === 'read') {
    body = await readBody(req, wanted === 'json', traffic.limits.body);
    trouble = body === null ? 'left' : body.problem;
  }
  const unsendable = trouble !== null;
  const exchange = makeExchange(arrival, path, endpoint, credentials, plan === 'none' ? NO_BODY : body, unsendable);
  const ending = await pass(exchange, trouble, credentials, arrival, parts);
  await finish(exchange, ending, traffic);
}

/** Also calls back when the client had left before somebody asked. */
function whenGone(res: ServerResponse, listener: () => void): void {
  if (res.destroyed) listener();
  else res.once('close', () => res.writableFinished || listener());
}

/** What keeps a request here: its body, or a client that left before the end of it. */
type Trouble = BodyProblem | 'left' | null;

const NO_BODY: Body = { raw: new Rope([]), json: null, problem: null };
const LEFT: Ending = { outcome: 'client_aborted', status: null, error: null };

function makeExchange(
  arrival: Arrival,
  path: RequestPath,
  endpoint: FoundEndpoint | null,
  credentials: Credentials,
  body: Body | null,
  unsendable: boolean,
): Exchange {
  const { listener, traffic, startedAt, clock } = arrival;
  const request = requestOf(arrival, path, endpoint, body);
  for (const name of credentials.gatewayHeaders) request.hideHeader(name);
  hideKeys(request, traffic);
  const named = (path.provider === null ? undefined : traffic.provider(path.provider)) ?? null;
  const ownCredential = credentials.ownCredential === 'key';
  const facts = endpoint?.facts ?? null;
  const exchange = new Exchange({
    listener,
    principal: credentials.principal,
    request,
    api: facts?.api ?? null,
    bills: facts?.bills ?? false,
    unsendable,
    dialect: facts?.dialect ?? ((exchange) => traffic.dialectOf(path.path, exchange.provider)),
    route: (exchange) => traffic.plan({ exchange, listener, endpoint: facts, named, ownCredential }),
    whenGone: (listener) => whenGone(arrival.res, listener),
    terms: traffic.terms,
    startedAt,
    clock,
  });
  exchange.requestBytes = body?.raw.length ?? 0;
  if (traffic.mayChoose) exchange.setHeadersLate(() => routeHeader(exchange));
  return exchange;
}

function requestOf(
  { req }: Arrival,
  path: RequestPath,
  endpoint: FoundEndpoint | null,
  body: Body | null,
): ExchangeRequest {
  return new ExchangeRequest({
    method: req.method ?? 'GET',
    path: path.path,
    search: path.search,
    headers: req.headers,
    pathAgent: path.agent,
    body: body?.json ?? null,
    raw: body?.raw ?? null,
    pathModel: endpoint?.model ?? null,
    form: endpoint?.facts.body === 'form' && body && !body.json ? formOf(req, body.raw.join()) : null,
    streams: endpoint?.facts.streams ?? false,
  });
}

function formOf(req: IncomingMessage, raw: Buffer): ReadonlyMap<string, string> {
  return readForm(raw, req.headers['content-type'] ?? '', ['model', 'stream']);
}

/** Shows the exchange to the pipeline and, if nothing ends the trip, sends it on. */
async function pass(
  exchange: Exchange,
  trouble: Trouble,
  credentials: Credentials,
  arrival: Arrival,
  parts: HandlerParts,
): Promise<Ending> {
  const { req, res, traffic } = arrival;
  const met = traffic.pipeline.meet(exchange);
  const verdict = met instanceof Promise ? await met : met;
  if (trouble === 'left') return LEFT;
  const last = verdict ?? doorVerdict(exchange, trouble);
  if (last) return sendVerdict(exchange, last, res);
  const { ownCredential } = credentials;
  return new Forward({ exchange, traffic, ownCredential, req, res, deadlines: parts.deadlines }).run();
}

/** The last word after every plugin has seen the request: what cannot leave is refused here, with its row. */
function doorVerdict(exchange: Exchange, problem: BodyProblem | null): Verdict | undefined {
  if (problem) return exchange.refuse(problem.status, problem.code, problem.message);
  if (exchange.targets.length > 0) return undefined;
  return exchange.refuse(404, 'no_route', 'No provider in gateway.yaml answers for this path and model.');
}

async function finish(exchange: Exchange, ending: Ending, traffic: Traffic): Promise<void> {
  exchange.ending = ending;
  exchange.finishedAt = exchange.elapsed();
  const finished = traffic.pipeline.finish(exchange);
  traffic.finished(exchange);
  if (finished instanceof Promise) await traffic.settle(finished);
}

/** Refuses what does not become an exchange: nobody is known to have asked, so there is no row. */
function turnAway(
  arrival: Arrival,
  path: string,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  const { res, traffic, startedAt } = arrival;
  sendProblem(res, traffic.dialectOf(path, null), { status, code, message, requestId: newId(startedAt) }, headers);
}

function askForBody(req: IncomingMessage, res: ServerResponse): void {
  if ((req as { wantsContinue?: boolean }).wantsContinue) res.writeContinue();
}

/** A gateway key in the query opens nothing, and does not travel on either: Google's SDKs put keys there. */
function hideKeys(request: ExchangeRequest, traffic: Traffic): void {
  if (!request.search.includes('key=')) return;
  for (const [name, value] of new URLSearchParams(request.search)) {
    if (traffic.principal(value)) request.hideQuery(name);
  }
}
