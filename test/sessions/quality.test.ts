import { expect } from 'chai';
import { type QualityName, qualityOf } from '../../src/sessions/quality.ts';
import type { SessionEntry, TurnsTogether } from '../../src/store/queries/session-shapes.ts';

const FIVE: TurnsTogether = {
  rows: 5,
  errors: 0,
  duration_ms: 1000,
  output_tokens: 500,
  input_tokens: 5000,
  cache_read_tokens: 4000,
  cache_write_tokens: 0,
  cost_usd: '0.01',
};

const SESSION: SessionEntry = {
  id: 's',
  source: 'chain',
  confidence: 'high',
  tenant: null,
  agent: 'a',
  project: null,
  user: null,
  parent: null,
  started: '2026-11-20T00:00:00.000Z',
  last: '2026-11-20T01:00:00.000Z',
  turns: 20,
  errors: 0,
  refused: 0,
  cost_usd: '0.2',
  unpriced: 0,
  input_tokens: 20_000,
  output_tokens: 2000,
  cache_read_tokens: 16_000,
  cache_write_tokens: 0,
  history_chars: 0,
  peak_history_chars: 0,
  tool_results: 0,
  last_cost_usd: '0.01',
  models: ['m'],
  compactions: 0,
  cache_breaks: 0,
  cache_break_usd: null,
  first_turns: FIVE,
  newest_turns: FIVE,
};

const LIMIT = 10_000;
const newest = (more: Partial<TurnsTogether>): Partial<SessionEntry> => ({ newest_turns: { ...FIVE, ...more } });
const scoreOf = (more: Partial<SessionEntry>): number => qualityOf({ ...SESSION, ...more }, LIMIT)!.score;

/** One thing getting worse, step by step; what it takes at most, and from where on. */
const WORSE: Readonly<Record<string, { steps: Partial<SessionEntry>[]; part: QualityName; most: number }>> = {
  'a longer history': {
    steps: [0, 5000, 10_000, 20_000, 25_000, 99_000].map((history_chars) => ({ history_chars })),
    part: 'history',
    most: 35,
  },
  'more failed calls': { steps: [0, 1, 4, 10, 20, 90].map((errors) => ({ errors })), part: 'errors', most: 20 },
  'more failed calls of late': {
    steps: [0, 1, 2, 3, 5].map((errors) => newest({ errors })),
    part: 'errors',
    most: 20,
  },
  'more of the cache written anew': {
    steps: [0, 100, 800, 1500, 4000, 9000].map((cache_write_tokens) => newest({ cache_write_tokens })),
    part: 'cache',
    most: 20,
  },
  'more breaks of the cache': {
    steps: [0, 1, 5, 10, 20].map((cache_breaks) => ({ cache_breaks })),
    part: 'cache',
    most: 20,
  },
  'slower answers': {
    steps: [1000, 1500, 2000, 3000, 9000].map((duration_ms) => newest({ duration_ms })),
    part: 'latency',
    most: 15,
  },
  'dearer turns': {
    steps: ['0.01', '0.02', '0.03', '0.05', '0.5'].map((cost_usd) => newest({ cost_usd })),
    part: 'cost',
    most: 10,
  },
};

describe('the quality of a session', () => {
  it('is 100 where nothing is wrong', () => {
    expect(qualityOf(SESSION, LIMIT)).to.deep.include({ score: 100 });
  });

  for (const [what, { steps, part, most }] of Object.entries(WORSE))
    it(`falls with ${what}, never rises, and by ${most} at most`, () => {
      const scores = steps.map(scoreOf);
      expect(scores[0]).to.equal(100);
      expect(scores).to.eql([...scores].sort((one, other) => other - one));
      expect(new Set(scores).size).to.be.greaterThan(3);
      const worst = qualityOf({ ...SESSION, ...steps.at(-1)! }, LIMIT)!;
      expect(worst.parts.find(({ name }) => name === part)).to.deep.include({ lost: most, most });
      expect(worst.score).to.equal(100 - most);
    });

  it('is what its parts left of 100, and 0 where all of it is at its worst', () => {
    const entry = { ...SESSION, errors: 90, history_chars: 99_000, cache_breaks: 20 };
    const late = { ...FIVE, duration_ms: 9000, cost_usd: '1' };
    const quality = qualityOf({ ...entry, newest_turns: late }, LIMIT)!;
    expect(quality.score).to.equal(0);
    expect(quality.parts.reduce((sum, { lost }) => sum + lost, 0)).to.equal(100);
  });

  it('says what was measured', () => {
    const { parts } = qualityOf({ ...SESSION, history_chars: 15_000, ...newest({ duration_ms: 2000 }) }, LIMIT)!;
    expect(Object.fromEntries(parts.map(({ name, value }) => [name, value]))).to.eql({
      history: 1.5,
      errors: 0,
      cache: 0,
      latency: 2,
      cost: 1,
    });
  });

  it('falls as a session ages', () => {
    const scores = [1, 5, 10, 30, 60].map((turns) =>
      scoreOf({ turns, history_chars: turns * 400, ...newest({ cost_usd: String(0.01 + turns / 2000) }) }),
    );
    expect(scores).to.eql([...scores].sort((one, other) => other - one));
    expect(scores[0]! - scores.at(-1)!).to.be.greaterThan(20);
  });

  it('has no trend before ten turns, and takes nothing for the cache that first turns write', () => {
    const young = { turns: 3, ...newest({ rows: 3, cache_write_tokens: 9000, duration_ms: 9000, cost_usd: '1' }) };
    const { score, parts } = qualityOf({ ...SESSION, ...young }, LIMIT)!;
    expect(score).to.equal(100);
    expect(parts.filter(({ value }) => value === null).map(({ name }) => name)).to.eql(['latency', 'cost']);
  });

  it('takes nothing for what is unknown', () => {
    expect(scoreOf({ history_chars: null, ...newest({ duration_ms: null, cost_usd: null }) })).to.equal(100);
    expect(scoreOf({ first_turns: { ...FIVE, output_tokens: 0, cost_usd: '0' } })).to.equal(100);
  });

  it('is none without a turn that was answered', () => {
    expect(qualityOf({ ...SESSION, turns: 0, errors: 3 }, LIMIT)).to.equal(null);
  });
});
