import { expect } from 'chai';
import type { ReceiptNote } from '../../../src/pipeline/record.ts';
import { type Act, type Stage, setStage } from '../../support/play.ts';
import { json, type Script } from '../../support/script.ts';

type Told = Pick<ReceiptNote, 'by' | 'what' | 'facts'>;

const HELLO = { max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] };

describe('the decisions of a receipt', () => {
  let stage: Stage;
  afterEach(() => stage.close());

  const begin = async (plugins: string, yaml: string): Promise<void> => {
    stage = await setStage({
      plugins:
        `receipts, identity, pauses, session-limits, trim, prediction, rate-limits, budgets, { plugin: usage, count_tokens: false }, ${plugins}`
          .replace(/, $/, '')
          .replace('identity, ', 'identity, sessions, settings, '),
      yaml,
    });
  };
  const decisions = async (act: Act = {}): Promise<Told[]> => {
    const { record } = await stage.play({ request: HELLO, ...act });
    const { decisions } = record.receipt!;
    expect(decisions.map(({ at_ms }) => at_ms)).to.eql(decisions.map(({ at_ms }) => at_ms).sort((a, b) => a - b));
    expect(JSON.stringify(decisions)).to.not.include('Hello');
    return decisions.map(({ by, what, facts }) => ({ by, what, ...(facts && { facts }) }));
  };

  it('say what budgets held and what it came to', async () => {
    await begin(
      '',
      'budgets: [{ name: all, limit_usd: 5, period: day }, { name: count, limit_tokens: 1000000, period: day }]\n',
    );
    const [hold, settle, ...rest] = await decisions();
    expect(hold).to.deep.include({ by: 'budgets', what: 'hold' });
    expect(hold!.facts).to.have.keys('accounts', 'usd', 'tokens').and.include({ accounts: 2 });
    expect(settle!.facts!.usd).to.equal('0.000156');
    expect(Number(settle!.facts!.held_usd)).to.be.greaterThan(0).and.at.most(Number(hold!.facts!.usd));
    expect(rest).to.eql([]);
  });

  it('say which budget had no room, and who refused', async () => {
    await begin('', 'budgets: [{ name: tiny, limit_usd: 0.000001, period: day }]\n');
    const [exceeded, refused] = await decisions();
    expect(exceeded).to.deep.include({ by: 'budgets', what: 'exceeded' });
    expect(exceeded!.facts).to.include({ budget: 'tiny', measure: 'usd', limit: '0.000001', spent: '0', held: '0' });
    expect(Number(exceeded!.facts!.asked)).to.be.greaterThan(0.000001);
    expect(refused).to.eql({ by: 'budgets', what: 'refused', facts: { status: 402, code: 'budget_exceeded' } });
  });

  it('say that an answer was made shorter, or another model asked, to fit a budget', async () => {
    await begin('', 'budgets: [{ name: small, limit_usd: 0.0001, period: day, when_short: clamp }]\n');
    const clamped = await decisions({ request: { ...HELLO, max_tokens: 4000 } });
    expect(clamped[0]).to.deep.include({ by: 'budgets', what: 'clamp' });
    expect(clamped[0]!.facts!.max_tokens).to.be.a('number').and.below(4000);
    await stage.close();
    await begin('', 'budgets: [{ name: small, limit_usd: 0.001, period: day, when_short: { model: gpt-4.1-nano } }]\n');
    const turned = await decisions({ request: { ...HELLO, model: 'gpt-4o', max_tokens: 1000 } });
    expect(turned[0]).to.eql({
      by: 'budgets',
      what: 'cheaper_model',
      facts: { asked: 'gpt-4o', model: 'gpt-4.1-nano' },
    });
  });

  it('say which limit a request came too fast for, and that it waited in line', async () => {
    await begin(
      '{ plugin: queue, parallel: 1 }',
      'rate_limits: [{ name: few, requests_per_minute: 2, scope: { agent: quick } }]\n',
    );
    const quick = { headers: { 'x-token-spy-agent': 'quick' } };
    await decisions(quick);
    await decisions(quick);
    expect(await decisions(quick)).to.eql([
      {
        by: 'rate-limits',
        what: 'exceeded',
        facts: { limit: 'few', measure: 'requests_per_minute', most: 2, room: 0 },
      },
      { by: 'rate-limits', what: 'refused', facts: { status: 429, code: 'rate_limited' } },
    ]);
    const slow: Script = { ...json({ id: 'a' }), delay: 60 };
    const both = await Promise.all([decisions({ upstream: [slow, slow] }), decisions({ upstream: [slow, slow] })]);
    const [waited] = both.flat();
    expect(waited).to.deep.include({ by: 'queue', what: 'waited' });
    expect(waited!.facts).to.include({ turn: 'mine' });
  });

  it('say what was paused or slowed down', async () => {
    await begin('', '');
    const pause = async (body: object): Promise<string> => {
      const answer = await fetch(`${stage.running.url}/api/v1/pauses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { id: string }).id;
    };
    const stopped = await pause({ scope: { agent: 'stopped' } });
    const slowed = await pause({ scope: { agent: 'slowed' }, throttle: { delay: '50ms' } });
    const [paused, refused] = await decisions({ headers: { 'x-token-spy-agent': 'stopped' } });
    expect(paused).to.eql({ by: 'pauses', what: 'paused', facts: { pause: stopped } });
    expect(refused!.facts).to.eql({ status: 403, code: 'paused' });
    const [waited] = await decisions({ headers: { 'x-token-spy-agent': 'slowed' } });
    expect(waited).to.deep.include({ by: 'pauses', what: 'waited' });
    expect(waited!.facts).to.include({ throttle: slowed, turn: 'mine' });
    expect(waited!.facts!.ms).to.be.at.least(40);
  });

  it('say which session is at its limit, and what was taken out of it', async () => {
    await begin('', 'session_limits: [{ name: history, chars: { hard: 400 }, at_hard: trim }]\n');
    const say = (role: string) => ({ role, content: 'Hello, hello, hello' });
    const messages = [...Array.from({ length: 10 }, (_, n) => say(n % 2 === 0 ? 'user' : 'assistant')), say('user')];
    const [limit, trimmed] = await decisions({ request: { ...HELLO, messages } });
    expect(limit).to.deep.include({ by: 'session-limits', what: 'trim' });
    expect(limit!.facts).to.include({ limit: 'history', measure: 'chars', bound: '400' });
    expect(trimmed).to.deep.include({ by: 'trim', what: 'trimmed' });
    expect(trimmed!.facts).to.include({ tools: 0 });
    expect(trimmed!.facts!.messages).to.be.greaterThan(0);
  });
});
