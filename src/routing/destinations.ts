import type { Provider, Target } from '../pipeline/provider.ts';
import { hashOf, pairing } from './hash.ts';

/** What of a request decides which key of a provider comes first. */
export interface Caller {
  /** Hash of the session, or else of who asks; null where neither is known. */
  readonly seed: number | null;
  /** It brings a key of its own for this provider, so ours do not matter. */
  bringsKeyTo(provider: Provider): boolean;
}

/**
 * A provider and the name it knows a model by. It is one target for each of its keys.
 *
 * The keys are put in order by a hash of the session, so that a session stays with one, in every
 * process, and its prompt cache with it; what nobody can be told of takes them in turn.
 */
export class Destination {
  readonly provider: Provider;
  readonly model: string | null;
  /** In the order of gateway.yaml. */
  readonly targets: readonly Target[];
  /** With the client's own key. */
  readonly own: readonly Target[];
  readonly #hashes: readonly number[];
  #turn = 0;

  constructor(provider: Provider, model: string | null) {
    const { keys } = provider;
    this.provider = provider;
    this.model = model;
    this.targets = (keys.length > 0 ? keys : [null]).map((key) => Object.freeze({ provider, model, key }));
    this.own = keys.length > 0 ? [Object.freeze({ provider, model, key: null })] : this.targets;
    this.#hashes = keys.map(({ name }) => hashOf(`${provider.name}\n${name}`));
  }

  /** Its targets for this caller, best first. */
  targetsFor(caller: Caller): readonly Target[] {
    if (this.targets.length === 1) return caller.bringsKeyTo(this.provider) ? this.own : this.targets;
    if (caller.bringsKeyTo(this.provider)) return this.own;
    const { seed } = caller;
    if (seed === null) return this.#inTurn();
    return this.targets
      .map((target, i) => ({ target, rank: pairing(seed, this.#hashes[i]!) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ target }) => target);
  }

  #inTurn(): readonly Target[] {
    const first = this.#turn;
    this.#turn = (first + 1) % this.targets.length;
    return [...this.targets.slice(first), ...this.targets.slice(0, first)];
  }
}

/** One destination for each pair of provider and model, so that targets can be told apart by identity. */
export class Destinations {
  readonly #destinations = new Map<Provider, Map<string | null, Destination>>();

  /** `model` is a name of gateway.yaml: names that clients make up would never be forgotten. */
  of(provider: Provider, model: string | null): Destination {
    let models = this.#destinations.get(provider);
    if (!models) {
      models = new Map();
      this.#destinations.set(provider, models);
    }
    let destination = models.get(model);
    if (!destination) {
      destination = new Destination(provider, model);
      models.set(model, destination);
    }
    return destination;
  }
}
