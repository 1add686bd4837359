import { expect } from 'chai';

import { fill, overlay, type Stretch } from '../../src/prompts/stretches.ts';

const LENGTH = 60;

/** Stretches in order that do not overlap, with gaps and without. */
function stretches(seed: number, name: string): Stretch[] {
  const found: Stretch[] = [];
  let at = seed % 7;
  for (let n = 1; at < LENGTH; n++) {
    const end = Math.min(LENGTH, at + 1 + ((seed * n * 31) % 11));
    found.push({ start: at, end, kind: 'file', name: `${name}${n}` });
    at = end + ((seed + n * 17) % 5);
  }
  return found;
}

/** Which name each place has. */
const painted = (...layers: readonly (readonly Stretch[])[]): string[] => {
  const places = Array.from({ length: LENGTH }, () => '');
  for (const layer of layers) for (const { start, end, name } of layer) places.fill(name, start, end);
  return places;
};

describe('stretches of a text', () => {
  it('laid over others leave them what is not covered, each place to one', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const [above, below] = [stretches(seed, 'a'), stretches(seed * 3 + 1, 'b')];
      const all = overlay(above, below);
      expect(painted(all), `seed ${seed}`).to.eql(painted(below, above));
      all.forEach(({ start, end }, n) => {
        expect(start, `seed ${seed}`).to.be.at.least(all[n - 1]?.end ?? 0);
        expect(end).to.be.above(start);
      });
    }
  });

  it('are filled up to all of the text, and cut at places', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const own = stretches(seed, 'a');
      const cuts = [seed % 13, 20 + (seed % 17), 59].sort((one, other) => one - other);
      const all = fill(own, LENGTH, 'system', cuts);
      expect(painted(all), `seed ${seed}`).to.eql(painted(own));
      expect(all[0]!.start).to.equal(0);
      expect(all.at(-1)!.end).to.equal(LENGTH);
      all.slice(1).forEach(({ start }, n) => {
        expect(start).to.equal(all[n]!.end);
      });
      const begins = new Set(all.map(({ start }) => start));
      for (const cut of cuts) expect(begins.has(cut), `seed ${seed}, ${cut}`).to.equal(true);
    }
    expect(fill([], 0, 'system', [])).to.eql([]);
  });
});
