import type { Exchange } from '../pipeline/exchange.ts';
import type { Target } from '../pipeline/provider.ts';

/** How often one exchange may be sent, whatever asks for it. */
const MAX_ATTEMPTS = 6;

/** Where one exchange is sent, in which order, and what came of it so far. */
export class Itinerary {
  readonly #exchange: Exchange;
  #index = 0;
  /** Attempts so far, with the one under way. */
  tries = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get #targets(): readonly Target[] {
    return this.#exchange.targets;
  }

  get target(): Target {
    return this.#targets[this.#index]!;
  }

  /** Says in the exchange that it leaves for the target now. */
  depart(): Target {
    const { target } = this;
    this.#exchange.target = target;
    this.#exchange.leftAt ??= this.#exchange.elapsed();
    this.tries++;
    return target;
  }

  /** Moves to the next target: ask `hasNext` first. */
  next(): void {
    this.#index++;
  }

  get hasNext(): boolean {
    return this.#index + 1 < this.#targets.length && this.tries < MAX_ATTEMPTS;
  }

  /** Moves to the target of that provider, or stays for null; false when it has none or enough was tried. */
  turnTo(provider: string | null): boolean {
    if (this.tries >= MAX_ATTEMPTS) return false;
    if (provider === null) return true;
    const index = this.#targets.findIndex((target) => target.provider.name === provider);
    if (index === -1) return false;
    this.#index = index;
    return true;
  }

  /** Writes down what came of an attempt: a status, or null and why there was none. */
  note(status: number | null, reason: string, ms: number): void {
    const { provider, model } = this.target;
    const { attempts, request } = this.#exchange;
    attempts.push({ provider: provider.name, model: model ?? request.model, status, reason, ms });
  }
}
