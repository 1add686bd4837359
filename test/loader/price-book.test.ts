import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Config, ProviderEntry } from '../../src/config/schema.ts';
import { buildPriceBook } from '../../src/loader/price-book.ts';
import { root } from '../support/gateway.ts';

describe('the price book', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-prices-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const build = (pricing: object, entries: Record<string, object> = {}) =>
    buildPriceBook({
      config: { pricing } as unknown as Config,
      entries: new Map(Object.entries(entries)) as unknown as ReadonlyMap<string, ProviderEntry>,
      version: 'abc',
      folder,
      root,
    });
  const priceOf = async (pricing: object, entries: Record<string, object> = {}, provider = 'openai') => {
    const { book } = await build(pricing, entries);
    const price = book.find(provider, 'gpt-4o', null, new Date());
    return price && { input: Number(price.entry.input), version: price.version };
  };

  it("asks a provider's models first, then pricing, then files, then the shipped table", async () => {
    await writeFile(join(folder, 'p.yaml'), 'version: 7\nmodels:\n  gpt-4o: { input: 3, output: 1 }\n');
    const file = { files: ['p.yaml'] };
    const models = { models: { 'gpt-4o': { input: 2, output: 1 } } };
    const entries = { openai: { models: { 'gpt-4o': { input: 1, output: 1 } } } };
    expect(await priceOf({ ...file, ...models }, entries)).to.eql({ input: 1, version: 'config-abc' });
    expect(await priceOf({ ...file, ...models })).to.eql({ input: 2, version: 'config-abc' });
    expect(await priceOf(file)).to.eql({ input: 3, version: '7' });
    const shipped = await priceOf({});
    expect(shipped?.version).to.match(/^genai-prices-/);
    expect(shipped?.input).to.equal(2.5);
  });

  it('does not take a list of names for prices', async () => {
    for (const models of [['gpt-4o'], { 'gpt-4o': null }, { 'gpt-4o': {} }]) {
      expect((await priceOf({}, { openai: { models } }))?.input).to.equal(2.5);
    }
  });

  it("prices a provider by another one's list where it says so", async () => {
    expect((await priceOf({}, { front: { prices: 'openai' } }, 'front'))?.input).to.equal(2.5);
  });

  it('has another digest when a file has changed', async () => {
    const digest = async (input: number) => {
      await writeFile(join(folder, 'p.yaml'), `gpt-4o: { input: ${input} }\n`);
      return (await build({ files: ['p.yaml'] })).digest;
    };
    const first = await digest(1);
    expect(await digest(2)).to.not.equal(first);
    expect(await digest(1)).to.equal(first);
  });

  it('says of each price where it is from: gateway.yaml, a file, the shipped table, its corrections', async () => {
    await writeFile(join(folder, 'p.yaml'), 'version: 7\nmodels:\n  of-file: { input: 3, output: 1 }\n');
    const pricing = { files: ['p.yaml'], models: { 'of-pricing': { input: 1 } } };
    const { book } = await build(pricing, { mine: { models: { 'of-provider': { input: 1 } } } });
    const from = (key: string) => {
      const price = book.prices.find((one) => one.key === key)!;
      const { source, changed = [] } = price.layer.origins?.[key] ?? { source: price.layer.sources![0] };
      return { ...source, changed };
    };
    const mine = { version: 'config-abc', date: null, changed: [] };
    expect(from('mine/of-provider')).to.eql({ kind: 'provider', name: 'providers', ...mine });
    expect(from('of-pricing')).to.eql({ kind: 'pricing', name: 'pricing', ...mine });
    expect(from('of-file')).to.include({ kind: 'file', name: 'p.yaml', version: '7' });
    expect(from('openai/gpt-4o-2024-05-13')).to.include({ kind: 'table', name: 'genai-prices' });
    expect(from('openai/gpt-4o-2024-05-13').date).to.match(/^\d{4}-\d{2}-\d{2}$/);
    expect(from('openai/gpt-5.6-sol').changed).to.include('service_tiers');
    expect(from('anthropic/claude-sonnet-5-5')).to.deep.include({ kind: 'overrides', changed: [] });
  });

  it('has the same digest when a file was only touched', async () => {
    await writeFile(join(folder, 'p.yaml'), 'gpt-4o: { input: 1 }\n');
    const { digest } = await build({ files: ['p.yaml'] });
    await utimes(join(folder, 'p.yaml'), new Date(0), new Date(0));
    expect((await build({ files: ['p.yaml'] })).digest).to.equal(digest);
  });

  it('says which file is missing or wrong, without its path', async () => {
    const missing = await build({ files: ['gone.yaml'] }).catch((error: Error) => error.message);
    expect(missing).to.equal('gone.yaml: pricing.files cannot be read; is the path right?');
    await writeFile(join(folder, 'p.yaml'), 'gpt-4o: { input: -1 }\n');
    const wrong = await build({ files: ['p.yaml'] }).catch((error: Error) => error.message);
    expect(wrong).to.contain('p.yaml:1:18 gpt-4o.input must be at least 0').and.to.not.contain(folder);
  });
});
