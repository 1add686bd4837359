/** The same answers as JSON and in the shapes in which vendors stream them. */
import { eventFrame } from './event-frames.ts';
import { sse } from './script.ts';

export interface Streamed {
  shape: string;
  contentType: string;
  chunks: (string | Buffer)[];
}

export interface SameAnswer {
  name: string;
  /** Path for JSON and path for streams. */
  paths: [string, string];
  body: object;
  json: object;
  streams: Streamed[];
  /** What the row says of the usage, however it came. */
  usage: Record<string, number>;
}

const MODEL = 'same-model';
const SSE = 'text/event-stream';
const asSse = (shape: string, events: Parameters<typeof sse>[0], newline?: string): Streamed => ({
  shape,
  contentType: SSE,
  chunks: sse(events, newline),
});

const chatUsage = {
  prompt_tokens: 1200,
  completion_tokens: 80,
  total_tokens: 1280,
  prompt_tokens_details: { cached_tokens: 1024, cache_write_tokens: 100 },
  completion_tokens_details: { reasoning_tokens: 30 },
};
const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: MODEL,
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const said = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hello' }), chunk({ content: ' you' })];

const chat: SameAnswer = {
  name: 'Chat Completions',
  paths: ['/v1/chat/completions', '/v1/chat/completions'],
  body: { model: MODEL, messages: [{ role: 'user', content: 'hi' }] },
  json: {
    id: 'c',
    model: MODEL,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello you' }, finish_reason: 'stop' }],
    usage: chatUsage,
  },
  streams: [
    asSse('usage behind an empty list of choices', [
      ...said,
      chunk({}, 'stop'),
      { id: 'c', model: MODEL, choices: [], usage: chatUsage },
      '[DONE]',
    ]),
    asSse('usage beside the finish reason', [...said, chunk({}, 'stop', { usage: chatUsage }), '[DONE]']),
    asSse('usage beside an empty delta behind the finish reason', [
      ...said,
      chunk({}, 'stop'),
      chunk({}, null, { usage: chatUsage }),
      '[DONE]',
    ]),
    asSse('usage growing on every chunk', [
      ...said.map((each, n) => ({ ...each, usage: { ...chatUsage, completion_tokens: n, total_tokens: 1200 + n } })),
      chunk({}, 'stop', { usage: chatUsage }),
      '[DONE]',
    ]),
    asSse('usage inside the choice', [
      ...said,
      { ...chunk({}, 'stop'), choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage: chatUsage }] },
      '[DONE]',
    ]),
    asSse('no [DONE]', [...said, chunk({}, 'stop', { usage: chatUsage })]),
    asSse('CRLF', [...said, chunk({}, 'stop', { usage: chatUsage }), '[DONE]'], '\r\n'),
  ],
  usage: {
    input_tokens: 1200,
    output_tokens: 80,
    'cache_read.input_tokens': 1024,
    'cache_creation.input_tokens': 100,
    'reasoning.output_tokens': 30,
  },
};

const responsesUsage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1024 },
  output_tokens: 80,
  output_tokens_details: { reasoning_tokens: 30 },
  total_tokens: 1280,
};
const output = [
  { type: 'web_search_call', id: 'w', action: { type: 'search', query: 'q' } },
  { type: 'message', id: 'm', content: [{ type: 'output_text', text: 'Hello you' }] },
];
const response = (status: string, more: object = {}) => ({
  id: 'r',
  model: MODEL,
  status,
  output: [],
  usage: null,
  ...more,
});
const terminal = (status: string, more: object = {}): [string, object] => [
  `response.${status}`,
  { type: `response.${status}`, response: response(status, { output, usage: responsesUsage, ...more }) },
];
const opening: [string, object][] = [
  ['response.created', { type: 'response.created', response: response('in_progress') }],
  ['response.output_text.delta', { type: 'response.output_text.delta', delta: 'Hello you' }],
  ['response.output_item.done', { type: 'response.output_item.done', item: output[0] }],
];

const responses: SameAnswer = {
  name: 'Responses',
  paths: ['/v1/responses', '/v1/responses'],
  body: { model: MODEL, input: 'hi' },
  json: response('completed', { output, usage: responsesUsage }),
  streams: [
    asSse('completed', [...opening, terminal('completed')]),
    asSse('incomplete', [...opening, terminal('incomplete', { incomplete_details: { reason: 'max_output_tokens' } })]),
    asSse('failed', [...opening, terminal('failed', { error: { code: 'server_error', message: 'x' } })]),
  ],
  usage: {
    input_tokens: 1200,
    output_tokens: 80,
    'cache_read.input_tokens': 1024,
    'reasoning.output_tokens': 30,
    'web_search.requests': 1,
  },
};

const start = (usage: object): [string, object] => [
  'message_start',
  { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', model: MODEL, content: [], usage } },
];
const text: [string, object][] = [
  ['content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }],
  ['content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello you' } }],
  ['content_block_stop', { type: 'content_block_stop', index: 0 }],
];
const delta = (usage: object, reason: string | null = 'end_turn'): [string, object] => [
  'message_delta',
  { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
];
const over: [string, object] = ['message_stop', { type: 'message_stop' }];
const cacheSplit = { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1500 };
const messagesUsage = {
  input_tokens: 25,
  cache_read_input_tokens: 5000,
  cache_creation_input_tokens: 2000,
  cache_creation: cacheSplit,
  output_tokens: 160,
  server_tool_use: { web_search_requests: 3 },
};
const begun = { ...messagesUsage, output_tokens: 1, server_tool_use: { web_search_requests: 0 } };

const messages: SameAnswer = {
  name: 'Messages',
  paths: ['/v1/messages', '/v1/messages'],
  body: { model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] },
  json: {
    id: 'm',
    type: 'message',
    model: MODEL,
    content: [{ type: 'text', text: 'Hello you' }],
    stop_reason: 'end_turn',
    usage: messagesUsage,
  },
  streams: [
    asSse('output and tools in the delta', [
      start(begun),
      ...text,
      delta({ output_tokens: 160, server_tool_use: { web_search_requests: 3 } }),
      over,
    ]),
    asSse('several deltas, each with all of it so far', [
      start(begun),
      ...text,
      delta({ input_tokens: 25, output_tokens: 60, server_tool_use: { web_search_requests: 1 } }, null),
      delta({ input_tokens: 25, output_tokens: 160, server_tool_use: { web_search_requests: 3 } }),
      over,
    ]),
    asSse('input that grows with server tools', [
      start({ ...begun, input_tokens: 5 }),
      ...text,
      delta({ ...messagesUsage, cache_creation: undefined }),
      over,
    ]),
    asSse('message_start twice, and nulls that say nothing', [
      start(begun),
      start(begun),
      ...text,
      delta({
        output_tokens: 160,
        input_tokens: null,
        cache_read_input_tokens: null,
        server_tool_use: { web_search_requests: 3 },
      }),
      over,
    ]),
    asSse('usage in the delta only', [start({}), ...text, delta(messagesUsage), over]),
  ],
  usage: {
    input_tokens: 7025,
    output_tokens: 160,
    'cache_read.input_tokens': 5000,
    'cache_creation.input_tokens': 2000,
    'cache_creation.5m.input_tokens': 500,
    'cache_creation.1h.input_tokens': 1500,
    'web_search.requests': 3,
  },
};

const sampled = { input_tokens: 100, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 40 };
const iterations = [
  { type: 'message', ...sampled },
  { type: 'compaction', ...sampled, input_tokens: 900, output_tokens: 60 },
  { type: 'message', ...sampled, input_tokens: 50 },
];
const iterated = { ...sampled, input_tokens: 150, output_tokens: 80, iterations };

const compacted: SameAnswer = {
  ...messages,
  name: 'Messages with iterations',
  json: { ...messages.json, usage: iterated },
  streams: [
    asSse('iterations in the last delta', [start({ ...sampled, output_tokens: 1 }), ...text, delta(iterated), over]),
  ],
  usage: {
    input_tokens: 1050,
    output_tokens: 140,
    'cache_read.input_tokens': 0,
    'cache_creation.input_tokens': 0,
  },
};

const geminiUsage = {
  promptTokenCount: 5000,
  cachedContentTokenCount: 4096,
  candidatesTokenCount: 40,
  thoughtsTokenCount: 700,
  totalTokenCount: 5740,
};
const candidate = (parts: object[], more: object = {}) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  modelVersion: MODEL,
  responseId: 'g',
});
const geminiEvents = [
  {
    ...candidate([{ text: 'thinking', thought: true }]),
    usageMetadata: { promptTokenCount: 5000, thoughtsTokenCount: 300, totalTokenCount: 5300 },
  },
  {
    ...candidate([{ text: 'Hello' }]),
    usageMetadata: { ...geminiUsage, candidatesTokenCount: 10, totalTokenCount: 5710 },
  },
  { ...candidate([{ text: ' you' }], { finishReason: 'STOP' }), usageMetadata: geminiUsage },
];

const gemini: SameAnswer = {
  name: 'Gemini',
  paths: ['/google/v1beta/models/same-model:generateContent', '/google/v1beta/models/same-model:streamGenerateContent'],
  body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  json: { ...candidate([{ text: 'Hello you' }], { finishReason: 'STOP' }), usageMetadata: geminiUsage },
  streams: [
    asSse('events with usage so far', geminiEvents, '\r\n'),
    {
      shape: 'one JSON array',
      contentType: 'application/json',
      chunks: [`[${geminiEvents.map((event) => JSON.stringify(event, null, 2)).join('\n,\r\n')}\n]\n`],
    },
  ],
  usage: {
    input_tokens: 5000,
    output_tokens: 740,
    'cache_read.input_tokens': 4096,
    'reasoning.output_tokens': 700,
  },
};

const ollamaEnd = { model: MODEL, done: true, done_reason: 'stop', prompt_eval_count: 26, eval_count: 282 };
const ollama: SameAnswer = {
  name: 'Ollama',
  paths: ['/ollama/api/chat', '/ollama/api/chat'],
  body: { model: MODEL, messages: [{ role: 'user', content: 'hi' }] },
  json: { ...ollamaEnd, message: { role: 'assistant', content: 'Hello you' } },
  streams: [
    {
      shape: 'lines',
      contentType: 'application/x-ndjson',
      chunks: [
        { model: MODEL, message: { role: 'assistant', content: 'Hello' }, done: false },
        { model: MODEL, message: { role: 'assistant', content: ' you' }, done: false },
        { ...ollamaEnd, message: { role: 'assistant', content: '' } },
      ].map((line) => `${JSON.stringify(line)}\n`),
    },
  ],
  usage: { input_tokens: 26, output_tokens: 282 },
};

const converseUsage = {
  inputTokens: 25,
  outputTokens: 160,
  totalTokens: 7185,
  cacheReadInputTokens: 5000,
  cacheWriteInputTokens: 2000,
  cacheDetails: [
    { ttl: '5m', inputTokens: 500 },
    { ttl: '1h', inputTokens: 1500 },
  ],
};
const bedrock: SameAnswer = {
  name: 'Bedrock Converse',
  paths: ['/bedrock/model/same-model/converse', '/bedrock/model/same-model/converse-stream'],
  body: { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
  json: {
    output: { message: { role: 'assistant', content: [{ text: 'Hello you' }] } },
    stopReason: 'end_turn',
    usage: converseUsage,
  },
  streams: [
    {
      shape: 'event stream messages',
      contentType: 'application/vnd.amazon.eventstream',
      chunks: [
        eventFrame('messageStart', { role: 'assistant', p: 'abc' }),
        eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello you' }, p: 'abcdef' }),
        eventFrame('contentBlockStop', { contentBlockIndex: 0 }),
        eventFrame('messageStop', { stopReason: 'end_turn' }),
        eventFrame('metadata', { usage: converseUsage, metrics: { latencyMs: 10 } }),
      ],
    },
  ],
  usage: {
    input_tokens: 7025,
    output_tokens: 160,
    'cache_read.input_tokens': 5000,
    'cache_creation.input_tokens': 2000,
    'cache_creation.5m.input_tokens': 500,
    'cache_creation.1h.input_tokens': 1500,
  },
};

export const SAME_ANSWERS: readonly SameAnswer[] = [chat, responses, messages, compacted, gemini, ollama, bedrock];
