import type { Documents, Exchange, Json } from '../../src/plugin.ts';
import { factOf } from '../shared/facts.ts';
import { firstOf, holdsAt, type Pause, type Paused, pauseOf, type Slowed } from './pause.ts';
import type { Throttle } from './throttle.ts';

type Index = Map<Paused, Map<string, Pause[]>>;

/** What is paused, as this process knows it now. The database has it for all. */
export class PauseBook {
  readonly #documents: Documents;
  readonly #stop: () => void;
  /** By the first dimension of their scope, and its value: so each request looks up six names at most. */
  #index: Index = new Map();

  /** @param changed hears of every change, wherever it was made */
  constructor(documents: Documents, changed: () => void) {
    this.#documents = documents;
    this.#read();
    this.#stop = documents.onChange(() => {
      this.#read();
      changed();
    });
  }

  /** Those that hold now, the newest first. */
  all(): readonly Pause[] {
    const now = Date.now();
    const pauses = this.#stored().filter((pause) => holdsAt(pause, now));
    return pauses.sort((one, other) => (one.since < other.since ? 1 : -1));
  }

  get(id: string): Pause | null {
    return this.all().find((pause) => pause.id === id) ?? null;
  }

  /** How what is slowed down is slowed down, by id. */
  throttles(): Map<string, Throttle> {
    return new Map(this.all().flatMap(({ id, throttle }) => (throttle === null ? [] : [[id, throttle] as const])));
  }

  /**
   * Resolves when it is stored. What is stopped already, or slowed down, keeps its beginning. Rejects when
   * the database does not answer.
   */
  async put({ id, ...pause }: Pause): Promise<Pause> {
    const before = this.get(id);
    const goesOn = before !== null && (before.throttle === null) === (pause.throttle === null);
    const since = goesOn ? before.since : pause.since;
    await this.#documents.put(id, { ...pause, since } as unknown as Json);
    return { id, ...pause, since };
  }

  /** False: there was none. */
  delete(id: string): Promise<boolean> {
    return this.#documents.delete(id);
  }

  /** Takes away what holds no more. */
  async sweep(): Promise<void> {
    const now = Date.now();
    for (const pause of this.#stored()) if (!holdsAt(pause, now)) await this.#documents.delete(pause.id);
  }

  /**
   * Finds what keeps a request here: it, or all providers that it may go to. Of several providers
   * the paused ones are taken out of its way.
   */
  stops(exchange: Exchange): Pause | null {
    if (this.#index.size === 0) return null;
    const { targets } = exchange;
    if (targets.length === 0) return this.#find(exchange, null, isStop);
    for (const { provider } of targets) {
      const pause = this.#find(exchange, provider.name, isStop);
      if (pause && (pause.scope.provider === undefined || !exchange.avoid(provider.name))) return pause;
    }
    return null;
  }

  /** Finds what slows a request down, where it goes now, beside what it has passed. */
  slows(exchange: Exchange, passed: ReadonlySet<string>): Slowed | null {
    if (this.#index.size === 0) return null;
    const slows = ({ id, throttle }: Pause): boolean => throttle !== null && !passed.has(id);
    return this.#find(exchange, exchange.provider?.name ?? null, slows) as Slowed | null;
  }

  close(): void {
    this.#stop();
  }

  #find(exchange: Exchange, provider: string | null, wanted: (pause: Pause) => boolean): Pause | null {
    const fact = (name: Paused): string | null => (name === 'provider' ? provider : factOf(exchange, name));
    const fits = (pause: Pause): boolean =>
      wanted(pause) &&
      holdsAt(pause, Date.now()) &&
      Object.entries(pause.scope).every(([name, value]) => fact(name as Paused) === value);
    for (const [name, byValue] of this.#index) {
      const value = fact(name);
      const found = value === null ? undefined : byValue.get(value)?.find(fits);
      if (found) return found;
    }
    return null;
  }

  #read(): void {
    const index: Index = new Map();
    for (const pause of this.#stored()) {
      const name = firstOf(pause.scope);
      const byValue = index.get(name) ?? new Map<string, Pause[]>();
      index.set(name, byValue);
      const value = pause.scope[name]!;
      byValue.set(value, [...(byValue.get(value) ?? []), pause]);
    }
    this.#index = index;
  }

  #stored(): Pause[] {
    return [...this.#documents.all()].flatMap(([id, body]) => pauseOf(id, body) ?? []);
  }
}

const isStop = ({ throttle }: Pause): boolean => throttle === null;
