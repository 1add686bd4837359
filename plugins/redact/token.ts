import { createHmac } from 'node:crypto';

/** Hex digits of a token. Of a million values two have the same one by chance in one of 500 scopes. */
const DIGITS = 12;
/** What a token looks like: `<EMAIL_3f9a1c2b7d10>`. */
export const TOKEN = /<[A-Z][A-Z0-9_]{0,31}_[0-9a-f]{12}>/g;
/** Names that a kind may have. */
export const KIND = /^[a-z][a-z0-9_]{0,31}$/;
/** Characters of the longest token. */
export const LONGEST = 32 + 1 + DIGITS + 2;

/**
 * Who sends: the same value has another token for another caller, so that nobody can tell from a
 * provider's logs that two of them spoke of the same person.
 */
export interface Scope {
  readonly tenant: string | undefined;
  readonly key: string | undefined;
  readonly agent: string | undefined;
}

/** Makes tokens: a value of a scope has the same one in each request, so that providers' caches of prompts hold. */
export class TokenMaker {
  readonly #salt: () => Buffer;

  constructor(salt: () => Buffer) {
    this.#salt = salt;
  }

  /** @param nth which of several tokens, where another value has the first one */
  token({ tenant, key, agent }: Scope, kind: string, value: string, nth = 0): string {
    const hmac = createHmac('sha256', this.#salt());
    // As JSON, so that no two scopes and values come to the same text.
    hmac.update(JSON.stringify([tenant ?? null, key ?? null, agent ?? null, kind, nth, value]));
    return `<${kind.toUpperCase()}_${hmac.digest('hex').slice(0, DIGITS)}>`;
  }
}
