import type { IncomingMessage } from 'node:http';

import type { Principal } from '../pipeline/exchange.ts';

/** Where SDKs put a key, and our own header for callers whose native place holds the provider's key. */
const PLACES = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key', 'x-token-spy-key'] as const;

/** What a request shows about who sends it. */
export interface Credentials {
  /** The holder of a gateway key; null when none was shown. */
  principal: Principal | null;
  /** Headers that hold a gateway key: they stay here. */
  gatewayHeaders: string[];
  /** The client brought a credential of the provider's. */
  ownCredential: boolean;
}

/**
 * Reads the credentials of a request in the one place where that happens.
 *
 * One gateway key in any of the places is enough; whatever stands in the other places
 * is the provider's and travels on. Keys in a query, a cookie or Basic are not looked at.
 */
export function readCredentials(req: IncomingMessage, lookup: (key: string) => Principal | null): Credentials {
  let principal: Principal | null = null;
  const gatewayHeaders: string[] = [];
  let ownCredential = false;
  for (const place of PLACES) {
    const value = req.headers[place];
    if (value === undefined) continue;
    const key = keyIn(place, typeof value === 'string' ? value : value[0]!);
    const holder = key === null ? null : lookup(key);
    if (holder) {
      principal ??= holder;
      gatewayHeaders.push(place);
    } else if (place !== 'x-token-spy-key') ownCredential = true;
  }
  return { principal, gatewayHeaders, ownCredential };
}

function keyIn(place: string, value: string): string | null {
  if (place !== 'authorization') return value;
  return /^bearer /i.test(value) ? value.slice(7).trim() : null;
}
