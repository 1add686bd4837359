import { expect } from 'chai';
import { readBudget } from '../../../plugins/budgets/spec.ts';
import { actionWords, periodWords, perWords, scopeWords, spanWords } from '../../../plugins/budgets/words.ts';

const of = (change: object = {}) => readBudget({ name: 'b', limit_usd: 1, period: 'day', ...change }, 'file').budget!;

describe('plugins/budgets: words', () => {
  it('say which requests it counts', () => {
    expect(scopeWords(of().spec)).to.equal('All requests');
    expect(scopeWords(of({ scope: { agent: 'ci-*', model: ['a', 'b', 'c'] } }).spec)).to.equal(
      'Requests of agent ci-*, model a, b or c',
    );
    expect(scopeWords(of({ scope: { team: ['x', 'y'], tags: { env: 'prod' } } }).spec)).to.equal(
      'Requests of tag env: prod, tag team: x or y',
    );
  });

  it('say by what its accounts are told apart', () => {
    expect(perWords(of().spec)).to.equal('');
    expect(perWords(of({ per: ['agent', 'team'] }).spec)).to.equal('agent and tag team');
  });

  it('say how often it begins anew', () => {
    for (const [period, words] of [
      ['hour', 'an hour'],
      ['day', 'a day'],
      ['month', 'a month'],
      ['total', 'in all'],
      ['1h', 'an hour'],
      ['30d', 'every 30 days'],
      ['2w', 'every 2 weeks'],
      ['3mo', 'every 3 months'],
      ['1y', 'a year'],
    ] as const)
      expect(periodWords(of({ period })), period).to.equal(words);
    expect(periodWords(of({ time_zone: 'Europe/Berlin', starts: '2026-11-01' }))).to.equal(
      'a day, in Europe/Berlin, from 2026-11-01',
    );
  });

  it('say what becomes of a request that does not fit', () => {
    expect(actionWords(of()).short).to.equal('refuses');
    expect(actionWords(of({ action: 'warn', when_short: 'clamp' })).short).to.equal('warns');
    expect(actionWords(of({ when_short: 'clamp' })).short).to.equal('shortens');
    expect(actionWords(of({ when_short: { model: 'm' } })).short).to.equal('falls to m');
  });

  it('say how long something takes', () => {
    const spans = [1, 60_000, 3_600_000, 5_400_000, 86_400_000, 90_000_000, 40 * 86_400_000 + 3_600_000];
    expect(spans.map(spanWords)).to.eql(['1 min', '1 min', '1 h', '1 h 30 min', '1 d', '1 d 1 h', '40 d']);
  });
});
