import { expect } from 'chai';

import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { PriceBook, type PriceLayer } from '../../src/metering/prices.ts';

const NOW = new Date('2026-11-20T12:00:00Z');

const operator = (entries: Record<string, PriceEntry>): PriceLayer => ({
  name: 'gateway.yaml',
  version: 'mine',
  operator: true,
  entries,
});
const shipped: PriceLayer = {
  name: 'shipped',
  version: 'v1',
  entries: {
    'openai/gpt-4o': { match: ['gpt-4o-2024-08-06'], input: 2.5, output: 10 },
    'openai/gpt-4o-2024-05-13': { input: 5, output: 15 },
    'anthropic/claude-sonnet-5': { dated: true, input: 2, output: 10 },
    'anthropic/claude-opus-4-8': { dated: true, input: 5, output: 25 },
    'aws/us.anthropic.claude-opus-4-8-v1:0': { dated: true, input: 5.5, output: 27.5 },
    'openai/o3 until 2025-06-10': { match: 'o3', input: 10, output: 40, ends: '2025-06-10' },
    'openai/o3': { input: 2, output: 8, starts: '2025-06-10' },
  },
  fallbacks: { azure: ['openai'] },
};

const key = (book: PriceBook, provider: string, response: string | null, request: string | null = null, at = NOW) =>
  book.find(provider, response, request, at)?.key ?? null;

describe('the price book', () => {
  it('asks the operator first, then the response model, then the request model', () => {
    const book = new PriceBook([operator({ 'openai/gpt-4o': { input: 1, output: 1 } }), shipped]);
    expect(book.find('openai', 'gpt-4o-2024-08-06', 'gpt-4o', NOW)?.version).to.equal('mine');
    const plain = new PriceBook([shipped]);
    expect(key(plain, 'openai', 'gpt-4o-2024-05-13', 'gpt-4o')).to.equal('openai/gpt-4o-2024-05-13');
    expect(key(plain, 'openai', 'chatgpt-of-today', 'gpt-4o')).to.equal('openai/gpt-4o');
    expect(key(plain, 'openai', 'gpt-4o-2024-08-06')).to.equal('openai/gpt-4o');
  });

  it('prices what ran: the operator price of a model that a fallback answered for is not used', () => {
    const book = new PriceBook([operator({ 'anthropic/claude-sonnet-5': { input: 1, output: 1 } }), shipped]);
    expect(key(book, 'anthropic', 'claude-opus-4-8', 'claude-sonnet-5')).to.equal('anthropic/claude-opus-4-8');
    expect(book.find('anthropic', 'claude-sonnet-5-20260801', 'claude-sonnet-5', NOW)?.version).to.equal('mine');
  });

  it('never matches a bare prefix', () => {
    const book = new PriceBook([shipped]);
    for (const model of [
      'claude-sonnet-5-9',
      'claude-sonnet-5-mini',
      'claude-sonnet',
      'gpt-4',
      'gpt-4o-x',
      'claude-sonnet-5-2',
    ])
      expect(key(book, 'anthropic', model) ?? key(book, 'openai', model), model).to.equal(null);
  });

  it('lets a date follow a name only where the entry says so', () => {
    const book = new PriceBook([shipped]);
    expect(key(book, 'anthropic', 'claude-sonnet-5-20260801')).to.equal('anthropic/claude-sonnet-5');
    expect(key(book, 'anthropic', 'claude-sonnet-5@20260801')).to.equal('anthropic/claude-sonnet-5');
    expect(key(book, 'anthropic', 'claude-sonnet-5-2026-08-01')).to.equal('anthropic/claude-sonnet-5');
    expect(key(book, 'anthropic', 'claude-sonnet-5-20261401')).to.equal(null);
    expect(key(book, 'aws', 'us.anthropic.claude-opus-4-8-20260501-v1:0')).to.contain('claude-opus-4-8');
    expect(key(book, 'openai', 'gpt-4o-2024-12-24')).to.equal(null);
  });

  it('knows explicit patterns, after exact names', () => {
    const book = new PriceBook([
      operator({ 'openai/gpt-*-mini': { input: 1, output: 1 }, 'openai/gpt-5-mini': { input: 2, output: 2 } }),
    ]);
    expect(key(book, 'openai', 'gpt-5-mini')).to.equal('openai/gpt-5-mini');
    expect(key(book, 'openai', 'GPT-6-Mini')).to.equal('openai/gpt-*-mini');
    for (const model of ['gpt-mini', 'gpt-6-mini-2', 'my-gpt-6-mini'])
      expect(key(book, 'openai', model), model).to.equal(null);
    expect(key(book, 'groq', 'gpt-6-mini')).to.equal(null);
  });

  it('finds the list that a provider buys from, and the lists behind it', () => {
    const book = new PriceBook([operator({ 'openai/gpt-4o-mini': { input: 1, output: 1 } }), shipped], {
      work: 'openai',
      cloud: 'azure',
    });
    expect(key(book, 'work', 'gpt-4o')).to.equal('openai/gpt-4o');
    expect(key(book, 'work', 'gpt-4o-mini')).to.equal('openai/gpt-4o-mini');
    expect(key(book, 'cloud', 'gpt-4o')).to.equal('openai/gpt-4o');
    expect(key(book, 'groq', 'gpt-4o')).to.equal(null);
  });

  it('takes the word of the operator for a provider without a price list, unless the operator said two things', () => {
    const mini = { input: 1, output: 1 };
    const book = new PriceBook([
      operator({
        'openai/gpt-4o-mini': mini,
        'azure/mini': { ...mini, match: ['gpt-4o-mini'] },
        'openai/same': { input: 1 },
        'azure/same': { input: 2 },
        local: { free: true },
      }),
      shipped,
    ]);
    expect(key(book, 'company-proxy', 'gpt-4o-mini')).to.equal('openai/gpt-4o-mini');
    expect(key(book, 'company-proxy', 'same')).to.equal(null);
    expect(key(book, 'anthropic', 'gpt-4o-mini')).to.equal(null);
    expect(key(book, 'company-proxy', 'gpt-4o')).to.equal(null);
    expect(key(book, 'anthropic', 'local')).to.equal('local');
  });

  it('knows what a model cost when', () => {
    const book = new PriceBook([shipped]);
    expect(key(book, 'openai', 'o3', null, new Date('2025-05-31T00:00:00Z'))).to.equal('openai/o3 until 2025-06-10');
    expect(key(book, 'openai', 'o3', null, new Date('2025-06-09T23:59:59.999Z'))).to.contain('until');
    expect(key(book, 'openai', 'o3', null, new Date('2025-06-10T00:00:00Z'))).to.equal('openai/o3');
  });

  it('does not remember made-up names without end', () => {
    const book = new PriceBook([shipped]);
    for (let junk = 0; junk < 20_000; junk++) expect(key(book, 'openai', `junk-${junk}`)).to.equal(null);
    expect(key(book, 'openai', 'x'.repeat(100_000))).to.equal(null);
    expect(key(book, 'openai', 'gpt-4o')).to.equal('openai/gpt-4o');
  });
});
