import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { loadPriceLayers } from '../../src/loader/prices.ts';
import { PriceBook, type PriceLayer } from '../../src/metering/prices.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { browserFor } from '../support/browser.ts';
import { root } from '../support/gateway.ts';
import { openHouse, type TestHouse } from '../support/house.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';

const unknown = (model: string, change: Partial<ExchangeRecord> = {}): Partial<ExchangeRecord> => ({
  model: { request: model, response: model, priced_as: null },
  cost_usd: null,
  cost_source: null,
  price: null,
  unpriced: { reason: 'no_price', missing: null },
  ...change,
});
const estimate = { input_tokens: 9, output_tokens: 9, cost_usd: '0.12', confidence: 'low' } as const;
const own = { request: 'qwen3', response: 'qwen3', priced_as: null };

/** Costs of every kind. */
const TRAFFIC: Partial<ExchangeRecord>[] = [
  { cost_usd: '10', cost_source: 'provider', provider: 'openrouter' },
  { cost_usd: '2.34' },
  { cost_usd: '0.4', usage_source: 'counted', usage_status: 'estimated' },
  { cost_usd: '0', cost_source: 'free', provider: 'ollama', model: own },
  unknown('gpt-7-preview', { estimate }),
  unknown('gpt-7-preview'),
  unknown('our-audio', { unpriced: { reason: 'no_rate', missing: 'input_audio, output_audio' } }),
  unknown('gpt-4o', { unpriced: { reason: 'no_usage', missing: null }, usage: null, usage_source: 'none' }),
];

describe('Prices in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let test: TestHouse;
  let url: string;
  let shipped: PriceLayer[];
  let pages: Pages;

  before(async function () {
    browser = await browserFor(this);
    shipped = await loadPriceLayers(root);
  });
  after(() => browser?.close());

  beforeEach(async () => {
    const pricing: PriceLayer = {
      name: 'pricing',
      version: 'config-abcdef012345',
      operator: true,
      entries: {
        'openai/gpt-4o': { input: 2, output: 8, cache_read: 1, source: 'our contract' },
        'openai/our-audio': { input: 2, output: 8 },
      },
    };
    const book = new PriceBook([pricing, ...shipped]);
    test = await openHouse({ prices: () => book });
    url = await test.listen();
    pages = watchPages(browser, url);
    await test.add(...TRAFFIC);
  });
  afterEach(() => test?.close());

  it('load without a complaint or a serious barrier, in light and dark', async () => {
    for (const path of ['/dashboard/prices?q=claude', '/dashboard', '/dashboard/requests']) await pages.inspect(path);
  });

  it('are searched while one types, and the address keeps the search', async () => {
    const page = await pages.visit('/dashboard/prices');
    await page.evaluate(() => Object.assign(globalThis, { mark: 'same page' }));
    await page.getByRole('searchbox').pressSequentially('sonnet-4-5');
    await page.waitForURL(/q=sonnet-4-5/);
    await page.locator('#prices h2', { hasText: 'found' }).waitFor();
    expect(await page.getByRole('searchbox').inputValue()).to.equal('sonnet-4-5');
    await page.selectOption('select[name=provider]', 'anthropic');
    await page.waitForURL(/provider=anthropic/);
    await page.locator('#prices tbody tr').nth(5).waitFor({ state: 'detached' });
    const row = page.locator('#prices tr', { hasText: 'claude-sonnet-4-5' }).first();
    await row.locator('summary').click();
    expect(await row.innerText()).to.include('over 200,000 input tokens');
    expect(await page.evaluate(() => (globalThis as unknown as { mark: string }).mark)).to.equal('same page');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('are whole without script', async () => {
    const page = await pages.visit('/dashboard/prices', { javaScriptEnabled: false });
    await page.getByRole('searchbox').fill('gpt-4o');
    await page.getByRole('button', { name: 'Apply' }).click();
    expect(page.url()).to.include('q=gpt-4o');
    expect(await page.locator('#prices tbody tr').count()).to.be.above(3);
    await page.getByRole('link', { name: 'Clear' }).click();
    await page.getByRole('link', { name: 'Next' }).click();
    expect(page.url()).to.include('cursor=');
    await page.context().close();
  });

  it('show an alert as soon as it is told, and its end with the price', async () => {
    const page = await pages.visit('/dashboard/config');
    await page.locator('#banner', { hasText: '2 models have no price' }).waitFor();
    await test.add(unknown('brand-new'));
    test.publish('unpriced', { provider: 'openai', model: 'brand-new', reason: 'no_price', missing: null });
    await page.locator('#banner', { hasText: '3 models have no price' }).waitFor({ timeout: 5000 });
    const all = { input: 1, output: 1, input_audio: 1, output_audio: 1 };
    const entries = { 'brand-new': all, 'gpt-7-preview': all, 'openai/our-audio': all };
    const priced = new PriceBook([{ name: 'pricing', version: 'c', operator: true, entries }, ...shipped]);
    test.house.prices = () => priced;
    test.publish('config');
    await page.locator('#banner .banner').waitFor({ state: 'detached', timeout: 5000 });
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('fit a phone', async () => {
    const page = await pages.visit('/dashboard/prices', { viewport: { width: 360, height: 740 } });
    const wide: number = await page.evaluate('document.documentElement.scrollWidth');
    expect(wide).to.be.at.most(360);
    await photograph(page, '/dashboard/prices-phone');
    await page.context().close();
  });
});
