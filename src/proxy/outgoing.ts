import type { IncomingMessage } from 'node:http';
import type { Dispatcher } from 'undici';

import type { Exchange } from '../pipeline/exchange.ts';
import { setMember } from '../pipeline/edit.ts';
import type { Provider } from '../pipeline/provider.ts';
import { has, upstreamHeaders } from './headers.ts';
import { joinPath } from './paths.ts';
import type { Target } from './traffic.ts';

/** A request ready for undici. */
export interface Outgoing {
  options: Dispatcher.DispatchOptions;
  bytes: number;
  /** The provider key in it is the gateway's own. */
  gatewayKey: boolean;
}

/** Makes the request that leaves: destination from the configuration alone, everything else from the client. */
export function outgoing(exchange: Exchange, target: Target, req: IncomingMessage, ownCredential: boolean): Outgoing {
  const { request } = exchange;
  const { provider } = target;
  const headers = upstreamHeaders(req.rawHeaders, request.hiddenHeaders);
  const gatewayKey = addKey(headers, provider, ownCredential);
  for (const [name, value] of Object.entries(provider.headers)) if (!has(headers, name)) headers.push(name, value);
  let body = request.outgoing();
  if (body !== null && request.rewrittenBy.length > 0) dropEncoding(headers);
  if (body !== null && target.model !== null && request.body !== null) {
    body = setMember(request.body, ['model'], JSON.stringify(target.model));
    dropEncoding(headers);
  }
  const streamed = body === null && hasBody(req);
  if (streamed && req.headers['content-length'] !== undefined) headers.push('content-length', req.headers['content-length']);
  const options: Dispatcher.DispatchOptions = {
    path: joinPath(basePath(provider), request.path) + request.search,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    body: streamed ? req : body !== null && body.length > 0 ? body : null,
    // Limits are watched by Deadlines: these would come late and in whole seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  return { options, bytes: body?.length ?? Number(req.headers['content-length'] ?? 0), gatewayKey };
}

/** A client's own credential is used when there is one; the configured key otherwise. */
function addKey(headers: string[], provider: Provider, ownCredential: boolean): boolean {
  if (ownCredential || provider.apiKey === null) return false;
  headers.push(provider.auth.header, provider.auth.prefix + provider.apiKey);
  return true;
}

function dropEncoding(headers: string[]): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i]!.toLowerCase() === 'content-encoding') headers.splice(i, 2);
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const paths = new WeakMap<Provider, string>();
function basePath(provider: Provider): string {
  let path = paths.get(provider);
  if (path === undefined) {
    path = new URL(provider.baseUrl).pathname;
    paths.set(provider, path);
  }
  return path;
}
