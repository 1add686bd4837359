import { createHash } from 'node:crypto';

import type { GatewayKey } from './config/schema.ts';
import type { Principal } from './pipeline/principal.ts';

interface Holder extends Principal {
  /** Epoch milliseconds; infinite when the key does not expire. */
  readonly until: number;
}

/** Texts remembered with what they opened; strangers may try any number. */
const REMEMBERED = 1000;
const LONGEST_KEY = 1024;

/**
 * Tells whose a gateway key is.
 *
 * Keys are compared as SHA-256 digests, so the time of a lookup tells nothing about a
 * key's letters. Good keys are remembered by their text, since every request shows one.
 */
export class Keyring {
  readonly #holders = new Map<string, Holder>();
  readonly #remembered = new Map<string, Holder>();

  constructor(keys: readonly GatewayKey[], generated: string | null) {
    for (const { key, expires, ...principal } of keys) {
      this.#holders.set(digest(key), { ...principal, until: endOf(expires) } as Holder);
    }
    if (generated !== null) {
      this.#holders.set(digest(generated), { name: 'generated', until: Number.POSITIVE_INFINITY });
    }
  }

  get size(): number {
    return this.#holders.size;
  }

  /** The holder of a key that is good now, or null. */
  principal(key: string): Principal | null {
    if (this.#holders.size === 0 || key === '' || key.length > LONGEST_KEY) return null;
    let holder = this.#remembered.get(key);
    if (!holder) {
      holder = this.#holders.get(digest(key));
      if (!holder) return null;
      if (this.#remembered.size < REMEMBERED) this.#remembered.set(key, holder);
    }
    return holder.until > Date.now() ? holder : null;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Epoch milliseconds. A day without a time is good to its end, UTC. */
function endOf(expires: string | undefined): number {
  if (expires === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(expires) + (expires.includes('T') ? 0 : DAY_MS);
}

const digest = (key: string): string => createHash('sha256').update(key).digest('base64');
