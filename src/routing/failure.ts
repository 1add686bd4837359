import { readErrorHeader } from '../metering/error-member.ts';
import type { FailureClass } from '../pipeline/plan.ts';
import { type ErrorWords, readWords } from './error-words.ts';
import { classOfWords } from './vendor-words.ts';

export interface Answer {
  status: number;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The first 16 KiB of the decoded body; null where nobody has read it. */
  body: Buffer | null;
}

/** Statuses that say different things, which only the body tells apart. */
const TOLD_BY_BODY: ReadonlySet<number> = new Set([400, 403, 404, 409, 413, 422, 424, 429]);

/** Statuses that say enough. 52x are those of Cloudflare, where it stands before the provider; 498 is Groq's. */
const BY_STATUS: Readonly<Record<number, FailureClass>> = {
  401: 'auth',
  402: 'quota',
  407: 'connect',
  408: 'server',
  424: 'server',
  429: 'rate',
  498: 'overloaded',
  499: 'server',
  503: 'overloaded',
  // Behind it somebody has waited in vain already: the same again takes as long.
  504: 'timeout',
  521: 'connect',
  522: 'connect',
  523: 'connect',
  524: 'timeout',
  525: 'connect',
  526: 'connect',
  529: 'overloaded',
};

/** Statuses whose words, if they say nothing known, leave it at this. */
const UNKNOWN: Readonly<Record<number, FailureClass>> = { 403: 'auth', 413: 'context_length' };

/** Codes that stand for a status where none is told. */
const OVERLOADED = /\boverloaded|unavailable|serviceunavailableexception\b/;
const RATE = /\brate_limit|resource_exhausted|throttling/;

/** Failures of the socket, by code of `problems.ts` in the proxy. */
const BY_PROBLEM: Readonly<Record<string, FailureClass>> = {
  upstream_connect_timeout: 'connect',
  upstream_unreachable: 'connect',
  upstream_tls: 'connect',
  upstream_reset: 'connect',
  upstream_failed: 'connect',
  upstream_bad_answer: 'server',
  upstream_redirect: 'server',
  upstream_timeout: 'timeout',
  upstream_first_token_timeout: 'timeout',
  upstream_idle_timeout: 'broken',
};

/** True where the answer's body has to be read before `classOfAnswer` can tell what it means. */
export const wantsBody = (status: number): boolean => TOLD_BY_BODY.has(status);

/**
 * What an answer means for what to do next; null: it is no failure. Vendors say the same thing
 * by different statuses, and different things by the same: 429 is too many requests or an
 * account without money, 400 a wrong request or one that is too long for this model only.
 */
export function classOfAnswer({ status, header, body }: Answer): FailureClass | null {
  if (status < 400) return null;
  const type = readErrorHeader(header('x-amzn-errortype'))?.type?.toLowerCase() ?? '';
  const read = wantsBody(status) || type !== '' ? readWords(body) : null;
  if (read !== null) {
    const words: ErrorWords = type === '' ? read : { ...read, codes: `${type} ${read.codes}` };
    const told = classOfWords(status, words);
    if (told !== null) return told;
    // A page instead of the API's error comes from a firewall or a proxy: not the key's fault, nor the request's.
    if (words.isPage && (status === 403 || status === 429)) return status === 403 ? 'server' : 'rate';
  }
  // Whose words nobody has read may be about the request: no key is left alone for that.
  const unknown = status === 403 && body === null ? 'bad_request' : UNKNOWN[status];
  return BY_STATUS[status] ?? unknown ?? (status >= 500 ? 'server' : 'bad_request');
}

/**
 * What an error means that is told under a good status: by an event of a stream before any
 * content, or by a body of 200 that is an error. `server` where it says nothing known.
 */
export function classOfError(body: Buffer): FailureClass {
  const words = readWords(body);
  const status = words.status ?? (OVERLOADED.test(words.codes) ? 529 : RATE.test(words.codes) ? 429 : 500);
  return (
    classOfWords(status, words) ?? BY_STATUS[status] ?? UNKNOWN[status] ?? (status >= 500 ? 'server' : 'bad_request')
  );
}

/** What a failure of the socket means; null: it is not the provider's (the client left, the gateway ends). */
export const classOfProblem = (code: string): FailureClass | null => BY_PROBLEM[code] ?? null;
