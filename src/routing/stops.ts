import type { ModelLimits } from '../metering/model-limits.ts';
import type { Health } from '../pipeline/plan.ts';
import type { Target } from '../pipeline/provider.ts';

/** Which targets of a plan one exchange may still go to. Indexes are those of the plan. */
export class Stops {
  readonly #targets: readonly Target[];
  readonly #asked: string | null;
  readonly #health: Health;
  readonly #limitsOf: (provider: string, model: string | null) => ModelLimits;
  readonly #out = new Set<number>();
  readonly #visited = new Set<number>();
  /** By index: not before so many milliseconds after the request's arrival. */
  readonly #notBefore = new Map<number, number>();
  /** The largest context window that was too small, tokens. */
  #tooSmall: number | null = null;

  constructor(
    targets: readonly Target[],
    asked: string | null,
    health: Health,
    limitsOf: (provider: string, model: string | null) => ModelLimits,
  ) {
    this.#targets = targets;
    this.#asked = asked;
    this.#health = health;
    this.#limitsOf = limitsOf;
  }

  /** It goes there. True: for the first time. */
  visit(index: number): boolean {
    const isNew = !this.#visited.has(index);
    this.#visited.add(index);
    return isNew;
  }

  /** The best one it has not been to: the first that may be tried, else the first that is bad; null: there is none. */
  next(elapsedMs: number): { index: number; mayTry: boolean } | null {
    let bad: number | null = null;
    for (const [index, target] of this.#targets.entries()) {
      if (this.#visited.has(index) || this.#out.has(index)) continue;
      if ((this.#notBefore.get(index) ?? 0) > elapsedMs) continue;
      if (this.#health.mayTry(target)) return { index, mayTry: true };
      bad ??= index;
    }
    return bad === null ? null : { index: bad, mayTry: false };
  }

  /** Nothing goes there before `until`, milliseconds since the request's arrival, whatever the model. */
  leaveAlone(index: number, until: number, ownKey: boolean): void {
    this.#each(index, ownKey, (other) => {
      this.#notBefore.set(other, Math.max(until, this.#notBefore.get(other) ?? 0));
    });
  }

  /** All of its key is of no use, whatever the model; without an own key, all of its provider: the client's is sent to each. */
  skipKey(index: number, ownKey: boolean): void {
    this.#each(index, ownKey, (other) => this.#out.add(other));
  }

  /** Another key would not help: it is the same model at the same provider. */
  skipModel(index: number): void {
    const { provider, model } = this.#targets[index]!;
    for (const [at, other] of this.#targets.entries())
      if (other.provider.name === provider.name && other.model === model) this.#out.add(at);
  }

  /**
   * The prompt was too long there. The same model is not asked again, wherever it runs, nor
   * one whose window is known not to be larger. One that nobody knows may take it: a refusal
   * costs nothing.
   */
  skipShorter(index: number): void {
    const model = this.#modelOf(index);
    const window = this.#windowOf(index);
    if (window !== null) this.#tooSmall = Math.max(window, this.#tooSmall ?? 0);
    for (const at of this.#targets.keys()) {
      const other = this.#windowOf(at);
      const isShort = this.#tooSmall !== null && other !== null && other <= this.#tooSmall;
      if (isShort || this.#modelOf(at) === model) this.#out.add(at);
    }
  }

  /** Milliseconds until the first of those that want to be left alone may be asked; null: none does. */
  soonest(elapsedMs: number): number | null {
    if (this.#notBefore.size === 0) return null;
    return Math.max(0, Math.min(...this.#notBefore.values()) - elapsedMs);
  }

  #each(index: number, ownKey: boolean, then: (other: number) => void): void {
    const { provider, key } = this.#targets[index]!;
    for (const [at, other] of this.#targets.entries()) {
      if (other.provider.name !== provider.name) continue;
      if (!ownKey || other.key?.name === key?.name) then(at);
    }
  }

  /** Without the vendor that resellers put before the name; null: as the client asked, whatever that was. */
  #modelOf(index: number): string | null {
    const name = this.#targets[index]!.model ?? this.#asked;
    return name === null ? null : name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  }

  #windowOf(index: number): number | null {
    const { provider, model } = this.#targets[index]!;
    return this.#limitsOf(provider.name, model ?? this.#asked).contextWindow;
  }
}
