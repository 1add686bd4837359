import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { parse } from 'yaml';

import { loadPriceLayers, readPriceFile } from '../../src/loader/prices.ts';
import { type CostQuestion, costOf } from '../../src/metering/cost.ts';
import { checkPriceEntry, priceEntrySchema } from '../../src/metering/price-entry.ts';
import { PriceBook } from '../../src/metering/prices.ts';
import type { Usage } from '../../src/metering/usage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CATALOGUE = join(ROOT, 'providers');
const NOW = new Date('2026-11-20T12:00:00Z');

describe('the shipped prices', () => {
  let book: PriceBook;
  before(async () => {
    book = new PriceBook(await loadPriceLayers(ROOT), { moonshot: 'moonshotai', xai: 'x-ai' });
  });

  function cost(provider: string, model: string, usage: Usage, question: Partial<CostQuestion> = {}) {
    const none = { free: false, requestModel: null, parts: null, serviceTier: null, speed: null, geo: null };
    return costOf(
      { ...none, provider, responseModel: model, usage, at: NOW, reportedCostUsd: null, ...question },
      book,
    );
  }
  const million = { input_tokens: 1_000_000, output_tokens: 0 };
  /** Under every long-prompt tier. */
  const some = { input_tokens: 50_000, output_tokens: 10_000 };

  it('are well formed, every one of them', async () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(priceEntrySchema);
    for (const { entries } of await loadPriceLayers(ROOT))
      for (const [key, entry] of Object.entries(entries)) {
        expect(validate(entry), `${key} ${JSON.stringify(validate.errors)}`).to.equal(true);
        expect(checkPriceEntry(entry), key).to.deep.equal([]);
        expect(JSON.stringify(entry.match ?? '').replaceAll(/"ft:[^"]*"/g, ''), key).not.to.contain('*');
      }
  });

  it('are what the installed package says, made anew', async () => {
    await promisify(execFile)(process.execPath, [join(CATALOGUE, 'prices', 'update.mjs'), '--check']);
  });

  it('agree with the package they were taken from, model by model', async () => {
    const { entries, additions, vendors } = parse(await readFile(join(CATALOGUE, 'prices', 'overrides.yaml'), 'utf8'));
    expect(Object.keys(vendors)).to.include('anthropic');
    const corrected = new Set([...Object.keys(entries), ...Object.keys(additions)]);
    let compared = 0;
    for (const provider of (await waitForUpdate()) ?? [])
      for (const { id } of provider.models) {
        const known = corrected.has(`${provider.id}/${id}`) ? null : book.find(provider.id, id, null, NOW);
        // A rule that stands before it claims the name in the package: nothing to compare.
        const theirs = calcPrice({ ...some }, id, { providerId: provider.id, timestamp: NOW });
        if (known === null || corrected.has(known.key) || theirs === null || theirs.model.id !== id) continue;
        const { input_audio, audio_per_hour } = known.entry;
        if (input_audio === undefined && audio_per_hour !== undefined) continue;
        const ours = cost(provider.id, id, some).cost_usd;
        if (ours === null)
          expect(known.entry.input === undefined || known.entry.output === undefined, id).to.equal(true);
        else expect(Number(ours), `${provider.id}/${id}`).to.be.closeTo(theirs.total_price, 1e-9);
        compared++;
      }
    expect(compared).to.be.greaterThan(1500);
  });

  it('know the models people use, each at its own published price', () => {
    const both = { input_tokens: 1000, output_tokens: 1000 };
    const published = [
      ['openai', 'gpt-4.1-mini', '0.002'],
      ['openai', 'o3', '0.01'],
      ['openai', 'gpt-5', '0.01125'],
      ['anthropic', 'claude-3-5-haiku-20241022', '0.0048'],
      ['anthropic', 'claude-opus-4-1-20250805', '0.09'],
      ['anthropic', 'claude-sonnet-4-6', '0.018'],
      ['anthropic', 'claude-haiku-5-5', '0.0006'],
      ['moonshot', 'kimi-k3', '0.018'],
      ['xai', 'grok-4.5', '0.008'],
      ['groq', 'openai/gpt-oss-120b', '0.00075'],
      ['azure', 'gpt-4o-mini-2024-07-18', '0.00075'],
    ] as const;
    for (const [provider, model, expected] of published)
      expect(cost(provider, model, both).cost_usd, model).to.equal(expected);
  });

  it('name the table and its version', () => {
    const { price } = cost('openai', 'gpt-4o', million);
    expect(price?.version).to.match(/^genai-prices-\d+\.\d+\.\d+\+\d{4}-\d{2}-\d{2}$/);
  });

  it('do not give a model of tomorrow the price of its elder sister', () => {
    for (const model of ['claude-sonnet-5-9', 'claude-haiku-4-5-mini', 'claude-opus-4-9'])
      expect(cost('anthropic', model, million).cost_usd, model).to.equal(null);
    for (const model of ['gpt-5-nano-next', 'gpt-99-preview', 'o3-next'])
      expect(cost('openai', model, million).cost_usd, model).to.equal(null);
  });

  it('remember what o3 cost in May 2025', () => {
    expect(cost('openai', 'o3', million, { at: new Date('2025-05-15T00:00:00Z') }).cost_usd).to.equal('10');
    expect(cost('openai', 'o3', million).cost_usd).to.equal('2');
  });

  it('have the corrections: Sonnet 5.5 cache reads, batch, fast mode, regions, peak hours, hour-long writes', () => {
    const cached = { ...million, 'cache_read.input_tokens': 1_000_000 };
    expect(cost('anthropic', 'claude-sonnet-5-5', cached).cost_usd).to.equal('0.1');
    const before = { at: new Date('2026-10-06T00:00:00Z') };
    expect(cost('anthropic', 'claude-sonnet-5-5', cached, before).cost_usd).to.equal('0.2');
    expect(cost('anthropic', 'claude-opus-4-7', million, { serviceTier: 'batch' }).cost_usd).to.equal('2.5');
    expect(cost('anthropic', 'claude-opus-4-8', million, { speed: 'fast' }).cost_usd).to.equal('10');
    expect(cost('anthropic', 'claude-opus-4-7', million, { geo: 'us' }).cost_usd).to.equal('5.5');
    expect(cost('openai', 'o3', million, { serviceTier: 'flex' }).cost_usd).to.equal('1');
    expect(cost('openai', 'gpt-5.6-sol', some, { serviceTier: 'priority' }).cost_usd).to.equal('0.8');
    const written = {
      ...million,
      'cache_creation.input_tokens': 1_000_000,
      'cache_creation.1h.input_tokens': 1_000_000,
    };
    expect(cost('anthropic', 'claude-haiku-4-5', written).cost_usd).to.equal('2');
    const short = {
      input_tokens: 100_000,
      output_tokens: 0,
      'cache_creation.input_tokens': 100_000,
      'cache_creation.1h.input_tokens': 100_000,
    };
    expect(cost('aws', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', short).cost_usd).to.equal('0.66');
    const deepseek = (at: string) => cost('deepseek', 'deepseek-v4-pro', million, { at: new Date(at) }).cost_usd;
    expect(deepseek('2026-11-20T02:00:00Z'), 'Friday').to.equal('1.32');
    expect(deepseek('2026-11-21T02:00:00Z'), 'Saturday').to.equal('0.66');
  });

  it('have no correction for an entry that is not there', async () => {
    const text = await readFile(join(CATALOGUE, 'prices', 'overrides.yaml'), 'utf8');
    const snapshot = JSON.parse(await readFile(join(CATALOGUE, 'prices', 'genai-prices.json'), 'utf8'));
    const { entries, additions, groups, vendors } = parse(text);
    for (const key of Object.keys(additions)) expect(snapshot.entries, key).to.have.property(key);
    for (const { of } of groups)
      for (const key of of) expect({ ...entries, ...snapshot.entries }, key).to.have.property(key);
    for (const vendor of Object.keys(vendors))
      expect(
        Object.keys(snapshot.entries).some((key) => key.startsWith(`${vendor}/`)),
        vendor,
      ).to.equal(true);
  });

  it('have corrections laid over them member by member, with where each comes from', async () => {
    const [table] = await loadPriceLayers(ROOT);
    const { service_tiers, same_as, tiers } = table?.entries['openai/gpt-5.4'] ?? {};
    expect(Object.keys(service_tiers ?? {})).to.have.members(['flex', 'batch', 'priority']);
    expect(same_as).to.eql({ cache_write: 'input' });
    expect(tiers).to.have.length(1);
    expect(table?.entries['openai/gpt-4o']?.service_tiers).to.have.all.keys('batch', 'priority');
    expect(table?.entries['openai/gpt-4.1-nano']?.service_tiers).to.have.all.keys('batch');
    expect(table?.entries['x-ai/grok-4.7']?.source).to.equal('docs.x.ai, 2026-09-21');
    expect(table?.entries['google/gemma-3'], 'what is free is nothing else').to.not.have.property('same_as');
  });

  it('stay as they are, in words, when the newest data cannot be fetched', async () => {
    const file = join(CATALOGUE, 'prices', 'genai-prices.json');
    const before = await readFile(file, 'utf8');
    const cache = await mkdtemp(join(tmpdir(), 'npm-cache-'));
    const offline = {
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_fetch_retries: '0',
      npm_config_cache: cache,
    };
    const script = join(CATALOGUE, 'prices', 'update.mjs');
    const env = { ...process.env, ...offline };
    const run = promisify(execFile)(process.execPath, [script, '--latest'], { env }).catch((error) => error);
    const { code, stderr } = await run;
    await rm(cache, { recursive: true, force: true });
    expect(code).to.equal(1);
    expect(stderr).to.match(/cannot be fetched \(\w+\): is this machine offline\?\n.*stays as it is/);
    expect(await readFile(file, 'utf8')).to.equal(before);
  });

  it('are read once while the files stay as they are', async () => {
    expect(await loadPriceLayers(ROOT)).to.equal(await loadPriceLayers(ROOT));
  });
});

describe('a price file', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prices-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(text: string) {
    const path = join(folder, 'mine.yaml');
    await writeFile(path, text);
    return readPriceFile(path);
  }

  it('is a map of entries, or that map under models with a version', async () => {
    const layer = await file('openai/gpt-4o: { input: 1 }');
    const date = new Date().toISOString().slice(0, 10);
    expect(layer).to.deep.equal({
      name: 'mine.yaml',
      version: 'mine.yaml',
      operator: true,
      entries: { 'openai/gpt-4o': { input: 1 } },
      sources: [{ kind: 'file', name: 'mine.yaml', version: 'mine.yaml', date: layer.sources?.[0].date }],
    });
    expect(Date.parse(date) - Date.parse(layer.sources?.[0].date ?? '')).to.be.within(0, 86_400_000);
    const samples = await readPriceFile(join(ROOT, 'test', 'wire-samples', 'prices.json'));
    expect(samples.version).to.equal('wire-samples-1');
    expect(samples.entries).to.have.property('openai/whisper-1');
  });

  it('must be a map', async () => {
    for (const text of ['- input: 1', 'free', '']) {
      const fault = await file(text).catch((error: unknown) => error);
      expect(fault, text).to.be.instanceOf(TypeError);
    }
  });
});
