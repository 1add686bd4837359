import type { Exchange, Pending } from './exchange.ts';
import type { ExchangeResponse } from './response.ts';
import type { Verdict } from './verdict.ts';

/** One instance at its place in the list. */
export interface Stage {
  name: string;
  /** Null: every exchange. */
  when: ((exchange: Exchange) => boolean) | null;
  /** What a throw means: refuse the exchange (a redactor that fails must not let text pass), or go on without this plugin. */
  onError: 'refuse' | 'skip';
  onRequest: ((exchange: Exchange) => Pending<Verdict | undefined | void>) | null;
}

/**
 * The stages in their order: down the list with the request, up with the answer.
 *
 * For `a, b, c` an exchange is met `a b c`, and listeners are called `c b a`. Where `b`
 * answers, `c` never meets the exchange and only `a` and `b` hear the answer.
 * Nothing is awaited unless a stage returned a promise.
 */
export class Pipeline {
  readonly #stages: readonly Stage[];
  readonly #policy: ReadonlyMap<string, 'refuse' | 'skip'>;
  readonly #failed: (stage: string, error: unknown) => void;

  /** `failed` hears of every throw; it must not throw itself. */
  constructor(stages: readonly Stage[], failed: (stage: string, error: unknown) => void) {
    this.#stages = stages.filter((stage) => stage.onRequest !== null);
    this.#policy = new Map(stages.map((stage) => [stage.name, stage.onError]));
    this.#failed = failed;
  }

  /** Shows the request to each stage from the top until one gives a verdict. */
  meet(exchange: Exchange, from = 0): Pending<Verdict | undefined> {
    for (let i = from; i < this.#stages.length; i++) {
      const stage = this.#stages[i]!;
      try {
        if (stage.when && !stage.when(exchange)) continue;
        exchange.enter(stage.name);
        const result = stage.onRequest!(exchange);
        if (result instanceof Promise) return this.#later(exchange, stage.name, result, i + 1);
        if (result) return noted(exchange, stage.name, result);
      } catch (error) {
        const verdict = this.#fail(stage.name, error);
        if (verdict) return noted(exchange, stage.name, verdict);
      }
    }
    return undefined;
  }

  /** Tells the listeners that an answer has begun; the first verdict ends the round. */
  heard(exchange: Exchange, response: ExchangeResponse, from = 0): Pending<Verdict | undefined> {
    const listeners = exchange.responseListeners;
    for (let i = from; i < listeners.length; i++) {
      const { stage, listener } = listeners[i]!;
      response.enter(stage, this.#late);
      try {
        const result = listener(response);
        if (result instanceof Promise) {
          return result.then(
            (verdict) => noted(exchange, stage, verdict) ?? this.heard(exchange, response, i + 1),
            (error) => noted(exchange, stage, this.#fail(stage, error)) ?? this.heard(exchange, response, i + 1),
          );
        }
        if (result) return noted(exchange, stage, result);
      } catch (error) {
        const verdict = this.#fail(stage, error);
        if (verdict) return noted(exchange, stage, verdict);
      }
    }
    return undefined;
  }

  /** Tells the listeners that the last byte has left. A listener that fails does not keep the others from hearing it. */
  finish(exchange: Exchange): Pending<void> {
    return this.#finish(exchange, 0);
  }

  #finish(exchange: Exchange, from: number): Pending<void> {
    const listeners = exchange.finishListeners;
    for (let i = from; i < listeners.length; i++) {
      const { stage, listener } = listeners[i]!;
      try {
        const result = listener();
        if (result instanceof Promise) {
          return result.catch((error) => this.#failed(stage, error)).then(() => this.#finish(exchange, i + 1));
        }
      } catch (error) {
        this.#failed(stage, error);
      }
    }
  }

  async #later(
    exchange: Exchange,
    stage: string,
    result: Promise<Verdict | undefined | void>,
    next: number,
  ): Promise<Verdict | undefined> {
    try {
      const verdict = await result;
      if (verdict) return noted(exchange, stage, verdict);
    } catch (error) {
      const verdict = this.#fail(stage, error);
      if (verdict) return noted(exchange, stage, verdict);
    }
    return this.meet(exchange, next);
  }

  /** A throw in the middle of an answer. */
  readonly #late = (stage: string, error: unknown): 'refuse' | 'skip' => {
    this.#failed(stage, error);
    return this.#policy.get(stage) ?? 'refuse';
  };

  #fail(stage: string, error: unknown): Verdict | undefined {
    this.#failed(stage, error);
    if (this.#policy.get(stage) === 'skip') return undefined;
    return {
      kind: 'refuse',
      status: 500,
      code: 'plugin_failed',
      message: `The gateway's plugin ${stage} failed, so the request was not sent on.`,
    };
  }
}

/** Whoever refuses or answers by itself, its receipt says so; a retry is among the attempts. */
function noted<V extends Verdict | undefined | void>(exchange: Exchange, stage: string, verdict: V): V {
  if (verdict?.kind === 'refuse') exchange.note(stage, 'refused', { status: verdict.status, code: verdict.code });
  else if (verdict?.kind === 'answer') exchange.note(stage, 'answered', { status: verdict.status });
  return verdict;
}
