import { expect } from 'chai';
import { type BudgetStage, startBudgets, times } from '../../support/budgets.ts';
import { json } from '../../support/script.ts';
import { until } from '../../support/until.ts';

const BUDGETS = `
- { name: marks, scope: { agent: "marks*" }, per: agent, limit_usd: ${times(4)}, period: day, warn_at: [75, 50] }
- { name: soft, scope: { agent: soft }, limit_usd: ${times(1)}, period: day, action: warn, warn_at: [] }
- { name: hard, scope: { agent: hard }, limit_usd: ${times(1)}, period: day, warn_at: [] }
- { name: quiet, scope: { agent: quiet }, limit_usd: ${times(1)}, period: day, warn_at: 90 }
`;

describe('what budgets tell', () => {
  let stage: BudgetStage;
  let told: Record<string, unknown>[];

  before(async () => {
    stage = await startBudgets(BUDGETS);
    stage.running.gateway.events.subscribe((name, data) => {
      if (name === 'budget') told.push(data as Record<string, unknown>);
    });
  });
  after(() => stage.close());
  beforeEach(() => {
    told = [];
  });

  const marks = (): unknown[] =>
    told.filter(({ kind }) => kind !== 'changed').map(({ kind, percent }) => percent ?? kind);

  it('is told of each mark once, of what was really spent', async () => {
    for (let i = 0; i < 2; i++) await stage.ask('marks');
    await until('half of it is told', () => told.length > 0);
    expect(told[0]).to.deep.include({
      budget: 'marks',
      subject: { agent: 'marks' },
      kind: 'threshold',
      percent: 50,
      measure: 'usd',
      spent: times(2),
      limit: times(4),
    });
    await stage.ask('marks');
    await until('three quarters are told', () => told.length > 1);
    await stage.ask('marks');
    await stage.quiet('marks');
    expect(marks()).to.eql([50, 75]);
    expect(stage.warnings().map(({ msg }) => msg)).to.eql([
      `50% of the budget marks are spent, of ${times(4)} US dollars`,
      `75% of the budget marks are spent, of ${times(4)} US dollars`,
    ]);
  });

  it('is told of the first request that a budget refuses, and of no more', async () => {
    await stage.ask('hard');
    for (let i = 0; i < 3; i++) expect((await stage.ask('hard')).status).to.equal(402);
    expect(told.map(({ budget, kind, action }) => [budget, kind, action])).to.eql([['hard', 'exceeded', 'reject']]);
    const metrics = await (await fetch(`${stage.running.url}/metrics`)).text();
    expect(metrics).to.match(/^gateway_budgets_refusals_total\{budget="hard",code="budget_exceeded"\} 3$/m);
    expect(metrics).to.match(/^gateway_budgets_alerts_total\{budget="hard",kind="exceeded"\} 1$/m);
  });

  it('lets all pass where the budget only warns, and says so', async () => {
    expect((await stage.ask('soft')).headers).to.not.have.property('x-token-spy-budget-warning');
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await stage.ask('soft');
      expect(status).to.equal(200);
      expect(headers['x-token-spy-budget-warning']).to.match(
        /^soft; spent=0\.0[12]0\d*; limit=0\.0100225; estimated=0\.01/,
      );
      expect(headers['x-tokencap-budget-remaining']).to.equal('0.000000');
      await stage.quiet('soft');
    }
    expect(told.map(({ budget, kind, action }) => [budget, kind, action])).to.eql([['soft', 'exceeded', 'warn']]);
  });

  it('tells nothing of what was held and not spent', async () => {
    stage.upstream.next(json({ error: { message: 'no' } }, { status: 500 }));
    await stage.ask('quiet');
    await stage.ask('marks-other', { body: { max_tokens: 10 } });
    await stage.ask('marks-other', { body: { max_tokens: 3000 } });
    await until('another one is told', () => marks().includes(75));
    expect(told.every(({ budget }) => budget === 'marks')).to.equal(true);
  });

  it('tells nothing again after a change that has nothing to do with it, and again of a new limit', async () => {
    await stage.reload(`${BUDGETS}\n- { name: another, limit_usd: 100, period: day }`);
    for (const agent of ['marks-other', 'hard', 'hard']) await stage.ask(agent, { body: { max_tokens: 10 } });
    await stage.reload(
      BUDGETS.replace(
        `name: hard, scope: { agent: hard }, limit_usd: ${times(1)}`,
        `name: hard, scope: { agent: hard }, limit_usd: ${times(1.5)}`,
      ),
    );
    await stage.ask('hard');
    expect(told.map(({ budget, limit }) => [budget, limit])).to.eql([['hard', times(1.5)]]);
  });
});
