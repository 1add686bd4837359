import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import type { Notice } from '../../../plugins/shared/notice.ts';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { draw } from '../../support/drafts.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';
import { until } from '../../support/until.ts';

const PATH = '/dashboard/alerts';
const PIPELINE =
  'plugins: [history, identity, sessions, settings, ingest, { plugin: alerts, every: 1s, settle: 1ms }, usage]\n';
const RULES = `alerts:
  - { name: hourly spend, metric: cost_usd, window: 1h, group_by: agent, above: 10, warn_above: 5 }
  - { name: "all <b>tokens</b>", metric: tokens, window: 15m, scope: { agent: ["co*", bot] }, above: 1000000, for: 2m }
  - { name: slow answers, metric: latency_ms, percentile: 99, window: 15m, above: 60000 }
  - { name: cache, metric: cache_hit, window: 1d, below: 40, warn_below: 60 }
  - { name: tickets, metric: open_tickets, above: 3 }
  - { name: held back, metric: errors, window: 5m, above: 1, paused: true }
`;

describe('the page of alerts', function () {
  this.timeout(60_000);
  let running: TestGateway;
  let empty: TestGateway;
  let browser: Browser;
  let pages: Pages;
  const notices: Notice[] = [];
  let count = 0;

  before(async function () {
    browser = await browserFor(this);
    [running, empty] = await Promise.all([startGateway(RULES + PIPELINE), startGateway(PIPELINE)]);
    running.gateway.events.subscribe((event, data) => void (event === 'notice' && notices.push(data as Notice)));
    await spend('coder', '12.5', { input_tokens: 1000, output_tokens: 5, 'cache_read.input_tokens': 300 });
    await spend('an-agent-with-a-name-that-is-rather-long', '7');
    await spend('bot', '0.004');
    await until('all are looked at', () => notices.length >= 3);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([running?.close(), empty?.close()]);
  });
  beforeEach(() => {
    pages = watchPages(browser, running.url);
  });

  async function spend(agent: string, cost: string, usage?: object): Promise<void> {
    const body = {
      id: `p${++count}`,
      provider: 'openai',
      model: 'gpt-4o',
      agent,
      cost_usd: cost,
      ...(usage && { usage }),
    };
    const { status, text } = await send({ url: `${running.url}/api/v1/usage/events`, body });
    expect(status, text).to.equal(202);
  }
  const get = async (query = ''): Promise<string> =>
    (await send({ url: `${running.url}${PATH}${query}`, headers: { accept: 'text/html' } })).text;
  const post = async (fields: Record<string, string>) => {
    const token = /name="token" value="([^"]+)"/.exec(await get())![1]!;
    return send({
      url: running.url + PATH,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        accept: 'text/html',
      },
      body: new URLSearchParams({ token, ...fields }).toString(),
    });
  };

  it('shows states in words, values against thresholds, and what changed', async () => {
    const html = await get();
    expect(html).to.include('‼ Alert').and.include('✓ OK').and.include('! Warning').and.include('‖ Paused');
    expect(html).to.include('cost over 1h: critical above $10, a warning above $5');
    expect(html).to.include('latency (p99) over 15m: critical above 60,000 ms');
    expect(html).to.include('of agent co* or bot').and.include('for 2 min');
    expect(html).to.include('no plugin offers the figure open_tickets').and.include('Paused by gateway.yaml.');
    expect(html).to.include('all &lt;b&gt;tokens&lt;/b&gt;').and.not.include('<b>tokens');
    expect(html).to.include('$12.5, critical above $10').and.include('title="$12.5">$12.50<');
  });

  it('acknowledges, pauses, resumes and tests by forms that need no script', async () => {
    const one = await post({ do: 'acknowledge', name: 'hourly spend', group: '[["agent","coder"]]' });
    expect([one.status, one.headers.location]).to.eql([303, `${PATH}?done=acknowledge&name=hourly%20spend`]);
    const html = await get('?done=acknowledge&name=hourly%20spend');
    expect(html).to.include('hourly spend is acknowledged: it is not told again until it is well.');
    expect(html).to.match(/>acknowledged<\/span>/);
    expect(await get('?pause=cache'))
      .to.include('Pause cache?')
      .and.include('Pause it');
    expect((await post({ do: 'pause', name: 'cache' })).status).to.equal(303);
    expect(await get()).to.match(/aria-label="Resume cache"/);
    expect((await post({ do: 'resume', name: 'cache' })).status).to.equal(303);
    expect(await get('?test=cache')).to.include('A notice that is marked as a test goes to its channels.');
    notices.length = 0;
    expect((await post({ do: 'test', name: 'cache' })).status).to.equal(303);
    expect(notices.map(({ event }) => event)).to.eql(['alert.test']);
  });

  it('says what cannot be done', async () => {
    const told = async (fields: Record<string, string>): Promise<[number, boolean]> => {
      const { status, text } = await post(fields);
      return [status, /class="told bad" role="status"/.test(text)];
    };
    expect(await told({ do: 'resume', name: 'held back' })).to.eql([409, true]);
    expect(await told({ do: 'acknowledge', name: 'hourly spend', group: 'no JSON' })).to.eql([409, true]);
    expect(await told({ do: 'acknowledge', name: 'slow answers' })).to.eql([409, true]);
    expect(await told({ do: 'pause', name: 'no such' })).to.eql([404, true]);
    expect(await told({ do: 'sing', name: 'cache' })).to.eql([400, true]);
    expect(await get('?pause=no-such&done=sing&name=cache')).to.not.include('role="status"');
  });

  it('loads without a complaint or a serious barrier, in light and dark, with its questions', async () => {
    for (const query of ['', '?pause=hourly%20spend', '?done=test&name=cache']) await pages.inspect(PATH + query);
    const bare = watchPages(browser, empty.url);
    await bare.inspect(`${PATH}?`);
    const page = await bare.visit(PATH);
    // What it shows to copy is good.
    const { config } = await draw(`${await page.locator('pre').innerText()}\n${PIPELINE}`);
    expect(config.plugins.find(({ plugin }) => plugin === 'alerts')!.options.alerts).to.have.lengthOf(2);
    await page.context().close();
  });

  it('fits a phone', async () => {
    const page = await pages.visit(PATH, { viewport: { width: 390, height: 844 } });
    const width = await page.evaluate('document.documentElement.scrollWidth');
    await photograph(page, '/alerts-phone');
    expect(width).to.equal(390);
    await page.context().close();
  });

  it('shows a new state by itself', async () => {
    const page = await pages.visit(PATH);
    await page.waitForFunction(() => 'htmx' in globalThis);
    await spend('late', '99');
    await page.locator('.groups th', { hasText: 'late' }).waitFor({ timeout: 15_000 });
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });
});
