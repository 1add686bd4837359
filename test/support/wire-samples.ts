/** Recorded provider traffic: see test/wire-samples/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type Chunk = string | { text?: string; b64?: string; repeat?: number };

interface Replayed {
  status: number;
  headers: Record<string, string>;
  chunks: Chunk[];
  delay_ms?: number;
  end?: 'normal' | 'reset' | 'hang';
}

interface BodyValue {
  path: string;
  equals: unknown;
}

export interface WireSample {
  name: string;
  api: string;
  provider: string;
  request: {
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: { stream?: boolean };
    body_raw?: string;
  };
  upstream: Replayed & { alt?: Partial<Replayed> & { if_body?: BodyValue; unless_body?: BodyValue } };
  client?: { abort_after_bytes: number };
  expect: {
    client_status: number;
    stream: 'byte-exact' | 'byte-exact-decoded' | 'byte-exact-prefix' | 'usage-chunk-removed' | 'any';
    client_text?: string;
    headers_passthrough?: string[];
    upstream_request?: { must_have?: Record<string, unknown>; must_not_have?: string[] };
    cost_usd: string | null;
    cost_any_of?: (string | null)[];
    cost_source: string | null;
    price?: { key: string; rates: Record<string, string> };
    request_id?: string;
    outcome: string;
    usage_status: string;
    usage: Record<string, number | null> | null;
    usage_any_of?: (Record<string, number | null> | null)[];
    usage_by_model?: { model: string; usage: Record<string, number> }[];
    stop_reason: { raw: string; normalized: string } | null;
    model: { request?: string | null; response: string | null; priced_as?: string | null };
    response_id?: string;
    error?: { type: string | null; code: string | null; http_status?: number; retry_after_s?: number };
    service_tier?: { request: string; response: string };
    inconsistencies?: string[];
    tools_called?: Record<string, number>;
  };
}

const CASES = new URL('../wire-samples/cases/', import.meta.url);

/** All samples of the named APIs; of every API without a name. */
export function wireSamples(...apis: string[]): WireSample[] {
  return readdirSync(CASES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, CASES), 'utf8')) as WireSample)
    .filter((sample) => apis.length === 0 || apis.includes(sample.api));
}

/** The decoded bytes of a sample's answer. */
export function answerOf(sample: WireSample): Buffer {
  const bytes = Buffer.concat(sample.upstream.chunks.flatMap(chunkBytes));
  return sample.upstream.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

/** What one chunk puts on the wire, each repetition apart. */
export function chunkBytes(chunk: Chunk): Buffer[] {
  if (typeof chunk === 'string') return [Buffer.from(chunk)];
  const bytes = chunk.b64 === undefined ? Buffer.from(chunk.text ?? '') : Buffer.from(chunk.b64, 'base64');
  return Array.from({ length: chunk.repeat ?? 1 }, () => bytes);
}
