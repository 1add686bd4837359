import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { loadLimitTable } from '../../src/loader/model-limits.ts';
import { draw } from '../support/drafts.ts';
import { root } from '../support/gateway.ts';

describe('the shipped limits of models', () => {
  it('are whole numbers that fit together, each with a source, each name once', async () => {
    const { groups } = await loadLimitTable(root);
    const seen = new Set<string>();
    for (const { source, provider = '', models, ...more } of groups) {
      expect(source).to.be.a('string').and.not.equal('');
      expect(more).to.eql({});
      for (const [model, entry] of Object.entries(models)) {
        const { max_output: output = 1, context_window: context = 1_000_000_000, match = [], ...others } = entry ?? {};
        expect(others, model).to.eql({});
        expect(Number.isSafeInteger(output) && output > 0, `${model} max_output ${output}`).to.equal(true);
        expect(context, model).to.be.at.least(output);
        for (const name of [model, ...[match].flat()]) {
          expect(seen.has(`${provider} ${name}`), `${provider} ${name} stands there twice`).to.equal(false);
          seen.add(`${provider} ${name}`);
        }
      }
    }
  });

  it('hold for the models of all large vendors, by the names that their providers are asked with', async () => {
    const { limits } = await draw('{}');
    for (const [provider, model, output, context] of [
      ['openai', 'gpt-4o', 16_384, 128_000],
      ['openai', 'gpt-4o-2024-05-13', 4096, 128_000],
      ['openai', 'gpt-4o-mini-2024-07-18', 16_384, 128_000],
      ['openai', 'chatgpt-4o-latest', 16_384, 128_000],
      ['openai', 'gpt-3.5-turbo-0125', 4096, 16_385],
      ['azure', 'gpt-35-turbo', 4096, 16_385],
      ['azure', 'gpt-4-turbo-2024-04-09', 4096, 128_000],
      ['openai', 'gpt-4.1-mini', 32_768, 1_047_576],
      ['openai', 'o4-mini-2025-04-16', 100_000, 200_000],
      ['openai', 'gpt-5-2025-08-07', 128_000, 400_000],
      ['openai', 'gpt-5.6-sol', 128_000, 1_050_000],
      ['bedrock', 'global.openai.gpt-5.6-luna', 128_000, 1_050_000],
      ['anthropic', 'claude-3-haiku-20240307', 4096, 200_000],
      ['anthropic', 'claude-3-5-sonnet-latest', 8192, 200_000],
      ['anthropic', 'claude-sonnet-5-5', 128_000, 1_000_000],
      ['vertex', 'claude-opus-4-1@20250805', 32_000, 200_000],
      ['bedrock', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', 64_000, 200_000],
      ['bedrock', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 8192, 200_000],
      ['bedrock', 'anthropic.claude-v2:1', 4096, 200_000],
      ['bedrock', 'us.meta.llama3-3-70b-instruct-v1:0', 8192, 131_072],
      ['bedrock', 'amazon.nova-pro-v1:0', 10_000, 300_000],
      ['bedrock', 'mistral.mistral-7b-instruct-v0:2', 32_768, 32_768],
      ['google', 'models/gemini-2.5-flash', 65_536, 1_048_576],
      ['openrouter', 'google/gemini-3.1-pro-preview', 65_536, 1_048_576],
      ['openrouter', 'anthropic/claude-opus-4.8', 128_000, 1_000_000],
      ['openrouter', 'meta-llama/llama-3.3-70b-instruct:free', 131_072, 131_072],
      ['mistral', 'mistral-large-latest', 262_144, 262_144],
      ['deepseek', 'deepseek-chat', 384_000, 1_000_000],
      ['xai', 'grok-4-0709', 256_000, 256_000],
      ['groq', 'openai/gpt-oss-120b', 65_536, 131_072],
      ['ollama', 'llama3.1:8b', 131_072, 131_072],
      ['fireworks', 'accounts/fireworks/models/llama-v3p1-8b-instruct', 131_072, 131_072],
      ['cohere', 'command-r-plus-08-2024', 4096, 128_000],
    ] as const)
      expect(limits.find(provider, model), model).to.eql({ maxOutput: output, contextWindow: context });
    for (const model of ['simulated', 'gpt-7', 'claude-sonnet-9', 'our-deployment'])
      expect(limits.find('openai', model), model).to.eql({ maxOutput: null, contextWindow: null });
  });

  it('are read again only when they have changed', async () => {
    const first = await loadLimitTable(root);
    const second = await loadLimitTable(root);
    expect(second.groups).to.equal(first.groups);
    expect(second.digest).to.equal(first.digest);
    const text = await readFile(join(root, 'providers/models/limits.yaml'), 'utf8');
    expect(text).to.include('source:');
  });

  it('give way to what gateway.yaml says of a model, which says nothing of its price', async () => {
    const { limits, prices } = await draw(`
providers:
  openai: { models: { gpt-4o: { max_output: 1000 }, mine: { context_window: 5000, input: 1, output: 2 } } }
`);
    expect(limits.find('openai', 'gpt-4o')).to.eql({ maxOutput: 1000, contextWindow: 128_000 });
    expect(limits.find('openai', 'mine')).to.eql({ maxOutput: null, contextWindow: 5000 });
    expect(limits.find('azure', 'gpt-4o').maxOutput).to.equal(16_384);
    expect(prices.find('openai', 'gpt-4o', null, new Date())?.version).to.match(/^genai-prices-/);
    expect(prices.find('openai', 'mine', null, new Date())?.entry).to.eql({ input: 1, output: 2 });
  });

  it('are refused where they make no sense, with the place', async () => {
    const drawing = draw('providers:\n  openai: { models: { m: { max_output: 0 } } }\n');
    const error = await drawing.then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).to.include('providers.openai.models.m.max_output');
  });
});
