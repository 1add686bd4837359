import { Bucket } from './bucket.ts';

/** What one caller of a limit has used. */
export interface Account {
  readonly requests: Bucket;
  readonly daily: Bucket;
  readonly tokens: Bucket;
  /** Exchanges that have begun and not ended. */
  underWay: number;
}

/** Made-up names are callers, too: whoever sends them must not fill the memory. */
const MOST = 100_000;
/** Accounts that are looked at for one that can go. */
const LOOKED_AT = 100;

/** The accounts of a limit by subject; beyond a number the one that was idle for longest is forgotten. */
export class Accounts {
  readonly #most: number;
  /** The least recently used first. */
  readonly #bySubject = new Map<string, Account>();

  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#bySubject.size;
  }

  of(subject: string): Account {
    let account = this.#bySubject.get(subject);
    if (account) this.#bySubject.delete(subject);
    else account = { requests: new Bucket(), daily: new Bucket(), tokens: new Bucket(), underWay: 0 };
    this.#bySubject.set(subject, account);
    if (this.#bySubject.size > this.#most) this.#forgetOne();
    return account;
  }

  #forgetOne(): void {
    let looked = 0;
    for (const [subject, account] of this.#bySubject) {
      this.#bySubject.delete(subject);
      if (account.underWay === 0) return;
      // It is in use, so it is no old one.
      this.#bySubject.set(subject, account);
      if (++looked === LOOKED_AT) return;
    }
  }
}
