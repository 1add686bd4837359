import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserFor } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';
import { json } from '../support/script.ts';
import { rowsOf, type Script } from '../support/sessions.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const HOUR = 3_600_000;
const CODER = '0b9f3c1e-5d0a-4a53-9f83-6a0cdd3c7e11';
const STEP = `/dashboard/session?id=${CODER}&turn=31`;

describe('Sessions in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let upstream: Upstream;
  let gw: TestGateway;
  let empty: TestGateway;
  let pages: Pages;

  before(async function () {
    browser = await browserFor(this);
    upstream = await startUpstream();
    upstream.always(json({ id: 'x', choices: [], usage: { prompt_tokens: 1000, completion_tokens: 10 } }));
    [gw, empty] = await Promise.all([
      startGateway(`
providers: { openai: { base_url: "${upstream.url}" } }
plugins: [history, identity, sessions, settings, pauses, { plugin: usage, count_tokens: false }, { plugin: session-files, dirs: { ops: sessions } }]
`),
      startGateway('plugins: [history, identity, sessions]\n'),
    ]);
    await keepFile('old-but-long');
    for (const script of scripts(Date.now())) for (const row of rowsOf(script)) gw.gateway.store.append(row);
    await gw.gateway.store.flush();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([gw?.close(), empty?.close(), upstream?.close()]);
  });
  beforeEach(() => {
    pages = watchPages(browser, gw.url);
  });

  const keepFile = async (id: string): Promise<void> => {
    await mkdir(join(gw.folder, 'sessions'), { recursive: true });
    await writeFile(join(gw.folder, 'sessions', `${id}.jsonl`), '{"role":"user","content":"Hello"}\n');
  };
  const files = () => readdir(join(gw.folder, 'sessions'));
  const ask = (session: string) =>
    send({
      url: `${gw.url}/v1/chat/completions`,
      headers: { 'x-token-spy-agent': 'newcomer', 'x-token-spy-session': session },
      body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] },
    });
  const card = (page: Page, agent: string) => page.locator('.health', { hasText: agent });

  it('load without a complaint or a serious barrier, in light and dark', async () => {
    for (const path of ['/dashboard/sessions', `${STEP}&chart=tokens`, '/dashboard/agents?a=coder&b=research'])
      await pages.inspect(path);
    await watchPages(browser, empty.url).inspect('/dashboard/sessions');
  });

  it('fit a telephone', async () => {
    for (const path of ['/dashboard/sessions', STEP, '/dashboard/agents?a=coder&b=research']) {
      const page = await pages.visit(path, { viewport: { width: 400, height: 850 } });
      await photograph(page, `${path}-400`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).to.equal(400);
      await page.context().close();
    }
  });

  it('do not pulse for people who asked for rest', async () => {
    const page = await pages.visit('/dashboard/sessions', { reducedMotion: 'reduce' });
    const name = () => page.evaluate("getComputedStyle(document.querySelector('.badge.urgent')).animationName");
    expect(await name()).to.equal('none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await name()).to.equal('urge');
    await page.context().close();
  });

  it('ask before a session is reset, reset its file, and say so where there is none', async () => {
    const page = await pages.visit('/dashboard/sessions');
    const button = () => card(page, 'ops').getByRole('button', { name: 'Yes, reset it: the session of ops' });
    expect(await button().isVisible()).to.equal(false);
    await card(page, 'ops').getByText('Reset', { exact: true }).click();
    expect(await files()).to.eql(['old-but-long.jsonl']);
    await button().click();
    await page.getByRole('status').filter({ hasText: 'ops was reset' }).waitFor();
    expect(await files()).to.eql([]);
    await page.goto(`${gw.url}/dashboard/sessions`);
    await card(page, 'research').getByText('Reset', { exact: true }).click();
    await card(page, 'research').getByRole('button').click();
    await page.getByRole('status').filter({ hasText: 'no session directory is configured' }).waitFor();
    expect(await card(page, 'coder').count()).to.equal(0); // it shows the agent it was about
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('follow the traffic without a reload, and leave open what one has opened', async () => {
    await ask('fresh');
    const page = await pages.visit('/dashboard/sessions');
    await page.evaluate(() => Object.assign(globalThis, { mark: 'same page' }));
    const reasons = page.locator('.sessions tr', { hasText: 'ops-1' }).locator('details');
    await reasons.locator('summary').click();
    const row = page.locator('.sessions tr', { hasText: 'fresh' });
    await ask('fresh');
    await row.locator('td', { hasText: /^2$/ }).waitFor({ timeout: 15_000 });
    expect(await page.evaluate(() => (globalThis as unknown as { mark: string }).mark)).to.equal('same page');
    expect(await reasons.getAttribute('open')).to.equal('');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('choose an agent and a chart without a reload', async () => {
    const page = await pages.visit('/dashboard/sessions');
    await page.getByLabel('All agents').selectOption('research');
    await page.waitForURL(/agent=research/);
    await page.getByRole('heading', { name: 'How histories grew: research' }).waitFor();
    expect(await page.locator('.sessions tbody tr').count()).to.equal(1);
    await page.getByRole('link', { name: 'Pause research' }).click();
    await page.waitForURL(/pauses/);
    expect(await page.getByLabel('Its name').inputValue()).to.equal('research');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('step, filter and page without script', async () => {
    const page = await pages.visit(STEP, { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Next →' }).click();
    expect(await page.locator('#turn h2').innerText()).to.equal('Turn 32 of 59');
    expect(await page.locator('#turn').innerText()).to.include('AGENTS.md');
    await page.getByRole('link', { name: 'Close' }).click();
    await page.getByRole('link', { name: 'First' }).click();
    expect(await page.locator('.turns tbody tr').first().locator('td').first().innerText()).to.equal('1');
    await page.goto(`${gw.url}/dashboard/agents`);
    await page.getByLabel('First agent').selectOption('ops');
    await page.getByLabel('Second agent').selectOption('');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('Choose a second agent above').waitFor();
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });
});

/** Agents in all states. */
function scripts(now: number): Script[] {
  const lone = Array.from({ length: 40 }, (_, i) => ({
    id: `one-${i}`,
    agent: 'classifier',
    turns: 1,
    chars: 900,
    end: now - (i * HOUR) / 3,
    cost: '0.0004',
  }));
  return [
    { id: CODER, agent: 'coder', turns: 60, chars: 143_000, end: now - 20_000, change: eventful },
    { id: '1c9f3c1e-5d0a-4a53-9f83-aa02', agent: 'coder', turns: 25, chars: 90_000, end: now - 3 * HOUR },
    {
      id: '2c9f3c1e-5d0a-4a53-9f83-aa03',
      agent: 'coder',
      turns: 45,
      chars: 220_000,
      end: now - 9 * HOUR,
      parent: CODER,
    },
    {
      id: 'chain-9d3e0aa1b2c3',
      agent: 'a-support-bot-with-a-long-name',
      turns: 12,
      chars: 260_000,
      end: now - 2 * HOUR,
      cost: null,
    },
    { id: 'researcher-1', agent: 'research', turns: 30, chars: 450_000, end: now - 300_000, cost: '0.31' },
    { id: 'ops-1', agent: 'ops', turns: 80, chars: 560_000, end: now - HOUR, cost: '0.51' },
    { id: 'flap-1', agent: 'flapper', turns: 8, chars: 50_000, end: now - HOUR / 2, written: 0.5 },
    {
      id: 'local-1',
      agent: 'llama',
      turns: 18,
      chars: 30_000,
      end: now - HOUR / 5,
      cost: '0',
      change: () => ({ cost_source: 'free' }),
    },
    { id: '<b>id</b>', agent: '<b>bold</b>', turns: 6, chars: 3000, end: now - HOUR },
    ...lone,
  ];
}

/** The history is shortened once, the cache breaks with it, and one request fails. */
const eventful: NonNullable<Script['change']> = (_, turn) => ({
  ...(turn === 30 && {
    turn: { relation: 'compacted', parent: null },
    cache_break: {
      cause: 'prefix_change',
      part: { kind: 'file', name: 'AGENTS.md' },
      tokens: 12_000,
      cost_usd: '0.0345',
      idle_s: 60,
    },
  }),
  ...(turn === 40 && {
    status: 529,
    outcome: 'upstream_error',
    usage: null,
    usage_status: 'not_applicable',
    usage_source: 'none',
    cost_usd: null,
    cost_source: null,
    error: { type: 'overloaded_error', code: null, http_status: 529, retry_after_s: null },
  }),
});
