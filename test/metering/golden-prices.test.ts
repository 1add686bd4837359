/** The shipped prices and the rules against costs worked out by hand, and against plain fractions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';

import { loadPriceLayers } from '../../src/loader/prices.ts';
import { type CostQuestion, costOf } from '../../src/metering/cost.ts';
import { PriceBook } from '../../src/metering/prices.ts';
import type { Usage, UsageName } from '../../src/metering/usage.ts';

interface Case {
  of: string;
  usage: Record<string, number>;
  when?: { tier?: string; speed?: string; geo?: string; at?: string };
  sum?: string;
  cost: string | null;
}

const NAMES: Readonly<Record<string, UsageName>> = {
  in: 'input_tokens',
  out: 'output_tokens',
  read: 'cache_read.input_tokens',
  write: 'cache_creation.input_tokens',
  write_30m: 'cache_creation.30m.input_tokens',
  write_1h: 'cache_creation.1h.input_tokens',
  write_12h: 'cache_creation.12h.input_tokens',
  reason: 'reasoning.output_tokens',
  audio_in: 'audio.input_tokens',
  audio_out: 'audio.output_tokens',
  read_audio: 'cache_read.audio.input_tokens',
  image_in: 'image.input_tokens',
  image_out: 'image.output_tokens',
  video_in: 'video.input_tokens',
  secs: 'audio.seconds',
  search: 'web_search.requests',
  fetch: 'web_fetch.requests',
  file: 'file_search.requests',
  code: 'code_execution.requests',
};

const cases = parse(readFileSync(join(import.meta.dirname, 'golden-prices.yaml'), 'utf8')) as Case[];

describe('the golden prices', () => {
  let book: PriceBook;
  before(async () => {
    book = new PriceBook(await loadPriceLayers(join(import.meta.dirname, '..', '..')));
  });

  it('are of all kinds of vendors and rules', () => {
    expect(cases.length).to.be.greaterThan(140);
    expect(new Set(cases.map(({ of }) => of.split(' ')[0])).size).to.be.greaterThan(12);
    expect(cases.filter(({ cost }) => cost === null).length).to.be.greaterThan(20);
  });

  for (const { of, usage, when = {}, sum, cost } of cases) {
    const [provider = '', model = ''] = of.split(' ');
    const told = [...Object.entries(usage), ...Object.entries(when)].map((pair) => pair.join(' ')).join(', ');
    it(`${of}, ${told}: ${cost ?? 'unknown'}`, () => {
      const question = questionOf(provider, model, usage, when);
      expect(costOf(question, book).cost_usd).to.equal(cost);
      if (cost === null) expect(sum).to.equal(undefined);
      else expect(isSame(fractionOf(cost), evaluate(sum ?? ''))).to.equal(true);
    });
  }
});

function questionOf(
  provider: string,
  responseModel: string,
  usage: Case['usage'],
  { tier, speed, geo, at }: NonNullable<Case['when']>,
): CostQuestion {
  const named = Object.entries(usage).map(([name, count]) => [NAMES[name] ?? expect.fail(name), count]);
  return {
    provider,
    responseModel,
    free: false,
    requestModel: null,
    usage: Object.fromEntries(named) as Usage,
    parts: null,
    serviceTier: tier ?? null,
    speed: speed ?? null,
    geo: geo ?? null,
    at: new Date(at ?? '2026-11-20T12:00:00Z'),
    reportedCostUsd: null,
  };
}

type Fraction = readonly [over: bigint, under: bigint];

/** `100*2.5 + 3@10 + 36$0.111/3600`, in dollars. Written apart from the code it judges, and slow. */
function evaluate(sum: string): Fraction {
  let total: Fraction = [0n, 1n];
  for (const term of sum.split(' + ')) {
    const [left = '', sign = '', right = '', shared = '1'] =
      /^([\d.]+)([*@$])([\d.]+)(?:\/(\d+))?$/.exec(term)?.slice(1) ?? [];
    const [a, b] = fractionOf(left);
    const [c, d] = fractionOf(right);
    const under = b * d * BigInt(shared) * { '*': 1_000_000n, '@': 1_000n, $: 1n }[sign as '*']!;
    total = [total[0] * under + a * c * total[1], total[1] * under];
  }
  return total;
}

function fractionOf(decimal: string): Fraction {
  const [whole = '', behind = ''] = decimal.split('.');
  return [BigInt(whole + behind), 10n ** BigInt(behind.length)];
}

function isSame([a, b]: Fraction, [c, d]: Fraction): boolean {
  return a * d === c * b;
}
