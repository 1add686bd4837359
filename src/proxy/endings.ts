import type { ServerResponse } from 'node:http';

import type { Ending, Exchange } from '../pipeline/exchange.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Delivery } from './delivery.ts';
import { type Failure, STOPPING, sendProblem } from './problems.ts';

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

/**
 * Breaks an answer off so that nobody takes it for whole: what was written still leaves,
 * and the connection ends without the mark of an end. HTTP/1.0 may have no such mark, so
 * there the connection is reset. A stream that the gateway itself gives up is told so first,
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
  const isOurs = failure === STOPPING || failure.code.endsWith('_timeout');
  if (delivery?.canAdd && isStream && isOurs) {
    delivery.add(exchange.dialect.errorEvent({ ...failure, requestId: exchange.id }));
  }
  socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), FLUSH_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
