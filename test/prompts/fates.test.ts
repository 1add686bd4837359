import { expect } from 'chai';
import { addFate, type Counted, stretchesOf, walk } from '../../src/prompts/fates.ts';
import { chance } from '../support/cuts.ts';

const usage = (input: number, read: number, writes: Partial<Record<'5m' | '1h' | '30m' | '12h', number>> = {}) => {
  const counted: Counted = { input_tokens: input, 'cache_read.input_tokens': read };
  let written = 0;
  for (const [kept, tokens] of Object.entries(writes)) {
    counted[`cache_creation.${kept}.input_tokens` as 'cache_creation.1h.input_tokens'] = tokens;
    written += tokens;
  }
  if (written > 0) counted['cache_creation.input_tokens'] = written;
  return counted;
};

describe('prompts/fates', () => {
  it('puts what was read before what was written, and what keeps longer before what keeps less', () => {
    expect(stretchesOf(usage(100, 40, { '5m': 20, '1h': 30 }))).to.eql([
      { fate: 'read', kept: null, tokens: 40 },
      { fate: 'write', kept: '1h', tokens: 30 },
      { fate: 'write', kept: null, tokens: 20 },
      { fate: 'uncached', kept: null, tokens: 10 },
    ]);
    expect(stretchesOf(usage(9, 0, { '12h': 2, '30m': 3 }))!.map(({ kept, tokens }) => [kept, tokens])).to.eql([
      ['12h', 2],
      ['30m', 3],
      [null, 4],
    ]);
  });

  it('takes a prefix that was read for all there is, where the provider writes without saying so', () => {
    expect(stretchesOf({ input_tokens: 2048, 'cache_read.input_tokens': 1920 })).to.eql([
      { fate: 'read', kept: null, tokens: 1920 },
      { fate: 'uncached', kept: null, tokens: 128 },
    ]);
    expect(stretchesOf({ input_tokens: 7 })).to.eql([{ fate: 'uncached', kept: null, tokens: 7 }]);
    expect(stretchesOf({ input_tokens: 0 })).to.eql([]);
  });

  it('makes nothing of numbers that contradict each other, or of none', () => {
    for (const wrong of [
      null,
      {},
      { output_tokens: 5 },
      usage(10, 11),
      usage(10, 6, { '5m': 5 }),
      { ...usage(10, 0, { '1h': 5 }), 'cache_creation.input_tokens': 4 },
      { ...usage(10, 0, { '5m': 5, '1h': 1 }), 'cache_creation.input_tokens': 4 },
      { input_tokens: 1.5 },
    ])
      expect(stretchesOf(wrong)).to.equal(null);
  });

  it('splits a piece across a boundary', () => {
    const stretches = stretchesOf(usage(100, 40, { '5m': 20, '1h': 30 }))!;
    expect(walk([30, 30, 0, 35, 5], stretches)).to.eql([
      [30, 0, 0, 0],
      [10, 20, 0, 0],
      [0, 0, 0, 0],
      [0, 10, 20, 5],
      [0, 0, 0, 5],
    ]);
  });

  it('leaves no token out and takes none twice, whatever the pieces and numbers', () => {
    const random = chance(11);
    for (let round = 0; round < 2000; round++) {
      const [read, minutes, hour, rest] = [random(5000), random(3) * random(900), random(2) * random(900), random(700)];
      const stretches = stretchesOf(usage(read + minutes + hour + rest, read, { '5m': minutes, '1h': hour }))!;
      const all = read + minutes + hour + rest;
      const cuts = Array.from({ length: 1 + random(20) }, () => random(all + 1)).sort((a, b) => a - b);
      const pieces = [...cuts, all].map((cut, at) => cut - (cuts[at - 1] ?? 0));
      const lies = walk(pieces, stretches);
      const fate = { read: 0, write: 0, write_1h: 0, uncached: 0 };
      for (const [at, line] of lies.entries()) {
        expect(line.reduce((sum, count) => sum + count, 0)).to.equal(pieces[at]);
        for (const [index, count] of line.entries()) addFate(fate, stretches[index]!, count);
      }
      expect(fate).to.eql({ read, write: minutes + hour, write_1h: hour, uncached: rest });
    }
  });
});
