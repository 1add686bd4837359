import type { IncomingMessage } from 'node:http';

import type { Principal } from '../pipeline/principal.ts';

/** Where SDKs put a key, and our own header for callers whose native place holds the provider's key. */
const PLACES = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key', 'x-token-spy-key'] as const;

/** What a request shows about who sends it. */
export interface Credentials {
  /** The holder of a gateway key; null when none was shown. */
  principal: Principal | null;
  /** Headers that hold a gateway key: they stay here. */
  gatewayHeaders: string[];
  ownCredential: OwnCredential;
}

/**
 * What the client brought of the provider's: a key, or a signature for AWS, which is made
 * for one host; null for nothing.
 */
export type OwnCredential = 'key' | 'signature' | null;

/**
 * Reads the credentials of a request in the one place where that happens.
 *
 * One gateway key in any of the places is enough; whatever stands in the other places
 * is the provider's and travels on. Keys in a query, a cookie or Basic are not looked at.
 */
export function readCredentials(req: IncomingMessage, lookup: (key: string) => Principal | null): Credentials {
  let principal: Principal | null = null;
  const gatewayHeaders: string[] = [];
  let ownCredential: OwnCredential = null;
  for (const place of PLACES) {
    const value = req.headers[place];
    if (value === undefined) continue;
    const holder = holderOf(place, String(value), lookup);
    if (holder) {
      principal ??= holder;
      gatewayHeaders.push(place);
    } else if (place !== 'x-token-spy-key') ownCredential ??= isSignature(place, value) ? 'signature' : 'key';
  }
  return { principal, gatewayHeaders, ownCredential };
}

/** `AWS4-HMAC-SHA256 Credential=...`: opens nothing here, since nobody here can check it. */
function isSignature(place: string, value: string | string[]): boolean {
  return place === 'authorization' && /^aws4-/i.test(String(value));
}

/** A header that came twice is joined with a comma: a gateway key in any part keeps all of it here. */
function holderOf(place: string, value: string, lookup: (key: string) => Principal | null): Principal | null {
  if (place === 'authorization') return /^bearer /i.test(value) ? lookup(value.slice(7).trim()) : null;
  if (!value.includes(',')) return lookup(value);
  for (const part of value.split(',')) {
    const holder = lookup(part.trim());
    if (holder) return holder;
  }
  return null;
}
