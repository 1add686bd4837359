import type { Documents } from '../../src/plugin.ts';

const LEASE = 'lease';

/**
 * Which of several processes on one database looks at the alerts: the one that holds the lease, until it lets go or
 * has not renewed it in time. Their clocks need to agree to within a few seconds.
 */
export class Lease {
  readonly #documents: Documents;
  readonly #holder: string;
  readonly #lengthMs: number;
  #until = 0;

  /** @param holder differs from process to process */
  constructor(documents: Documents, holder: string, lengthMs: number) {
    this.#documents = documents;
    this.#holder = holder;
    this.#lengthMs = lengthMs;
  }

  /** Whether it is held at this moment, as far as was said so far. */
  holdsAt(now: number): boolean {
    return now < this.#until;
  }

  /** Takes it where it is free, renews it where half of it is over. Rejects when the database does not answer. */
  async take(now: number): Promise<boolean> {
    const { holder, until } = leaseOf(this.#documents);
    const isOwn = holder === this.#holder && until > now;
    if (holder !== null && !isOwn && until > now) {
      this.#until = 0;
      return false;
    }
    if (isOwn && this.holdsAt(now) && until - now > this.#lengthMs / 2) return true;
    const next = now + this.#lengthMs;
    const taken = await this.#documents.putUnchanged(LEASE, { holder: this.#holder, until: next });
    this.#until = taken ? next : 0;
    return taken;
  }

  /** Lets go, so that another process need not wait. */
  async release(): Promise<void> {
    const isOwn = leaseOf(this.#documents).holder === this.#holder;
    this.#until = 0;
    if (isOwn) await this.#documents.putUnchanged(LEASE, { holder: null, until: 0 });
  }
}

function leaseOf(documents: Documents): { holder: string | null; until: number } {
  const { holder, until } = (documents.all().get(LEASE) ?? {}) as { holder?: unknown; until?: unknown };
  return {
    holder: typeof holder === 'string' ? holder : null,
    until: typeof until === 'number' ? until : 0,
  };
}
