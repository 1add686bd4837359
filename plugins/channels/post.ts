/** One POST to somebody else's server: checked, short, without redirects, and nothing kept open. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { guardedLookup, hostOf, isRefusedHost, RefusedAddress } from './addresses.ts';
import { failed, failedWith, type Outcome } from './outcome.ts';

export interface Letter {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether a good answer has to be read, too: its status does not say all. */
  readonly reads: boolean;
}

/** How it is sent. */
export interface Way {
  readonly allowPrivate: boolean;
  /** Milliseconds for all of it, from the look at the name to the end of the answer. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** For tests: who looks names up. */
  readonly lookup?: LookupFunction;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The first 64 KiB of it; '' where the status said all. */
  readonly text: string;
}

/** What is read of an answer, bytes. */
export const MOST_ANSWER = 64 * 1024;

const TIMEOUT = Symbol('timeout');

/** Sends and gives the answer, or how it failed. Never rejects. */
export async function post(letter: Letter, way: Way): Promise<Answer | Exclude<Outcome, { sent: true }>> {
  const { allowPrivate, timeout, signal } = way;
  // A connection to an address looks nothing up, so it is checked before.
  if (isRefusedHost(hostOf(letter.url), allowPrivate)) return notSent(new RefusedAddress());
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(TIMEOUT), timeout);
  const stop = (): void => end.abort();
  signal?.addEventListener('abort', stop);
  try {
    if (signal?.aborted) throw signal.reason;
    return await send(letter, way.lookup ?? guardedLookup(allowPrivate), end.signal);
  } catch (error) {
    if (end.signal.reason === TIMEOUT) return failed(`it did not answer in ${timeout / 1000} s`);
    return notSent(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

export const isGood = (status: number): boolean => status >= 200 && status < 300;

const notSent = (error: unknown) => failedWith(error) as Exclude<Outcome, { sent: true }>;

function send({ url, headers, body, reads }: Letter, lookup: LookupFunction, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        method: 'POST',
        // A connection of its own, closed behind it: what it leads to is looked at each time.
        agent: false,
        lookup,
        signal,
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
      },
      (response) => {
        const { statusCode: status = 0, headers: said } = response;
        const done = (text: string): void => {
          resolve({ status, retryAfter: said['retry-after'], text });
          request.destroy();
        };
        if (!reads && isGood(status)) done('');
        else read(response).then(done, reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Reads as much as anybody needs, and lets the rest go. */
async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_ANSWER) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_ANSWER).toString('utf8');
}
