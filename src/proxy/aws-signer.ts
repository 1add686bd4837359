import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { Dispatcher } from 'undici';

import type { Rope } from '../bytes/rope.ts';
import type { Provider, Signing } from '../pipeline/provider.ts';
import { without } from './headers.ts';
import { Broken, UNSIGNABLE } from './problems.ts';

/** Headers of a signature: one of a client's is good for the host it called, and for no other. */
export const SIGNATURE_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);
const PAYLOAD_HASH = 'x-amz-content-sha256';
/** So much of a body is hashed before others have their turn, bytes. */
const PIECE = 1024 * 1024;

/** A request as it will leave, and its body: null where it has none, `unread` where it comes from the client's socket. */
export interface Unsigned {
  options: Dispatcher.DispatchOptions;
  body: Rope | null | 'unread';
}

/**
 * Signs a request for AWS (Signature Version 4) with the provider's own credentials.
 *
 * A signature covers the host, the moment and every byte of the body, so each attempt is
 * signed anew. Of the headers it covers what AWS asks for and no more: others may be
 * changed by a proxy on the way. Rejects with `Broken` when the body is not known yet.
 */
export async function sign({ options, body }: Unsigned, provider: Provider): Promise<Dispatcher.DispatchOptions> {
  const { signing } = provider;
  if (signing === null) throw new Error(`provider ${provider.name} has no credentials to sign with`);
  if (body === 'unread') throw new Broken(UNSIGNABLE);
  const plain = without((options.headers ?? []) as string[], SIGNATURE_HEADERS);
  const { host, hostname, protocol } = new URL(provider.baseUrl);
  const [path = '/', search = ''] = options.path.split(/\?(.*)/s);
  const signer = await signerOf(signing);
  const { headers } = await signer.sign({
    method: options.method,
    protocol,
    hostname,
    path,
    query: queryOf(search),
    headers: { ...covered(plain), host, [PAYLOAD_HASH]: await hashOf(body) },
  });
  const own = [...SIGNATURE_HEADERS].filter((name) => headers[name] !== undefined);
  return { ...options, headers: [...plain, ...own.flatMap((name) => [name, headers[name]!])] };
}

const signers = new WeakMap<Signing, Promise<SignatureV4>>();

/** The library takes 30 ms and 10 MB to load, so only those who sign pay for it. */
function signerOf(signing: Signing): Promise<SignatureV4> {
  let signer = signers.get(signing);
  if (!signer) {
    signer = open(signing);
    signers.set(signing, signer);
  }
  return signer;
}

async function open({ region, service, accessKeyId, secretAccessKey, sessionToken }: Signing): Promise<SignatureV4> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const session = sessionToken === null ? {} : { sessionToken };
  return new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...session },
    region,
    service,
    sha256: Sha256,
    applyChecksum: true,
    // The path as it leaves, percent signs and all, is encoded once more: all of AWS wants it so but S3.
    uriEscapePath: true,
  });
}

/** What AWS wants to be covered beside the host: the content type, and everything of its own. */
function covered(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!.toLowerCase();
    if (name !== 'content-type' && !name.startsWith('x-amz-')) continue;
    headers[name] = headers[name] === undefined ? flat[i + 1]! : `${headers[name]},${flat[i + 1]}`;
  }
  return headers;
}

function queryOf(search: string): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  const parameters = new URLSearchParams(search);
  for (const name of parameters.keys()) query[name] = parameters.getAll(name);
  return query;
}

/** SHA-256 of a body in hex, without a copy of it. */
async function hashOf(body: Rope | null): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of body?.pieces ?? []) {
    for (let at = 0; at < piece.length; at += PIECE) {
      if (at > 0) await new Promise(setImmediate);
      hash.update(piece.subarray(at, at + PIECE));
    }
  }
  return hash.digest('hex');
}

/** SHA-256, or an HMAC of it, as the library asks for it. */
class Sha256 {
  readonly #secret: Uint8Array | null;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? null : bytesOf(secret);
    this.#hash = this.#open();
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#open();
  }

  #open(): Hash | Hmac {
    return this.#secret === null ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
