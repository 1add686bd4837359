import { expect } from 'chai';
import { fresh, problemsOf, specOf, typed, valuesOf } from '../../../plugins/budgets/form.ts';
import { readBudget } from '../../../plugins/budgets/spec.ts';
import type { Budget } from '../../../plugins/budgets/types.ts';

function budgetOf(spec: unknown): Budget {
  const { budget, complaints } = readBudget(spec, 'api');
  expect(complaints).to.equal(null);
  return budget!;
}

describe('plugins/budgets: the form', () => {
  const SPECS = [
    { name: 'plain', limit_usd: 10, period: 'month' },
    { name: 'exact', limit_usd: '0.000000000001', period: '30d', starts: '2026-11-21T03:04:05.678Z' },
    { name: 'tokens', limit_tokens: 2_000_000, period: 'total', action: 'warn', warn_at: [] },
    { name: 'requests', limit_requests: 5, period: '12h', per: ['agent', 'tags.team', 'tags.a,b'], warn_at: [5, 100] },
    {
      name: 'all of it, "quoted"',
      limit_usd: 1,
      period: 'week',
      time_zone: 'Europe/Berlin',
      starts: '2026-11-01',
      scope: {
        tenant: 't',
        project: ['a,b', 'c*'],
        model: ['gpt-4*', ' x '],
        tags: { team: ['a', 'b'], env: 'prod, eu' },
      },
      per: 'session',
      when_short: { model: 'gpt-4o-mini' },
      on_unpriced: { reserve_usd: '0.05' },
    },
  ];
  for (const spec of SPECS) {
    it(`shows a budget and makes the same of what it shows: ${spec.name}`, () => {
      const budget = budgetOf(spec);
      expect(budgetOf(specOf(valuesOf(budget))).spec).to.eql(budget.spec);
    });
  }

  it('begins with what most want', () => {
    const values = { ...fresh('Europe/Berlin'), name: 'new', limit: '5' };
    expect(budgetOf(specOf(values)).spec).to.eql(
      budgetOf({ name: 'new', limit_usd: 5, period: 'month', time_zone: 'Europe/Berlin' }).spec,
    );
  });

  it('takes each field once, and of the boxes all that are checked', () => {
    const sent = new URLSearchParams('name=+a+&per=agent&per=key&limit=');
    expect(typed(sent)).to.eql({ name: 'a', per: 'agent,key', limit: '' });
    expect(specOf(typed(sent)).per).to.eql(['agent', 'key']);
  });

  for (const [field, change, message] of [
    ['name', { name: '' }, /missing/],
    ['limit', { limit: '' }, /missing/],
    ['limit', { limit: '-3' }, /negative/],
    ['limit', { limit: 'ten' }, /number/],
    ['limit', { unit: 'tokens', limit: '1.5' }, /whole/],
    ['limit', { unit: 'requests', limit: '0' }, /more than 0/],
    ['period', { period: 'fortnight' }, /hour, day/],
    ['time_zone', { time_zone: 'Mars' }, /Europe\/Berlin/],
    ['starts', { starts: 'soon' }, /day/],
    ['scope_agent', { scope_agent: 'x'.repeat(600) }, /must be/],
    ['tags', { tags: '=x' }, /tag/],
    ['tags', { tags: 'lonely' }, /must be/],
    ['per', { per: 'agent,colour' }, /among/],
    ['per', { per_tags: 'a,b,c,d,e' }, /at most/],
    ['warn_at', { warn_at: '80, often' }, /percent/],
    ['when_short', { when_short: 'clamp', unit: 'requests', limit: '1' }, /clamp/],
    ['when_short_model', { when_short: 'model' }, /must be/],
    ['reserve_usd', { on_unpriced: 'reserve', reserve_usd: 'x' }, /dollars/],
    ['action', { action: 'shout' }, /reject/],
  ] as const) {
    it(`says beside ${field} what is wrong with ${JSON.stringify(change).slice(0, 60)}`, () => {
      const values = { ...fresh('UTC'), name: 'n', limit: '1', ...change };
      const { complaints } = readBudget(specOf(values), 'api');
      const problems = problemsOf(complaints ?? [], values);
      expect([...problems.keys()]).to.include(field);
      expect(problems.get(field)).to.match(message);
    });
  }
});
