import { expect } from 'chai';

import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { goesBy, trace } from '../../src/metering/price-trace.ts';
import { PriceBook, type PriceLayer } from '../../src/metering/prices.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const shipped: PriceLayer = {
  name: 'shipped',
  version: 'v1',
  entries: {
    'openai/gpt-4o': { match: ['gpt-4o-2024-08-06', 'ft:gpt-4o-*'], input: 2.5, output: 10 },
    'anthropic/claude-sonnet-5': { match: 'sonnet-five', dated: true, input: 2, output: 10 },
    'anthropic/claude-sonnet-5 until 2026': { match: 'claude-sonnet-5', input: 4, output: 20, ends: '2026-01-01' },
  },
  fallbacks: { azure: ['openai'] },
};
const operator = (entries: Record<string, PriceEntry>): PriceLayer => ({
  name: 'pricing',
  version: 'mine',
  operator: true,
  entries,
});
const book = new PriceBook(
  [operator({ 'my-model': { input: 1 }, 'acme/large': { input: 3 }, 'acme/x-*': { input: 3 } }), shipped],
  { work: 'openai' },
);

/** How a model is found: key, way, name, list. */
function found(provider: string, model: string, at = NOW): string | null {
  const it = trace(book, provider, model, at);
  return it && `${it.price.key} ${it.by} ${it.name} ${it.list}`;
}

describe('how a price was found', () => {
  it('is told by its own name, another one, one without a date, or a pattern', () => {
    expect(found('openai', 'GPT-4o')).to.equal('openai/gpt-4o exact gpt-4o own');
    expect(found('openai', 'gpt-4o-2024-08-06')).to.equal('openai/gpt-4o alias gpt-4o-2024-08-06 own');
    expect(found('anthropic', 'claude-sonnet-5-20260801')).to.equal(
      'anthropic/claude-sonnet-5 dated claude-sonnet-5 own',
    );
    expect(found('anthropic', 'sonnet-five-20260801')).to.equal('anthropic/claude-sonnet-5 dated sonnet-five own');
    expect(found('openai', 'ft:gpt-4o-mine')).to.equal('openai/gpt-4o pattern ft:gpt-4o-* own');
    const before = new Date('2025-06-01T00:00:00Z');
    expect(found('anthropic', 'claude-sonnet-5', before)).to.match(/claude-sonnet-5 exact/);
  });

  it('is told by the list: named by the provider, behind that one, for everybody, of a namesake', () => {
    expect(found('work', 'gpt-4o')).to.equal('openai/gpt-4o exact gpt-4o own');
    expect(found('azure', 'gpt-4o')).to.equal('openai/gpt-4o exact gpt-4o fallback');
    expect(found('anthropic', 'my-model')).to.equal('my-model exact my-model every');
    expect(found('somebody', 'large')).to.equal('acme/large exact large namesake');
    expect(found('acme', 'x-1')).to.equal('acme/x-* pattern x-* own');
  });

  it('is nothing where the lookup finds nothing', () => {
    for (const model of ['gpt-4', 'gpt-4o-mini', 'gpt-4o-2024-12-24', 'claude-sonnet-5'])
      expect(found('openai', model), model).to.equal(null);
  });

  it('agrees with what a price goes by', () => {
    const [price] = book.prices.filter(({ key }) => key === 'openai/gpt-4o');
    expect(['gpt-4o', 'gpt-4o-2024-08-06', 'ft:gpt-4o-x'].every((name) => goesBy(price!, name))).to.equal(true);
    expect(['gpt-4', 'gpt-4o-x', 'gpt-4o-2024-12-24'].some((name) => goesBy(price!, name))).to.equal(false);
  });

  it('lists all that is known, the operator first', () => {
    expect(book.prices.map(({ key }) => key)).to.eql([
      'my-model',
      'acme/large',
      'acme/x-*',
      'openai/gpt-4o',
      'anthropic/claude-sonnet-5',
      'anthropic/claude-sonnet-5 until 2026',
    ]);
    expect(book.prices.map(({ list }) => list).slice(0, 2)).to.eql([null, 'acme']);
    expect(book.layers.map(({ name }) => name)).to.eql(['pricing', 'shipped']);
  });
});
