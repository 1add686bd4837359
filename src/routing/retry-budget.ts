/** How long departures and retries are remembered, in slices of a second. */
const SLICES = 10;
const SLICE_MS = 1000;

/** Retries as a share of the requests of the same time. */
const SHARE = 0.2;

/** Granted in the same time whatever the share: one a second, so that a request on a quiet day may be tried again. */
const LEAST = SLICES;

/** Providers remembered; gateway.yaml lists a few, the catalogue some hundred. */
const MOST_PLACES = 1000;

interface Slices {
  /** Number of the newest slice. */
  at: number;
  readonly sent: Uint32Array;
  readonly retried: Uint32Array;
}

/**
 * Keeps retries from making a sick provider sicker: of the requests that one has got within
 * ten seconds, a fifth may be sent to it once more, and ten at least.
 *
 * A retry for every failure would double the traffic just when there is too much of it. Of a
 * burst of 80 requests that all fail, 16 are sent again: 96 calls.
 */
export class RetryBudget {
  readonly #now: () => number;
  readonly #places = new Map<string, Slices>();

  /** `now`: milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A request leaves for that provider the first time. */
  sent(provider: string): void {
    const slices = this.#of(provider);
    slices.sent[slices.at % SLICES]!++;
  }

  /** Whether a request may be sent there once more. True takes it from the budget. */
  grant(provider: string): boolean {
    const slices = this.#of(provider);
    if (sum(slices.retried) >= Math.max(Math.floor(SHARE * sum(slices.sent)), LEAST)) return false;
    slices.retried[slices.at % SLICES]!++;
    return true;
  }

  #of(provider: string): Slices {
    const at = Math.floor(this.#now() / SLICE_MS);
    let slices = this.#places.get(provider);
    if (!slices) {
      if (this.#places.size >= MOST_PLACES) this.#places.clear();
      slices = { at, sent: new Uint32Array(SLICES), retried: new Uint32Array(SLICES) };
      this.#places.set(provider, slices);
    }
    // Slices that have passed since somebody looked hold nothing yet.
    for (let passed = Math.min(at - slices.at, SLICES); passed > 0; passed--) {
      slices.sent[(at - passed + 1) % SLICES] = 0;
      slices.retried[(at - passed + 1) % SLICES] = 0;
    }
    slices.at = Math.max(at, slices.at);
    return slices;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
