import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';

import type { Ending, Exchange, Verdict } from '../pipeline/exchange.ts';
import { ExchangeResponse } from '../pipeline/response.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { Delivery } from './delivery.ts';
import { encodingsOf } from './decode.ts';
import { type DownHeaders, downstreamHeaders } from './headers.ts';
import { Peek } from './peek.ts';
import { type Failure, failureOf, NO_HEADERS, NO_TOKEN, REDIRECT, SILENT, sendProblem, TOO_LONG } from './problems.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import type { Target, Traffic } from './traffic.ts';

/** How often one exchange may be sent, whatever asks for it. */
const MAX_ATTEMPTS = 6;
/** After the client left, an upstream that only has its bill to send gets this long. */
const DRAIN_MS = 30_000;
const FALLBACK_STATUS = new Set([429, 500, 502, 503, 504, 529]);

export interface ForwardParts {
  exchange: Exchange;
  traffic: Traffic;
  targets: readonly Target[];
  /** The client brought a credential of the provider's. */
  ownCredential: boolean;
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
export class Forward implements Timed {
  readonly #parts: ForwardParts;
  #resolve: (ending: Ending) => void = () => {};
  #settled = false;
  #index = 0;
  #tries = 0;
  /** Callbacks of an attempt that was given up must not be heard. */
  #current = 0;
  #abort: ((reason?: Error) => void) | null = null;
  #resume: () => void = () => {};
  #delivery: Delivery | null = null;
  #response: ExchangeResponse | null = null;
  #peek: Peek | null = null;
  #phase: 'waiting' | 'deciding' | 'passing' | 'over' = 'waiting';
  #startedAt: number;
  #attemptAt = 0;
  #lastAt = 0;
  #stalledSince = 0;
  #gone = false;
  #drainUntil = 0;
  #complete = false;

  constructor(parts: ForwardParts) {
    this.#parts = parts;
    this.#startedAt = parts.deadlines.now();
  }

  run(): Promise<Ending> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const { res, deadlines } = this.#parts;
      deadlines.add(this);
      res.once('close', () => this.#closed());
      if (res.destroyed) this.#closed();
      else this.#send();
    });
  }

  tick(now: number): void {
    const { provider } = this.#target;
    const { timeouts } = provider;
    if (this.#gone) {
      if (now > this.#drainUntil) this.#settle({ outcome: 'client_aborted', status: null, error: null });
      return;
    }
    if (now - this.#startedAt > timeouts.total) this.#fail(TOO_LONG);
    else if (this.#phase === 'waiting' && now - this.#attemptAt > timeouts.responseHeaders) this.#fail(NO_HEADERS);
    else if (this.#phase === 'passing' && !this.#complete) {
      if (this.#stalledSince > 0) {
        if (now - this.#stalledSince > this.#parts.traffic.limits.clientStall) this.#parts.res.destroy();
      } else if (now - this.#lastAt > timeouts.idle) this.#fail(SILENT);
      else if (!this.#response?.begun && now - this.#attemptAt > timeouts.firstToken) this.#fail(NO_TOKEN);
    }
  }

  get #target(): Target {
    return this.#parts.targets[this.#index]!;
  }

  #send(): void {
    const { exchange, traffic, req, ownCredential, deadlines } = this.#parts;
    const target = this.#target;
    exchange.provider = target.provider;
    exchange.targetModel = target.model;
    exchange.leftAt ??= exchange.elapsed();
    this.#phase = 'waiting';
    this.#tries++;
    this.#attemptAt = deadlines.now();
    const attempt = ++this.#current;
    const out = outgoing(exchange, target, req, ownCredential);
    exchange.requestBytes = out.bytes;
    try {
      traffic.pool(target.provider).dispatch(out.options, this.#handler(attempt, out));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The callbacks of one attempt, as undici wants them: raw headers, no streams. */
  #handler(attempt: number, out: Outgoing): Dispatcher.DispatchHandler {
    const stale = (): boolean => attempt !== this.#current || this.#settled;
    return {
      onConnect: (abort: (reason?: Error) => void) => {
        if (stale()) abort();
        else this.#abort = abort;
      },
      onHeaders: (status: number, raw: Buffer[], resume: () => void, statusText: string) => {
        if (stale()) return false;
        return status < 200 || this.#headers(status, raw, resume, statusText, out);
      },
      onData: (chunk: Buffer) => (stale() ? false : this.#data(chunk)),
      onComplete: () => {
        if (!stale()) this.#completed();
      },
      onError: (error: Error) => {
        if (!stale()) this.#failed(error);
      },
    } as unknown as Dispatcher.DispatchHandler;
  }

  #headers(status: number, raw: Buffer[], resume: () => void, statusText: string, out: Outgoing): boolean {
    const { exchange, traffic, deadlines } = this.#parts;
    this.#resume = resume;
    this.#lastAt = deadlines.now();
    const headers = downstreamHeaders(raw);
    if (status >= 300 && status < 400 && headers.all.has('location')) {
      this.#note(status, REDIRECT.code);
      this.#fail(REDIRECT);
      return false;
    }
    if (FALLBACK_STATUS.has(status) && this.#next(status, `status_${status}`)) return false;
    this.#note(status, 'answered');
    const peek = new Peek(encodingsOf(headers.all.get('content-encoding')), resume);
    const response = new ExchangeResponse(status, headers.all, (limit) => peek.read(limit));
    exchange.response = response;
    this.#response = response;
    const verdict = traffic.pipeline.heard(exchange, response);
    if (!(verdict instanceof Promise)) {
      this.#decide(verdict, status, statusText, headers, out);
      return !this.#settled;
    }
    this.#phase = 'deciding';
    this.#peek = peek;
    const attempt = this.#current;
    void verdict.then((decided) => {
      if (attempt !== this.#current || this.#settled) return;
      this.#peek = null;
      this.#decide(decided, status, statusText, headers, out);
      if (attempt === this.#current && !this.#settled) this.#replay(peek);
    });
    return true;
  }

  #decide(verdict: Verdict | undefined, status: number, statusText: string, headers: DownHeaders, out: Outgoing): void {
    const { exchange, res, traffic } = this.#parts;
    if (verdict?.kind === 'retry') {
      this.#again(verdict.provider, verdict.reason);
      return;
    }
    if (verdict) {
      this.#cancel();
      const problem = verdict.kind === 'refuse' ? { ...verdict, requestId: exchange.id } : null;
      if (problem) sendProblem(res, exchange.dialect, problem, problem.headers);
      else if (verdict.kind === 'answer') res.writeHead(verdict.status, verdict.headers).end(verdict.body);
      this.#settle({ outcome: 'refused', status: verdict.status, error: { type: 'gateway', code: problem?.code ?? 'answered' } });
      return;
    }
    const scrub = status >= 400 && out.gatewayKey ? traffic.scrub : null;
    const delivery = new Delivery({ res, response: this.#response!, headers, exchangeId: exchange.id, scrub, resume: () => this.#unstall() });
    this.#delivery = delivery;
    this.#phase = 'passing';
    if (this.#gone) delivery.goDeaf();
    else delivery.begin(status, statusText);
  }

  #data(chunk: Buffer): boolean {
    this.#lastAt = this.#parts.deadlines.now();
    this.#parts.exchange.responseBytes += chunk.length;
    if (this.#phase === 'deciding') return this.#peek!.push(chunk);
    if (this.#delivery!.write(chunk)) return true;
    if (this.#delivery!.failed) this.#failed(null);
    else this.#stalledSince = this.#lastAt;
    return false;
  }

  /** Chunks that came while a listener was thinking go on their way. */
  #replay(peek: Peek): void {
    for (const chunk of peek.take()) if (!this.#delivery!.write(chunk)) this.#stalledSince = this.#parts.deadlines.now();
    if (peek.ended) this.#completed();
    else if (this.#stalledSince === 0) this.#resume();
  }

  #unstall(): void {
    if (this.#stalledSince === 0) return;
    this.#stalledSince = 0;
    this.#lastAt = this.#parts.deadlines.now();
    this.#resume();
  }

  #completed(): void {
    if (this.#phase === 'deciding') {
      this.#peek!.end();
      return;
    }
    this.#complete = true;
    this.#abort = null;
    const { res, exchange } = this.#parts;
    const status = exchange.response!.status;
    void this.#delivery!.end().then(() => {
      if (this.#delivery!.failed) this.#failed(null);
      else if (this.#gone) this.#settle({ outcome: 'client_aborted', status, error: null });
      else if (res.writableFinished) this.#finished(status);
      else res.once('finish', () => this.#finished(status));
    });
  }

  #finished(status: number): void {
    this.#settle({ outcome: status >= 400 ? 'upstream_error' : 'ok', status, error: null });
  }

  /** The client's connection is gone: cancel the upstream, or let it finish its bill. */
  #closed(): void {
    if (this.#settled || this.#parts.res.writableFinished) return;
    const { exchange, deadlines } = this.#parts;
    this.#gone = true;
    const wantsDrain = this.#target.provider.onDisconnect === 'drain' || (this.#response?.finishing ?? false);
    if (this.#phase === 'passing' && !this.#complete && wantsDrain) {
      this.#drainUntil = deadlines.now() + DRAIN_MS;
      this.#delivery!.goDeaf();
      this.#stalledSince = 0;
      this.#resume();
      return;
    }
    this.#cancel();
    const status = this.#phase === 'passing' ? (exchange.response?.status ?? null) : null;
    this.#settle({ outcome: 'client_aborted', status, error: null });
  }

  #failed(error: unknown): void {
    const { exchange } = this.#parts;
    const failure = failureOf(error);
    if (this.#phase !== 'waiting') {
      this.#fail(failure);
      return;
    }
    this.#note(null, failure.code);
    if (isStaleSocket(error) && this.#tries === 1 && exchange.request.outgoing() !== null) {
      this.#send();
      return;
    }
    if (!this.#next(null, failure.code, true)) this.#fail(failure);
  }

  /** Moves on to the next target, if there is one and the request can be sent again. */
  #next(status: number | null, reason: string, noted = false): boolean {
    const { targets, exchange, req } = this.#parts;
    const resendable = exchange.request.outgoing() !== null || req.readableEnded;
    if (this.#index + 1 >= targets.length || !resendable || this.#tries >= MAX_ATTEMPTS || this.#gone) return false;
    if (!noted) this.#note(status, reason);
    this.#cancel();
    this.#index++;
    this.#send();
    return true;
  }

  #again(provider: string | null, reason: string): void {
    const { exchange, targets } = this.#parts;
    const index = provider === null ? this.#index : targets.findIndex((target) => target.provider.name === provider);
    this.#cancel();
    const last = exchange.attempts.at(-1);
    if (last) last.reason = reason;
    if (index === -1 || this.#tries >= MAX_ATTEMPTS) {
      this.#fail({ status: 502, code: 'retry_exhausted', message: 'The request could not be sent again.' });
      return;
    }
    this.#index = index;
    this.#send();
  }

  #note(status: number | null, reason: string): void {
    const { exchange, deadlines } = this.#parts;
    const { provider, model } = this.#target;
    const ms = Math.round(deadlines.now() - this.#attemptAt);
    exchange.attempts.push({ provider: provider.name, model: model ?? exchange.request.model, status, reason, ms });
  }

  /** Ends the exchange with a failure: an error answer before the first byte, a broken connection after it. */
  #fail(failure: Failure): void {
    const { exchange, res } = this.#parts;
    const error = { type: 'upstream', code: failure.code };
    if (this.#phase === 'waiting' && exchange.attempts.length < this.#tries) this.#note(null, failure.code);
    this.#cancel();
    if (!res.headersSent) {
      sendProblem(res, exchange.dialect, { ...failure, requestId: exchange.id });
      this.#settle({ outcome: 'upstream_error', status: failure.status, error });
      return;
    }
    const status = exchange.response?.status ?? null;
    const isStream = exchange.response?.contentType === 'text/event-stream';
    if (isStream && failure.code.endsWith('_timeout')) {
      res.write(exchange.dialect.errorEvent({ ...failure, requestId: exchange.id }), () => res.destroy());
    } else res.destroy();
    this.#settle({ outcome: 'truncated', status, error });
  }

  #cancel(): void {
    this.#current++;
    const abort = this.#abort;
    this.#abort = null;
    abort?.();
  }

  #settle(ending: Ending): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#parts.deadlines.delete(this);
    if (!this.#complete) this.#cancel();
    this.#phase = 'over';
    const settled = this.#delivery?.settle() ?? Promise.resolve();
    void settled.then(() => this.#resolve(ending));
  }
}

/** A pooled connection that the provider had closed already: nothing was answered on it, so the request may go again. */
function isStaleSocket(error: unknown): boolean {
  const { code, socket } = (error ?? {}) as { code?: unknown; socket?: { bytesRead?: number } };
  return code === 'UND_ERR_SOCKET' && (socket?.bytesRead ?? 0) > 0;
}

