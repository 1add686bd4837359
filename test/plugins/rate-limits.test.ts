import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { Accounts } from '../../plugins/rate-limits/accounts.ts';
import { type Rule, readLimits } from '../../plugins/rate-limits/limit.ts';
import { type Answer, open, send } from '../support/client.ts';
import { draw } from '../support/drafts.ts';
import { ANSWER, type Stage, setStage } from '../support/play.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';

const APP_KEY = 'app-key-0123456789';
const YAML = `
keys: [{ name: app, key: ${APP_KEY}, tags: { team: search } }]
rate_limits:
  - { name: two, scope: { agent: "two*" }, per: agent, requests_per_minute: 2 }
  - { name: pair, scope: { agent: [both, pair] }, per: [agent, user], requests_per_minute: 3 }
  - { name: narrow, scope: { agent: both }, requests_per_minute: 1 }
  - { name: sixty, scope: { agent: "sdk-*" }, per: agent, requests_per_minute: 60 }
  - { name: daily, scope: { agent: daily }, requests_per_day: 1 }
  - { name: hundred, scope: { agent: "tokens-*" }, per: agent, tokens_per_minute: 100 }
  - { name: at once, scope: { agent: parallel }, parallel: 2 }
  - { name: search, scope: { team: search }, requests_per_minute: 1, status: 503 }
`;
/** Foresees what a header says: first by length, then counted. */
const FORESEEING = `
export default {
  summary: 'Foresees what it is told.',
  setup: () => ({
    onRequest(exchange) {
      if (exchange.request.header('x-bound') === 'none') return;
      const [length, counted] = (exchange.request.header('x-bound') ?? '10 10').split(' ').map(Number);
      exchange.state.foresight = {
        bound: () => ({ tokens: length, cost_usd: null }),
        counted: async () => ({ prediction: null, bound: { tokens: counted, cost_usd: null } }),
        affordable: async ({ tokens }) => tokens - 90,
        clamp: () => false,
      };
    },
  }),
};
`;
const usage = (input: number, output: number) =>
  json({ ...ANSWER, usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } });

describe('plugins/rate-limits', () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage({
      files: { 'prediction.js': FORESEEING },
      yaml: YAML,
      plugins: 'identity, prediction, rate-limits, { plugin: usage, count_tokens: false }',
    });
  });
  after(() => stage.close());
  beforeEach(() => stage.upstream.always(usage(3, 2)));

  const sending = (agent: string, headers: Record<string, string> = {}) => ({
    url: `${stage.running.url}/v1/chat/completions`,
    headers: { 'x-token-spy-agent': agent, ...headers },
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] },
  });
  const ask = (agent: string, headers: Record<string, string> = {}): Promise<Answer> => send(sending(agent, headers));
  const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).sort();
  const errorOf = ({ text }: Answer) => (JSON.parse(text) as { error: Record<string, unknown> }).error;

  describe('requests a minute', () => {
    it('pass up to the limit; the next is refused, with the time at which it fits', async () => {
      const [first, second, third] = [await ask('two-a'), await ask('two-a'), await ask('two-a')];
      expect([first.status, second.status, third.status]).to.eql([200, 200, 429]);
      expect(Number(third.headers['retry-after'])).to.be.within(20, 30);
      expect(third.headers).to.not.have.property('x-should-retry');
      expect(third.headers['x-token-spy-error']).to.equal('rate_limited');
      expect(errorOf(third)).to.include({ code: 'rate_limited' });
      expect(errorOf(third).message).to.equal('The rate limit two allows 2 requests a minute, and they were used.');
    });

    it('are told on passes and refusals', async () => {
      const answers = [await ask('two-told'), await ask('two-told'), await ask('two-told')];
      const told = answers.map(({ headers }) => [
        headers['x-ratelimit-limit-requests'],
        headers['x-ratelimit-remaining-requests'],
      ]);
      expect(told).to.eql([
        ['2', '1'],
        ['2', '0'],
        ['2', '0'],
      ]);
      expect(answers[0]!.headers['x-ratelimit-reset-requests']).to.match(/^(30|2\d)s$/);
      expect(answers[2]!.headers['x-ratelimit-reset-requests']).to.match(/^(1m0|5\d)s$/);
      expect(answers[0]!.headers).to.not.have.property('anthropic-ratelimit-requests-limit');
    });

    it('are counted for each agent, all at once', async () => {
      const asked = ['two-x', 'two-x', 'two-x', 'two-y', 'two-y', 'two-y', 'other', 'other', 'other'];
      const answers = await Promise.all(asked.map((agent) => ask(agent)));
      const of = (agent: string): number[] => statuses(answers.filter((_, i) => asked[i] === agent));
      expect([of('two-x'), of('two-y'), of('other')]).to.eql([
        [200, 200, 429],
        [200, 200, 429],
        [200, 200, 200],
      ]);
    });

    it('are refused with the status that the limit says, and concern the team whose key it is', async () => {
      const key = { 'x-api-key': APP_KEY };
      expect([(await ask('x', key)).status, (await ask('y', key)).status]).to.eql([200, 503]);
    });

    it('of any path are counted, and a refusal is a row', async () => {
      const get = () =>
        send({ url: `${stage.running.url}/openai/v1/files`, headers: { 'x-token-spy-agent': 'two-files' } });
      const [, , third] = [await get(), await get(), await get()];
      expect(third.status).to.equal(429);
      const row = await stage.running.row(String(third.headers['x-token-spy-id']));
      expect([row.outcome, row.status, row.error?.code, row.agent]).to.eql([
        'refused',
        429,
        'rate_limited',
        'two-files',
      ]);
    });
  });

  it("leaves a provider's own headers as they are", async () => {
    stage.upstream.next({
      ...usage(3, 2),
      headers: { 'content-type': 'application/json', 'x-ratelimit-remaining-requests': '4999' },
    });
    const { headers } = await ask('two-own');
    expect(headers['x-ratelimit-remaining-requests']).to.equal('4999');
    expect(headers['x-ratelimit-limit-requests']).to.equal('2');
  });

  it("tells callers of Anthropic's API in its words, too", async () => {
    const asked = () =>
      send({
        url: `${stage.running.url}/v1/messages`,
        headers: { 'x-token-spy-agent': 'two-claude', 'anthropic-version': '2023-06-01' },
        body: { model: 'claude-sonnet-4-6', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] },
      });
    const [first, , third] = [await asked(), await asked(), await asked()];
    expect(first.headers['anthropic-ratelimit-requests-limit']).to.equal('2');
    expect(first.headers['anthropic-ratelimit-requests-remaining']).to.equal('1');
    const reset = String(third.headers['anthropic-ratelimit-requests-reset']);
    expect(reset).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(reset) - Date.now()).to.be.within(50_000, 62_000);
    expect(JSON.parse(third.text)).to.nested.include({ type: 'error', 'error.type': 'rate_limit_error' });
  });

  it('takes of all limits or of none', async () => {
    const both = { 'x-token-spy-user': 'u' };
    expect((await ask('both', both)).status).to.equal(200);
    for (let times = 0; times < 5; times++) {
      const refused = await ask('both', both);
      expect(refused.status).to.equal(429);
      expect(refused.text).to.include('narrow');
      // The tightest limit is told; the other one has two left, however often it was refused.
      expect(refused.headers['x-ratelimit-remaining-requests']).to.equal('0');
    }
    const free = (await ask('pair', both)).headers['x-ratelimit-remaining-requests'];
    expect(free).to.equal('2');
  });

  describe('tokens a minute', () => {
    it('are held before the request leaves: a hundred at once do not pass the limit together', async () => {
      const before = stage.upstream.received.length;
      stage.upstream.always({ ...usage(10, 10), delay: 'release' });
      const calls = Array.from({ length: 100 }, () => open(sending('tokens-many', { 'x-bound': '20 20' })));
      await until('all but five are refused', () => calls.filter(({ answer }) => answer.status === 429).length === 95);
      expect(stage.upstream.received.length - before).to.equal(5);
      stage.upstream.release();
      expect(statuses(await Promise.all(calls.map(({ done }) => done))).filter((one) => one === 200)).to.have.length(5);
    });

    it('become what was used when the answer is over', async () => {
      stage.upstream.always(usage(20, 10));
      const first = await ask('tokens-used', { 'x-bound': '90 90' });
      expect(first.headers['x-ratelimit-remaining-tokens']).to.equal('10');
      expect(first.headers['x-ratelimit-limit-tokens']).to.equal('100');
      const second = await ask('tokens-used', { 'x-bound': '60 60' });
      expect(second.status).to.equal(200);
      // Some of what was used flows off while the test runs.
      expect(Number(second.headers['x-ratelimit-remaining-tokens'])).to.be.within(10, 25);
      const third = await ask('tokens-used', { 'x-bound': '75 75' });
      const free = Number(third.headers['x-ratelimit-remaining-tokens']);
      expect([third.status, free >= 40 && free <= 65]).to.eql([429, true]);
      expect(errorOf(third).message).to.equal(
        `The rate limit hundred allows 100 tokens a minute; this request may use up to 75, and ${free} are free now.`,
      );
      expect(Number(third.headers['retry-after'])).to.be.within(5, 21);
    });

    it('that are more than was foreseen are waited for, by requests that use tokens', async () => {
      stage.upstream.always(usage(180, 20));
      expect((await ask('tokens-more')).status).to.equal(200);
      const refused = await ask('tokens-more');
      expect([refused.status, refused.headers['x-ratelimit-remaining-tokens']]).to.eql([429, '0']);
      expect(Number(refused.headers['retry-after']), '110 of 100 a minute').to.be.within(50, 66);
      const models = {
        url: `${stage.running.url}/v1/models`,
        headers: { 'x-token-spy-agent': 'tokens-more', 'x-bound': 'none' },
      };
      expect((await send(models)).status).to.equal(200);
    });

    it('are counted with the tokenizer where there is no room for the length', async () => {
      stage.upstream.always(usage(40, 40));
      expect((await ask('tokens-count', { 'x-bound': '5000 100' })).status).to.equal(200);
      expect((await ask('tokens-count', { 'x-bound': '5000 98' })).status).to.equal(429);
    });

    it('are held by the length no longer than until they are counted', async () => {
      stage.upstream.always({ ...usage(5, 5), delay: 'release' });
      const before = stage.upstream.received.length;
      const calls = [90, 70, 50].map((length) => open(sending('tokens-shrink', { 'x-bound': `${length} 20` })));
      await until('all are on their way', () => stage.upstream.received.length === before + 3);
      stage.upstream.release();
      expect(statuses(await Promise.all(calls.map(({ done }) => done)))).to.eql([200, 200, 200]);
    });

    it('are given back by what fails and by whoever leaves before there is an answer', async () => {
      const bound = { 'x-bound': '80 80' };
      stage.upstream.next(
        json({ error: { message: 'broken' } }, { status: 500 }),
        { raw: '', end: 'reset' },
        { raw: '', end: 'reset' },
      );
      expect((await ask('tokens-back', bound)).status).to.equal(500);
      expect((await ask('tokens-back', bound)).status).to.equal(502);
      stage.upstream.next({ delay: 'release' });
      const before = stage.upstream.received.length;
      const call = open(sending('tokens-back', bound));
      await until('it is on its way', () => stage.upstream.received.length > before);
      expect((await ask('tokens-back', bound)).status).to.equal(429);
      call.abort();
      await until('it is given back', async () => (await ask('tokens-back', bound)).status === 200);
    });

    it('beyond the limit never fit, and that is said at once', async () => {
      const answer = await ask('tokens-never', { 'x-bound': '5000 130' });
      expect([answer.status, answer.headers['retry-after'], answer.headers['x-should-retry']]).to.eql([
        429,
        undefined,
        'false',
      ]);
      expect(errorOf(answer).message).to.equal(
        'The rate limit hundred allows 100 tokens a minute, and this request alone may use up to 130: it can never pass. Ask for at most 10 output tokens.',
      );
    });
  });

  it('keeps so many at a time, and takes the next as soon as one is over', async () => {
    stage.upstream.always({ ...usage(1, 1), delay: 'release' });
    const before = stage.upstream.received.length;
    const calls = [open(sending('parallel')), open(sending('parallel'))];
    await until('both are on their way', () => stage.upstream.received.length === before + 2);
    const third = await ask('parallel');
    expect([third.status, third.headers['retry-after']]).to.eql([429, '1']);
    expect(errorOf(third).message).to.equal(
      'The rate limit at once allows 2 requests at a time, and so many are under way.',
    );
    calls[0]!.abort();
    stage.upstream.always(usage(1, 1));
    await until('there is room again', async () => (await ask('parallel')).status === 200);
    stage.upstream.release();
    expect((await calls[1]!.done).status).to.equal(200);
  });

  it('goes on counting when its options change, and begins anew where scope or name is another', async () => {
    const [keys, own] = YAML.split('rate_limits:');
    const yaml = (limits: string): string => `${keys}
providers: { openai: { base_url: "${stage.upstream.url}" }, anthropic: { base_url: "${stage.upstream.url}" } }
rate_limits: ${limits}
plugins: [history, identity, prediction, rate-limits, { plugin: usage, count_tokens: false }]
`;
    const version = (): string => stage.running.gateway.current.terms.configVersion;
    const take = async (limits: string): Promise<void> => {
      const before = version();
      await stage.running.save(yaml(limits));
      await until('it is in force', () => version() !== before);
    };
    const left = async (): Promise<unknown> => (await ask('reload')).headers['x-ratelimit-remaining-requests'];
    await take('[{ name: a, per: agent, requests_per_minute: 5 }]');
    expect([await left(), await left()]).to.eql(['4', '3']);
    await take('[{ name: a, per: agent, requests_per_minute: 9 }, { name: b, parallel: 9 }]');
    expect(await left()).to.equal('6');
    await take('[{ name: a, requests_per_minute: 9 }]');
    expect(await left()).to.equal('8');
    await take(own!);
  });

  describe('with the real SDKs', () => {
    const openai = (agent: string, maxRetries: number): OpenAI =>
      new OpenAI({
        apiKey: 'sk-x',
        baseURL: `${stage.running.url}/v1`,
        maxRetries,
        defaultHeaders: { 'x-token-spy-agent': agent },
      });
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hi' }] };
    const useUp = (agent: string): Promise<Answer[]> => Promise.all(Array.from({ length: 61 }, () => ask(agent)));

    it("OpenAI's waits as long as it is told, and comes through", async () => {
      await useUp('sdk-openai');
      const answer = await openai('sdk-openai', 3).chat.completions.create(body);
      expect(answer.choices[0]?.message.content).to.equal('Hello.');
    });

    it("Anthropic's does, too", async () => {
      await useUp('sdk-anthropic');
      const message = { type: 'message', role: 'assistant', content: [], usage: { input_tokens: 1, output_tokens: 1 } };
      stage.upstream.always(json(message));
      const client = new Anthropic({
        apiKey: 'sk-x',
        baseURL: stage.running.url,
        maxRetries: 3,
        defaultHeaders: { 'x-token-spy-agent': 'sdk-anthropic' },
      });
      const answer = await client.messages.create({
        model: 'claude-sonnet-4-6',
        max_tokens: 9,
        messages: body.messages,
      });
      expect(answer.type).to.equal('message');
    });

    it('they stop at once where waiting would not help', async () => {
      const agents = ['daily', 'tokens-sdk'];
      const headers = { 'x-bound': '500 500' };
      await ask('daily');
      for (const agent of agents) {
        const rows = await stage.running.rows();
        const error = await openai(agent, 5)
          .chat.completions.create(body, { headers })
          .then(
            () => null,
            (thrown: unknown) => thrown,
          );
        expect(error).to.be.instanceOf(OpenAI.RateLimitError);
        expect((await stage.running.rows(rows.length + 1)).length).to.equal(rows.length + 1);
      }
    });
  });

  it('counts refusals by limit', async () => {
    const text = await stage.running.gateway.metrics.registry.metrics();
    expect(text).to.match(/gateway_rate_limits_refusals_total\{limit="two",measure="requests_per_minute"\} \d+/);
  });
});

describe('plugins/rate-limits with what prediction foresees', () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage({
      yaml: 'rate_limits: [{ name: thousand, per: agent, tokens_per_minute: 1000 }]',
      plugins:
        'identity, { plugin: prediction, count_tokens: false }, rate-limits, { plugin: usage, count_tokens: false }',
    });
  });
  after(() => stage.close());

  const messages = [{ role: 'user', content: 'Hello, how are you?' }];

  it('lets no more through at once than their longest answers have room for', async () => {
    const url = `${stage.running.url}/v1/chat/completions`;
    const body = { model: 'gpt-4o-mini', max_tokens: 90, messages };
    stage.upstream.always({ ...usage(9, 9), delay: 'release' });
    const calls = Array.from({ length: 30 }, () => open({ url, body }));
    const refused = (): number => calls.filter(({ answer }) => answer.status === 429).length;
    await until('all are let through or refused', () => refused() + stage.upstream.received.length === 30);
    stage.upstream.release();
    const passed = (await Promise.all(calls.map(({ done }) => done))).filter(({ status }) => status === 200);
    expect(passed.length).to.be.within(3, 11);
    expect(stage.upstream.received.length).to.equal(passed.length);
  });

  it('says how long an answer may be that would fit', async () => {
    const { json: told, answer } = await stage.play({
      headers: { 'x-token-spy-agent': 'never' },
      request: { max_tokens: 5000, messages },
    });
    expect([answer.status, answer.headers['x-should-retry']]).to.eql([429, 'false']);
    const { message, details } = told!.error as { message: string; details: Record<string, number> };
    expect(details.affordable_output_tokens).to.be.within(800, 999);
    expect(message).to.include(`Ask for at most ${details.affordable_output_tokens} output tokens.`);
  });
});

describe('rate_limits in gateway.yaml', () => {
  const wrong: [limits: string, complaint: RegExp][] = [
    ['[{ requests_per_minute: 1 }]', /rate_limits\[0\] has no name/],
    ['[{ name: a, requests_per_minute: 0 }]', /rate_limits\[0\].requests_per_minute must be at least 1/],
    ['[{ name: a, requests_per_minute: 1.5 }]', /must be a whole number/],
    ['[{ name: a, requests_per_minut: 1 }]', /did you mean requests_per_minute/],
    ['[{ name: a, parallel: 1, per: agents }]', /rate_limits\[0\].per must be one of tenant, project, agent/],
    ['[{ name: a, parallel: 1, scope: { agnet: x } }]', /did you mean agent/],
    ['[{ name: a, parallel: 1, status: 200 }]', /must be at least 400/],
  ];
  for (const [limits, complaint] of wrong) {
    it(`may not be ${limits}`, async () => {
      const error = await draw(`rate_limits: ${limits}\nplugins: [rate-limits]`).then(
        () => '',
        (thrown: Error) => thrown.message,
      );
      expect(error).to.match(complaint);
    });
  }

  it('has names that differ, and limits that limit something', () => {
    const rule: Rule = { name: 'a', scope: {}, parallel: 1, status: 429 };
    const read = (...rules: Rule[]) => readLimits(rules, () => new Accounts());
    expect(() => read(rule, rule)).to.throw('rate_limits[1].name a is taken by another; names must differ');
    expect(() => read({ ...rule, parallel: undefined })).to.throw('rate_limits[0] (a) limits nothing; give it one of');
  });
});
