/** Whatever an API looks like, streamed or not: the same tools were called as often. */
import { expect } from 'chai';
import anthropic from '../../providers/adapters/anthropic-messages.ts';
import bedrockConverse from '../../providers/adapters/bedrock-converse.ts';
import bedrockInvoke from '../../providers/adapters/bedrock-invoke.ts';
import gemini from '../../providers/adapters/gemini.ts';
import ollama from '../../providers/adapters/ollama.ts';
import openaiChat from '../../providers/adapters/openai-chat.ts';
import openaiResponses from '../../providers/adapters/openai-responses.ts';
import type { Adapter } from '../../src/adapter.ts';
import { chunkFrame, eventFrame } from '../support/event-frames.ts';
import { readEveryWay, stream } from '../support/metering.ts';

interface Calling {
  adapter: Adapter;
  /** Of streams and of JSON; one name where it is the same. */
  api: string | [stream: string, json: string];
  contentType?: string;
  json: object;
  /** Each the same answer. */
  streams: Buffer[];
  calls?: Record<string, number> | undefined;
}

const TWICE = { find: 2, save: 1 };
const args = (n: number) => ({ text: `"name":"other ${n}"` });
const named = ['find', 'save', 'find'].map((name, n) => ({ name, id: `id-${n}`, args: args(n) }));
const lines = (...list: object[]) => Buffer.from(list.map((each) => `${JSON.stringify(each)}\n`).join(''));

const chatCalls = named.map(({ name, id, args }, index) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(args) },
}));
const chatEvent = (delta: object, finish_reason: string | null = null) => ({
  id: 'c',
  choices: [{ index: 0, delta, finish_reason }],
});
const chat: Calling = {
  adapter: openaiChat,
  api: 'openai.chat',
  json: { choices: [{ index: 0, message: { content: 'Hm', tool_calls: chatCalls }, finish_reason: 'tool_calls' }] },
  streams: [
    stream(
      chatEvent({ content: 'Hm' }),
      ...chatCalls.flatMap(({ function: { name, arguments: text }, ...call }) => [
        chatEvent({ tool_calls: [{ ...call, function: { name, arguments: '' } }] }),
        chatEvent({ tool_calls: [{ index: call.index, function: { arguments: text.slice(0, 9) } }] }),
        chatEvent({ tool_calls: [{ index: call.index, function: { arguments: text.slice(9) } }] }),
      ]),
      chatEvent({}, 'tool_calls'),
      '[DONE]',
    ),
    stream(chatEvent({ content: 'Hm', tool_calls: chatCalls }), chatEvent({}, 'tool_calls'), '[DONE]'),
  ],
};

const items = [
  { type: 'web_search_call', id: 'w', action: { type: 'search' } },
  { type: 'function_call', id: 'f1', call_id: 'c1', name: 'find', arguments: '{}' },
  { type: 'custom_tool_call', id: 'f2', call_id: 'c2', name: 'save', input: 'x' },
  { type: 'mcp_call', id: 'm1', name: 'find', server_label: 's', arguments: '{}', output: 'y' },
  { type: 'code_interpreter_call', id: 'k', container_id: 'c' },
  { type: 'shell_call', id: 's1', call_id: 'c3', environment: { type: 'container_reference' } },
  { type: 'shell_call', id: 's2', call_id: 'c4', environment: null },
  { type: 'computer_call', id: 'p', call_id: 'c5' },
];
const completed = (output: object[]) => ({ id: 'r', status: 'completed', output });
const told = (type: string, list: object[]) =>
  list.map((item, output_index) => ({ type: `response.output_item.${type}`, output_index, item }));
const responsesOf = (list: object[], calls?: Record<string, number>): Calling => ({
  adapter: openaiResponses,
  api: 'openai.responses',
  json: completed(list),
  streams: [
    stream(...told('added', list), ...told('done', list), { type: 'response.completed', response: completed(list) }),
    stream({ type: 'response.completed', response: completed(list) }),
    stream(...told('done', list), { type: 'response.completed', response: completed([]) }),
  ],
  calls,
});
const withoutIds = items.map(({ id: _, ...item }) => ({ ...item, call_id: undefined }));

const blocks = [
  { type: 'text', text: 'Hm' },
  { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
  ...named.map(({ name, id, args }) => ({ type: id === 'id-2' ? 'mcp_tool_use' : 'tool_use', id, name, input: args })),
];
const message = { id: 'm', type: 'message', model: 'm', stop_reason: 'tool_use', content: blocks };
const blockEvents = [
  { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
  ...blocks.flatMap((content_block, index) => [
    { type: 'content_block_start', index, content_block: { ...content_block, input: {} } },
    { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: '{"name":"x"}' } },
  ]),
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
];

const parts = named.map(({ name, args }) => ({ functionCall: { name, args } }));
const candidate = (list: object[], more: object = {}) => ({
  candidates: [{ content: { parts: list }, index: 0, ...more }],
});
const STOP = { finishReason: 'STOP' };
const inPieces = named.flatMap(({ name }) => [
  candidate([{ functionCall: { name, willContinue: true } }]),
  candidate([{ functionCall: { partialArgs: [{ jsonPath: '$.text', stringValue: 'x' }] } }]),
  candidate([{ functionCall: {} }]),
]);

const steps = [
  { type: 'google_search_call', id: 'g', arguments: {} },
  ...named.map(({ name, id, args }) => ({
    type: id === 'id-0' ? 'mcp_server_tool_call' : 'function_call',
    id,
    name,
    arguments: args,
  })),
];
const interaction = { id: 'i', status: 'requires_action' };

const toolUses = [
  { text: 'Hm' },
  { toolUse: { toolUseId: 'g', name: 'nova_grounding', type: 'server_tool_use', input: {} } },
  ...named.map(({ name, id, args }) => ({ toolUse: { toolUseId: id, name, input: args } })),
];
const starts = toolUses.flatMap<object>(({ toolUse }, contentBlockIndex) =>
  toolUse === undefined
    ? [{ contentBlockDelta: { contentBlockIndex, delta: { text: 'Hm' } } }]
    : [
        { contentBlockStart: { contentBlockIndex, start: { toolUse: { ...toolUse, input: undefined } } } },
        { contentBlockDelta: { contentBlockIndex, delta: { toolUse: { input: '{"name":"x"}' } } } },
      ],
);
const converseEvents = [...starts, { messageStop: { stopReason: 'tool_use' } }, { metadata: { usage: {} } }];

const AWS = 'application/vnd.amazon.eventstream';
const metrics = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1, outputTokenCount: 1 } };
const invoked = (json: object, ...events: object[]): Calling => ({
  adapter: bedrockInvoke,
  api: 'bedrock.invoke',
  contentType: AWS,
  json,
  streams: [Buffer.concat([...events.slice(0, -1), { ...events.at(-1), ...metrics }].map(chunkFrame))],
});
const cohere = (more: object) => ({ event_type: 'tool-calls-generation', text: '', ...more });
const cohereCalls = named.map(({ name, args }) => ({ name, parameters: args }));

const CALLING: Record<string, Calling> = {
  'Chat Completions': chat,
  Responses: responsesOf(items, { find: 2, save: 1, shell: 1, computer: 1 }),
  'Responses without ids': responsesOf(withoutIds, { find: 2, save: 1, shell: 1, computer: 1 }),
  Messages: { adapter: anthropic, api: 'anthropic.messages', json: message, streams: [stream(...blockEvents)] },
  Gemini: {
    adapter: gemini,
    api: ['gemini.streamGenerateContent', 'gemini.generateContent'],
    json: candidate(parts, STOP),
    streams: [
      stream(...parts.map((part) => candidate([part])), candidate([], STOP)),
      stream(...inPieces, candidate([], STOP)),
    ],
  },
  Interactions: {
    adapter: gemini,
    api: 'gemini.interactions',
    json: { ...interaction, steps },
    streams: [
      stream(
        ...steps.map((step, index) => ({ event_type: 'step.start', index, step: { ...step, arguments: {} } })),
        { event_type: 'step.delta', index: 1, delta: { type: 'arguments_delta', arguments: '{"name":"x"}' } },
        { event_type: 'interaction.completed', interaction },
      ),
      stream(
        ...steps.flatMap((step) => [
          { event_type: 'content.start', content: { ...step, arguments: {} } },
          { event_type: 'content.delta', delta: step },
        ]),
        { event_type: 'interaction.completed', interaction },
      ),
    ],
  },
  Ollama: {
    adapter: ollama,
    api: 'ollama.chat',
    contentType: 'application/x-ndjson',
    json: {
      message: { tool_calls: named.map(({ name, args }) => ({ function: { name, arguments: args } })) },
      done: true,
    },
    streams: [
      lines(
        ...named.map(({ name, args }) => ({ message: { tool_calls: [{ function: { name, arguments: args } }] } })),
        { message: { content: '' }, done: true, done_reason: 'stop' },
      ),
    ],
  },
  Converse: {
    adapter: bedrockConverse,
    api: 'bedrock.converse',
    contentType: AWS,
    json: { output: { message: { content: toolUses } }, stopReason: 'tool_use' },
    streams: [
      Buffer.concat(
        converseEvents.flatMap((event) =>
          Object.entries(event).map(([name, body]) => eventFrame(name, body as object)),
        ),
      ),
    ],
  },
  'Messages by InvokeModel': invoked(message, ...blockEvents),
  'Nova by InvokeModel': invoked({ output: { message: { content: toolUses } } }, ...converseEvents),
  'Mistral by InvokeModel': invoked(
    { choices: [{ message: { tool_calls: chatCalls }, stop_reason: 'tool_calls' }] },
    ...chatCalls.map((call) => ({ choices: [{ index: 0, message: { content: 'Hm', tool_calls: [call] } }] })),
    { choices: [{ index: 0, message: { content: '' }, stop_reason: 'tool_calls' }] },
  ),
  'Cohere by InvokeModel': invoked(
    cohere({ tool_calls: cohereCalls }),
    cohere({ tool_calls: cohereCalls }),
    cohere({ event_type: 'stream-end', response: { tool_calls: cohereCalls } }),
  ),
};

describe('the tools that answers call', () => {
  for (const [name, { adapter, api, contentType, json, streams, calls = TWICE }] of Object.entries(CALLING)) {
    const [streamed, whole] = typeof api === 'string' ? [api, api] : api;

    it(`are counted in JSON: ${name}`, () => {
      const answer = { api: whole, contentType: 'application/json', streamAsked: false };
      const reading = readEveryWay(adapter, answer, Buffer.from(JSON.stringify(json)));
      expect([reading.toolCalls, reading.ending]).to.eql([calls, 'complete']);
    });

    streams.forEach((bytes, at) => {
      it(`are the same in a stream, wherever it is cut: ${name}${at === 0 ? '' : `, shape ${at + 1}`}`, () => {
        const reading = readEveryWay(adapter, { api: streamed, ...(contentType && { contentType }) }, bytes);
        expect([reading.toolCalls, reading.ending]).to.eql([calls, 'complete']);
      });
    });
  }

  it('are those that were named before a stream broke off', () => {
    const bytes = stream(...blockEvents.slice(0, 7));
    const reading = readEveryWay(anthropic, { api: 'anthropic.messages' }, bytes);
    expect([reading.toolCalls, reading.ending]).to.eql([{ find: 1 }, 'truncated']);
  });
});
