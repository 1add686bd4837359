import type { ServerResponse } from 'node:http';

import type { Ending, Exchange } from '../pipeline/exchange.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Delivery } from './delivery.ts';
import { type Failure, sendProblem } from './problems.ts';

/** What is left for a client that takes nothing is not waited for longer than this, milliseconds. */
const FLUSH_MS = 1000;

/** Ends an exchange with an answer made here: a refusal in the client's dialect, or a plugin's own answer. */
export function sendVerdict(exchange: Exchange, verdict: Verdict, res: ServerResponse): Ending {
  const { id, dialect } = exchange;
  if (verdict.kind === 'retry') throw new Error('retry is a verdict of onResponse only');
  if (verdict.kind === 'answer') {
    if (!res.destroyed)
      res
        .writeHead(verdict.status, { ...verdict.headers, ...exchange.headers, 'x-token-spy-id': id })
        .end(verdict.body);
    return { outcome: 'cached', status: verdict.status, error: null };
  }
  sendProblem(res, dialect, { ...verdict, requestId: id }, { ...exchange.headers, ...verdict.headers });
  return { outcome: 'refused', status: verdict.status, error: { type: 'gateway', code: verdict.code } };
}

export const errorOf = ({ code }: Failure): NonNullable<Ending['error']> => ({
  type: code.startsWith('upstream') ? 'upstream' : 'gateway',
  code,
});

/** Ends an exchange of which the client has got nothing with an error in its dialect. */
export function sendFailure(
  exchange: Exchange,
  failure: Failure,
  res: ServerResponse,
  { isHeldBack, retryAfterMs }: { isHeldBack: boolean; retryAfterMs: number | null },
): Ending {
  const wait = retryAfterMs === null ? undefined : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  sendProblem(res, exchange.dialect, { ...failure, requestId: exchange.id }, { ...wait, ...exchange.headers });
  // What breaks off while it is held back was made and is charged, though its client gets an error instead.
  const outcome = isHeldBack ? 'truncated' : failure.status < 500 ? 'refused' : 'upstream_error';
  return { outcome, status: failure.status, error: errorOf(failure) };
}

/**
 * Breaks an answer off so that nobody takes it for whole: what was written still leaves,
 * and the connection ends without the mark of an end. HTTP/1.0 may have no such mark, so
 * there the connection is reset. A stream is told so first, in the client's own dialect,
 * where an event can be added to what has left.
 */
export function breakOff(exchange: Exchange, failure: Failure, res: ServerResponse, delivery: Delivery | null): void {
  const { socket, req } = res;
  if (!socket || req.httpVersion === '1.0') {
    socket?.resetAndDestroy();
    res.destroy();
    return;
  }
  const isStream = exchange.response?.contentType === 'text/event-stream';
  if (delivery?.canAdd && isStream) {
    delivery.add(exchange.dialect.errorEvent({ ...failure, requestId: exchange.id }));
  }
  socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), FLUSH_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
