import { isIPv6 } from 'node:net';

/** Wrong keys within a window before an address, or the whole world, has to wait. */
const PER_ADDRESS = 10;
const IN_ALL = 100;
const WINDOW_MS = 60_000;
/** Addresses remembered at a time; beyond it the oldest are forgotten, the global count is not. */
const MAX_ADDRESSES = 10_000;

interface Count {
  failures: number;
  until: number;
}

/**
 * Slows down who guesses keys of the pages and the API.
 *
 * It counts failures only, and model traffic never passes here: forty guesses at the
 * login cost an application nothing.
 */
export class Throttle {
  readonly #byAddress = new Map<string, Count>();
  #all: Count = { failures: 0, until: 0 };

  /** Whether this address has to wait before the next try. */
  blocks(address: string, now = Date.now()): boolean {
    const count = this.#byAddress.get(networkOf(address));
    return over(count, PER_ADDRESS, now) || over(this.#all, IN_ALL, now);
  }

  /** Counts a wrong key. */
  failed(address: string, now = Date.now()): void {
    const network = networkOf(address);
    this.#all = counted(this.#all, now);
    this.#byAddress.set(network, counted(this.#byAddress.get(network), now));
    if (this.#byAddress.size <= MAX_ADDRESSES) return;
    const oldest = this.#byAddress.keys().next();
    if (!oldest.done) this.#byAddress.delete(oldest.value);
  }
}

function over(count: Count | undefined, limit: number, now: number): boolean {
  return count !== undefined && count.failures >= limit && count.until > now;
}

function counted(count: Count | undefined, now: number): Count {
  if (!count || count.until <= now) return { failures: 1, until: now + WINDOW_MS };
  return { failures: count.failures + 1, until: count.until };
}

/** A household of IPv6 has 2^64 addresses; its network is what counts. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  return address.split(':').slice(0, 4).join(':');
}
