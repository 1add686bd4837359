import type { Exchange, ExchangeResponse } from '../../src/plugin.ts';
import { type HeaderNames, realCost, realOutput } from './headers.ts';

/** Of a longer answer the beginning cannot be held back until its end is here; bytes. */
const MOST_BYTES = 192 * 1024;
/** Compressed, so much of it may be framing of the compression. */
const PLAIN_SHARE = 0.9;
/** How long the rest of an answer may take whose head is here, milliseconds: providers send blanks to keep a line open. */
const PATIENCE_MS = 1000;
const BRACE = 0x7d;

/**
 * Puts what an answer really cost into its headers, which needs all of its body: a short one in
 * JSON that is no stream. The others go without.
 */
export async function putActual(exchange: Exchange, response: ExchangeResponse, names: HeaderNames): Promise<boolean> {
  const body = await wholeBody(response);
  if (body === null || !exchange.state.readNow?.(body)) return false;
  const output = realOutput(exchange);
  const cost = realCost(exchange);
  if (output !== null) exchange.setHeader(names.outputTokens, output);
  if (cost !== null) exchange.setHeader(names.cost, cost);
  return true;
}

/** Whether it is such an answer, as far as its head tells. */
export function mayBeShort({ request }: Exchange, { status, contentType }: ExchangeResponse): boolean {
  return status < 400 && contentType === 'application/json' && !request.stream;
}

async function wholeBody(response: ExchangeResponse): Promise<Buffer | null> {
  if (Number(response.header('content-length') ?? 0) > MOST_BYTES) return null;
  const body = await within(PATIENCE_MS, response.peek(MOST_BYTES));
  const isPlain = response.header('content-encoding') === undefined;
  if (body === null || body.length >= MOST_BYTES * (isPlain ? 1 : PLAIN_SHARE)) return null;
  return body[body.findLastIndex((byte) => byte > 0x20)] === BRACE ? body : null;
}

/** Null when it takes longer. */
export function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), milliseconds).unref();
    const settle = (value: T | null) => {
      clearTimeout(timer);
      resolve(value);
    };
    promise.then(settle, () => settle(null));
  });
}

/** Says it behind the body to clients that asked for trailers: of streams, and of what is too long for headers. */
export function sayBehind(exchange: Exchange, response: ExchangeResponse, names: HeaderNames): void {
  if (response.status >= 400 || exchange.request.header('te') === undefined) return;
  const said = (read: (exchange: Exchange) => string | null) => () =>
    exchange.state.readNow?.() === true ? read(exchange) : null;
  response.setTrailer(names.outputTokens, said(realOutput));
  response.setTrailer(names.cost, said(realCost));
}
