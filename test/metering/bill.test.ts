/** What a bill must always be, whatever the usage and whatever the prices. */
import { join } from 'node:path';
import { expect } from 'chai';

import { loadPriceLayers } from '../../src/loader/prices.ts';
import { bill } from '../../src/metering/bill.ts';
import { add, compare, type Decimal, formatDecimal, ZERO } from '../../src/metering/decimal.ts';
import { type PriceEntry, tokenRateNames } from '../../src/metering/price-entry.ts';
import { EntryRates } from '../../src/metering/rates.ts';
import type { Usage, UsageName } from '../../src/metering/usage.ts';
import { wireSamples } from '../support/wire-samples.ts';

const ROUNDS = 2000;
const NOW = new Date('2026-11-20T12:00:00Z');

/** The same numbers in every run: a failure can be looked at again. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Disjoint parts of an answer, and the usage they come to. */
type Parts = Record<(typeof PARTS)[number], number>;
const PARTS = [
  'text',
  'read',
  'readAudio',
  'short',
  'hour',
  'audio',
  'image',
  'out',
  'spoken',
  'drawn',
  'thought',
] as const;

function usageOf(parts: Partial<Parts>): Usage {
  const { text = 0, read = 0, readAudio = 0, short = 0, hour = 0, audio = 0, image = 0 } = parts;
  const { out = 0, spoken = 0, drawn = 0, thought = 0 } = parts;
  return {
    input_tokens: text + read + readAudio + short + hour + audio + image,
    output_tokens: out + spoken + drawn + thought,
    'cache_read.input_tokens': read + readAudio,
    'cache_read.audio.input_tokens': readAudio,
    'cache_creation.input_tokens': short + hour,
    'cache_creation.1h.input_tokens': hour,
    'audio.input_tokens': audio + readAudio,
    'image.input_tokens': image,
    'audio.output_tokens': spoken,
    'image.output_tokens': drawn,
    'reasoning.output_tokens': thought,
  };
}

const FULL: PriceEntry = Object.fromEntries(tokenRateNames.map((name, at) => [name, `${at + 1}.${at}3`]));
const ONES: PriceEntry = Object.fromEntries(tokenRateNames.map((name) => [name, '1']));

function billed(usage: Usage, entry: PriceEntry): Decimal | null {
  const applied = new EntryRates(entry).choose({
    inputTokens: usage.input_tokens ?? 0,
    serviceTier: null,
    speed: null,
    geo: null,
    at: NOW,
  });
  return applied && bill(usage, applied);
}

const text = (amount: Decimal | null): string | null => amount && formatDecimal(amount);

describe('a bill', () => {
  const roll = dice(20261120);
  const random = (most = 5000): Parts =>
    Object.fromEntries(PARTS.map((part) => [part, roll(3) === 0 ? 0 : roll(most)])) as Parts;

  it('charges every token once: at one dollar per million it is the vendor’s total', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const usage = usageOf(random());
      const total = (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);
      expect(text(billed(usage, ONES))).to.equal(text({ digits: BigInt(total), scale: 6 }));
    }
  });

  it('charges every token of every recorded answer once', () => {
    let judged = 0;
    for (const { name, expect: wanted } of wireSamples()) {
      const usage = wanted.usage as Usage | null;
      if (!usage || usage.input_tokens === undefined || usage.output_tokens === undefined) continue;
      const entry = { ...ONES, web_search_per_1k: 0, file_search_per_1k: 0, audio_per_second: 0 };
      const total = usage.input_tokens + usage.output_tokens;
      expect(text(billed(usage, entry)), name).to.equal(text({ digits: BigInt(total), scale: 6 }));
      judged++;
    }
    expect(judged).to.be.greaterThan(20);
  });

  it('charges audio by time where time has the rate, and words by tokens', () => {
    const heard = { ...usageOf({ text: 4, audio: 2625, out: 635 }), 'audio.seconds': 203 };
    expect(text(billed(heard, { audio_per_hour: 0.18 }))).to.equal('0.01015');
    const words = { input: 100, output: 300 };
    expect(text(billed(heard, { ...words, audio_per_second: '0.001' }))).to.equal('0.3939');
    expect(text(billed(heard, { ...words, input_audio: 200, audio_per_second: 0 }))).to.equal('0.7159');
    expect(billed(heard, words), 'neither time nor audio has a rate').to.equal(null);
    expect(billed(usageOf({ text: 4, out: 635 }), { audio_per_hour: 0.18 }), 'no time was said').to.equal(null);
  });

  it('is the sum of its parts', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const parts = random();
      let sum: Decimal = ZERO;
      for (const part of PARTS) sum = add(sum, billed(usageOf({ [part]: parts[part] }), FULL) ?? expect.fail(part));
      expect(text(billed(usageOf(parts), FULL))).to.equal(text(sum));
    }
  });

  it('is linear within a tier: two answers cost what both cost', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [one, two] = [random(), random()];
      const both = Object.fromEntries(PARTS.map((part) => [part, one[part] + two[part]])) as Parts;
      const [a, b] = [billed(usageOf(one), FULL) ?? expect.fail(), billed(usageOf(two), FULL) ?? expect.fail()];
      expect(text(billed(usageOf(both), FULL))).to.equal(text(add(a, b)));
    }
  });

  it('is unknown or at least 0 for whatever a provider may say, and never throws', () => {
    const names = Object.keys(usageOf({})) as UsageName[];
    const wild = [0, 1, 7, 5000, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 2 ** 60];
    let known = 0;
    for (let round = 0; round < 20 * ROUNDS; round++) {
      const usage: Usage = {};
      for (const name of names) if (roll(2) === 0) usage[name] = wild[roll(roll(4) === 0 ? wild.length : 4)] ?? 0;
      const amount = billed(usage, roll(2) === 0 ? FULL : { input: '1', output: '2', cache_read: '0.1' });
      if (amount === null) continue;
      known++;
      expect(compare(amount, ZERO), JSON.stringify(usage)).to.be.at.least(0);
    }
    expect(known).to.be.greaterThan(100);
  });

  it('has as many digits as it needs', () => {
    const usage = { input_tokens: 3, output_tokens: 7 };
    expect(text(billed(usage, { input: '0.15', output: '0.6' }))).to.equal('0.00000465');
    expect(text(billed({ input_tokens: 1, output_tokens: 0 }, { input: '0.003625', output: 1 }))).to.equal(
      '0.000000003625',
    );
    const most = { input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: 0 };
    expect(text(billed(most, { input: '0.1', output: 1 }))).to.equal('900719925.4740991');
  });

  it('is the plain product for every text model of the shipped table', async () => {
    const [layer] = await loadPriceLayers(join(import.meta.dirname, '..', '..'));
    let judged = 0;
    for (const [key, entry] of Object.entries(layer?.entries ?? {})) {
      const { input, output, request_per_1k: request = 0, hours } = entry;
      if (input === undefined || output === undefined || hours !== undefined) continue;
      const [sent, got] = [1 + roll(9000), roll(9000)];
      // Doubles are near enough to tell a wrong rate; exactness is judged above.
      const plain = (sent * Number(input) + got * Number(output)) / 1e6 + Number(request) / 1000;
      const amount = text(billed({ input_tokens: sent, output_tokens: got }, entry));
      expect(Number(amount), key).to.be.closeTo(plain, 1e-9);
      judged++;
    }
    expect(judged).to.be.greaterThan(1400);
  });
});
