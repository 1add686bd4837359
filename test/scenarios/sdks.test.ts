/** The official SDKs, unmodified, against a gateway whose provider is the shipped simulator. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';

import { freePort } from '../support/free-port.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const ASK = [{ role: 'user' as const, content: 'What is a gateway?' }];
const SCHEMA = { type: 'object' as const, properties: { city: { type: 'string' as const } }, required: ['city'] };
const KEY = 'a-key-for-the-locked-port';

let running: TestGateway;

const urlOf = (name: string): string => running.gateway.ports.all.find((port) => port.name === name)!.url;
const openai = (path = '/v1', name = 'open', apiKey = 'sk-of-the-client'): OpenAI =>
  new OpenAI({ apiKey, baseURL: urlOf(name) + path, maxRetries: 0 });
const anthropic = (path = '', name = 'open', apiKey = 'sk-of-the-client'): Anthropic =>
  new Anthropic({ apiKey, baseURL: urlOf(name) + path, maxRetries: 0 });

/** What a call rejected with. */
async function refusal(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

describe('the official SDKs', () => {
  before(async () => {
    const port = await freePort();
    running = await startGateway(`
listen:
  - { port: 0, name: open }
  - { port: 0, name: locked, auth: key }
keys: [{ name: team, key: ${KEY} }]
providers:
  simulated:
    adapter: [openai_chat, openai_responses, anthropic_messages]
    base_url: http://127.0.0.1:${port}
    models:
      simulated: { input: 3, output: 15 }
      simulated-*: { input: 3, output: 15 }
${PIPELINE.replace(']', `, { plugin: simulator, port: ${port}, pace: 1, latency: 1 }]`)}`);
  });
  after(() => running?.close());

  describe("OpenAI's SDK", () => {
    it('chats', async () => {
      const answer = await openai().chat.completions.create({ model: 'simulated', messages: ASK });
      expect(answer.choices[0]?.message.content).to.be.a('string').and.not.be.empty;
      expect(answer.usage?.total_tokens).to.be.above(0);
    });

    for (const path of ['/v1', '', '/simulated/v1']) {
      it(`finds its way with the base URL ${path === '' ? 'without a path' : path}`, async () => {
        const answer = await openai(path).chat.completions.create({ model: 'simulated', messages: ASK });
        expect(answer.object).to.equal('chat.completion');
      });
    }

    it('streams, and sees no usage that it did not ask for', async () => {
      const stream = await openai().chat.completions.create({ model: 'simulated', messages: ASK, stream: true });
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(chunks.every(({ choices }) => choices.length === 1)).to.equal(true);
      expect(chunks.every(({ usage }) => !usage)).to.equal(true);
      expect(chunks.at(-1)?.choices[0]?.finish_reason).to.equal('stop');
    });

    it('streams with the usage that it asked for', async () => {
      const stream = openai().chat.completions.stream({
        model: 'simulated',
        messages: ASK,
        stream_options: { include_usage: true },
      });
      expect((await stream.finalChatCompletion()).usage?.completion_tokens).to.be.above(0);
    });

    it('calls tools, in JSON and in streams', async () => {
      const messages = [{ role: 'user' as const, content: 'Use get_weather for Berlin.' }];
      const tool = { type: 'function' as const, function: { name: 'get_weather', parameters: SCHEMA } };
      const asked = { model: 'simulated', messages, tools: [tool] };
      const answer = await openai().chat.completions.create(asked);
      const call = answer.choices[0]?.message.tool_calls?.[0];
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).to.have.property('city');
      const streamed = await openai().chat.completions.stream(asked).finalChatCompletion();
      expect(streamed.choices[0]?.message.tool_calls?.[0]).to.have.nested.property('function.name', 'get_weather');
    });

    it('sends pictures', async () => {
      const content = [
        { type: 'text' as const, text: 'What is this?' },
        { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
      ];
      const answer = await openai().chat.completions.create({
        model: 'simulated',
        messages: [{ role: 'user', content }],
      });
      expect(answer.choices[0]?.finish_reason).to.equal('stop');
    });

    it('uses the Responses API, in JSON and in streams', async () => {
      const answer = await openai().responses.create({ model: 'simulated', input: 'Hello.' });
      expect(answer.output_text).to.not.equal('');
      const stream = openai().responses.stream({ model: 'simulated', input: 'Hello.' });
      expect((await stream.finalResponse()).usage?.output_tokens).to.be.above(0);
    });

    it('embeds and lists models', async () => {
      const { data, usage } = await openai().embeddings.create({ model: 'simulated', input: ['one', 'two'] });
      expect(data).to.have.length(2);
      expect(usage.prompt_tokens).to.be.above(0);
      const models = await openai().models.list();
      expect(models.data.map(({ id }) => id)).to.include('simulated');
    });

    it("throws the provider's errors as its own classes, with the provider's words", async () => {
      const broken = await refusal(openai().chat.completions.create({ model: 'simulated-error', messages: ASK }));
      expect(broken).to.be.instanceOf(OpenAI.InternalServerError);
      expect((broken as Error).message).to.contain('fails on purpose');
      const limited = await refusal(openai().chat.completions.create({ model: 'simulated-rate-limit', messages: ASK }));
      expect(limited).to.be.instanceOf(OpenAI.RateLimitError);
      expect((limited as InstanceType<typeof OpenAI.RateLimitError>).headers?.get('retry-after')).to.equal('1');
    });

    it('notices a stream that breaks', async () => {
      const stream = await openai().chat.completions.create({ model: 'simulated-cut', messages: ASK, stream: true });
      const read = async (): Promise<void> => {
        for await (const _ of stream);
      };
      expect(await refusal(read())).to.be.instanceOf(Error);
    });

    it('is told by the gateway in the same way: no key, a wrong provider', async () => {
      const call = (client: OpenAI) => client.chat.completions.create({ model: 'simulated', messages: ASK });
      const unknown = await refusal(call(openai('/v1', 'locked')));
      expect(unknown).to.be.instanceOf(OpenAI.AuthenticationError);
      expect((unknown as Error).message).to.contain('gateway key');
      expect((await call(openai('/v1', 'locked', KEY))).object).to.equal('chat.completion');
      const lost = await refusal(openai('/nobody/v1').models.list());
      expect(lost).to.be.instanceOf(OpenAI.NotFoundError);
    });
  });

  describe("Anthropic's SDK", () => {
    const asked = { model: 'simulated', max_tokens: 200, messages: ASK };

    for (const path of ['', '/v1', '/simulated']) {
      it(`talks with the base URL ${path === '' ? 'without a path' : path}`, async () => {
        const answer = await anthropic(path).messages.create(asked);
        expect(answer.content[0]).to.have.property('type', 'text');
        expect(answer.usage.output_tokens).to.be.above(0);
      });
    }

    it('streams', async () => {
      const message = await anthropic().messages.stream(asked).finalMessage();
      expect(message.stop_reason).to.be.oneOf(['end_turn', 'max_tokens']);
      expect(message.usage.output_tokens).to.be.above(0);
    });

    it('calls tools and sends pictures', async () => {
      const source = { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL };
      const content = [
        { type: 'image' as const, source },
        { type: 'text' as const, text: 'Use get_weather for this place.' },
      ];
      const answer = await anthropic().messages.create({
        ...asked,
        messages: [{ role: 'user', content }],
        tools: [{ name: 'get_weather', input_schema: SCHEMA }],
      });
      expect(answer.stop_reason).to.equal('tool_use');
      expect(answer.content.find(({ type }) => type === 'tool_use')).to.have.nested.property('input.city');
    });

    it('counts tokens', async () => {
      const { input_tokens } = await anthropic().messages.countTokens({ model: 'simulated', messages: ASK });
      expect(input_tokens).to.be.above(0);
    });

    it('throws errors of the provider and of the gateway as its own classes', async () => {
      const broken = await refusal(anthropic().messages.create({ ...asked, model: 'simulated-error' }));
      expect(broken).to.be.instanceOf(Anthropic.InternalServerError);
      expect((broken as Error).message).to.contain('fails on purpose');
      const unknown = await refusal(anthropic('', 'locked').messages.create(asked));
      expect(unknown).to.be.instanceOf(Anthropic.AuthenticationError);
      expect((unknown as Error).message).to.contain('gateway key');
      expect((await anthropic('', 'locked', KEY).messages.create(asked)).role).to.equal('assistant');
    });

    it('left a priced row for each answer', async () => {
      const rows = await running.rows();
      const good = rows.filter(({ outcome, api }) => outcome === 'ok' && api?.startsWith('anthropic.messages'));
      expect(good.length).to.be.above(4);
      expect(good.every(({ cost_usd }) => Number(cost_usd) > 0)).to.equal(true);
    });
  });
});
