import { expect } from 'chai';
import { BreakTeller } from '../../../plugins/cache-breaks/news.ts';
import type { CacheBreak } from '../../../src/pipeline/prompt.ts';
import type { Log, Metrics } from '../../../src/plugin.ts';
import { exchangeOf } from '../../pipeline/exchanges.ts';

const FOUND: CacheBreak = {
  cause: 'prefix_change',
  part: { kind: 'file', name: 'SOUL.md' },
  tokens: 5000,
  cost_usd: '0.01',
  idle_s: 3,
};
const MINUTE = 60_000;

function listen() {
  const published: [string, unknown][] = [];
  const logged: Record<string, unknown>[] = [];
  const counted: Record<string, number> = {};
  const metrics = {
    counter: (what: string) => ({
      add: (amount: number, labels: Record<string, string> = {}) => {
        const key = `${what} ${labels.cause}`;
        counted[key] = (counted[key] ?? 0) + amount;
      },
    }),
  } as unknown as Metrics;
  const log = { info: (_: string, facts: Record<string, unknown>) => void logged.push(facts) } as unknown as Log;
  const teller = new BreakTeller({ log, metrics, publish: (event, data) => void published.push([event, data]) });
  return { teller, published, logged, counted };
}

function exchange(agent?: string) {
  const made = exchangeOf();
  if (agent !== undefined) made.state.agent = agent;
  made.state.session = { id: 's-1', source: 'header', confidence: 'high' };
  return made;
}

describe('plugins/cache-breaks/news', () => {
  it('publishes each break, for alerts and pages, without any text', () => {
    const { teller, published, counted } = listen();
    teller.tell(exchange('coder'), FOUND);
    teller.tell(exchange(), { ...FOUND, cause: 'model', part: null, cost_usd: null });
    expect(published).to.eql([
      [
        'cache_break',
        {
          time: '2023-11-14T22:13:20.000Z',
          tenant: null,
          agent: 'coder',
          session: 's-1',
          cause: 'prefix_change',
          part: { kind: 'file', name: 'SOUL.md' },
          tokens: 5000,
          cost_usd: '0.01',
        },
      ],
      [
        'cache_break',
        {
          time: '2023-11-14T22:13:20.000Z',
          tenant: null,
          agent: null,
          session: 's-1',
          cause: 'model',
          part: null,
          tokens: 5000,
          cost_usd: null,
        },
      ],
    ]);
    expect(counted).to.eql({
      'breaks prefix_change': 1,
      'tokens prefix_change': 5000,
      'breaks model': 1,
      'tokens model': 5000,
    });
  });

  it('logs an agent’s once a minute, and says how many it kept to itself', () => {
    const { teller, published, logged } = listen();
    for (const at of [0, 1000, 59_999, MINUTE, MINUTE + 1]) teller.tell(exchange('coder'), FOUND, at);
    teller.tell(exchange('writer'), FOUND, 1);
    expect(published).to.have.length(6);
    expect(logged.map(({ agent, part, not_logged_since }) => [agent, part, not_logged_since])).to.eql([
      ['coder', 'file SOUL.md', undefined],
      ['coder', 'file SOUL.md', 2],
      ['writer', 'file SOUL.md', undefined],
    ]);
  });

  it('remembers so many agents and no more', () => {
    const { teller, logged } = listen();
    for (let at = 0; at < 501; at++) teller.tell(exchange(`a${at}`), FOUND, 0);
    teller.tell(exchange('a500'), FOUND, 1);
    teller.tell(exchange('a0'), FOUND, 1);
    expect(logged).to.have.length(502);
  });
});
