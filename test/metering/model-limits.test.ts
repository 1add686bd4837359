import { expect } from 'chai';

import { LimitBook, type LimitEntries } from '../../src/metering/model-limits.ts';

const ALL: LimitEntries = {
  'gpt-4o': { max_output: 16_384, context_window: 128_000 },
  'gpt-4o-2024-05-13': { max_output: 4096, context_window: 128_000 },
  'gpt-4o-mini': { max_output: 16_000 },
  'claude-sonnet-4-5': { max_output: 64_000, match: ['claude-sonnet-4.5'] },
  'gemini-2.5-pro': { max_output: 65_536 },
  'llama3-1-8b-instruct': { max_output: 2048, match: 'llama3.1:*' },
  'nova-lite': { max_output: 10_000 },
  'gpt-oss-120b': { max_output: 131_072, context_window: 131_072 },
  'mistral-large': { max_output: 1000 },
  nothing: null,
};

describe('the limits of models', () => {
  const book = new LimitBook(new Map([['azure', { 'prod-*': { max_output: 5 }, 'gpt-4o': { context_window: 9 } }]]), [
    { source: 'somewhere', models: ALL },
    { source: 'elsewhere', provider: 'groq', models: { 'openai/gpt-oss-120b': { max_output: 65_536 } } },
    { source: 'further on', provider: 'groq', models: { other: { max_output: 3 } } },
  ]);
  const output = (model: string | null, provider = 'openai') => book.find(provider, model).maxOutput;

  it('are found by the name, in any case, and without the date of its release', () => {
    expect(book.find('openai', 'gpt-4o')).to.eql({ maxOutput: 16_384, contextWindow: 128_000 });
    expect(output('GPT-4o-2024-11-20')).to.equal(16_384);
    expect(output('gpt-4o-2024-05-13'), 'a dated entry of its own comes first').to.equal(4096);
    expect(output('claude-sonnet-4-5@20250929')).to.equal(64_000);
    expect(output('claude-sonnet-4.5')).to.equal(64_000);
  });

  it('are found under what resellers make of a name', () => {
    for (const [model, expected] of [
      ['openai/gpt-4o', 16_384],
      ['openai/gpt-4o:free', 16_384],
      ['ft:gpt-4o-mini-2024-07-18:org:name:id', 16_000],
      ['models/gemini-2.5-pro', 65_536],
      ['projects/p/locations/l/publishers/google/models/gemini-2.5-pro', 65_536],
      ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
      ['us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
      ['anthropic.claude-sonnet-4-5-v1', 64_000],
      ['arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
      ['amazon.nova-lite-v1:0', 10_000],
      ['us.meta.llama3-1-8b-instruct-v1:0', 2048],
      ['openai.gpt-oss-120b-1:0', 131_072],
      ['mistral-large-latest', 1000],
    ] as const) {
      expect(output(model), model).to.equal(expected);
    }
  });

  it('are found by a pattern where no name fits', () => {
    expect(output('llama3.1:70b-q4')).to.equal(2048);
    expect(output('prod-chat', 'azure')).to.equal(5);
    expect(output('prod-chat', 'openai'), 'of another provider').to.equal(null);
  });

  it('are unknown for everything else: no name matches by its beginning', () => {
    for (const model of [
      'gpt-4o-max',
      'gpt-4',
      'my-gpt-4o',
      'claude-sonnet-4-5-9',
      'nothing',
      '',
      'x'.repeat(600),
      null,
    ])
      expect(book.find('openai', model), String(model)).to.eql({ maxOutput: null, contextWindow: null });
    expect(output('toString')).to.equal(null);
  });

  it('come from gateway.yaml first, then from the provider that sells it, each number by itself', () => {
    expect(book.find('azure', 'gpt-4o')).to.eql({ maxOutput: 16_384, contextWindow: 9 });
    expect(book.find('groq', 'openai/gpt-oss-120b')).to.eql({ maxOutput: 65_536, contextWindow: 131_072 });
    expect(output('other', 'groq')).to.equal(3);
    expect(output('other')).to.equal(null);
  });

  it('stay right when more names were asked for than are remembered', () => {
    for (let n = 0; n < 5000; n++) expect(output(`made-up-${n}`)).to.equal(null);
    expect(output('gpt-4o')).to.equal(16_384);
  });
});
