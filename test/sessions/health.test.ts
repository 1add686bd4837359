import { expect } from 'chai';
import { type HealthFacts, healthOf } from '../../src/sessions/health.ts';

const FACTS: HealthFacts = { turns: 5, historyChars: 0, limit: 10_000, cacheRead: 0, cacheWrite: 0, toolResults: 0 };

describe('the health of a session', () => {
  for (const [facts, state] of [
    [{ historyChars: 10_000 }, 'healthy'],
    [{ historyChars: 10_001 }, 'monitor'],
    [{ historyChars: 20_000 }, 'monitor'],
    [{ historyChars: 20_001 }, 'compact_soon'],
    [{ historyChars: 25_000 }, 'compact_soon'],
    [{ historyChars: 25_001 }, 'reset_recommended'],
    [{ toolResults: 479 }, 'healthy'],
    [{ toolResults: 480 }, 'reset_recommended'],
    [{ cacheRead: 79, cacheWrite: 21 }, 'cache_unstable'],
    [{ cacheRead: 80, cacheWrite: 20 }, 'healthy'],
    [{ cacheRead: 0, cacheWrite: 1 }, 'cache_unstable'],
    [{ cacheRead: 0, cacheWrite: 9, turns: 3 }, 'cache_unstable'],
    [{ cacheRead: 0, cacheWrite: 9, turns: 2 }, 'healthy'],
    [{ historyChars: null, toolResults: null }, 'healthy'],
  ] as const)
    it(`is ${state} at ${JSON.stringify(facts)} of 10000 characters`, () =>
      expect(healthOf({ ...FACTS, ...facts })).to.equal(state));

  it('is the first of what fits: a long history before an unstable cache', () => {
    const unstable = { cacheRead: 1, cacheWrite: 9 };
    expect(healthOf({ ...FACTS, ...unstable, historyChars: 10_001 })).to.equal('monitor');
    expect(healthOf({ ...FACTS, ...unstable, historyChars: 20_001, toolResults: 480 })).to.equal('reset_recommended');
  });

  it('knows nothing without a turn, whatever else there is', () => {
    expect(healthOf({ ...FACTS, turns: 0, historyChars: 99_999, toolResults: 999 })).to.equal('no_data');
  });
});
