import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Exchange } from '../pipeline/exchange.ts';
import { ExchangeResponse } from '../pipeline/response.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Departure } from '../routing/journey.ts';
import { Attempt } from './attempt.ts';
import type { OwnCredential } from './credentials.ts';
import { encodingsOf } from './decode.ts';
import type { Delivery } from './delivery.ts';
import { downstreamHeaders } from './headers.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import { type Head, Passing } from './passing.ts';
import type { Patience } from './patience.ts';
import { Peek } from './peek.ts';
import { type Failure, failureOf, REDIRECT } from './problems.ts';
import type { Traffic } from './traffic.ts';

export interface LegParts {
  exchange: Exchange;
  traffic: Traffic;
  ownCredential: OwnCredential;
  req: IncomingMessage;
  res: ServerResponse;
  patience: Patience;
}

/** What happens to an attempt, told to the exchange it is made for. Nothing is told after `leave`. */
export interface LegEvents {
  /** Another attempt could follow this one. */
  mayGoOn(): boolean;
  /** The body of an error answer of that status says more about what to do. */
  wantsBody(status: number): boolean;
  /** An error status is here, with what was read of its body: `pass` it on, or `leave` it. */
  refused(body: Buffer | null): void;
  /** A good answer is here. */
  answered(): void;
  /** Its listeners have heard of it. True: it may pass. */
  passes(verdict: Verdict | undefined): boolean;
  failed(failure: Failure, stale: boolean): void;
  /** All of it is handed to the client's connection. */
  complete(): void;
}

/** Of an error's body so much may be shown to the client later, bytes. */
const BODY = 64 * 1024;
/** It is waited for no longer than this, milliseconds. */
const BODY_MS = 1000;

/**
 * One attempt of an exchange: the call to one provider, what its listeners decide about the
 * answer, and the answer's way.
 *
 * As long as nothing has left for the client the attempt may be left for another one. Who
 * listens decides whether it is.
 */
export class Leg {
  readonly departure: Departure;
  readonly attempt: Attempt;
  readonly #parts: LegParts;
  readonly #events: LegEvents;
  readonly #out: Outgoing;
  head: Head | null = null;
  /** What came of it is written down. */
  isNoted = false;
  #response: ExchangeResponse | null = null;
  #reader: Peek | null = null;
  /** What comes is kept here while somebody is still deciding. */
  #peek: Peek | null = null;
  #passing: Passing | null = null;
  #isLeft = false;

  constructor(parts: LegParts, departure: Departure, events: LegEvents) {
    const { exchange, traffic, req, ownCredential } = parts;
    this.#parts = parts;
    this.#events = events;
    this.departure = departure;
    const { target } = departure;
    this.#out = outgoing(exchange, target, req, ownCredential, traffic.limits.body);
    exchange.requestBytes = this.#out.bytes;
    exchange.responseBytes = 0;
    this.attempt = new Attempt(traffic.pool(target.provider), {
      headers: (status, raw, statusText) => this.#headers(status, raw, statusText),
      data: (chunk) => this.#data(chunk),
      complete: () => this.#completed(),
      failed: (error) => this.#events.failed(failureOf(error), this.attempt.isStale(error)),
    });
  }

  send(): void {
    this.#parts.patience.waitFor(this.attempt, this.departure.target.provider.timeouts);
    this.attempt.send(this.#out.options);
  }

  /** Null before an answer is here. */
  get response(): ExchangeResponse | null {
    return this.#response;
  }

  /** The key that was sent is the gateway's own. */
  get ownKey(): boolean {
    return this.#out.gatewayKey;
  }

  /** Null before the answer passes. */
  get delivery(): Delivery | null {
    return this.#passing?.delivery ?? null;
  }

  /** Something of the answer has left for the client. */
  get isSeen(): boolean {
    return this.#passing !== null && !this.#passing.delivery.isHeld;
  }

  /** Content was generated, as far as is known, and nothing of it has left for the client. */
  get isHeldBack(): boolean {
    const response = this.#response;
    if (response === null || this.#parts.exchange.response !== response || response.status >= 400) return false;
    return !this.isSeen && response.begun;
  }

  /** Tells its listeners of the answer; it passes unless somebody wants something else. */
  pass(): void {
    const { exchange, traffic, patience } = this.#parts;
    const response = this.#response!;
    patience.heard('deciding');
    exchange.response = response;
    const verdict = traffic.pipeline.heard(exchange, response);
    if (!(verdict instanceof Promise)) {
      this.#decide(verdict);
      return;
    }
    this.#peek = this.#reader!;
    void verdict.then((decided) => {
      if (!this.#isLeft) this.#decide(decided);
    });
  }

  /** Takes an error answer up again after it was left. False: not all of it is here. */
  comeBack(): boolean {
    const reader = this.#reader;
    if (reader === null || !reader.ended) return false;
    this.#isLeft = false;
    this.#peek = reader;
    this.#parts.exchange.responseBytes = reader.size;
    return true;
  }

  /** Lets what is held go to the client. */
  open(): void {
    this.#passing?.open();
  }

  /** Sends a client that waits for events a comment, so that nobody between takes its connection for dead. */
  ping(): void {
    const { exchange, res } = this.#parts;
    const { delivery } = this;
    const response = this.#response;
    if (!exchange.request.stream || response?.status !== 200 || response.contentType !== 'text/event-stream') return;
    // Who has asked for comments wants the connection to live, more than another attempt instead of a slow one.
    if (delivery?.isHeld && !exchange.plan.policy.restart) this.open();
    if (delivery?.canAdd && res.headersSent) delivery.add(': ping\n\n');
  }

  /** Nothing of it is heard any more, and its call is cancelled. Resolves when its taps have heard all that came. */
  leave(): Promise<void> | undefined {
    if (this.#isLeft) return undefined;
    this.#isLeft = true;
    this.#peek = null;
    this.attempt.cancel();
    this.departure.flight.ended();
    return this.#passing?.leave();
  }

  #headers(status: number, raw: Buffer[], statusText: string): boolean {
    const { patience } = this.#parts;
    const headers = downstreamHeaders(raw);
    const { all } = headers;
    this.head = { status, statusText, headers };
    if (status >= 300 && status < 400 && all.has('location')) {
      this.#events.failed(REDIRECT, false);
      return false;
    }
    patience.heard('deciding');
    const reader = new Peek(encodingsOf(all.get('content-encoding')), () => this.attempt.resume());
    this.#reader = reader;
    this.#response = new ExchangeResponse(status, all, (limit) => reader.read(limit));
    if (status < 400) this.#events.answered();
    else if (this.#events.mayGoOn() && this.#events.wantsBody(status)) void this.#read(reader);
    else this.#events.refused(null);
    return !this.#isLeft && !patience.clientLags;
  }

  /** Reads what an error says before it is decided what to do about it. */
  async #read(reader: Peek): Promise<void> {
    this.#peek = reader;
    const body = await reader.read(BODY, BODY_MS);
    if (!this.#isLeft) this.#events.refused(body);
  }

  #decide(verdict: Verdict | undefined): void {
    if (!this.#events.passes(verdict)) return;
    const { exchange, req, res, traffic, patience } = this.#parts;
    const { attempt } = this;
    const head = this.head!;
    const response = this.#response!;
    const events = this.#events;
    const scrub = head.status >= 400 && this.ownKey ? traffic.scrub : null;
    const mayGoOn = events.mayGoOn();
    const passing = new Passing(
      { exchange, req, res, patience, attempt, head, response, scrub, mayGoOn },
      { failed: (failure) => events.failed(failure, false), complete: () => events.complete() },
    );
    this.#passing = passing;
    const peek = this.#peek;
    this.#peek = null;
    if (peek) this.#replay(peek, passing);
  }

  #data(chunk: Buffer): boolean {
    this.#parts.patience.heard();
    this.#parts.exchange.responseBytes += chunk.length;
    return this.#peek ? this.#peek.push(chunk) || this.#enough() : this.#passing!.write(chunk);
  }

  /** As much of the answer is kept as somebody may want: the provider is not to blame for the time he thinks. */
  #enough(): false {
    this.#parts.patience.heard('thinking');
    return false;
  }

  /** Chunks that came while somebody was thinking go on their way. */
  #replay(peek: Peek, passing: Passing): void {
    for (const chunk of peek.take()) {
      passing.write(chunk);
      if (this.#isLeft) return;
    }
    if (peek.ended) passing.end();
    else if (!this.#parts.patience.clientLags) this.attempt.resume();
  }

  #completed(): void {
    if (!this.#peek) {
      this.#passing!.end();
      return;
    }
    this.#enough();
    this.#peek.end();
  }
}
