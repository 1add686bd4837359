import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Exchange } from '../pipeline/exchange.ts';
import type { ExchangeResponse } from '../pipeline/response.ts';
import type { Attempt } from './attempt.ts';
import { Delivery } from './delivery.ts';
import type { DownHeaders } from './headers.ts';
import { Hold } from './hold.ts';
import type { Patience } from './patience.ts';
import { type Failure, failureOf, isUnread, SAID_ERROR } from './problems.ts';
import { emptiness, Soundness } from './soundness.ts';

/** Status and headers of an answer. */
export interface Head {
  status: number;
  statusText: string;
  headers: DownHeaders;
}

export interface PassingParts {
  exchange: Exchange;
  req: IncomingMessage;
  res: ServerResponse;
  patience: Patience;
  attempt: Attempt;
  head: Head;
  response: ExchangeResponse;
  /** Hides our key where the provider may quote it; null where it cannot. */
  scrub: ((text: string) => string) | null;
  /** Another attempt could still take this one's place. */
  mayGoOn: boolean;
}

export interface PassingEvents {
  /** What comes is not fit for the client, or does not come. */
  failed(failure: Failure): void;
  /** All of it is handed to the client's connection. */
  complete(): void;
}

/**
 * The way of an answer that nobody wants changed: held as long as another attempt could take
 * its place, then let go byte by byte.
 */
export class Passing {
  readonly delivery: Delivery;
  readonly #parts: PassingParts;
  readonly #events: PassingEvents;
  readonly #soundness: Soundness | null;
  #isComplete = false;
  #isOver = false;

  constructor(parts: PassingParts, events: PassingEvents) {
    const { exchange, req, res, head, response, scrub, patience } = parts;
    this.#parts = parts;
    this.#events = events;
    // A provider that answers before it has read an upload will not read the rest.
    if (isUnread(req)) res.shouldKeepAlive = false;
    const hold = this.#holdFor(response);
    this.#soundness = hold?.whole ? new Soundness(response) : null;
    const resume = (): void => this.#caughtUp();
    this.delivery = new Delivery({ res, response, headers: head.headers, exchange, scrub, resume, hold });
    patience.heard('passing');
    this.delivery.begin(head.status, head.statusText);
  }

  /** Takes a chunk. Returns false when no more may come until the attempt is resumed. */
  write(chunk: Buffer): boolean {
    const { patience } = this.#parts;
    const { delivery } = this;
    if (delivery.write(chunk)) return !this.#isOver && !patience.clientLags;
    if (this.#isOver) return false;
    if (delivery.failed) this.#events.failed(failureOf(null));
    else patience.clientIsFull();
    return false;
  }

  /** No more comes from the provider. */
  end(): void {
    const { delivery } = this;
    this.#parts.patience.heard(delivery.isHeld ? 'thinking' : 'leaving');
    const failed = (error: unknown): unknown => this.#isOver || this.#events.failed(failureOf(error));
    try {
      const flushed = delivery.flush();
      if (flushed) flushed.then(() => this.#flushed()).catch(failed);
      else this.#flushed();
    } catch (error) {
      failed(error);
    }
  }

  /** Lets what is held go to the client. */
  open(): void {
    if (!this.delivery.open()) this.#parts.patience.clientIsFull();
    if (this.#isComplete) this.#leaves();
  }

  /** Nothing is told any more. Resolves when the taps have heard all that came. */
  leave(): Promise<void> {
    this.#isOver = true;
    return this.delivery.settle();
  }

  #holdFor(response: ExchangeResponse): Hold | null {
    const { exchange, mayGoOn } = this.#parts;
    if (response.status >= 400 || !mayGoOn) return null;
    const { restart } = exchange.plan.policy;
    if (!restart && (response.status !== 200 || !exchange.request.stream)) return null;
    const hold = new Hold(restart, () => this.#look(hold));
    return hold;
  }

  /** More of a held answer is here, and has been heard. */
  #look(hold: Hold): void {
    if (this.#isOver) return;
    const { exchange, response } = this.#parts;
    if (hold.whole) {
      if (!hold.isFull) return;
      exchange.note('route', 'too_long_to_restart', { provider: exchange.provider?.name ?? null });
      this.open();
    } else if (response.begun || response.finishing || hold.isFull) this.open();
    else if (response.problem !== null) this.#events.failed(SAID_ERROR);
  }

  #caughtUp(): void {
    if (this.#isOver) return;
    const { patience, attempt } = this.#parts;
    if (this.delivery.failed) this.#events.failed(failureOf(null));
    else if (patience.clientCaughtUp()) attempt.resume();
  }

  #flushed(): void {
    if (this.#isOver) return;
    this.#isComplete = true;
    const flaw = this.delivery.isHeld ? this.#flaw() : null;
    if (flaw) this.#events.failed(flaw);
    else if (this.delivery.isHeld) this.open();
    else this.#leaves();
  }

  /** What is wrong with a held answer of which all is here. */
  #flaw(): Failure | null {
    const { exchange, response } = this.#parts;
    if (this.delivery.failed) return failureOf(null);
    return this.#soundness ? this.#soundness.flawOf(exchange, response) : emptiness(response);
  }

  #leaves(): void {
    this.#parts.patience.heard('leaving');
    this.delivery.end();
    if (this.delivery.failed) this.#events.failed(failureOf(null));
    else this.#events.complete();
  }
}
