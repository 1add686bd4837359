import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { type BudgetStage, EACH, HELLO, startBudgets, times } from '../../support/budgets.ts';
import { send } from '../../support/client.ts';

const MONTHS = /^\d{4}-\d{2}-01T00:00:00\.000Z$/;
const BUDGETS = `
- { name: first of the month, scope: { agent: "a*" }, per: [agent, user], limit_usd: 0.0005, period: month }
- { name: the day, scope: { agent: "a*" }, limit_usd: 0.0006, period: day }
- { name: tokens, scope: { agent: t }, limit_tokens: 100, period: total }
- { name: requests, scope: { agent: r }, limit_requests: 1, period: day }
- { name: one, scope: { agent: held }, limit_usd: ${times(1)}, period: total }
`;

interface Told {
  error: { type: string; code: string; message: string; details: Record<string, unknown> };
}

describe('what a budget tells that it refuses', () => {
  let stage: BudgetStage;

  before(async () => {
    stage = await startBudgets(BUDGETS);
  });
  after(() => stage.close());
  beforeEach(() => void stage.reached());

  const refused = async (agent: string, headers: Record<string, string> = {}) => {
    const answer = await stage.ask(agent, { body: { max_tokens: 100 }, headers });
    const { error } = JSON.parse(answer.text) as Told;
    return { ...answer, error, details: error.details };
  };

  it('tells tokencap’s four figures', async () => {
    const { status, headers, error, details } = await refused('ada', { 'x-token-spy-user': 'u' });
    expect([status, error.type, error.code]).to.eql([402, 'budget_exceeded', 'budget_exceeded']);
    expect(details).to.deep.include({
      currentSpendUsd: 0,
      limitUsd: 0.0005,
      estimatedCostUsd: 0.001023,
      remainingBudgetUsd: 0.0005,
    });
    expect(headers).to.include({
      'x-should-retry': 'false',
      'x-token-spy-error': 'budget_exceeded',
      'x-tokencap-budget-remaining': '0.000500',
      'x-tokencap-input-tokens': '9',
    });
    expect(headers).to.not.have.property('retry-after');
    expect(stage.reached()).to.equal(0);
  });

  it('tells exact figures of the budget that resets last, and the names of all that are short', async () => {
    const { details, error } = await refused('ada', { 'x-token-spy-user': 'u' });
    expect(details).to.deep.include({
      budget: 'first of the month',
      budgets: ['first of the month', 'the day'],
      scope: { agent: ['a*'] },
      subject: { agent: 'ada', user: 'u' },
      measure: 'usd',
      limit: '0.0005',
      spent: '0',
      held: '0',
      estimated: '0.0010225',
      remaining: '0.0005',
      affordable_tokens: 47,
    });
    expect(details.resets_at).to.match(MONTHS);
    const { from, to } = details.window as { from: string; to: string };
    expect([from, to]).to.satisfy((ends: string[]) => ends.every((end) => MONTHS.test(end)));
    expect(error.message).to.equal(
      `The budget first of the month of agent ada, user u has no room for this request: it may come to 0.0010225, and 0.0005 of 0.0005 US dollars are left until ${to}. An answer of at most 47 tokens would fit.`,
    );
  });

  it('lets pass what it says would fit', async () => {
    expect(
      (await stage.ask('afford', { body: { max_tokens: 48 }, headers: { 'x-token-spy-user': 'u' } })).status,
    ).to.equal(402);
    expect(
      (await stage.ask('afford', { body: { max_tokens: 47 }, headers: { 'x-token-spy-user': 'u' } })).status,
    ).to.equal(200);
  });

  it('has no dollars where none are counted, and no end where there is none', async () => {
    const tokens = (await refused('t')).details;
    expect(tokens).to.deep.include({ measure: 'tokens', limit: '100', estimated: '109', remaining: '100' });
    expect(tokens).to.deep.include({ resets_at: null, affordable_tokens: 91, subject: {} });
    expect(tokens).to.not.have.any.keys('limitUsd', 'currentSpendUsd');
    await stage.ask('r');
    const { details, error, headers } = await refused('r');
    expect(details).to.deep.include({
      measure: 'requests',
      limit: '1',
      spent: '1',
      remaining: '0',
      affordable_tokens: null,
    });
    expect(error.message).to.include('0 of 1 requests are left until ');
    expect(headers).to.not.have.property('x-tokencap-budget-remaining');
  });

  it('is told in the dialect of the request', async () => {
    const ask = async (path: string, body: object) => {
      const { text, status } = await send({
        url: stage.running.url + path,
        headers: { 'x-token-spy-agent': 'ada', 'x-token-spy-user': 'u' },
        body,
      });
      expect(status).to.equal(402);
      return JSON.parse(text) as Record<string, Record<string, unknown>>;
    };
    const claude = { model: 'claude-test', max_tokens: 1000, messages: HELLO.messages };
    const anthropic = await ask('/v1/messages', claude);
    expect(anthropic.error).to.deep.include({ type: 'billing_error', code: 'budget_exceeded' });
    expect(anthropic.error!.details).to.include({ limitUsd: 0.0005 });
    const gemini = await ask('/v1beta/models/gemini-2.5-flash:generateContent', {
      contents: [{ role: 'user', parts: [{ text: 'Hello!' }] }],
    });
    const [info] = gemini.error!.details as { reason: string; metadata: Record<string, string> }[];
    expect([gemini.error!.status, info!.reason, info!.metadata.limitUsd]).to.eql([
      'RESOURCE_EXHAUSTED',
      'budget_exceeded',
      '0.0005',
    ]);
    const bedrock = await ask('/model/anthropic.claude-sonnet-4-20250514-v1:0/converse', {
      messages: [{ role: 'user', content: [{ text: 'Hello!' }] }],
      inferenceConfig: { maxTokens: 1000 },
    });
    expect(bedrock).to.deep.include({ __type: 'ServiceQuotaExceededException' });
    expect(bedrock.details).to.include({ limitUsd: 0.0005 });
  });

  for (const status of [402, 429] as const) {
    describe(`with status ${status}`, () => {
      before(async () => {
        if (status === 429) await stage.reload(BUDGETS, 'status: 429, header_prefix: X-Team');
      });

      const rowsOf = async (agent: string) =>
        (await stage.running.rows()).filter((row) => row.agent === agent && row.outcome === 'refused').length;

      it('is an error of OpenAI’s SDK at once, and is not tried again', async () => {
        const agent = `a-openai-${status}`;
        const client = new OpenAI({
          apiKey: 'sk-x',
          baseURL: `${stage.running.url}/v1`,
          defaultHeaders: { 'x-token-spy-agent': agent, 'x-token-spy-user': 'u' },
        });
        const asked = { model: 'gpt-4o', max_tokens: 1000, messages: [{ role: 'user' as const, content: 'Hello!' }] };
        const failed = await client.chat.completions.create(asked).then(
          () => null,
          (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
        );
        expect(failed).to.be.instanceOf(OpenAI.APIError);
        expect([failed!.status, failed!.code, failed!.type]).to.eql([status, 'budget_exceeded', 'budget_exceeded']);
        const streamed = await client.chat.completions.create({ ...asked, stream: true }).then(
          () => null,
          (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
        );
        expect(streamed?.code).to.equal('budget_exceeded');
        expect([stage.reached(), await rowsOf(agent)]).to.eql([0, 2]);
      });

      it('is an error of Anthropic’s SDK at once, and is not tried again', async () => {
        const agent = `a-anthropic-${status}`;
        const client = new Anthropic({
          apiKey: 'sk-x',
          baseURL: stage.running.url,
          defaultHeaders: { 'x-token-spy-agent': agent, 'x-token-spy-user': 'u' },
        });
        const failed = await client.messages
          .create({ model: 'claude-test', max_tokens: 1000, messages: [{ role: 'user', content: 'Hello!' }] })
          .then(
            () => null,
            (error: unknown) => error as InstanceType<typeof Anthropic.APIError>,
          );
        expect(failed).to.be.instanceOf(Anthropic.APIError);
        expect(failed!.status).to.equal(status);
        expect(failed!.message).to.include('The budget first of the month');
        expect([stage.reached(), await rowsOf(agent)]).to.eql([0, 1]);
      });

      it(`${status === 402 ? 'has no' : 'has a'} retry-after`, async () => {
        const { headers } = await refused('ada', { 'x-token-spy-user': 'u' });
        const seconds = Number(headers['retry-after'] ?? 0);
        expect(seconds).to.be.within(status === 402 ? 0 : 1, status === 402 ? 0 : 31 * 86_400);
        expect(headers).to.have.property(`x-${status === 402 ? 'tokencap' : 'team'}-budget-remaining`);
      });
    });
  }

  it('tells what others hold at the moment', async () => {
    stage.upstream.next({ delay: 'release', headers: { 'content-type': 'application/json' }, chunks: ['{}'] });
    const first = stage.ask('held');
    await stage.upstream.request(stage.upstream.received.length);
    const { details, error } = await refused('held');
    expect(details).to.deep.include({ spent: '0', held: String(EACH), remaining: '0', affordable_tokens: 0 });
    expect(error.message).to.include(`0 of ${EACH} US dollars are left, ${EACH} being held by requests under way`);
    stage.upstream.release();
    await first;
  });
});
