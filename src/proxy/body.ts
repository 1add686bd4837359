import type { IncomingMessage } from 'node:http';

import { JsonScan, scanJson } from '../bytes/json-scan.ts';
import { Rope } from '../bytes/rope.ts';
import { decodeBody, encodingsOf, isDecodable } from './decode.ts';
import { tooLarge } from './problems.ts';

/** Up to here a body is copied into one piece, which is quicker to look at; bytes. */
const SMALL = 1024 * 1024;

/** A body that cannot be sent on, in the words of the answer. */
export interface BodyProblem {
  status: 400 | 408 | 413 | 415;
  code: string;
  message: string;
}

/** What came with a request. */
export interface Body {
  /** As the client sent it. */
  raw: Rope;
  /** One JSON object in plain bytes with its scan; null when it is something else. */
  json: { bytes: Rope; scan: JsonScan } | null;
  problem: BodyProblem | null;
}

/** What becomes of a body, by its headers alone. */
export type BodyPlan = 'none' | 'read' | 'pass' | BodyProblem;

/**
 * What AWS's SDKs call the JSON of a model's vendor, unless they are told, and what curl calls
 * everything behind `-d`, as Ollama's documents have it. What it is shows when it is here.
 */
const SAID_OF_JSON = new Set(['application/octet-stream', 'application/x-www-form-urlencoded']);

/**
 * Decides by the headers what becomes of a body: `read` to find the model in it, or
 * `pass` from socket to socket (uploads, anything that is neither JSON nor a form whose
 * fields are `wanted`).
 */
export function planBody(req: IncomingMessage, wanted: 'json' | 'form' | 'any', limit: number): BodyPlan {
  const strict = wanted === 'json';
  const length = req.headers['content-length'];
  const empty = length === undefined ? req.headers['transfer-encoding'] === undefined : Number(length) === 0;
  if (empty) return strict ? 'read' : 'none';
  if (length !== undefined && Number(length) > limit) return tooLarge(limit);
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const isJson = type === '' || type === 'application/json' || type.endsWith('+json') || type === 'text/json';
  const mayBeJson = isJson || (strict && SAID_OF_JSON.has(type));
  if (mayBeJson || (wanted === 'form' && type === 'multipart/form-data')) return 'read';
  if (!strict) return 'pass';
  return {
    status: 415,
    code: 'unsupported_content_type',
    message: `The content type must be application/json, not ${/^[\w.+/-]{1,60}$/.test(type) ? type : 'what was sent'}.`,
  };
}

/** Reads a body whole, scanning it as it comes. Resolves null when the client left before its end. */
export function readBody(req: IncomingMessage, strict: boolean, limit: number): Promise<Body | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const encoded = encodingsOf(req.headers['content-encoding']).length > 0;
    const scan = new JsonScan();
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        req.pause();
        req.removeAllListeners('data');
        resolve({ raw: new Rope([]), json: null, problem: tooLarge(limit) });
        return;
      }
      chunks.push(chunk);
      if (!encoded) scan.push(chunk);
    });
    req.on('end', () => {
      const raw = new Rope(chunks);
      if (size <= SMALL) raw.join();
      if (encoded) {
        void decoded(req, raw, strict, limit).then(resolve);
        return;
      }
      scan.end();
      resolve(judge(raw, raw, scan, strict));
    });
    // `close` comes after every request: only before its end it says that the client left.
    req.on('error', () => resolve(null));
    req.on('close', () => {
      if (!req.complete) resolve(null);
    });
  });
}

async function decoded(req: IncomingMessage, raw: Rope, strict: boolean, limit: number): Promise<Body> {
  const encodings = encodingsOf(req.headers['content-encoding']);
  if (!isDecodable(encodings)) {
    const problem: BodyProblem = {
      status: 415,
      code: 'unsupported_content_encoding',
      message: 'The content encoding must be gzip, deflate, br or zstd, at most three of them.',
    };
    return { raw, json: null, problem: strict ? problem : null };
  }
  try {
    const plain = await decodeBody(raw.join(), encodings, limit);
    return judge(raw, new Rope([plain]), scanJson(plain), strict);
  } catch (error) {
    if (error instanceof RangeError) return { raw, json: null, problem: tooLarge(limit) };
    const problem = invalid('The body does not decode as its content-encoding says.');
    return { raw, json: null, problem: strict ? problem : null };
  }
}

function judge(raw: Rope, plain: Rope, scan: JsonScan, strict: boolean): Body {
  if (scan.problem !== null) {
    return {
      raw,
      json: null,
      problem: strict ? invalid(`The body ${scan.problem}; one JSON object is expected.`) : null,
    };
  }
  if (strict && !plain.isUtf8()) return { raw, json: null, problem: invalid('The body is not valid UTF-8.') };
  return { raw, json: { bytes: plain, scan }, problem: null };
}

const invalid = (message: string): BodyProblem => ({ status: 400, code: 'invalid_json', message });
