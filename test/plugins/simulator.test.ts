import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import simulator from '../../plugins/simulator.ts';
import anthropicMessages from '../../providers/adapters/anthropic-messages.ts';
import openaiChat from '../../providers/adapters/openai-chat.ts';
import openaiResponses from '../../providers/adapters/openai-responses.ts';
import type { Adapter } from '../../src/adapter.ts';
import type { Instance, Lent } from '../../src/plugin.ts';
import { read } from '../support/metering.ts';

type SimulatorLent = Parameters<typeof simulator.setup>[0];

const nothing = () => {};
const longSystem = 'You are the assistant of a small team that repairs bicycles. '.repeat(120);

/** A conversation after so many turns; each adds about 600 tokens. */
const growing = (turns: number) => [
  ...Array.from({ length: turns }, (_, n) => [
    { role: 'user' as const, content: `${n} ${'What about this file? '.repeat(60)}` },
    { role: 'assistant' as const, content: `${n} ${'It is well. '.repeat(90)}` },
  ]).flat(),
  { role: 'user' as const, content: `${turns} ${'What about this file? '.repeat(60)}` },
];

function lend(port: number): SimulatorLent {
  const log: Lent['log'] = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  return { options: { port, pace: 0, latency: 0 }, log } as unknown as SimulatorLent;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function failure(work: Promise<unknown>): Promise<Error & { status?: number; headers?: Headers }> {
  return work.then(
    () => expect.fail('it did not fail'),
    (error) => error,
  );
}

describe('plugins/simulator', () => {
  let port: number;
  let instance: Instance;
  let openai: OpenAI;
  let anthropic: Anthropic;
  const post = (path: string, body: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const hello = { model: 'simulated', messages: [{ role: 'user' as const, content: 'Hello' }] };

  beforeEach(async () => {
    port = await freePort();
    instance = (await simulator.setup(lend(port)))!;
    const baseURL = `http://127.0.0.1:${port}`;
    openai = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: 'none', maxRetries: 0 });
    anthropic = new Anthropic({ baseURL, apiKey: 'none', maxRetries: 0 });
  });
  afterEach(() => instance.close?.());

  describe('spoken to by the OpenAI SDK', () => {
    it('gives the same words to the same prompt', async () => {
      const one = await openai.chat.completions.create(hello);
      const two = await openai.chat.completions.create(hello);
      expect(one.choices[0]!.message.content).to.have.length.above(80).and.equal(two.choices[0]!.message.content);
      expect(one.choices[0]!.finish_reason).to.equal('stop');
      expect(one.id).not.to.equal(two.id);
    });

    it('adds its usage up', async () => {
      const { usage } = await openai.chat.completions.create({ ...hello, n: 2 });
      expect(usage!.prompt_tokens).to.be.within(1, 20);
      expect(usage!.total_tokens).to.equal(usage!.prompt_tokens + usage!.completion_tokens);
    });

    it('streams the same words, one token an event', async () => {
      const whole = await openai.chat.completions.create(hello);
      const stream = await openai.chat.completions.create({ ...hello, stream: true });
      let said = '';
      let events = 0;
      for await (const chunk of stream) {
        expect(chunk).not.to.have.property('usage');
        said += chunk.choices[0]!.delta.content ?? '';
        events += 1;
      }
      expect(said).to.equal(whole.choices[0]!.message.content);
      expect(events).to.equal(whole.usage!.completion_tokens + 2);
    });

    it('ends a stream with the usage, if asked', async () => {
      const chunks = [];
      const options = { stream: true as const, stream_options: { include_usage: true } };
      for await (const chunk of await openai.chat.completions.create({ ...hello, ...options })) chunks.push(chunk);
      const last = chunks.pop()!;
      expect(last.choices).to.deep.equal([]);
      expect(last.usage!.completion_tokens).to.equal(chunks.length - 2);
      expect(chunks.every(({ usage }) => usage === null)).to.equal(true);
    });

    it('stops at the limit and says so', async () => {
      const { choices, usage } = await openai.chat.completions.create({ ...hello, max_completion_tokens: 5 });
      expect(choices[0]!.finish_reason).to.equal('length');
      expect(usage!.completion_tokens).to.equal(5);
    });

    it('calls a tool that the last message names', async () => {
      const parameters = { type: 'object', properties: { city: { type: 'string' }, unit: { enum: ['C', 'F'] } } };
      const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
      const messages = [{ role: 'user' as const, content: 'Use get_weather for me' }];
      const stream = openai.chat.completions.stream({ model: 'simulated', messages, tools });
      const { choices } = await stream.finalChatCompletion();
      expect(choices[0]!.finish_reason).to.equal('tool_calls');
      const call = choices[0]!.message.tool_calls![0]!;
      expect(call.type === 'function' && JSON.parse(call.function.arguments)).to.have.keys('city', 'unit');
    });

    it('bills a long prompt that comes again as cached', async () => {
      const messages = [{ role: 'system' as const, content: longSystem }, ...hello.messages];
      const first = await openai.chat.completions.create({ model: 'simulated', messages });
      const second = await openai.chat.completions.create({ model: 'simulated', messages });
      expect(first.usage!.prompt_tokens_details!.cached_tokens).to.equal(0);
      expect(second.usage!.prompt_tokens_details!.cached_tokens).to.be.within(1024, first.usage!.prompt_tokens);
    });

    it('bills a conversation that grows as cached up to where it was, in chats and in responses', async () => {
      const said = [{ role: 'system' as const, content: longSystem }];
      const read: number[] = [];
      const inResponses: number[] = [];
      for (let turn = 0; turn < 3; turn++) {
        const messages = [...said, ...growing(turn)];
        const { usage } = await openai.chat.completions.create({ model: 'simulated', messages });
        read.push(usage!.prompt_tokens_details!.cached_tokens!);
        const response = await openai.responses.create({ model: 'simulated', input: messages });
        inResponses.push(response.usage!.input_tokens_details.cached_tokens);
      }
      for (const [first, second, third] of [read, inResponses]) {
        expect(first).to.equal(0);
        expect(second).to.be.at.least(1024);
        expect(third! - second!).to.be.within(400, 800);
      }
    });

    it('speaks legacy completions', async () => {
      const { choices, usage } = await openai.completions.create({ model: 'simulated', prompt: 'Once' });
      expect(choices[0]!.finish_reason).to.equal('length');
      expect(usage!.completion_tokens).to.equal(16);
      let said = '';
      for await (const chunk of await openai.completions.create({ model: 'simulated', prompt: 'Once', stream: true })) {
        said += chunk.choices[0]!.text;
      }
      expect(said).to.equal(choices[0]!.text);
    });

    it('speaks responses', async () => {
      const whole = await openai.responses.create({ model: 'simulated', input: 'Hello' });
      expect(whole.status).to.equal('completed');
      const types: string[] = [];
      const stream = openai.responses.stream({ model: 'simulated', input: 'Hello' });
      stream.on('event', ({ type }) => types.push(type));
      const streamed = await stream.finalResponse();
      expect(streamed.output_text).to.equal(whole.output_text).and.have.length.above(80);
      expect(streamed.usage).to.deep.include({ output_tokens: whole.usage!.output_tokens });
      expect(types.filter((type) => type !== 'response.output_text.delta')).to.deep.equal([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]);
    });

    it('says that a response is incomplete when it met its limit', async () => {
      const response = await openai.responses.create({ model: 'simulated', input: 'Hello', max_output_tokens: 16 });
      expect(response.status).to.equal('incomplete');
      expect(response.incomplete_details).to.deep.equal({ reason: 'max_output_tokens' });
    });

    it('calls a function in responses, too', async () => {
      const parameters = { type: 'object', properties: { days: { type: 'integer' } } };
      const tools = [{ type: 'function' as const, name: 'forecast', parameters, strict: false }];
      const stream = openai.responses.stream({ model: 'simulated', input: 'Give me the forecast', tools });
      const item = (await stream.finalResponse()).output[0]!;
      expect(item.type === 'function_call' && JSON.parse(item.arguments)).to.have.keys('days');
    });

    it('embeds the same text as the same vector of length 1', async () => {
      const input = ['alpha', 'beta', 'alpha'];
      const { data, usage } = await openai.embeddings.create({ model: 'simulated', input, dimensions: 64 });
      const [one, two, three] = data.map(({ embedding }) => embedding);
      expect(one).to.have.length(64).and.deep.equal(three).and.not.deep.equal(two);
      expect(Math.hypot(...one!)).to.be.closeTo(1, 1e-5);
      expect(usage).to.deep.equal({ prompt_tokens: 5, total_tokens: 5 });
    });

    it('lists its models', async () => {
      const { data } = await openai.models.list();
      expect(data.map(({ id }) => id)).to.include('simulated');
      expect((await openai.models.retrieve('simulated')).object).to.equal('model');
      expect((await failure(openai.models.retrieve('gpt-9'))).status).to.equal(404);
    });
  });

  describe('spoken to by the Anthropic SDK', () => {
    const ask = { ...hello, max_tokens: 1000 };

    it('streams what it also says at once', async () => {
      const whole = await anthropic.messages.create(ask);
      const stream = anthropic.messages.stream(ask);
      const streamed = await stream.finalMessage();
      expect(whole.stop_reason).to.equal('end_turn');
      expect(streamed.content).to.deep.equal(whole.content);
      expect(streamed.usage.output_tokens).to.equal(whole.usage.output_tokens);
      expect(streamed.usage.input_tokens).to.equal(whole.usage.input_tokens);
    });

    it('stops at max_tokens', async () => {
      const { stop_reason, usage } = await anthropic.messages.create({ ...ask, max_tokens: 3 });
      expect(stop_reason).to.equal('max_tokens');
      expect(usage.output_tokens).to.equal(3);
    });

    it('uses a tool that the last message names, and talks again after its result', async () => {
      const tools = [{ name: 'read_file', input_schema: { type: 'object' as const, properties: { path: {} } } }];
      const question = { role: 'user' as const, content: 'Please read_file' };
      const { content, stop_reason } = await anthropic.messages
        .stream({ ...ask, tools, messages: [question] })
        .finalMessage();
      const use = content[0]!;
      if (use.type !== 'tool_use') return expect.fail(use.type);
      expect(stop_reason).to.equal('tool_use');
      expect(use.input).to.have.keys('path');
      const result = { type: 'tool_result' as const, tool_use_id: use.id, content: 'read_file: 3 lines' };
      const messages = [
        question,
        { role: 'assistant' as const, content },
        { role: 'user' as const, content: [result] },
      ];
      expect((await anthropic.messages.create({ ...ask, tools, messages })).stop_reason).to.equal('end_turn');
    });

    it('writes a marked system prompt to its cache, then reads it', async () => {
      const system = [{ type: 'text' as const, text: longSystem, cache_control: { type: 'ephemeral' as const } }];
      const total = (await anthropic.messages.countTokens({ ...hello, system })).input_tokens;
      const first = (await anthropic.messages.create({ ...ask, system })).usage;
      const second = (await anthropic.messages.create({ ...ask, system })).usage;
      expect(first.cache_read_input_tokens).to.equal(0);
      expect(first.cache_creation_input_tokens).to.be.above(1024);
      expect(first.cache_creation!.ephemeral_5m_input_tokens).to.equal(first.cache_creation_input_tokens);
      expect(second.cache_read_input_tokens).to.equal(first.cache_creation_input_tokens);
      expect(second.cache_creation_input_tokens).to.equal(0);
      expect(second.input_tokens + second.cache_read_input_tokens!).to.equal(total);
    });

    for (const ttl of ['5m', '1h'] as const) {
      it(`reads what a growing conversation has written, though its mark moves along: ${ttl}`, async () => {
        const marked = { type: 'ephemeral' as const, ttl };
        const system = [{ type: 'text' as const, text: longSystem, cache_control: marked }];
        const uses = [];
        for (let turn = 0; turn < 3; turn++) {
          const messages = growing(turn);
          const last = messages.at(-1)!;
          const content = [{ type: 'text' as const, text: last.content, cache_control: marked }];
          const asked = { ...ask, system, messages: [...messages.slice(0, -1), { ...last, content }] };
          uses.push((await anthropic.messages.create(asked)).usage);
        }
        const [first, second, third] = uses;
        const name = `ephemeral_${ttl}_input_tokens` as const;
        expect(first!.cache_read_input_tokens).to.equal(0);
        expect(second!.cache_read_input_tokens).to.equal(first!.cache_creation_input_tokens);
        expect(second!.cache_creation_input_tokens).to.be.within(400, 800);
        expect(third!.cache_read_input_tokens).to.equal(
          second!.cache_read_input_tokens! + second!.cache_creation_input_tokens!,
        );
        for (const { cache_creation, cache_creation_input_tokens } of uses)
          expect(cache_creation![name]).to.equal(cache_creation_input_tokens);
      });
    }

    it('takes a mark of the whole request for one of its last block', async () => {
      const body = { ...ask, messages: [{ role: 'user', content: longSystem }], cache_control: { type: 'ephemeral' } };
      const usage = async () => ((await (await post('/v1/messages', body)).json()) as { usage: object }).usage;
      const first = (await usage()) as { cache_creation_input_tokens: number };
      expect(first.cache_creation_input_tokens).to.be.above(1024);
      expect(await usage()).to.include({ cache_read_input_tokens: first.cache_creation_input_tokens });
    });

    it('finds nothing again where the beginning has changed, or more than 20 blocks behind', async () => {
      const marked = { type: 'ephemeral' as const };
      const system = (text: string) => [{ type: 'text' as const, text, cache_control: marked }];
      const read = async (text: string, messages = hello.messages) =>
        (await anthropic.messages.create({ ...ask, system: system(text), messages })).usage.cache_read_input_tokens;
      expect([await read(longSystem), await read(`Now. ${longSystem}`)]).to.eql([0, 0]);
      const far = Array.from({ length: 30 }, () => hello.messages[0]!);
      const last = [{ type: 'text' as const, text: 'x', cache_control: marked }];
      const messages = [
        { role: 'user' as const, content: longSystem },
        ...far,
        { role: 'user' as const, content: last },
      ];
      const only = { ...ask, messages };
      const one = (await anthropic.messages.create(only)).usage;
      const more = { ...ask, messages: [...messages.slice(0, -1), ...far, messages.at(-1)!] };
      expect(one.cache_creation_input_tokens).to.be.above(1024);
      expect((await anthropic.messages.create(more)).usage.cache_read_input_tokens).to.equal(0);
      expect((await anthropic.messages.create(only)).usage.cache_read_input_tokens).to.be.above(1024);
    });

    it('keeps an hour apart from five minutes', async () => {
      const block = (text: string, ttl: '5m' | '1h') =>
        ({ type: 'text', text, cache_control: { type: 'ephemeral', ttl } }) as const;
      const system = [block(longSystem, '1h'), block(longSystem, '5m')];
      const { cache_creation } = (await anthropic.messages.create({ ...ask, system })).usage;
      expect(cache_creation!.ephemeral_1h_input_tokens).to.be.above(1024);
      expect(cache_creation!.ephemeral_5m_input_tokens).to.be.above(1024);
    });

    it('lists its models', async () => {
      const { data } = await anthropic.models.list();
      expect(data[0]!.type).to.equal('model');
    });
  });

  describe('metered by the gateway', () => {
    const question = [{ role: 'user', content: 'Use get_weather now' }];
    const parameters = { type: 'object', properties: { city: {} } };
    const tool = { name: 'get_weather', parameters };
    const bodies: [path: string, adapter: Adapter, api: string, body: object][] = [
      [
        '/v1/chat/completions',
        openaiChat,
        'openai.chat',
        { messages: question, tools: [{ type: 'function', function: tool }] },
      ],
      [
        '/v1/responses',
        openaiResponses,
        'openai.responses',
        { input: question, tools: [{ type: 'function', ...tool }] },
      ],
      [
        '/v1/messages',
        anthropicMessages,
        'anthropic.messages',
        { max_tokens: 99, messages: question, tools: [{ name: 'get_weather', input_schema: parameters }] },
      ],
    ];
    for (const [path, adapter, api, body] of bodies) {
      for (const stream of [false, true]) {
        it(`calls the tool that was asked for: ${path}${stream ? ', streamed' : ''}`, async () => {
          const answer = await post(path, {
            model: 'simulated',
            ...body,
            stream,
            stream_options: { include_usage: true },
          });
          const contentType = answer.headers.get('content-type')!.split(';')[0]!;
          const bytes = Buffer.from(await answer.arrayBuffer());
          const reading = read(adapter, { api, contentType, streamAsked: stream }, [bytes]);
          expect(reading).to.deep.include({ toolCalls: { get_weather: 1 }, usageStatus: 'final', ending: 'complete' });
          expect(reading.usage!.output_tokens).to.be.at.least(1);
        });
      }
    }
  });

  describe('asked for what it cannot do', () => {
    it('answers an unknown path in the dialect of the client', async () => {
      expect(await (await post('/v1/nothing', {})).json()).to.have.nested.property('error.code', 'not_found');
      expect(await (await post('/v1/messages/nothing', {})).json()).to.have.property('type', 'error');
    });

    for (const body of ['', '[1]', '"x"', '{"model":', '{"messages":[]}', '{"model":"simulated"}']) {
      it(`refuses the body ${body || '(none)'}`, async () => {
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const response = await post(path, body);
          expect(response.status).to.equal(400);
          expect(await response.json()).to.have.nested.property('error.message');
        }
      });
    }

    it('fails on purpose when the model says so', async () => {
      expect((await post('/v1/chat/completions', { ...hello, model: 'simulated-error' })).status).to.equal(500);
      const limited = await failure(
        anthropic.messages.create({ ...hello, max_tokens: 9, model: 'simulated-rate-limit' }),
      );
      expect(limited).to.be.instanceOf(Anthropic.RateLimitError);
      expect(limited.headers!.get('retry-after')).to.equal('1');
    });

    it('breaks off in the middle when the model says so', async () => {
      const response = await post('/v1/chat/completions', { ...hello, model: 'simulated-cut', stream: true });
      expect(response.status).to.equal(200);
      await failure(response.text());
      await failure((await post('/v1/messages', { ...hello, max_tokens: 99, model: 'simulated-cut' })).text());
    });
  });

  it('sends the headers of the providers', async () => {
    const { headers } = await post('/v1/chat/completions', hello);
    expect(headers.get('x-request-id')).to.match(/^req_/);
    expect(headers.get('x-ratelimit-remaining-requests')).to.equal('9999');
    const anthropicHeaders = (await post('/v1/messages', { ...hello, max_tokens: 9 })).headers;
    expect(anthropicHeaders.get('request-id')).to.match(/^req_/);
  });

  it('names the mend when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    const error = await failure(Promise.resolve(simulator.setup(lend(taken))));
    expect(error.message).to.equal(
      `port ${taken} is taken: set \`port\` of plugin simulator and the base_url of provider simulated`,
    );
    other.close();
  });

  it('lets a newer instance take over the port and gives it back', async () => {
    const newer = (await simulator.setup(lend(port)))!;
    await instance.close!();
    expect((await openai.chat.completions.create(hello)).object).to.equal('chat.completion');
    await newer.close!();
    expect((await failure(openai.models.list())).message).to.match(/connection/i);
  });

  it('closes idle connections with the port', async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    await Promise.all([once(socket, 'close'), instance.close!()]);
  });
});
