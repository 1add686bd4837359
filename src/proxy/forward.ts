import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Ending, Exchange } from '../pipeline/exchange.ts';
import { ExchangeResponse } from '../pipeline/response.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { Attempt } from './attempt.ts';
import type { OwnCredential } from './credentials.ts';
import type { Deadlines } from './deadlines.ts';
import { encodingsOf } from './decode.ts';
import { Delivery } from './delivery.ts';
import { breakOff, sendVerdict } from './endings.ts';
import { type DownHeaders, downstreamHeaders } from './headers.ts';
import { Itinerary } from './itinerary.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import { Patience } from './patience.ts';
import { Peek } from './peek.ts';
import {
  CLIENT_GONE,
  type Failure,
  failureOf,
  isUnread,
  REDIRECT,
  RETRIED,
  STOPPING,
  sendProblem,
  TOO_LONG,
} from './problems.ts';
import type { Traffic } from './traffic.ts';

const FALLBACK_STATUS = new Set([429, 500, 502, 503, 504, 529]);

export interface ForwardParts {
  exchange: Exchange;
  traffic: Traffic;
  ownCredential: OwnCredential;
  req: IncomingMessage;
  res: ServerResponse;
  deadlines: Deadlines;
}

/**
 * Takes one exchange to its upstream and the answer back to the client.
 *
 * The answer's first byte decides: before it, an attempt that failed may be followed by
 * another; after it, a failure is shown to the client as a broken connection, never as an
 * end. `run` resolves exactly once, when nothing more happens on either socket.
 */
export class Forward {
  readonly #parts: ForwardParts;
  readonly #patience: Patience;
  readonly #itinerary: Itinerary;
  #resolve: (ending: Ending) => void = () => {};
  #settled = false;
  #attempt: Attempt | null = null;
  #out: Outgoing | null = null;
  #delivery: Delivery | null = null;
  #response: ExchangeResponse | null = null;
  #peek: Peek | null = null;
  #gone = false;

  constructor(parts: ForwardParts) {
    this.#parts = parts;
    const { deadlines, traffic, exchange } = parts;
    this.#itinerary = new Itinerary(exchange);
    this.#patience = new Patience(deadlines, traffic.limits.clientStall, {
      begun: () => this.#response?.begun ?? false,
      over: (failure) => this.#failed(failure),
      stalled: () => parts.res.destroy(),
      drained: () => this.#settle({ outcome: 'client_aborted', status: this.#seen, error: null }),
    });
  }

  run(): Promise<Ending> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const { res } = this.#parts;
      res.once('close', () => this.#closed());
      if (res.destroyed) this.#closed();
      else this.#send();
    });
  }

  #send(): void {
    const { exchange, traffic, req, ownCredential } = this.#parts;
    const target = this.#itinerary.depart();
    const out = outgoing(exchange, target, req, ownCredential, traffic.limits.body);
    this.#out = out;
    exchange.requestBytes = out.bytes;
    const attempt = new Attempt(traffic.pool(target.provider), {
      headers: (status, raw, statusText) => this.#headers(status, raw, statusText),
      data: (chunk) => this.#data(chunk),
      complete: () => this.#completed(),
      failed: (error) => this.#failed(failureOf(error), attempt.isStale(error)),
    });
    this.#attempt = attempt;
    this.#patience.waitFor(attempt, target.provider.timeouts);
    attempt.send(out.options);
  }

  #headers(status: number, raw: Buffer[], statusText: string): boolean {
    const { exchange, traffic } = this.#parts;
    const headers = downstreamHeaders(raw);
    const { all } = headers;
    if (status >= 300 && status < 400 && all.has('location')) {
      this.#note(status, REDIRECT.code);
      this.#fail(REDIRECT);
      return false;
    }
    if (FALLBACK_STATUS.has(status) && this.#canGoOn()) {
      this.#note(status, `status_${status}`);
      this.#goOn();
      return false;
    }
    this.#note(status, 'answered');
    this.#patience.heard('deciding');
    const attempt = this.#attempt!;
    const peek = new Peek(encodingsOf(all.get('content-encoding')), () => attempt.resume());
    const response = new ExchangeResponse(status, all, (limit) => peek.read(limit));
    exchange.response = response;
    this.#response = response;
    const verdict = traffic.pipeline.heard(exchange, response);
    if (!(verdict instanceof Promise)) {
      this.#decide(verdict, status, statusText, headers);
      return !this.#settled;
    }
    this.#peek = peek;
    void verdict.then((decided) => {
      if (attempt !== this.#attempt || this.#settled) return;
      this.#peek = null;
      this.#decide(decided, status, statusText, headers);
      if (attempt === this.#attempt && !this.#settled) this.#replay(peek);
    });
    return true;
  }

  #decide(verdict: Verdict | undefined, status: number, statusText: string, headers: DownHeaders): void {
    const { exchange, res, req, traffic } = this.#parts;
    if (verdict?.kind === 'retry') {
      this.#again(verdict.provider, verdict.reason);
      return;
    }
    if (verdict) {
      this.#attempt!.cancel();
      this.#settle(sendVerdict(exchange, verdict, res));
      return;
    }
    // A provider that answers before it has read an upload will not read the rest.
    if (isUnread(req)) res.shouldKeepAlive = false;
    const scrub = status >= 400 && this.#out!.gatewayKey ? traffic.scrub : null;
    const resume = (): void => this.#caughtUp();
    const delivery = new Delivery({ res, response: this.#response!, headers, exchange, scrub, resume });
    this.#delivery = delivery;
    this.#patience.heard('passing');
    delivery.begin(status, statusText);
  }

  #data(chunk: Buffer): boolean {
    this.#patience.heard();
    this.#parts.exchange.responseBytes += chunk.length;
    if (this.#peek) return this.#peek.push(chunk) || this.#enough();
    const delivery = this.#delivery!;
    if (delivery.write(chunk)) return true;
    if (delivery.failed) this.#fail(failureOf(null));
    else this.#patience.clientIsFull();
    return false;
  }

  /** As much of the answer is held as a listener may want: the provider is not to blame for the time it thinks. */
  #enough(): false {
    this.#patience.heard('thinking');
    return false;
  }

  /** Chunks that came while a listener was thinking go on their way. */
  #replay(peek: Peek): void {
    for (const chunk of peek.take()) if (!this.#delivery!.write(chunk)) this.#patience.clientIsFull();
    if (peek.ended) this.#completed();
    else if (!this.#patience.clientLags) this.#attempt!.resume();
  }

  #caughtUp(): void {
    if (this.#delivery!.failed) this.#fail(failureOf(null));
    else if (this.#patience.clientCaughtUp()) this.#attempt!.resume();
  }

  #completed(): void {
    if (this.#peek) {
      this.#enough();
      this.#peek.end();
      return;
    }
    const delivery = this.#delivery!;
    this.#patience.heard('leaving');
    void delivery.end().then(() => {
      const { res } = this.#parts;
      const status = this.#seen;
      if (delivery.failed) this.#fail(failureOf(null));
      else if (this.#gone) this.#settle({ outcome: 'client_aborted', status, error: null });
      else if (res.writableFinished) this.#finished(status!);
      else res.once('finish', () => this.#finished(status!));
    });
  }

  #finished(status: number): void {
    this.#settle({ outcome: status >= 400 ? 'upstream_error' : 'ok', status, error: null });
  }

  /** The client's connection is gone: cancel the upstream, or let it finish its bill. */
  #closed(): void {
    if (this.#settled || this.#parts.res.writableFinished) return;
    this.#gone = true;
    const drains = this.#itinerary.target.provider.onDisconnect === 'drain' || (this.#response?.finishing ?? false);
    if (drains && this.#patience.phase === 'passing') {
      this.#patience.drain();
      this.#delivery!.goDeaf();
      this.#attempt!.resume();
      return;
    }
    this.#settle({ outcome: 'client_aborted', status: this.#seen, error: null });
  }

  /** An attempt came to nothing: another may follow as long as nothing was heard of this one. */
  #failed(failure: Failure, stale = false): void {
    if (this.#settled) return;
    if (failure === CLIENT_GONE) {
      this.#closed();
      return;
    }
    if (this.#patience.phase !== 'waiting') {
      this.#fail(failure);
      return;
    }
    this.#note(null, failure.code);
    if (stale && this.#itinerary.tries === 1 && this.#parts.exchange.request.outgoing() !== null) this.#send();
    else if (failure.status >= 500 && failure !== TOO_LONG && failure !== STOPPING && this.#canGoOn()) this.#goOn();
    else this.#fail(failure);
  }

  /** True when there is a next target and the request can be sent again: an upload that has begun cannot. */
  #canGoOn(): boolean {
    const { exchange, req } = this.#parts;
    const resendable = exchange.request.outgoing() !== null || !req.readableDidRead;
    return resendable && this.#itinerary.hasNext && !this.#gone;
  }

  #goOn(): void {
    this.#attempt!.cancel();
    this.#itinerary.next();
    this.#send();
  }

  /** Sends once more because a listener asks for it. */
  #again(provider: string | null, reason: string): void {
    const { exchange } = this.#parts;
    const last = exchange.attempts.at(-1);
    if (last) last.reason = reason;
    if (exchange.request.outgoing() === null || !this.#itinerary.turnTo(provider)) {
      this.#fail(RETRIED);
      return;
    }
    this.#attempt!.cancel();
    this.#send();
  }

  #note(status: number | null, reason: string): void {
    this.#itinerary.note(status, reason, this.#patience.waited);
  }

  /** Ends the exchange with a failure: an error answer before the first byte, a broken connection after it. */
  #fail(failure: Failure): void {
    const { exchange, res } = this.#parts;
    const error = { type: failure.code.startsWith('upstream') ? 'upstream' : 'gateway', code: failure.code };
    this.#attempt?.cancel();
    if (this.#gone) {
      this.#settle({ outcome: 'client_aborted', status: this.#seen, error });
    } else if (res.headersSent) {
      breakOff(exchange, failure, res, this.#delivery);
      this.#settle({ outcome: 'truncated', status: this.#seen, error });
    } else {
      sendProblem(res, exchange.dialect, { ...failure, requestId: exchange.id }, exchange.headers);
      // What breaks off while a listener holds it back was made and is charged, though its client gets an error instead.
      const outcome = this.#peek ? 'truncated' : failure.status < 500 ? 'refused' : 'upstream_error';
      this.#settle({ outcome, status: failure.status, error });
    }
  }

  /** The status the client has got, if it has. */
  get #seen(): number | null {
    return this.#delivery === null ? null : (this.#parts.exchange.response?.status ?? null);
  }

  #settle(ending: Ending): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#patience.end();
    this.#attempt?.cancel();
    const settled = this.#delivery?.settle() ?? Promise.resolve();
    void settled.then(() => this.#resolve(ending));
  }
}
