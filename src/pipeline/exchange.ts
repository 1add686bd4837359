import type { Cost } from '../metering/cost.ts';
import type { Outcome, Reading } from '../metering/usage.ts';
import type { Dialect } from './dialect.ts';
import type { Foresight } from './foresight.ts';
import { newId } from './id.ts';
import type { RoutePlan } from './plan.ts';
import type { Principal } from './principal.ts';
import type { CacheBreak, CutPrompt, PromptPart } from './prompt.ts';
import type { Provider, Target } from './provider.ts';
import type { ExchangeRecord, Receipt, ReceiptNote } from './record.ts';
import type { ExchangeRequest } from './request.ts';
import type { ExchangeResponse } from './response.ts';
import type { Terms } from './terms.ts';
import type { Turn } from './turn.ts';
import type { Verdict } from './verdict.ts';

export type Pending<T> = T | Promise<T>;
export type ResponseListener = (response: ExchangeResponse) => Pending<Verdict | undefined | void>;
export type FinishListener = () => Pending<void>;

/**
 * What plugins tell each other. A plugin adds its own members by declaration merging:
 *
 *     declare module '../src/plugin.ts' { interface ExchangeState { budget?: Hold } }
 */
export interface ExchangeState {
  tenant?: string;
  project?: string;
  agent?: string;
  user?: string;
  session?: NonNullable<ExchangeRecord['session']>;
  environment?: string;
  tags?: Record<string, string>;
  reading?: Reading;
  cost?: Cost;
  /** Sets `reading` and `cost` now: all of the body is out, or is given before it leaves. False: nothing is read. */
  readNow?: (body?: Uint8Array) => boolean;
  /** Forgets an answer that is given up for another. What it cost by then, US dollars; null: nothing was told. */
  giveUp?: () => string | null;
  /** Holds as much as it may cost once more, before an answer that had begun is asked for anew; false: there is no room. */
  payAgain?: () => Pending<boolean>;
  estimate?: NonNullable<ExchangeRecord['estimate']>;
  foresight?: Foresight;
  prediction?: NonNullable<ExchangeRecord['prediction']>;
  /** US dollars that count where the cost stays unknown. */
  reserve?: string;
  /** Asked by those who made it wait: whether it may still leave. */
  recheck?: (exchange: Exchange) => Verdict | undefined;
  /** The prompt taken apart, with the operator's own components; absent where it cannot be. */
  prompt?: CutPrompt;
  turn?: Turn;
  /** What became of the prompt's parts; set when the answer is over. */
  parts?: PromptPart[];
  cacheBreak?: CacheBreak;
  /** Its history is to be shortened before it leaves, by the rules of plugin `trim`; asked for by who says so. */
  shorten?: string;
  /** To fewer characters of history than these; without it, than the agent's own limit. */
  shortenTo?: number;
  /** What plugin `trim` took out of the request: tools, and characters of its JSON, those of the history apart. */
  trimmed?: { readonly tools: number; readonly chars: number; readonly historyChars: number };
  /** How often what was taken out of the request before it left, by kind. */
  redactions?: Record<string, number>;
  receipt?: Pick<Receipt, 'body_in' | 'body_out'>;
  /** Milliseconds from the request's arrival to the first event with content. */
  timeToFirstToken?: number;
}

export interface ExchangeParts {
  listener: { readonly name: string; readonly agent: string | null };
  principal: Principal | null;
  request: ExchangeRequest;
  /** Name in the record, such as `openai.chat`; null for a path no adapter owns. */
  api: string | null;
  bills: boolean;
  /** Of a path that no adapter owns it is a matter of the provider, so it is asked for when it is needed. */
  dialect: Dialect | ((exchange: Exchange) => Dialect);
  /** Finds where it goes. Asked once, by the first who wants to know: what plugins above found out of it counts. */
  route(exchange: Exchange): RoutePlan;
  /** Its body is none that can leave: it is refused when all plugins have met it. */
  unsendable?: boolean;
  /** Calls back when the client leaves before its answer is whole. */
  whenGone?(listener: () => void): void;
  /** Version and prices of the configuration it began with. */
  terms: Terms;
  startedAt: number;
  clock: number;
}

/** What only sockets know about the end of an exchange. */
export interface Ending {
  outcome: Outcome;
  /** What the client got; null when it left before. */
  status: number | null;
  error: { type: string; code: string } | null;
}

/** Of one exchange: whoever notes something for each of many tries must not fill its row. */
const MOST_NOTES = 64;

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** A request and its response. Every exchange finishes exactly once, whatever happens. */
export class Exchange {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly listener: ExchangeParts['listener'];
  readonly principal: Principal | null;
  readonly request: ExchangeRequest;
  readonly api: string | null;
  /** False where nothing is generated that anybody charges for. */
  readonly bills: boolean;
  /** Its body is none that can leave: it is refused when all plugins have met it, so nothing need be kept ready for it. */
  readonly unsendable: boolean;
  readonly terms: Terms;
  readonly state: ExchangeState = {};
  readonly attempts: ExchangeRecord['attempts'] = [];
  /** What was decided about it, for its receipt. */
  readonly notes: ReceiptNote[] = [];
  response: ExchangeResponse | null = null;
  ending: Ending | null = null;
  /** Milliseconds on the clock: when the request left for the upstream the first time. */
  leftAt: number | null = null;
  finishedAt: number | null = null;
  requestBytes = 0;
  responseBytes = 0;

  readonly #route: ExchangeParts['route'];
  #plan: RoutePlan | null = null;
  /** Null until somebody asks. */
  #targets: readonly Target[] | null = null;
  /** Null: as the first target. */
  #target: Target | null = null;
  #dialect: ExchangeParts['dialect'];
  readonly #clock: number;
  readonly #whenGone: ExchangeParts['whenGone'];
  #headers: Record<string, string> | null = null;
  #late: (() => Readonly<Record<string, string>>) | null = null;
  readonly #responseListeners: { stage: string; listener: ResponseListener }[] = [];
  readonly #finishListeners: { stage: string; listener: FinishListener }[] = [];
  #stage = '';

  constructor(parts: ExchangeParts) {
    this.id = newId(parts.startedAt);
    this.startedAt = parts.startedAt;
    this.#clock = parts.clock;
    this.listener = parts.listener;
    this.principal = parts.principal;
    this.request = parts.request;
    this.api = parts.api;
    this.bills = parts.bills;
    this.unsendable = parts.unsendable ?? false;
    this.#dialect = parts.dialect;
    this.terms = parts.terms;
    this.#route = parts.route;
    this.#whenGone = parts.whenGone;
  }

  get dialect(): Dialect {
    if (typeof this.#dialect === 'function') this.#dialect = this.#dialect(this);
    return this.#dialect;
  }

  /** Where it goes and why. Who asks first decides what is known by then: agent, tags and session for those below who find them. */
  get plan(): RoutePlan {
    this.#plan ??= this.#route(this);
    return this.#plan;
  }

  /** Where it may go, best first. */
  get targets(): readonly Target[] {
    this.#targets ??= this.plan.targets;
    return this.#targets;
  }

  /** Where it goes now: the first of its targets until the trip is repeated elsewhere; null when nobody answers. */
  get target(): Target | null {
    return this.#target ?? this.targets[0] ?? null;
  }

  /** For the proxy: it leaves for this one. */
  set target(target: Target) {
    this.#target = target;
  }

  get provider(): Provider | null {
    return this.target?.provider ?? null;
  }

  /** The name this target knows the model by, where its route renames it. */
  get targetModel(): string | null {
    return this.target?.model ?? null;
  }

  /** Takes a provider, or certain targets, out of the targets. False: there is no other, and nothing was changed. From onRequest only. */
  avoid(what: string | ((target: Target) => boolean)): boolean {
    const isOut = typeof what === 'string' ? ({ provider }: Target) => provider.name === what : what;
    const others = this.targets.filter((target) => !isOut(target));
    if (others.length === 0) return false;
    this.#targets = others;
    return true;
  }

  /** Milliseconds since the request's arrival, on the monotonic clock. */
  elapsed(): number {
    return performance.now() - this.#clock;
  }

  /** Writes down for its receipt what `by`, a plugin, decided: numbers and names only, nothing of what the request says. */
  note(by: string, what: string, facts?: NonNullable<ReceiptNote['facts']>): void {
    if (this.notes.length >= MOST_NOTES) return;
    const at_ms = Math.round(this.elapsed() * 10) / 10;
    this.notes.push(facts === undefined ? { by, at_ms, what } : { by, at_ms, what, facts });
  }

  /** Calls back when status and headers of an answer are here, and again for each answer after a retry. Bottom of the list first. */
  onResponse(listener: ResponseListener): void {
    this.#responseListeners.unshift({ stage: this.#stage, listener });
  }

  /** Calls back when the last byte has left: exactly once, whatever happened. Bottom of the list first. */
  onFinish(listener: FinishListener): void {
    this.#finishListeners.unshift({ stage: this.#stage, listener });
  }

  /** Calls back when the client leaves before its answer is whole: for those who make it wait. */
  onGone(listener: () => void): void {
    this.#whenGone?.(listener);
  }

  /**
   * Puts a header on whatever the client gets: the provider's answer, a refusal, a failure. It
   * takes the place of one of the same name. Name in lower case; of no use once the answer has begun.
   */
  setHeader(name: string, value: string): void {
    this.#headers ??= {};
    this.#headers[name] = value;
  }

  /**
   * The same for headers that are made when the answer begins, and not before: what they say may
   * still be on its way. Those of `setHeader` stand. `make` must not throw; if it does, they are left away.
   */
  setHeadersLate(make: () => Readonly<Record<string, string>>): void {
    const before = this.#late;
    this.#late = before === null ? make : () => ({ ...before(), ...make() });
  }

  /** Makes the verdict that ends the trip with an error in the client's own dialect. */
  refuse(
    status: number,
    code: string,
    message: string,
    more: { details?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ): Verdict {
    return { kind: 'refuse', status, code, message, ...more };
  }

  /** Makes the verdict that ends the trip with a whole response made here. */
  answer(
    body: string | Uint8Array,
    status = 200,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ): Verdict {
    return { kind: 'answer', status, headers, body };
  }

  /** Makes the verdict that sends the request once more, here or to another provider. From onResponse only. */
  retry(provider: string | null, reason: string): Verdict {
    return { kind: 'retry', provider, reason };
  }

  /** What `setHeader` was told, to be read when an answer begins. */
  get headers(): Readonly<Record<string, string>> {
    const make = this.#late;
    if (make !== null) {
      this.#late = null;
      try {
        this.#headers = { ...make(), ...this.#headers };
      } catch {
        // An answer is worth more than what is said beside it.
      }
    }
    return this.#headers ?? NO_HEADERS;
  }

  /** For the pipeline: which stage subscribes now. */
  enter(stage: string): void {
    this.#stage = stage;
  }

  get responseListeners(): readonly { stage: string; listener: ResponseListener }[] {
    return this.#responseListeners;
  }

  get finishListeners(): readonly { stage: string; listener: FinishListener }[] {
    return this.#finishListeners;
  }
}
