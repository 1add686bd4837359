import type { Exchange } from '../pipeline/exchange.ts';
import type { Target } from '../pipeline/provider.ts';
import { conversationOf } from './foreign-state.ts';

/** Where an answer came from, by names: it is remembered longer than a configuration. */
export interface Origin {
  readonly provider: string;
  readonly key: string | null;
  /** The name that the target had for the model; null: as asked. */
  readonly model: string | null;
}

/** Sessions, and as many ids of responses and conversations. */
const MOST = 100_000;
/** No provider's id is longer; characters. */
const LONGEST = 256;

/**
 * Remembers where sessions had their last answer from, and who made which response, so that what
 * only its origin can read goes back to it. What nobody asked for in a long time is forgotten.
 */
export class Origins {
  readonly #sessions: Recent;
  readonly #ids: Recent;
  /** One object for each target, so that a hundred thousand entries are as many references. */
  readonly #origins = new WeakMap<Target, Origin>();

  constructor(most = MOST) {
    this.#sessions = new Recent(most);
    this.#ids = new Recent(most);
  }

  ofSession(id: string): Origin | null {
    return this.#sessions.get(id);
  }

  /** Of a response, or of a conversation that the provider keeps. */
  ofId(id: string): Origin | null {
    return this.#ids.get(id);
  }

  /** To be called when an answer is over. Failures tell nothing, and where there was no choice nothing is to be known. */
  learn(exchange: Exchange): void {
    const { response, state } = exchange;
    if (response === null || response.status >= 400) return;
    const { targets, decision } = exchange.plan;
    if (decision.route === null && targets.length < 2 && !decision.isBound) return;
    const { target, request } = exchange;
    if (target === null) return;
    const origin = this.#of(target);
    if (state.session) this.#sessions.set(state.session.id, origin);
    if (state.reading?.responseId) this.#ids.set(state.reading.responseId, origin);
    const conversation = conversationOf(request);
    if (conversation !== null) this.#ids.set(conversation, origin);
  }

  #of(target: Target): Origin {
    let origin = this.#origins.get(target);
    if (!origin) {
      origin = { provider: target.provider.name, key: target.key?.name ?? null, model: target.model };
      this.#origins.set(target, origin);
    }
    return origin;
  }
}

/**
 * A map that forgets what nobody asked for in a long time. Two maps take turns: when the young one is
 * full, the old one goes and the young one is old. To forget one entry at a time would cost more, for a
 * Map walks past all that was deleted at its beginning.
 */
class Recent {
  readonly #most: number;
  #young = new Map<string, Origin>();
  #old = new Map<string, Origin>();

  /** Holds so many at most, and the half of them that was used last for sure. */
  constructor(most: number) {
    this.#most = Math.ceil(most / 2);
  }

  get(id: string): Origin | null {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old === undefined) return null;
    this.set(id, old);
    return old;
  }

  set(id: string, origin: Origin): void {
    if (id.length > LONGEST) return;
    if (this.#young.size >= this.#most && !this.#young.has(id)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, origin);
  }
}
