import { expect } from 'chai';
import { stretchesOf } from '../../src/prompts/fates.ts';
import { partsOf, type Run } from '../../src/prompts/parts.ts';
import { sharesOf } from '../../src/prompts/shares.ts';
import { anyCut, chance, cutOf } from '../support/cuts.ts';

const text = (units: bigint): string => String(units);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

describe('prompts/parts', () => {
  const cut = cutOf([
    ['tool', 'search', 0xa1, 10],
    ['system', '', 0xb1, 20],
    ['file', 'AGENTS.md', 0xc1, 30],
    ['system', '', 0xb2, 20],
    ['new', 'user', 0xd1, 20],
  ]);
  const run = (tokens: number[], prices: bigint[] | null, read: number, write: number): Run => ({
    tokens,
    stretches: stretchesOf({
      input_tokens: sum(tokens),
      'cache_read.input_tokens': read,
      'cache_creation.input_tokens': write,
    })!,
    prices,
  });

  it('sums pieces of one kind and name up, in the order in which they come first', () => {
    const parts = partsOf(cut, [run([10, 20, 30, 20, 20], [1n, 12n, 10n], 40, 40)], text);
    expect(parts.map(({ kind, name, pieces, chars, tokens }) => [kind, name, pieces, chars, tokens])).to.eql([
      ['tool', 'search', 1, 40, 10],
      ['system', '', 2, 160, 40],
      ['file', 'AGENTS.md', 1, 120, 30],
      ['new', 'user', 1, 80, 20],
    ]);
    expect(parts.map(({ read, write, uncached, cost_usd }) => [read, write, uncached, cost_usd])).to.eql([
      [10, 0, 0, '10'],
      [20, 20, 0, '260'],
      [10, 20, 0, '250'],
      [0, 0, 20, '200'],
    ]);
  });

  it('has of one piece its hash, of several another for each order', () => {
    const [tool, system] = partsOf(cut, [], text);
    expect(tool!.hash).to.equal('0000000000a1');
    const turned = cutOf([
      ['system', '', 0xb2, 20],
      ['system', '', 0xb1, 20],
    ]);
    const [other] = partsOf(turned, [], text);
    expect(system!.hash).to.match(/^[0-9a-f]{12}$/);
    expect(other!.hash)
      .to.match(/^[0-9a-f]{12}$/)
      .and.not.equal(system!.hash);
  });

  it('has sizes and neither tokens nor dollars where nobody counted', () => {
    for (const part of partsOf(cut, [], text)) {
      expect([part.tokens, part.cost_usd, part.read + part.write + part.uncached]).to.eql([null, null, 0]);
      expect(part.chars).to.be.greaterThan(0);
    }
  });

  it('has no dollars at all where one of several models has no price', () => {
    const parts = partsOf(cut, [run([1, 1, 1, 1, 1], [1n], 0, 0), run([2, 2, 2, 2, 2], null, 0, 0)], text);
    expect(parts.map(({ tokens, cost_usd }) => [tokens, cost_usd])).to.eql([
      [3, null],
      [6, null],
      [3, null],
      [3, null],
    ]);
  });

  it('sums to what was counted and paid, whatever the prompt, the numbers and how many models', () => {
    const random = chance(23);
    for (let round = 0; round < 500; round++) {
      const any = anyCut(random, 60);
      let [tokens, read, cost] = [0, 0, 0n];
      const runs = Array.from({ length: 1 + random(3) }, (): Run => {
        const [hit, written, rest] = [random(9000), random(3000), 1 + random(2000)];
        const shares = sharesOf(any, hit + written + rest)!;
        const counted = {
          input_tokens: hit + written + rest,
          'cache_read.input_tokens': hit,
          'cache_creation.input_tokens': written,
        };
        const stretches = stretchesOf(counted)!;
        const prices = stretches.map(() => BigInt(random(1e9)) * 1_000_000_007n);
        tokens += hit + written + rest;
        read += hit;
        cost += stretches.reduce((all, stretch, at) => all + prices[at]! * BigInt(stretch.tokens), 0n);
        return { tokens: shares, stretches, prices };
      });
      const parts = partsOf(any, runs, text);
      expect(sum(parts.map((part) => part.tokens!))).to.equal(tokens);
      expect(sum(parts.map((part) => part.read))).to.equal(read);
      for (const part of parts) expect(part.read + part.write + part.uncached).to.equal(part.tokens);
      expect(parts.reduce((all, part) => all + BigInt(part.cost_usd!), 0n)).to.equal(cost);
      expect(new Set(parts.map(({ kind, name }) => `${kind} ${name}`)).size).to.equal(parts.length);
    }
  });

  it('keeps the largest of very many, and makes one of the rest of each kind', () => {
    const many = cutOf([
      ...Array.from({ length: 400 }, (_, at) => ['tool', `t${at}`, at, 1 + at] as const),
      ['system', '', 1000, 5000],
      ['new', 'user', 1001, 1],
    ]);
    const tokens = many.pieces.map(({ weight }) => weight);
    const parts = partsOf(many, [run(tokens, [1n], 0, 0)], text);
    expect(parts.length).to.be.at.most(256).and.greaterThan(240);
    expect(sum(parts.map((part) => part.tokens!))).to.equal(sum(tokens));
    const names = parts.map(({ kind, name }) => `${kind} ${name}`);
    expect(names).to.include.members(['tool t399', 'tool other', 'system ', 'new other']);
    expect(names).to.not.include('tool t0');
  });
});
