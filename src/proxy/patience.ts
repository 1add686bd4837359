import type { Timeouts } from '../pipeline/provider.ts';
import type { Attempt } from './attempt.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { type Failure, NO_CONNECTION, NO_HEADERS, NO_TOKEN, SILENT, STOPPING, TOO_LATE, TOO_LONG } from './problems.ts';

/**
 * Where an exchange is: the next attempt has to wait; the provider is awaited; a listener
 * of its headers decides, with more of the answer coming or with enough of it here; the
 * answer passes; its last bytes leave for the client; nobody reads any more but the meter.
 */
export type Phase = 'pausing' | 'waiting' | 'deciding' | 'thinking' | 'passing' | 'leaving' | 'draining';

/** After the client left, an upstream that only has its bill to send gets this long, milliseconds. */
const DRAIN_MS = 30_000;

export interface Impatience {
  /** Content has begun. */
  begun(): boolean;
  /** Nothing of an answer is for the client yet: the time for all attempts runs. */
  undecided(): boolean;
  /** A limit of the provider's is over. */
  over(failure: Failure): void;
  /** The client took nothing for too long. */
  stalled(): void;
  drained(): void;
  /** Nothing has come for as long as the client may be left without a byte. */
  quiet(): void;
}

/** Keeps the limits of one exchange: each phase has its own, and one is for the whole. */
export class Patience implements Timed {
  phase: Phase = 'waiting';
  slot = -1;
  readonly #deadlines: Deadlines;
  readonly #clientStall: number;
  readonly #then: Impatience;
  readonly #startedAt: number;
  #attempt!: Attempt;
  #timeouts!: Timeouts;
  #attemptAt = 0;
  #connectedAt = 0;
  #lastAt = 0;
  #fullSince = 0;
  #quietAt = 0;
  readonly #deadline: number;

  /**
   * @param clientStall how long a client may take nothing
   * @param deadline how long from now the attempts may take together until an answer begins; all in milliseconds
   */
  constructor(deadlines: Deadlines, clientStall: number, deadline: number, then: Impatience) {
    this.#deadlines = deadlines;
    this.#clientStall = clientStall;
    this.#then = then;
    this.#startedAt = deadlines.now();
    this.#deadline = this.#startedAt + deadline;
    deadlines.add(this);
  }

  /** Begins to wait for a new attempt. */
  waitFor(attempt: Attempt, timeouts: Timeouts): void {
    this.phase = 'waiting';
    this.#attempt = attempt;
    this.#timeouts = timeouts;
    this.#attemptAt = this.#deadlines.now();
    this.#connectedAt = 0;
  }

  /** No attempt is under way: the next one is put off. */
  pause(timeouts: Timeouts): void {
    this.phase = 'pausing';
    this.#timeouts = timeouts;
  }

  /** Milliseconds since the attempt began. */
  get waited(): number {
    return Math.round(this.#deadlines.now() - this.#attemptAt);
  }

  /** Something came from the provider. */
  heard(phase: Phase = this.phase): void {
    this.phase = phase;
    this.#lastAt = this.#deadlines.now();
  }

  /** The client's socket takes no more: until it does, the provider is not to blame. */
  clientIsFull(): void {
    this.#fullSince = this.#deadlines.now();
  }

  get clientLags(): boolean {
    return this.#fullSince > 0;
  }

  /** Returns true when it had lagged behind. */
  clientCaughtUp(): boolean {
    const lagged = this.clientLags;
    if (lagged || this.phase === 'leaving') this.#lastAt = this.#deadlines.now();
    this.#fullSince = 0;
    return lagged;
  }

  /** The client has left, and the rest of the answer is still wanted. */
  drain(): void {
    this.heard('draining');
    this.#fullSince = 0;
    this.#attemptAt = this.#lastAt;
  }

  end(): void {
    this.#deadlines.delete(this);
  }

  stop(): void {
    if (this.phase === 'draining') this.#then.drained();
    else this.#then.over(STOPPING);
  }

  tick(now: number): void {
    const { over, stalled, drained } = this.#then;
    if (this.phase === 'draining') {
      if (now - this.#attemptAt > DRAIN_MS) drained();
    } else if (now - this.#startedAt > this.#timeouts.total) over(TOO_LONG);
    else if (now > this.#deadline && this.#then.undecided()) over(TOO_LATE);
    else if (this.phase === 'waiting') this.#tickWaiting(now);
    else if (this.phase === 'deciding') this.#tickIdle(now);
    else if (this.phase === 'leaving') {
      if (now - this.#lastAt > this.#clientStall) stalled();
    } else if (this.phase === 'passing') {
      if (!this.clientLags) this.#tickPassing(now);
      else if (now - this.#fullSince > this.#clientStall) stalled();
    }
  }

  #tickWaiting(now: number): void {
    const { connect, responseHeaders } = this.#timeouts;
    if (!this.#attempt.connected) {
      if (now - this.#attemptAt > connect) this.#then.over(NO_CONNECTION);
      return;
    }
    this.#connectedAt ||= now;
    if (now - this.#connectedAt > responseHeaders) this.#then.over(NO_HEADERS);
  }

  #tickPassing(now: number): void {
    const { keepalive } = this.#timeouts;
    if (keepalive > 0 && now - Math.max(this.#lastAt, this.#quietAt) > keepalive) {
      this.#quietAt = now;
      this.#then.quiet();
    }
    this.#tickIdle(now);
  }

  #tickIdle(now: number): void {
    const { idle, firstToken } = this.#timeouts;
    if (now - this.#lastAt > idle) this.#then.over(SILENT);
    else if (this.phase === 'passing' && now - this.#attemptAt > firstToken && !this.#then.begun())
      this.#then.over(NO_TOKEN);
  }
}
