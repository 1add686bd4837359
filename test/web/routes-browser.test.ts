import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { browserFor } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';
import { json } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const CHAT = { id: 'x', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 1000, completion_tokens: 10 } };

describe('Routes and receipts in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let well: Upstream;
  let sick: Upstream;
  let gw: TestGateway;
  let empty: TestGateway;
  let pages: Pages;
  let id = '';

  before(async function () {
    browser = await browserFor(this);
    [well, sick] = await Promise.all([startUpstream(), startUpstream()]);
    well.always(json(CHAT));
    sick.always(json({ error: { message: 'down', type: 'server_error' } }, { status: 503 }));
    [gw, empty] = await Promise.all([
      startGateway(
        `
aliases: { fast: gpt-4o-mini }
providers:
  openai: { base_url: "${sick.url}", api_keys: [ "\${A}", { name: spare, key: "\${B}" } ] }
  groq: { base_url: "${well.url}", models: ["*"] }
  mistral: { base_url: "${well.url}", models: ["*"] }
routes:
  - name: chat
    match: { model: "gpt-*", tags: { team: [be, fe] }, body: { max: 1MiB } }
    targets: [{ provider: openai }, { provider: groq, model: llama-3.3-70b-versatile }, { route: rest }]
    retry: { retries: 0 }
  - { name: rest, strategy: weighted, targets: [{ provider: groq, weight: 3 }, { provider: openai }] }
budgets: [{ name: all, limit_usd: 5, period: day, on_unpriced: allow }]
plugins: [history, receipts, identity, prediction, budgets, include-usage, { plugin: usage, count_tokens: false }]
`,
        { env: { A: 'key-a-0123456789', B: 'key-b-0123456789' } },
      ),
      startGateway('plugins: [history]\n'),
    ]);
    for (let n = 0; n < 6; n++) id = await ask();
    await ask('mistral/');
    await gw.row(id);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([gw?.close(), empty?.close(), well?.close(), sick?.close()]);
  });
  beforeEach(() => {
    pages = watchPages(browser, gw.url);
  });

  const ask = async (provider = ''): Promise<string> => {
    const answer = await send({
      url: `${gw.url}/${provider}v1/chat/completions`,
      headers: { 'x-token-spy-tags': 'team=be' },
      body: { model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] },
    });
    expect(answer.status, answer.text).to.equal(200);
    return String(answer.headers['x-token-spy-id']);
  };

  it('load without a complaint or a serious barrier, in light and dark', async () => {
    await watchPages(browser, empty.url).inspect('/dashboard/routes');
    for (const path of ['/dashboard/routes', `/dashboard/requests/${id}`]) await pages.inspect(path);
  });

  it('fit a telephone', async () => {
    for (const path of ['/dashboard/routes', `/dashboard/requests/${id}`]) {
      const page = await pages.visit(path, { viewport: { width: 390, height: 850 } });
      await photograph(page, `390-${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).to.equal(390);
      await page.context().close();
    }
  });

  it('show by themselves what the next request has met', async () => {
    const page = await pages.visit('/dashboard/routes');
    const row = page.locator('table[class=targets]').last().locator('tr', { hasText: 'groq' });
    const attempts = async (): Promise<number> => Number(await row.locator('td').nth(4).textContent());
    const before = await attempts();
    await ask();
    for (const end = Date.now() + 8000; (await attempts()) === before && Date.now() < end; )
      await new Promise((done) => setTimeout(done, 100));
    expect(await attempts()).to.be.above(before);
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('say all without script', async () => {
    const page = await pages.visit('/dashboard/routes', { javaScriptEnabled: false });
    const text = await page.innerText('main');
    expect(text).to.match(/openai\s+(left alone|being tried)\s+overloaded/);
    for (const words of ['be or fe', 'up to 1 MiB', 'groq', '75 %', 'fast', 'in no route', 'spare'])
      expect(text).to.include(words);
    expect(text).to.not.include('key-a-0123456789');
    await page.context().close();
  });
});
