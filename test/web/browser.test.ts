import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { browserFor } from '../support/browser.ts';
import { KEY, openHouse, recordOf, type TestHouse } from '../support/house.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';

const HOUR = 3_600_000;
/** A month of traffic of five agents, the same in each run. */
function traffic(): ReturnType<typeof recordOf>[] {
  const agents = ['coder', 'support', 'research', 'open-webui', '<b>bold</b>'];
  const now = Date.now();
  return Array.from({ length: 300 }, (_, i) => {
    const failed = i % 23 === 0;
    const input = 900 + ((i * 7919) % 20_000);
    return recordOf({
      time: new Date(now - ((i * 37) % 300) ** 1.4 * 150_000).toISOString(),
      agent: agents[(i * i) % 5]!,
      usage: failed
        ? null
        : { input_tokens: input, output_tokens: 100 + (i % 900), 'cache_read.input_tokens': Math.floor(input / 3) },
      cost_usd: failed ? null : (input * 0.000003).toFixed(6),
      ...(failed && {
        status: 429,
        outcome: 'upstream_error',
        usage_status: 'not_applicable',
        usage_source: 'none',
        cost_source: null,
      }),
    });
  });
}

describe('The pages in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let test: TestHouse;
  let url: string;
  let pages: Pages;

  before(async function () {
    browser = await browserFor(this);
  });
  after(() => browser?.close());

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen();
    pages = watchPages(browser, url);
  });
  afterEach(() => test?.close());

  it('load without a complaint, a foreign request or a serious barrier, in light and dark', async () => {
    await test.add(...traffic());
    const [entry] = (await test.store.queries.list({ filters: { outcome: 'ok' }, limit: 1 })).entries;
    const paths = [
      '/dashboard',
      '/dashboard?range=30d&by=model&measure=tokens',
      '/dashboard/requests',
      `/dashboard/requests/${entry!.id}`,
    ];
    for (const path of [...paths, '/dashboard/pipeline', '/dashboard/config']) await pages.inspect(path);
  });

  it('show a new exchange within three seconds, without a reload, and the first one of all', async () => {
    const page = await pages.visit('/dashboard');
    expect(await page.getByText('Send the first request').count()).to.equal(1);
    await page.evaluate(() => Object.assign(globalThis, { mark: 'same page' }));
    await test.add({ agent: 'newcomer' }); // the feed may not even be open
    await page.locator('#rows tr', { hasText: 'newcomer' }).waitFor({ timeout: 3000 });
    await page.locator('.cards.agents .card', { hasText: 'newcomer' }).waitFor({ timeout: 3000 });
    await test.add({ agent: 'second' });
    await page.locator('#rows tr.arrived', { hasText: 'second' }).waitFor({ timeout: 3000 });
    await page.locator('.cards.agents .card', { hasText: 'second' }).waitFor({ timeout: 8000 });
    expect(await page.evaluate(() => (globalThis as unknown as { mark: string }).mark)).to.equal('same page');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('switch range, measure and filter without a reload and keep it all in the address', async () => {
    const now = Date.now();
    await test.add({ agent: 'old', time: new Date(now - 100 * HOUR).toISOString() }, { agent: 'new' });
    const page = await pages.visit('/dashboard');
    await page.evaluate(() => Object.assign(globalThis, { mark: 'same page' }));
    const requests = page.locator('.card', { hasText: 'Requests' }).first().locator('.value');
    expect((await requests.innerText()).trim()).to.match(/^1\b/);
    await page.getByRole('link', { name: '7d' }).click();
    await page.waitForURL(/range=7d/);
    await page.locator('.cards.agents .card', { hasText: 'old' }).waitFor();
    await page.getByRole('link', { name: 'Tokens' }).click();
    await page.waitForURL(/measure=tokens/);
    await page.selectOption('select[name=agent]', 'old');
    await page.waitForURL(/agent=old/);
    await page.locator('#rows tr').nth(1).waitFor({ state: 'detached' });
    expect(page.url()).to.include('range=7d').and.include('measure=tokens');
    expect(await page.locator('h2', { hasText: 'Tokens over time' }).count()).to.equal(1);
    // The refreshed part follows the new address, not the one it was born with.
    await test.add({ agent: 'old' });
    await page.locator('#rows tr').nth(1).waitFor({ timeout: 3000 });
    expect(await page.evaluate(() => (globalThis as unknown as { mark: string }).mark)).to.equal('same page');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('tell what a bar is made of, by pointer and by keyboard', async () => {
    await test.add({ agent: 'coder', cost_usd: '0.5' }, { agent: '<i>x</i>', cost_usd: '0.25' });
    const page = await pages.visit('/dashboard?range=1h');
    await page.locator('.drawing.wide').focus();
    await page.keyboard.press('End');
    await page.locator('.tip', { hasText: 'coder' }).waitFor();
    expect(await page.locator('.tip').innerText())
      .to.include('$0.75')
      .and.include('<i>x</i>');
    await page.keyboard.press('Escape');
    expect(await page.locator('.tip').isVisible()).to.equal(false);
    await page.locator('.drawing.wide .slots rect').last().hover();
    expect(await page.locator('.tip').innerText()).to.include('$0.50');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('change colours by hand and remember it', async () => {
    const page = await pages.visit('/dashboard', { colorScheme: 'light' });
    const back = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await back();
    await page.locator('[data-theme-switch]').click();
    const dark = await back();
    expect(dark).to.not.equal(light);
    await page.reload();
    expect(await back()).to.equal(dark);
    await page.context().close();
  });

  it('are whole without script', async () => {
    await test.add(...traffic());
    const page = await pages.visit('/dashboard', { javaScriptEnabled: false });
    expect(await page.locator('.drawing.wide .bars rect').count()).to.be.above(10);
    await page.selectOption('select[name=agent]', 'coder');
    await page.getByRole('button', { name: 'Apply' }).click();
    expect(page.url()).to.include('agent=coder');
    await page.getByRole('link', { name: '30d' }).click();
    expect(page.url()).to.include('range=30d').and.include('agent=coder');
    await page.getByText('The same as a table').click();
    expect(await page.locator('#chart table tbody tr').count()).to.be.above(5);
    await page.locator('#rows a').first().click();
    expect(await page.locator('h2', { hasText: 'How we know' }).count()).to.equal(1);
    await page.context().close();
  });

  it('fit a phone', async () => {
    await test.add(...traffic());
    for (const path of ['/dashboard', '/dashboard/requests', '/dashboard/config']) {
      const page = await pages.visit(path, { viewport: { width: 360, height: 740 } });
      const wide: number = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide, path).to.be.at.most(360);
      await photograph(page, `${path}-phone`);
      await page.context().close();
    }
  });

  it('show a refused configuration as soon as it is refused, and its end', async () => {
    const page = await pages.visit('/dashboard');
    const good = test.house.configuration;
    const error = { at: new Date().toISOString(), lines: ['gateway.yaml:3:5 no such key'] };
    test.house.configuration = () => ({ ...good(), error });
    test.publish('config');
    await page.getByText('gateway.yaml:3:5').waitFor({ timeout: 3000 });
    test.house.configuration = good;
    test.publish('config');
    await page.getByText('gateway.yaml:3:5').waitFor({ state: 'detached', timeout: 3000 });
    await page.context().close();
  });

  it('let a person in with a key, and out', async () => {
    const locked = await test.listen({ locked: true });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${locked}/dashboard/pipeline`);
    await page.getByLabel('Gateway key').fill('not the key');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('That key is not valid here.').waitFor();
    await page.getByLabel('Gateway key').fill(KEY);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/dashboard\/pipeline$/);
    expect(await page.evaluate('document.cookie')).to.not.include('session');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(/\/login$/);
    await page.goto(`${locked}/dashboard`);
    expect(page.url()).to.include('/login');
    await context.close();
  });
});
