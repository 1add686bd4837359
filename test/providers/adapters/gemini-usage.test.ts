import { expect } from 'chai';
import { geminiTier, readGeminiUsage } from '../../../providers/adapters/_gemini-usage.ts';

function read(raw: object | null, inputOnly = false) {
  const notes: string[] = [];
  const usage = readGeminiUsage(raw as Record<string, unknown> | null, (note) => notes.push(note), inputOnly);
  return { usage, notes };
}

describe("Gemini's usage", () => {
  it('adds thoughts to the candidates and tool prompts to the prompt; the cache is inside', () => {
    const { usage, notes } = read({
      promptTokenCount: 5000,
      cachedContentTokenCount: 4096,
      toolUsePromptTokenCount: 300,
      candidatesTokenCount: 40,
      thoughtsTokenCount: 700,
      totalTokenCount: 6040,
    });
    expect(usage).to.deep.equal({
      input_tokens: 5300,
      output_tokens: 740,
      'cache_read.input_tokens': 4096,
      'tool_use.input_tokens': 300,
      'reasoning.output_tokens': 700,
    });
    expect(notes).to.deep.equal([]);
  });

  it('knows modalities of prompt, tools, cache and candidates', () => {
    const of = (modality: string, tokenCount?: number) => ({ modality, tokenCount });
    const { usage } = read({
      promptTokenCount: 1000,
      promptTokensDetails: [of('TEXT', 100), of('AUDIO', 500), of('IMAGE', 258), of('VIDEO', 100), of('DOCUMENT', 42)],
      toolUsePromptTokenCount: 20,
      toolUsePromptTokensDetails: [of('AUDIO', 5), of('IMAGE')],
      cachedContentTokenCount: 300,
      cacheTokensDetails: [of('TEXT', 50), of('AUDIO', 250)],
      candidatesTokenCount: 1500,
      candidatesTokensDetails: [of('IMAGE', 1290), of('AUDIO', 200), of('TEXT', 10)],
      totalTokenCount: 2520,
    });
    expect(usage).to.deep.equal({
      input_tokens: 1020,
      output_tokens: 1500,
      'cache_read.input_tokens': 300,
      'tool_use.input_tokens': 20,
      'audio.input_tokens': 505,
      'image.input_tokens': 258,
      'video.input_tokens': 100,
      'cache_read.audio.input_tokens': 250,
      'audio.output_tokens': 200,
      'image.output_tokens': 1290,
    });
  });

  it('is unknown, not zero, where nothing is said', () => {
    for (const raw of [
      null,
      {},
      { trafficType: 'ON_DEMAND' },
      { promptTokensDetails: [] },
      { promptTokensDetails: 'x' },
    ]) {
      expect(read(raw)).to.deep.equal({ usage: null, notes: [] });
    }
    expect(read({ promptTokenCount: 7 }).usage).to.deep.equal({ input_tokens: 7 });
  });

  it('takes what the total leaves for candidates that are not said', () => {
    for (const [raw, output] of [
      [{ promptTokenCount: 9, totalTokenCount: 9 }, { output_tokens: 0 }],
      [{ promptTokenCount: 9, totalTokenCount: 12 }, { output_tokens: 3 }],
      [
        { promptTokenCount: 9, thoughtsTokenCount: 120, totalTokenCount: 129 },
        { output_tokens: 120, 'reasoning.output_tokens': 120 },
      ],
      [
        { promptTokenCount: 9, thoughtsTokenCount: 120, totalTokenCount: 130 },
        { output_tokens: 121, 'reasoning.output_tokens': 120 },
      ],
    ] as const) {
      expect(read(raw), JSON.stringify(raw)).to.deep.equal({ usage: { input_tokens: 9, ...output }, notes: [] });
    }
  });

  it('bills what the total has beyond all parts as thoughts, and says so', () => {
    const hidden = read({ promptTokenCount: 10, candidatesTokenCount: 20, totalTokenCount: 100 });
    expect(hidden.usage).to.deep.equal({ input_tokens: 10, output_tokens: 90, 'reasoning.output_tokens': 70 });
    expect(hidden.notes).to.deep.equal(['totalTokenCount is more than its parts']);
    const told = { promptTokenCount: 10, candidatesTokenCount: 20, thoughtsTokenCount: 5, totalTokenCount: 100 };
    expect(read(told)).to.deep.equal({
      usage: { input_tokens: 10, output_tokens: 25, 'reasoning.output_tokens': 5 },
      notes: ['totalTokenCount is more than its parts'],
    });
  });

  it('never takes from the parts what the total lacks, and says so', () => {
    const { usage, notes } = read({
      promptTokenCount: 10,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      totalTokenCount: 30,
    });
    expect(usage).to.include({ input_tokens: 10, output_tokens: 25 });
    expect(notes).to.deep.equal(['totalTokenCount is less than its parts']);
  });

  it('names odd numbers and reads the others', () => {
    const { usage, notes } = read({
      promptTokenCount: 10,
      candidatesTokenCount: -1,
      thoughtsTokenCount: '5',
      cachedContentTokenCount: 11,
      promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 1.5 }, null, 3],
    });
    expect(usage).to.deep.equal({ input_tokens: 10, 'cache_read.input_tokens': 11 });
    expect(notes).to.deep.equal([
      'candidatesTokenCount is not a count',
      'thoughtsTokenCount is not a count',
      'tokenCount is not a count',
      'cache_read + cache_creation > input_tokens',
    ]);
  });

  it('of embeddings has no output, and spells its details in the singular', () => {
    const raw = { promptTokenCount: 12, promptTokenDetails: [{ modality: 'IMAGE', tokenCount: 8 }] };
    expect(read(raw, true).usage).to.deep.equal({ input_tokens: 12, output_tokens: 0, 'image.input_tokens': 8 });
    expect(read({}, true).usage).to.equal(null);
  });
});

describe("Gemini's tier", () => {
  for (const [raw, header, tier] of [
    [{ serviceTier: 'standard' }, undefined, 'standard'],
    [{ serviceTier: 'SERVICE_TIER_PRIORITY' }, undefined, 'priority'],
    [{ serviceTier: 'flex' }, 'standard', 'flex'],
    [{ trafficType: 'ON_DEMAND' }, undefined, 'standard'],
    [{ trafficType: 'ON_DEMAND_PRIORITY' }, undefined, 'on_demand_priority'],
    [{ trafficType: 'ON_DEMAND_FLEX' }, undefined, 'flex'],
    [{ trafficType: 'PROVISIONED_THROUGHPUT' }, undefined, 'provisioned_throughput'],
    [{ trafficType: 'TRAFFIC_TYPE_UNSPECIFIED' }, undefined, null],
    [{ serviceTier: 'unspecified' }, undefined, null],
    [{ trafficType: 'constructor' }, undefined, 'constructor'],
    [null, 'priority', 'priority'],
    [{}, undefined, null],
  ] as const) {
    it(`is ${tier} for ${JSON.stringify(raw)}${header === undefined ? '' : ` with the header ${header}`}`, () => {
      expect(geminiTier(raw, header)).to.equal(tier);
    });
  }
});
