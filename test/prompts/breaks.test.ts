import { expect } from 'chai';
import type { CutPrompt } from '../../src/pipeline/prompt.ts';
import type { PriorTurn } from '../../src/pipeline/turn.ts';
import { type Asked, breakOf } from '../../src/prompts/breaks.ts';
import type { Counted } from '../../src/prompts/fates.ts';
import { remember } from '../../src/prompts/remembered.ts';
import { sharesOf } from '../../src/prompts/shares.ts';
import { cutOf } from '../support/cuts.ts';

type Short = Parameters<typeof cutOf>[0][number];

const START = Date.parse('2026-11-20T12:00:00Z');
const MINUTE = 60_000;

const search: Short = ['tool', 'search', 1, 2000];
const read: Short = ['tool', 'read', 2, 1000];
const system: Short = ['system', '', 3, 1000];
const agents: Short = ['file', 'AGENTS.md', 4, 3000];
const soul: Short = ['file', 'SOUL.md', 5, 2000];
const ask: Short = ['history', 'user', 6, 500];
const reply: Short = ['history', 'assistant', 7, 500];
const newer: Short = ['new', 'user', 9, 300];
const PREFIX = [search, read, system, agents, soul, ask, reply];

const marked = (piece: Short, mark: '5m' | '1h' = '5m'): Short => [piece[0], piece[1], piece[2], piece[3], mark];
const changed = (piece: Short, hash: number): Short => [piece[0], piece[1], hash, piece[3], piece[4] ?? null];
const weigh = (pieces: readonly Short[]): number => pieces.reduce((sum, piece) => sum + piece[3], 0);

const anthropic = (input: number, hit: number, written: number): Counted => ({
  input_tokens: input,
  'cache_read.input_tokens': hit,
  'cache_creation.input_tokens': written,
});

function turn(pieces: readonly Short[], usage: Counted, more: Partial<PriorTurn> = {}): PriorTurn {
  const prompt = cutOf(pieces);
  return {
    at: START,
    prompt: remember(prompt),
    tokens: sharesOf(prompt, usage.input_tokens),
    usage,
    provider: 'anthropic',
    model: 'claude',
    ...more,
  };
}

const asked = (prompt: CutPrompt, usage: Counted, more: Partial<Asked> = {}): Asked => ({
  prompt,
  usage,
  provider: 'anthropic',
  model: 'claude',
  at: START + MINUTE,
  unmarkedMs: 5 * MINUTE,
  ...more,
});

/** All of the prefix was written; the mark stands at its end. */
const before = turn([...PREFIX.slice(0, -1), marked(reply)], anthropic(10_000, 0, 10_000));
const next = (pieces: readonly Short[], hit: number, more: Partial<Asked> = {}) => {
  const all = [...pieces.slice(0, -1), marked(pieces.at(-1)!), newer];
  const input = weigh(all);
  return breakOf(before, asked(cutOf(all), anthropic(input, hit, input - hit - newer[3]), more));
};

describe('prompts/breaks', () => {
  it('finds none where all that was in the cache came from it', () => {
    expect(next(PREFIX, 10_000)).to.equal(null);
  });

  it('names the file that changed, with all that was paid again', () => {
    const found = next([search, read, system, changed(agents, 44), soul, ask, reply], 4000);
    expect(found).to.eql({
      cause: 'prefix_change',
      part: { kind: 'file', name: 'AGENTS.md' },
      tokens: 6000,
      read: 4000,
      idle_s: 60,
    });
  });

  const changes: [what: string, pieces: Short[], hit: number, part: object, tokens: number][] = [
    [
      'a changed tool',
      [changed(search, 11), read, system, agents, soul, ask, reply],
      0,
      { kind: 'tool', name: 'search' },
      10_000,
    ],
    ['a tool put in front', [['tool', 'new', 99, 400], ...PREFIX], 0, { kind: 'tool', name: 'new' }, 10_000],
    [
      'tools in another order',
      [read, search, system, agents, soul, ask, reply],
      0,
      { kind: 'tool', name: 'search' },
      10_000,
    ],
    [
      'a tool that was taken out',
      [search, system, agents, soul, ask, reply],
      2000,
      { kind: 'tool', name: 'read' },
      7000,
    ],
    [
      'a changed system',
      [search, read, changed(system, 33), agents, soul, ask, reply],
      3000,
      { kind: 'system', name: '' },
      7000,
    ],
    [
      'an edited message',
      [search, read, system, agents, soul, changed(ask, 66), reply],
      0,
      { kind: 'history', name: 'user' },
      9500,
    ],
  ];
  for (const [what, pieces, hit, part, tokens] of changes) {
    it(`names ${what}`, () => {
      const found = next(pieces, hit);
      expect([found?.cause, found?.part, found?.tokens]).to.eql(['prefix_change', part, tokens]);
    });
  }

  it('calls nothing a break that changed behind the last mark', () => {
    const early = turn([search, read, system, marked(agents), soul, ask, newer], anthropic(9800, 0, 7000));
    const now = [search, read, system, marked(agents), changed(soul, 55), changed(ask, 66), reply];
    expect(breakOf(early, asked(cutOf(now), anthropic(weigh(now), 7000, 0)))).to.equal(null);
    // The cache is gone as well: what changed behind the mark is not what did it.
    const lapsed = breakOf(early, asked(cutOf(now), anthropic(weigh(now), 0, 7000), { at: START + 6 * MINUTE }));
    expect([lapsed?.cause, lapsed?.part, lapsed?.tokens]).to.eql(['ttl_lapse', null, 7000]);
  });

  it('goes by the mark, not by what shares of tokens make of it', () => {
    const early = turn([search, read, system, marked(agents), soul, ask, newer], anthropic(9800, 0, 8200));
    const now = [search, read, system, marked(agents), changed(soul, 55), ask, reply];
    const found = breakOf(early, asked(cutOf(now), anthropic(weigh(now), 0, 8200), { at: START + 6 * MINUTE }));
    expect([found?.cause, found?.part]).to.eql(['ttl_lapse', null]);
  });

  it('names what the newest message has taken the place of', () => {
    const found = next([search, read, system, agents, soul, ask], 0);
    expect([found?.cause, found?.part, found?.tokens]).to.eql([
      'prefix_change',
      { kind: 'history', name: 'assistant' },
      9500,
    ]);
  });

  it('tells a pause that was too long from a provider that forgot, by what was marked', () => {
    const cause = (minutes: number, mark: '5m' | '1h') => {
      const pieces = [...PREFIX.slice(0, -1), marked(reply, mark)];
      const was = turn(pieces, anthropic(10_000, 0, 10_000));
      const now = asked(cutOf([...pieces, newer]), anthropic(10_300, 0, 10_000), { at: START + minutes * MINUTE });
      return breakOf(was, now)?.cause;
    };
    expect([cause(4, '5m'), cause(6, '5m'), cause(6, '1h'), cause(61, '1h')]).to.eql([
      'provider',
      'ttl_lapse',
      'provider',
      'ttl_lapse',
    ]);
  });

  it('looks at the mark of what was lost where tools keep for an hour and the rest for minutes', () => {
    const pieces = [search, read, system, marked(agents, '1h'), soul, ask, marked(reply)];
    const was = turn(pieces, anthropic(10_000, 0, 10_000));
    const lost = (hit: number, minutes: number) =>
      breakOf(
        was,
        asked(cutOf([...pieces, newer]), anthropic(10_300, hit, 10_000 - hit), { at: START + minutes * MINUTE }),
      );
    expect([lost(7000, 10)?.cause, lost(7000, 10)?.tokens]).to.eql(['ttl_lapse', 3000]);
    expect(lost(7000, 2)?.cause).to.equal('provider');
  });

  it('says of another model or provider that it has a cache of its own', () => {
    for (const other of [{ model: 'claude-small' }, { provider: 'bedrock' }]) {
      const found = next([search, read, changed(system, 33), agents, soul, ask, reply], 0, other);
      expect([found?.cause, found?.part, found?.tokens]).to.eql(['model', null, 10_000]);
    }
  });

  it('says which part lost its mark where nothing is marked any more', () => {
    const found = breakOf(before, asked(cutOf([...PREFIX, newer]), anthropic(10_300, 0, 0)));
    expect([found?.cause, found?.part]).to.eql(['prefix_change', { kind: 'history', name: 'assistant' }]);
  });

  it('counts of a shortened history what is still in it', () => {
    const long: Short[] = Array.from({ length: 20 }, (_, at) => [
      'history',
      at % 2 ? 'assistant' : 'user',
      100 + at,
      1000,
    ]);
    const was = turn([search, system, ...long.slice(0, -1), marked(long.at(-1)!)], anthropic(23_000, 0, 23_000));
    const kept = long.slice(12);
    const now = [search, system, ...kept.slice(0, -1), marked(kept.at(-1)!), newer];
    const found = breakOf(was, asked(cutOf(now), anthropic(weigh(now), 3000, 8000)));
    expect([found?.cause, found?.part, found?.tokens]).to.eql([
      'prefix_change',
      { kind: 'history', name: 'user' },
      8000,
    ]);
  });

  it('finds none where a history gave way to a summary, or another conversation has the same id', () => {
    const summary: Short = ['history', 'user', 700, 900];
    const now = [...PREFIX.slice(0, 5), marked(summary), newer];
    expect(breakOf(before, asked(cutOf(now), anthropic(weigh(now), 9000, 900)))).to.equal(null);
    const title = cutOf([
      ['system', '', 800, 200],
      ['new', 'user', 801, 3000],
    ]);
    expect(breakOf(before, asked(title, anthropic(3200, 0, 0)))).to.equal(null);
  });

  it('takes less than a block, and less than a tenth, for nothing', () => {
    const [least, most] = [next(PREFIX, 10_000 - 1023), next(PREFIX, 10_000 - 1024)];
    expect([least, most?.tokens]).to.eql([null, 1024]);
    const large = [search, ['system', '', 30, 98_000] as Short];
    const was = turn([large[0]!, marked(large[1]!)], anthropic(100_000, 90_000, 10_000));
    const at = (hit: number) =>
      breakOf(was, asked(cutOf([large[0]!, marked(large[1]!), newer]), anthropic(100_300, hit, 100_000 - hit)));
    expect([at(91_000), at(89_000)?.tokens]).to.eql([null, 11_000]);
  });

  describe('where the provider caches by itself', () => {
    const openai = (input: number, hit?: number): Counted => ({
      input_tokens: input,
      ...(hit !== undefined && { 'cache_read.input_tokens': hit }),
    });
    const was = turn(PREFIX, openai(10_000, 9984));

    it('expects what was read before, rounded as it may be', () => {
      const now = (hit: number, pieces = PREFIX) => breakOf(was, asked(cutOf([...pieces, newer]), openai(10_300, hit)));
      expect([now(9984), now(10_240), now(9088)]).to.eql([null, null, null]);
      expect(now(2048, [search, read, changed(system, 33), agents, soul, ask, reply])).to.deep.include({
        cause: 'prefix_change',
        part: { kind: 'system', name: '' },
        tokens: 9984 - 2048,
      });
    });

    it('expects nothing where nothing was read, or nothing said', () => {
      for (const hit of [0, undefined])
        expect(
          breakOf(turn(PREFIX, openai(10_000, hit)), asked(cutOf([...PREFIX, newer]), openai(10_300, 0))),
        ).to.equal(null);
    });

    it('takes five minutes for a pause, and a day where the request asks for that', () => {
      const at = (minutes: number, unmarkedMs: number) =>
        breakOf(was, asked(cutOf([...PREFIX, newer]), openai(10_300, 0), { at: START + minutes * MINUTE, unmarkedMs }))
          ?.cause;
      expect([at(4, 5 * MINUTE), at(6, 5 * MINUTE), at(60, 1440 * MINUTE)]).to.eql([
        'provider',
        'ttl_lapse',
        'provider',
      ]);
    });

    it('blames no change behind what was in the cache', () => {
      const half = turn(PREFIX, openai(10_000, 5000));
      const now = cutOf([search, read, system, agents, changed(soul, 55), ask, reply]);
      expect(breakOf(half, asked(now, openai(10_000, 0)))?.cause).to.equal('provider');
    });
  });

  it('says nothing where it cannot know', () => {
    const usage = anthropic(10_300, 0, 10_000);
    const cut = cutOf([...PREFIX, newer]);
    expect(breakOf({ ...before, usage: null }, asked(cut, usage))).to.equal(null);
    expect(breakOf(before, asked(cut, usage, { usage: null }))).to.equal(null);
    expect(breakOf(before, asked(cutOf([...PREFIX, newer], { isWhole: false }), usage))).to.equal(null);
    // Both were under way at once: there was nothing in the cache yet.
    expect(breakOf(before, asked(cut, usage, { at: START - 1 }))).to.equal(null);
  });
});
