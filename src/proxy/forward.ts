import type { Ending } from '../pipeline/exchange.ts';
import type { FailureClass } from '../pipeline/plan.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { wantsBody } from '../routing/failure.ts';
import type { Journey, Step } from '../routing/journey.ts';
import { adviseWait, canPayAgain, drop, noteAttempt, type Past } from './attempt-notes.ts';
import type { Deadlines } from './deadlines.ts';
import { breakOff, errorOf, sendFailure, sendVerdict } from './endings.ts';
import { Leg, type LegEvents, type LegParts } from './leg.ts';
import { Patience } from './patience.ts';
import { CLIENT_GONE, type Failure, NO_CONNECTION, RETRIED, SAID_ERROR, SILENT, TOO_LATE } from './problems.ts';
import { setbackOf, strandedBy, troubleOf } from './setback.ts';

export interface ForwardParts extends Omit<LegParts, 'patience'> {
  deadlines: Deadlines;
}

/**
 * Takes one exchange along its plan, attempt by attempt, and an answer back to the client.
 *
 * As long as nothing of an answer has left for the client, an attempt that failed may be
 * followed by another; from then on a failure is shown as a broken connection, never as an
 * end. `run` resolves exactly once, when nothing more happens on any socket.
 */
export class Forward implements LegEvents {
  readonly #parts: ForwardParts;
  readonly #patience: Patience;
  readonly #journey: Journey;
  readonly #legParts: LegParts;
  #resolve: (ending: Ending) => void = () => {};
  #settled = false;
  #gone = false;
  #leg!: Leg;
  /** The first attempt that says something of the request or of its place: how it ended may be what is shown. */
  #first: Past | null = null;
  /** Shown instead of the last error answer, where its listeners let that pass. */
  #instead: Past | null = null;
  #retryAfterMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ForwardParts) {
    const { exchange, traffic, deadlines, ownCredential, req, res } = parts;
    this.#parts = parts;
    this.#journey = traffic.journey(exchange);
    const deadline = exchange.plan.policy.deadline - exchange.elapsed();
    this.#patience = new Patience(deadlines, traffic.limits.clientStall, deadline, {
      begun: () => this.#leg.response?.begun ?? false,
      undecided: () => !this.#leg.isSeen && !this.#leg.isHeldBack,
      over: (failure) => this.failed(failure),
      stalled: () => res.destroy(),
      drained: () => this.#settle({ outcome: 'client_aborted', status: this.#seen, error: null }),
      quiet: () => this.#leg.ping(),
    });
    this.#legParts = { exchange, traffic, ownCredential, req, res, patience: this.#patience };
  }

  run(): Promise<Ending> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const { res } = this.#parts;
      res.once('close', () => this.#closed());
      if (res.destroyed) this.#settle({ outcome: 'client_aborted', status: null, error: null });
      else this.#send();
    });
  }

  #send(): void {
    this.#timer = null;
    const leg = new Leg(this.#legParts, this.#journey.depart(), this);
    this.#leg = leg;
    leg.send();
  }

  mayGoOn(): boolean {
    return this.#isOpen && this.#journey.tries < this.#parts.exchange.plan.policy.attempts;
  }

  wantsBody(status: number): boolean {
    return wantsBody(status) || this.#isFirst;
  }

  answered(): void {
    this.#leg.departure.flight.answered(this.#patience.waited);
    this.#note('answered');
    this.#leg.pass();
  }

  /** An error answer is here. */
  refused(body: Buffer | null): void {
    const leg = this.#leg;
    const setback = setbackOf(leg, body);
    this.#tell(setback.failure, setback.retryAfterMs);
    this.#note(`status_${leg.head!.status}`, setback.failure);
    const step = this.#isOpen ? this.#journey.after(setback, this.#parts.exchange.elapsed()) : null;
    const stranded = strandedBy(this.#parts.exchange, setback.failure, leg.ownKey);
    if (step?.kind === 'send') this.#goOn(step, setback.failure, null);
    else if (stranded) this.#fail(stranded);
    else {
      this.#instead = step?.shown === 'first' ? this.#first : null;
      if (this.#instead === null) this.#note('answered');
      adviseWait(this.#parts.exchange, leg, step?.retryAfterMs ?? null);
      leg.pass();
    }
  }

  /** Its listeners have heard of an answer. True: it goes to the client. */
  passes(verdict: Verdict | undefined): boolean {
    const { exchange, res } = this.#parts;
    const first = this.#instead;
    this.#instead = null;
    if (verdict?.kind === 'retry') this.#again(verdict.provider, verdict.reason);
    else if (verdict) {
      this.#leg.attempt.cancel();
      this.#settle(sendVerdict(exchange, verdict, res));
    } else if (first === null || !this.#show(first)) return true;
    return false;
  }

  /** Shows how the first attempt ended, and not the last one. False: that is not known any more. */
  #show({ leg, failure }: Past): boolean {
    const isBack = leg.comeBack();
    if (!isBack && failure === null) {
      this.#note('answered');
      return false;
    }
    drop(this.#parts.exchange, this.#leg);
    this.#parts.exchange.target = leg.departure.target;
    if (!isBack) this.#fail(failure!);
    else {
      this.#leg = leg;
      leg.pass();
    }
    return true;
  }

  /** An attempt came to nothing: another may follow as long as the client has got nothing of this one. */
  failed(failure: Failure, stale = false): void {
    if (this.#settled) return;
    if (failure === CLIENT_GONE) {
      this.#closed();
      return;
    }
    const leg = this.#leg;
    if (this.#timer !== null || leg.isSeen) {
      if (this.#timer === null) this.#tell(troubleOf(leg, failure));
      this.#fail(failure);
      return;
    }
    const canResend = this.#parts.exchange.request.outgoing() !== null;
    const again = stale && this.#patience.phase === 'waiting' && this.#journey.tries === 1 && canResend;
    const trouble = again ? null : troubleOf(leg, failure);
    this.#tell(trouble);
    this.#note(failure.code, trouble ?? undefined);
    if (again) {
      void leg.leave();
      this.#send();
      return;
    }
    this.#afterFailure(failure, trouble);
  }

  #afterFailure(failure: Failure, trouble: FailureClass | null): void {
    const { exchange } = this.#parts;
    const isLast = trouble === null || failure === TOO_LATE;
    // Who took no connection in all that time, or fell silent, is not waited for once more.
    const isFinal = failure === NO_CONNECTION || failure === SILENT;
    const setback = { failure: trouble ?? 'connect', retryAfterMs: null, ownKey: this.#leg.ownKey, isFinal };
    const step = isLast || !this.#isOpen ? null : this.#journey.after(setback, exchange.elapsed());
    if (step?.kind === 'send') this.#pay(step, failure);
    // What the provider itself says of it is more than we could.
    else if (failure === SAID_ERROR) this.#leg.open();
    else {
      this.#retryAfterMs = step?.retryAfterMs ?? null;
      this.#fail(strandedBy(exchange, trouble, this.#leg.ownKey) ?? failure);
    }
  }

  /** The plan has more than one way, and the request can be sent again: an upload that has begun cannot. */
  get #isOpen(): boolean {
    const { exchange, req } = this.#parts;
    if ((exchange.targets.length === 1 && exchange.plan.policy.retries === 0) || this.#gone) return false;
    return exchange.request.outgoing() !== null || !req.readableDidRead;
  }

  /** Goes on if there is money for another answer. */
  #pay(step: Step & { kind: 'send' }, failure: Failure): void {
    const leg = this.#leg;
    const paid = canPayAgain(this.#parts.exchange, leg);
    const decide = (isPaid: boolean): void => {
      if (this.#settled || leg !== this.#leg) return;
      if (isPaid) this.#goOn(step, null, failure);
      else this.#fail(failure);
    };
    leg.attempt.cancel();
    this.#patience.pause(leg.departure.target.provider.timeouts);
    if (paid instanceof Promise) void paid.then(decide);
    else decide(paid);
  }

  get #isFirst(): boolean {
    return this.#first === null || this.#first.isForeign;
  }

  #goOn({ waitMs, why }: Step & { kind: 'send' }, trouble: FailureClass | null, failure: Failure | null): void {
    const { exchange } = this.#parts;
    const { provider } = this.#leg.departure.target;
    exchange.note('route', why, { provider: provider.name });
    if (this.#isFirst) this.#first = { leg: this.#leg, failure, isForeign: trouble === 'foreign_state' };
    drop(exchange, this.#leg);
    if (waitMs <= 0) this.#send();
    else {
      this.#patience.pause(provider.timeouts);
      this.#timer = setTimeout(() => this.#send(), waitMs).unref();
    }
  }

  /** Sends once more because a listener asks for it. */
  #again(provider: string | null, reason: string): void {
    const { exchange } = this.#parts;
    const last = exchange.attempts.at(-1);
    if (last) last.reason = reason;
    if (exchange.request.outgoing() === null || !this.#journey.turnTo(provider)) {
      this.#fail(RETRIED);
      return;
    }
    drop(exchange, this.#leg);
    this.#send();
  }

  /** All of the answer is handed to the client's connection. */
  complete(): void {
    const { res } = this.#parts;
    const status = this.#seen;
    const outcome = this.#gone ? 'client_aborted' : status! >= 400 ? 'upstream_error' : 'ok';
    const settle = (): void => this.#settle({ outcome, status, error: null });
    if (this.#gone || res.writableFinished) settle();
    else res.once('finish', settle);
  }

  /** The client's connection is gone: cancel the upstream, or let it finish its bill. */
  #closed(): void {
    if (this.#settled || this.#parts.res.writableFinished) return;
    this.#gone = true;
    const { delivery, response, departure, attempt } = this.#leg;
    const drains = departure.target.provider.onDisconnect === 'drain' || (response?.finishing ?? false);
    if (drains && delivery && this.#patience.phase === 'passing') {
      this.#patience.drain();
      delivery.goDeaf();
      attempt.resume();
      return;
    }
    this.#settle({ outcome: 'client_aborted', status: this.#seen, error: null });
  }

  /** Tells the place's health what went wrong; null: nothing that says anything of it. */
  #tell(failure: FailureClass | null, retryAfterMs: number | null = null): void {
    const { departure, ownKey } = this.#leg;
    if (failure !== null) departure.flight.failed(failure, retryAfterMs, ownKey);
  }

  #note(reason: string, failure?: FailureClass): void {
    noteAttempt(this.#parts.exchange, this.#journey, this.#leg, { reason, ms: this.#patience.waited, failure });
  }

  /** Ends the exchange with a failure: an error answer before the first byte, a broken connection after it. */
  #fail(failure: Failure): void {
    const { exchange, res } = this.#parts;
    const { delivery, isHeldBack } = this.#leg;
    const error = errorOf(failure);
    this.#leg.attempt.cancel();
    if (this.#gone) this.#settle({ outcome: 'client_aborted', status: this.#seen, error });
    else if (res.headersSent) {
      breakOff(exchange, failure, res, delivery);
      this.#settle({ outcome: 'truncated', status: this.#seen, error });
    } else this.#settle(sendFailure(exchange, failure, res, { isHeldBack, retryAfterMs: this.#retryAfterMs }));
  }

  /** The status the client has got, if it has. */
  get #seen(): number | null {
    return this.#leg?.isSeen ? (this.#leg.response?.status ?? null) : null;
  }

  #settle(ending: Ending): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#patience.end();
    const left = this.#leg?.leave() ?? Promise.resolve();
    void left.then(() => this.#resolve(ending));
  }
}
