/** What leaves the simulator, before any socket is involved. */
import { randomUUID } from 'node:crypto';

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** A whole JSON text, or the events of a stream, each whole SSE text with its blank line. */
  body: string | string[];
}

export type Dialect = 'openai' | 'anthropic';

const ERROR_TYPES: Record<Dialect, Record<number, string>> = {
  openai: { 404: 'invalid_request_error', 429: 'requests', 500: 'server_error' },
  anthropic: { 404: 'not_found_error', 413: 'request_too_large', 429: 'rate_limit_error', 500: 'api_error' },
};
const ERROR_CODES: Record<number, string> = { 404: 'not_found', 429: 'rate_limit_exceeded' };

/** Makes an id as the providers write them: a prefix and 24 hex digits. */
export const newId = (prefix: string): string => `${prefix}${randomUUID().replaceAll('-', '').slice(0, 24)}`;

export const json = (value: unknown, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export const events = (body: string[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  body,
});

/** Returns an error in the words of the dialect. */
export function problem(dialect: Dialect, status: number, message: string, param: string | null = null): Reply {
  const type = ERROR_TYPES[dialect][status] ?? 'invalid_request_error';
  if (dialect === 'openai') return json({ error: { message, type, param, code: ERROR_CODES[status] ?? null } }, status);
  return json({ type: 'error', error: { type, message } }, status);
}

/** Writes one event with its name, as Responses and Messages do; the name is also the `type` of the data. */
export const named = (type: string, data: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** Writes one event without a name, as Chat Completions does. */
export const unnamed = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

export const DONE = 'data: [DONE]\n\n';
