/** Recorded provider traffic: see test/wire-samples/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

type Chunk = string | { text?: string; b64?: string; repeat?: number };

export interface WireSample {
  name: string;
  api: string;
  provider: string;
  request: { method: string; path: string; headers: Record<string, string>; body?: { stream?: boolean } };
  upstream: { status: number; headers: Record<string, string>; chunks: Chunk[]; end?: 'reset' | 'hang' };
  client?: { abort_after_bytes: number };
  expect: {
    outcome: string;
    usage_status: string;
    usage: Record<string, number | null> | null;
    usage_any_of?: (Record<string, number | null> | null)[];
    usage_by_model?: { model: string; usage: Record<string, number> }[];
    stop_reason: { raw: string; normalized: string } | null;
    model: { response: string | null };
    response_id?: string;
    error?: { type: string | null; code: string | null };
    inconsistencies?: string[];
  };
}

const CASES = new URL('../wire-samples/cases/', import.meta.url);

/** All samples of the named APIs. */
export function wireSamples(...apis: string[]): WireSample[] {
  return readdirSync(CASES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, CASES), 'utf8')) as WireSample)
    .filter((sample) => apis.includes(sample.api));
}

/** The decoded bytes of a sample's answer. */
export function answerOf(sample: WireSample): Buffer {
  const bytes = Buffer.concat(sample.upstream.chunks.flatMap(chunkBytes));
  return sample.upstream.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

function chunkBytes(chunk: Chunk): Buffer[] {
  if (typeof chunk === 'string') return [Buffer.from(chunk)];
  const bytes = chunk.b64 === undefined ? Buffer.from(chunk.text ?? '') : Buffer.from(chunk.b64, 'base64');
  return Array.from({ length: chunk.repeat ?? 1 }, () => bytes);
}
