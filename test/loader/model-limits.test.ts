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
