/** Reads an answer as a careful application does: it takes an error for an error, wherever it stands. */
import { type Answer, open } from './client.ts';
import { until } from './until.ts';
import { ANSWER, type Dialect } from './wall-answers.ts';

export interface Told {
  type: string | null;
  code: string | null;
  message: string | null;
  /** It has the shape that the caller's SDK knows. */
  isShaped: boolean;
}

export interface Heard {
  /** `hang`: no end came within the time that was allowed. */
  outcome: 'success' | 'error' | 'hang';
  /** 0 when no head came. */
  status: number;
  text: string;
  /** The text is all of the right answer, and nothing else. */
  complete: boolean;
  /** The stream said that it is over. */
  finished: boolean;
  model: string | null;
  usage: Record<string, number> | null;
  error: Told | null;
  /** The connection ended before the answer did. */
  broken: boolean;
  /** Events that were no JSON, skipped. */
  garbage: number;
  ms: number;
  firstWordMs: number | null;
  id: string;
  headers: Answer['headers'];
}

export interface Asking {
  /** Of the gateway or the provider, without a path. */
  url: string;
  dialect: Dialect;
  model: string;
  /** Default true. */
  stream?: boolean;
  /** Milliseconds until it counts as a hang, and is broken off. */
  limit: number;
  headers?: Record<string, string>;
  prompt?: string;
}

const PATHS = { openai: '/v1/chat/completions', anthropic: '/v1/messages' };

export function bodyOf({
  dialect,
  model,
  stream = true,
  prompt = 'What makes a bridge?',
}: Omit<Asking, 'url'>): object {
  const messages = [{ role: 'user', content: prompt }];
  if (dialect === 'anthropic') return { model, max_tokens: 500, messages, stream };
  return { model, messages, stream, ...(stream ? { stream_options: { include_usage: true } } : {}) };
}

/** Asks once. */
export async function ask(asking: Asking): Promise<Heard> {
  const { url, dialect, limit, headers = {}, stream = true } = asking;
  const started = performance.now();
  const call = open({ url: url + PATHS[dialect], headers, body: bodyOf(asking) });
  const timer = setTimeout(() => call.abort(), limit);
  const answer = await call.done;
  clearTimeout(timer);
  const ms = performance.now() - started;
  const heard = stream && answer.status === 200 ? readStream(dialect, answer) : readWhole(dialect, answer);
  return ms >= limit ? { ...heard, ms, outcome: 'hang' } : { ...heard, ms };
}

/** Waits until a model is answered: a gateway that starts on a busy machine has to refuse for a moment. */
export async function awake(url: string, model: string): Promise<void> {
  await until('the gateway answers', async () => {
    const { outcome } = await ask({ url, dialect: 'openai', model, stream: false, limit: 5000 });
    return outcome === 'success';
  });
}

function blank(answer: Answer): Heard {
  return {
    outcome: 'success',
    status: answer.status,
    text: '',
    complete: false,
    finished: false,
    model: null,
    usage: null,
    error: null,
    broken: answer.broken,
    garbage: 0,
    ms: 0,
    firstWordMs: null,
    id: String(answer.headers['x-token-spy-id'] ?? ''),
    headers: answer.headers,
  };
}

function judged(heard: Heard): Heard {
  const complete = heard.text.trim().replace(/\s+/g, ' ') === ANSWER;
  return { ...heard, complete, outcome: heard.error !== null || heard.broken ? 'error' : 'success' };
}

function readWhole(dialect: Dialect, answer: Answer): Heard {
  const heard = blank(answer);
  const body = parsed(answer.text);
  if (answer.status !== 200) heard.error = toldBy(dialect, body);
  else if (body === null)
    heard.error = { type: null, code: null, message: 'an answer that is no JSON', isShaped: false };
  else {
    heard.model = body.model ?? null;
    heard.usage = body.usage ?? null;
    heard.text = (dialect === 'openai' ? body.choices?.[0]?.message?.content : body.content?.[0]?.text) ?? '';
    heard.finished = true;
  }
  return judged(heard);
}

function readStream(dialect: Dialect, answer: Answer): Heard {
  const heard = blank(answer);
  heard.firstWordMs = answer.arrivals[0]?.at ?? null;
  for (const line of answer.text.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') {
      heard.finished = true;
      break;
    }
    const event = parsed(data);
    if (event === null) heard.garbage += 1;
    else if (event.error) heard.error = toldBy(dialect, event);
    else if (dialect === 'openai') readChunk(heard, event);
    else readEvent(heard, event);
  }
  return judged(heard);
}

function readChunk(heard: Heard, event: Loose): void {
  heard.model = event.model ?? heard.model;
  heard.usage = event.usage ?? heard.usage;
  heard.text += event.choices?.[0]?.delta?.content ?? '';
}

function readEvent(heard: Heard, event: Loose): void {
  if (event.type === 'message_start') heard.model = event.message?.model ?? null;
  if (event.type === 'message_delta') heard.usage = event.usage ?? null;
  if (event.type === 'content_block_delta') heard.text += event.delta?.text ?? '';
  if (event.type === 'message_stop') heard.finished = true;
}

/** As much of the members of both dialects as is read here. */
interface Loose {
  type?: string;
  model?: string;
  usage?: Record<string, number>;
  error?: { type?: string; code?: string | null; message?: string };
  message?: { model?: string };
  delta?: { text?: string };
  content?: { text?: string }[];
  choices?: { delta?: { content?: string }; message?: { content?: string } }[];
}

function parsed(text: string): Loose | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Loose | null) : null;
  } catch {
    return null;
  }
}

function toldBy(dialect: Dialect, body: Loose | null): Told {
  const { type = null, code = null, message = null } = body?.error ?? {};
  const words = typeof type === 'string' && typeof message === 'string' && message !== '';
  const isShaped = words && (dialect === 'anthropic' ? body?.type === 'error' : body?.type === undefined);
  return { type, code, message, isShaped };
}
