import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../pipeline/principal.ts';

/** How long a login lasts, milliseconds. */
const LIFETIME_MS = 12 * 3_600_000;
/** Logins at a time; beyond it the oldest ends. */
const MAX_SESSIONS = 1000;

export interface Session {
  readonly id: string;
  /** Name of the key that was shown. */
  readonly name: string;
  /** What the key says of its holder now. */
  readonly principal: Principal;
  /** Sent along by our own forms; no other page can read it. */
  readonly token: string;
  readonly expiresAt: number;
  /** Aborts when the login ends; open feeds end with it. */
  readonly ended: AbortSignal;
}

interface Kept {
  session: Session & { principal: Principal };
  /** Looked up again at each request, so that a key that is taken away ends its logins. */
  key: string;
  end: AbortController;
}

/** Logins of the dashboard. They live in memory: a restart ends them. */
export class Sessions {
  readonly #byId = new Map<string, Kept>();
  readonly #holder: (key: string) => Principal | null;

  /** @param holder of a key; null where it is not good any more */
  constructor(holder: (key: string) => Principal | null) {
    this.#holder = holder;
  }

  /** Begins a login with an id of its own, whatever the browser brought. */
  begin(key: string, principal: Principal, now = Date.now()): Session {
    const end = new AbortController();
    const session = {
      id: randomToken(),
      name: principal.name,
      principal,
      token: randomToken(),
      expiresAt: now + LIFETIME_MS,
      ended: end.signal,
    };
    this.#byId.set(session.id, { session, key, end });
    if (this.#byId.size > MAX_SESSIONS) this.end(this.#byId.keys().next().value as string);
    return session;
  }

  /** Finds the login of a cookie; null when there is none, it is over, or its key is no longer good. */
  find(id: string | undefined, now = Date.now()): Session | null {
    const kept = id === undefined ? undefined : this.#byId.get(id);
    if (!kept) return null;
    const principal = kept.session.expiresAt > now ? this.#holder(kept.key) : null;
    if (principal === null) {
      this.end(kept.session.id);
      return null;
    }
    kept.session.principal = principal;
    return kept.session;
  }

  end(id: string): void {
    this.#byId.get(id)?.end.abort();
    this.#byId.delete(id);
  }

  endAll(): void {
    for (const id of [...this.#byId.keys()]) this.end(id);
  }
}

/** 128 bits that nobody can guess. */
export function randomToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Compares two tokens in constant time. */
export function sameToken(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
