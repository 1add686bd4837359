/** What the failing provider says, in the words of OpenAI's chats and of Anthropic's messages. */

export type Dialect = 'openai' | 'anthropic';

/** The one right answer, some sixty words. */
export const ANSWER =
  'A bridge is not known by the days on which the river is low. It is known by the spring ' +
  'when ice comes down and the piers hold, when carts still cross and nobody on the far bank ' +
  'hears that anything was wrong. Build for that week, measure it, and write down ' +
  'honestly what the water took before the road was open again.';
export const WORDS: readonly string[] = ANSWER.split(' ');
/** Tokens that its usage tells of any whole answer. */
export const USAGE = { input: 12, output: WORDS.length };

/** An error as the provider words it. */
export interface Refusal {
  status: number;
  type: string;
  code: string | null;
  message: string;
  headers?: Readonly<Record<string, string>>;
}

const OPENAI = {
  rate: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'Rate limit reached.' },
  quota: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota', message: 'You exceeded your quota.' },
  server: { status: 500, type: 'server_error', code: null, message: 'The server had an error.' },
  overloaded: { status: 503, type: 'server_error', code: 'overloaded', message: 'The engine is overloaded.' },
  auth: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key.' },
  context: {
    status: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9631 tokens.",
  },
  filter: {
    status: 400,
    type: 'invalid_request_error',
    code: 'content_policy_violation',
    message: 'Your request was rejected as a result of our safety system.',
  },
  prefill: {
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_prefill',
    message: 'This model does not support assistant message prefill.',
  },
} as const satisfies Record<string, Refusal>;

export type RefusalKind = keyof typeof OPENAI;

const ANTHROPIC: Readonly<Record<RefusalKind, Refusal>> = {
  rate: { status: 429, type: 'rate_limit_error', code: null, message: 'This request would exceed your rate limit.' },
  quota: { status: 400, type: 'invalid_request_error', code: null, message: 'Your credit balance is too low.' },
  server: { status: 500, type: 'api_error', code: null, message: 'Internal server error' },
  overloaded: { status: 529, type: 'overloaded_error', code: null, message: 'Overloaded' },
  auth: { status: 401, type: 'authentication_error', code: null, message: 'invalid x-api-key' },
  context: {
    status: 400,
    type: 'invalid_request_error',
    code: null,
    message: 'prompt is too long: 9631 tokens > 8192 maximum',
  },
  filter: {
    status: 400,
    type: 'invalid_request_error',
    code: null,
    message: 'Output blocked by content filtering policy',
  },
  prefill: {
    status: 400,
    type: 'invalid_request_error',
    code: null,
    message: 'This model does not support assistant message prefill.',
  },
};

export const refusalOf = (dialect: Dialect, kind: RefusalKind): Refusal =>
  dialect === 'openai' ? OPENAI[kind] : ANTHROPIC[kind];

export function refusalBody(dialect: Dialect, { type, code, message }: Refusal): string {
  if (dialect === 'anthropic') return JSON.stringify({ type: 'error', error: { type, message } });
  return JSON.stringify({ error: { message, type, param: null, code } });
}

/** A whole answer that is no stream. */
export function wholeBody(dialect: Dialect, model: string, words: readonly string[]): string {
  const text = words.join(' ');
  if (dialect === 'anthropic') {
    const usage = { input_tokens: USAGE.input, output_tokens: words.length };
    const content = [{ type: 'text', text }];
    const head = { id: 'msg_wall', type: 'message', role: 'assistant', model };
    return JSON.stringify({ ...head, content, stop_reason: 'end_turn', stop_sequence: null, usage });
  }
  const usage = {
    prompt_tokens: USAGE.input,
    completion_tokens: words.length,
    total_tokens: USAGE.input + words.length,
  };
  const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
  return JSON.stringify({ id: 'chatcmpl-wall', object: 'chat.completion', created: 1, model, choices, usage });
}

/** The events of a stream: what stands before its first word, one for each word, and what ends it. */
export interface StreamParts {
  head: string[];
  words: string[];
  /** Why it stopped, and its usage. */
  tail: string[];
  /** What says that nothing more comes. */
  end: string;
  /** An event that breaks off inside its JSON. */
  garbage: string;
}

export function streamParts(dialect: Dialect, model: string, words: readonly string[], usage: boolean): StreamParts {
  const texts = words.map((word, at) => (at === 0 ? word : ` ${word}`));
  return dialect === 'openai' ? chatParts(model, texts, usage) : messageParts(model, texts);
}

function chatParts(model: string, texts: readonly string[], usage: boolean): StreamParts {
  const base = { id: 'chatcmpl-wall', object: 'chat.completion.chunk', created: 1, model };
  const event = (delta: object, reason: string | null = null) =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  const bill = {
    prompt_tokens: USAGE.input,
    completion_tokens: texts.length,
    total_tokens: USAGE.input + texts.length,
  };
  return {
    head: [event({ role: 'assistant', content: '' })],
    words: texts.map((content) => event({ content })),
    tail: [event({}, 'stop'), ...(usage ? [`data: ${JSON.stringify({ ...base, choices: [], usage: bill })}\n\n`] : [])],
    end: 'data: [DONE]\n\n',
    garbage: 'data: {"id":"chatcmpl-wall","object":"chat.completion.chunk","choices":[{"delta":{"content":\n\n',
  };
}

function messageParts(model: string, texts: readonly string[]): StreamParts {
  const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const usage = { input_tokens: USAGE.input, output_tokens: 1 };
  const message = { id: 'msg_wall', type: 'message', role: 'assistant', model, content: [], usage };
  const delta = { stop_reason: 'end_turn', stop_sequence: null };
  return {
    head: [
      event('message_start', { message: { ...message, stop_reason: null, stop_sequence: null } }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ],
    words: texts.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    tail: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta, usage: { output_tokens: texts.length } }),
    ],
    end: event('message_stop', {}),
    garbage: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":\n\n',
  };
}
