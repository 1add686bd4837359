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

/** Sessions, and ids of responses and conversations. */
const MOST = 100_000;
/** No provider's id is longer; characters. */
const LONGEST = 256;

/**
 * Remembers where sessions had their last answer from, and who made which response, so that what
 * only its origin can read goes back to it. What was asked for longest ago is forgotten first.
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

/** A map that forgets what was used longest ago. */
class Recent {
  readonly #entries = new Map<string, Origin>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(id: string): Origin | null {
    const origin = this.#entries.get(id);
    if (origin === undefined) return null;
    this.#entries.delete(id);
    this.#entries.set(id, origin);
    return origin;
  }

  set(id: string, origin: Origin): void {
    if (id.length > LONGEST) return;
    this.#entries.delete(id);
    if (this.#entries.size >= this.#most) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(id, origin);
  }
}
