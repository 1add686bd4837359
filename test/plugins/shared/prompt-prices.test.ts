import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { dollarsOf, runsOf } from '../../../plugins/shared/prompt-prices.ts';
import { loadPriceLayers } from '../../../src/loader/prices.ts';
import { costOf } from '../../../src/metering/cost.ts';
import { add, formatDecimal, parseDecimal, ZERO } from '../../../src/metering/decimal.ts';
import { PriceBook } from '../../../src/metering/prices.ts';
import type { Reading, Usage, UsagePart } from '../../../src/metering/usage.ts';
import { Exchange } from '../../../src/pipeline/exchange.ts';
import type { CutPrompt, PromptPart } from '../../../src/pipeline/prompt.ts';
import type { Provider } from '../../../src/pipeline/provider.ts';
import { partsOf } from '../../../src/prompts/parts.ts';
import { exchangeOf, planOf, requestOf } from '../../pipeline/exchanges.ts';
import { anyCut, chance, cutOf } from '../../support/cuts.ts';

interface Case {
  of: string;
  usage: Record<string, number>;
  when?: { tier?: string; speed?: string; geo?: string; at?: string };
  cost: string | null;
}

/** Short words of the golden prices for what makes an input. */
const INPUT = {
  in: 'input_tokens',
  read: 'cache_read.input_tokens',
  write: 'cache_creation.input_tokens',
  write_30m: 'cache_creation.30m.input_tokens',
  write_1h: 'cache_creation.1h.input_tokens',
  write_12h: 'cache_creation.12h.input_tokens',
  audio_in: 'audio.input_tokens',
  read_audio: 'cache_read.audio.input_tokens',
  image_in: 'image.input_tokens',
  video_in: 'video.input_tokens',
} as const;

const golden = parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'metering', 'golden-prices.yaml'), 'utf8'),
) as Case[];

interface Answered {
  provider: string;
  model: string;
  usage: Usage;
  parts?: UsagePart[];
  reported?: string;
  free?: boolean;
  tier?: string | undefined;
  speed?: string | undefined;
  geo?: string | undefined;
  at?: string | undefined;
  outcome?: 'ok' | 'refused' | 'cached' | 'upstream_error' | 'client_aborted';
}

describe('plugins/shared/prompt-prices', () => {
  let book: PriceBook;
  before(async () => {
    book = new PriceBook(await loadPriceLayers(join(import.meta.dirname, '..', '..', '..')));
  });

  /** An exchange whose answer is over and was priced, as plugin usage leaves it. */
  function exchange(answered: Answered): Exchange {
    const { provider, model, usage, parts = null, reported = null, free = false, outcome = 'ok' } = answered;
    const like = exchangeOf(requestOf(JSON.stringify({ model })));
    const made = new Exchange({
      ...like,
      listener: like.listener,
      request: like.request,
      dialect: like.dialect,
      api: like.api,
      bills: true,
      principal: null,
      route: () => planOf([{ provider: { name: provider, free } as Provider, model: null, key: null }]),
      terms: { ...like.terms, cost: (question) => costOf({ free, ...question }, book) },
      startedAt: Date.parse(answered.at ?? '2026-11-20T12:00:00Z'),
      clock: performance.now(),
    });
    const reading = {
      usage,
      parts,
      model,
      usageStatus: 'final',
      serviceTier: answered.tier ?? null,
      speed: answered.speed ?? null,
      geo: answered.geo ?? null,
      reportedCostUsd: reported,
      paid: false,
    } as Reading;
    made.state.reading = reading;
    made.state.cost = cost(answered, usage, parts, reported);
    made.ending = { outcome, status: 200, error: null };
    return made;
  }

  function cost(answered: Answered, usage: Usage, parts: UsagePart[] | null = null, reported: string | null = null) {
    return costOf(
      {
        provider: answered.provider,
        free: answered.free ?? false,
        requestModel: answered.model,
        responseModel: answered.model,
        usage,
        parts,
        promptTokens: parts ? undefined : answered.usage.input_tokens,
        serviceTier: answered.tier ?? null,
        speed: answered.speed ?? null,
        geo: answered.geo ?? null,
        at: new Date(answered.at ?? '2026-11-20T12:00:00Z'),
        reportedCostUsd: reported,
      },
      book,
    );
  }

  const partsIn = (answered: Answered, cut: CutPrompt): PromptPart[] =>
    partsOf(cut, runsOf(exchange(answered), cut), dollarsOf);
  const sumOf = (parts: readonly PromptPart[]): string =>
    formatDecimal(parts.reduce((sum, part) => add(sum, parseDecimal(part.cost_usd!)), ZERO));
  const tokensOf = (parts: readonly PromptPart[]): number => parts.reduce((sum, { tokens }) => sum + tokens!, 0);

  it('splits what the input cost to the last digit, at every rate of the golden prices, or says that it is unknown', () => {
    const random = chance(3);
    const unknown: string[] = [];
    let known = 0;
    for (const { of, usage: short, when = {}, cost: whole } of golden) {
      const [provider = '', model = ''] = of.split(' ');
      const named = Object.entries(INPUT).flatMap(([word, name]) => (word in short ? [[name, short[word]!]] : []));
      const input = Object.fromEntries(named) as Usage;
      if (input.input_tokens === undefined || whole === null) continue;
      const answered = { provider, model, usage: { ...input, output_tokens: short.out ?? 0 }, ...when };
      const parts = partsIn(answered, anyCut(random));
      const total = cost(answered, { ...input, output_tokens: 0 }).cost_usd;
      const fee = cost(answered, { input_tokens: 0, output_tokens: 0 }).cost_usd;
      if (parts.some(({ cost_usd }) => cost_usd === null)) {
        expect(parts.every(({ cost_usd }) => cost_usd === null)).to.equal(true);
        unknown.push(`${of} ${Object.keys(short)}`);
        continue;
      }
      known++;
      expect(formatDecimal(add(parseDecimal(sumOf(parts)), parseDecimal(fee!))), of).to.equal(total);
      expect(tokensOf(parts), of).to.equal(input.input_tokens);
    }
    expect(known).to.be.greaterThan(110);
    // Recordings and pictures with rates of their own: nobody says which tokens they are.
    expect(unknown.filter((one) => !/audio_in|image_in|video_in/.test(one))).to.eql([]);
  });

  it('is exact for any prompt and any numbers of a provider that tells two times of writing', () => {
    const random = chance(5);
    for (let round = 0; round < 300; round++) {
      const [read, minutes, hour, rest] = [random(190_000), random(20_000), random(20_000), random(9000)];
      const answered: Answered = {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        usage: {
          input_tokens: read + minutes + hour + rest,
          output_tokens: random(4000),
          'cache_read.input_tokens': read,
          'cache_creation.input_tokens': minutes + hour,
          'cache_creation.5m.input_tokens': minutes,
          'cache_creation.1h.input_tokens': hour,
        },
      };
      const parts = partsIn(answered, anyCut(random));
      expect(sumOf(parts)).to.equal(cost(answered, { ...answered.usage, output_tokens: 0 }).cost_usd);
      expect(tokensOf(parts)).to.equal(answered.usage.input_tokens);
    }
  });

  const cut = cutOf([
    ['system', '', 1, 600],
    ['new', 'user', 2, 400],
  ]);
  const gpt = (more: Partial<Answered> = {}): Answered => ({
    provider: 'openai',
    model: 'gpt-4o',
    usage: { input_tokens: 1000, output_tokens: 10 },
    ...more,
  });
  const dollars = (answered: Answered) => partsIn(answered, cut).map(({ cost_usd }) => cost_usd);

  it('gives each part the rate of its tokens', () => {
    expect(dollars(gpt())).to.eql(['0.0015', '0.001']);
    const cached = gpt({ usage: { input_tokens: 1000, output_tokens: 10, 'cache_read.input_tokens': 500 } });
    expect(dollars(cached)).to.eql(['0.000875', '0.001']);
  });

  it('is nothing of a provider that is free', () => {
    expect(dollars({ provider: 'local', model: 'llama3', free: true, usage: { input_tokens: 10 } })).to.eql(['0', '0']);
  });

  it('follows a cost that the provider reported only where the table says the same', () => {
    const table = cost(gpt(), gpt().usage).cost_usd!;
    expect(dollars(gpt({ reported: table }))).to.eql(['0.0015', '0.001']);
    const other = partsIn(gpt({ reported: '0.5' }), cut);
    expect(other.map(({ cost_usd, tokens }) => [cost_usd, tokens])).to.eql([
      [null, 600],
      [null, 400],
    ]);
  });

  it('is unknown where the model has no price, with its tokens all the same', () => {
    const parts = partsIn(gpt({ model: 'no-such-model' }), cut);
    expect(parts.map(({ cost_usd, tokens }) => [cost_usd, tokens])).to.eql([
      [null, 600],
      [null, 400],
    ]);
  });

  it('takes the rates of a long prompt for each of its tokens', () => {
    const usage = { input_tokens: 300_000, output_tokens: 10 };
    const long = { provider: 'google', model: 'gemini-2.5-pro', usage };
    const [system] = partsIn(long, cut);
    const short = partsIn({ ...long, usage: { input_tokens: 1000, output_tokens: 10 } }, cut)[0]!;
    expect(Number(system!.cost_usd) / 300).to.be.closeTo(2 * Number(short.cost_usd), 1e-12);
    expect(sumOf(partsIn(long, cut))).to.equal(cost(long, { ...usage, output_tokens: 0 }).cost_usd);
  });

  it('adds up what several models made of one prompt, each at its price', () => {
    const parts: UsagePart[] = [
      { model: 'claude-sonnet-4-5', usage: { input_tokens: 1000, output_tokens: 5, 'cache_read.input_tokens': 600 } },
      { model: 'claude-haiku-4-5', usage: { input_tokens: 500, output_tokens: 5 } },
    ];
    const usage = { input_tokens: 1500, output_tokens: 10, 'cache_read.input_tokens': 600 };
    const both = { provider: 'anthropic', model: 'claude-sonnet-4-5', usage, parts };
    const found = partsIn(both, cut);
    const each = parts.map((part) => ({ ...part, usage: { ...part.usage, output_tokens: 0 } }));
    expect(sumOf(found)).to.equal(cost(both, { ...usage, output_tokens: 0 }, each).cost_usd);
    expect(found.map(({ tokens, read, uncached }) => [tokens, read, uncached])).to.eql([
      [900, 600, 300],
      [600, 0, 600],
    ]);
    const odd = partsIn({ ...both, usage: { ...usage, input_tokens: 1600 } }, cut);
    expect([tokensOf(odd), odd[0]!.cost_usd]).to.eql([1600, null]);
  });

  it('has sizes only of answers that failed, were refused, came from a cache of ours, or said nothing', () => {
    const silent: Answered[] = [
      gpt({ outcome: 'refused' }),
      gpt({ outcome: 'cached' }),
      gpt({ outcome: 'upstream_error' }),
      gpt({ usage: {} }),
    ];
    for (const answered of silent)
      expect(partsIn(answered, cut).map(({ chars, tokens, cost_usd }) => [chars, tokens, cost_usd])).to.eql([
        [2400, null, null],
        [1600, null, null],
      ]);
    expect(dollars(gpt({ outcome: 'client_aborted' }))).to.eql(['0.0015', '0.001']);
  });
});
