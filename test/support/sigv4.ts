/** AWS's Signature Version 4, written down plainly from its documentation, to check what others signed. */
import { createHash, createHmac } from 'node:crypto';

/** A request as it arrived. */
export interface Arrived {
  method: string;
  /** With the query, as it stood on the wire. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

/** A signature taken apart, and what it ought to be. */
export interface Checked {
  accessKeyId: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
  expected: string;
}

/** Computes the signature of a request anew, by the scope and the headers that its own one names. */
export function checkSignature(request: Arrived, secret: string): Checked {
  const authorization = String(request.headers.authorization);
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(authorization) ?? [];
  const [accessKeyId = '', day = '', region = '', service = '', end = ''] = credential.split('/');
  const moment = String(request.headers['x-amz-date']);
  const canonical = [
    request.method,
    canonicalPath(request.path.split('?', 1)[0]!),
    canonicalQuery(request.path.split('?')[1] ?? ''),
    ...names.split(';').map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(request.body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', moment, `${day}/${region}/${service}/${end}`, sha256(canonical)].join('\n');
  const key = [day, region, service, end].reduce<Buffer>(
    (above, part) => hmac(above, part),
    Buffer.from(`AWS4${secret}`),
  );
  const expected = end === 'aws4_request' && moment.startsWith(day) ? hmac(key, toSign).toString('hex') : 'no scope';
  return { accessKeyId, region, service, signedHeaders: names.split(';'), signature, expected };
}

/** Each segment as it stood on the wire, encoded once more. */
const canonicalPath = (path: string): string => path.split('/').map(encoded).join('/');

const canonicalQuery = (query: string): string =>
  query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', value = ''] = part.split('=');
      return `${encoded(decodeURIComponent(name))}=${encoded(decodeURIComponent(value))}`;
    })
    .sort()
    .join('&');

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
