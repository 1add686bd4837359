import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import type { CacheBreak, PromptPart } from '../../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { recordOf } from '../../store/records.ts';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';

const PATH = '/dashboard/cache-breaks';
const HOUR = 3_600_000;
const SOUL = { kind: 'file', name: 'SOUL.md' } as const;

interface Body {
  count: number;
  tokens: number;
  cost_usd: string | null;
  sums: Record<string, unknown>[];
  changes: Record<string, unknown>[];
  breaks: Record<string, unknown>[];
}

/** A prompt of 1000 tokens, so many of them from the cache. */
const promptOf = (read: number): ExchangeRecord['prompt'] => ({
  system_chars: null,
  history_chars: null,
  tools_chars: null,
  parts: [
    {
      ...SOUL,
      hash: '0123456789ab',
      pieces: 1,
      chars: 4000,
      tokens: 1000,
      cost_usd: '0.003',
      read,
      write: 1000 - read,
      write_1h: 0,
      uncached: 0,
    } satisfies PromptPart,
  ],
});

const breakOf = (change: Partial<CacheBreak> = {}): CacheBreak => ({
  cause: 'prefix_change',
  part: SOUL,
  tokens: 40_000,
  cost_usd: '0.138',
  idle_s: 12.5,
  ...change,
});

describe('plugins/cache-breaks/page', () => {
  let running: TestGateway;
  let browser: Browser | null = null;
  let pages: Pages;
  const hour = Math.floor(Date.now() / HOUR) * HOUR;

  before(async () => {
    running = await startGateway('plugins: [history, identity, sessions, cache-breaks, prompts, usage]\n');
  });
  after(async () => {
    await browser?.close();
    await running.close();
  });

  const add = async (rows: readonly ExchangeRecord[]) => {
    for (const row of rows) running.gateway.store.append(row);
    await running.gateway.store.flush();
    await running.gateway.store.summed(5000);
  };
  const turn = (at: number, read: number, more: Partial<ExchangeRecord> = {}): ExchangeRecord =>
    recordOf({ agent: 'coder', prompt: promptOf(read), ...more }, at);
  const api = async (query = '') => {
    const { status, text } = await send({ url: `${running.url}/api/v1/cache-breaks${query}` });
    return { status, body: JSON.parse(text) as Body & { error: Record<string, unknown> } };
  };
  const page = async (query = '') => {
    const { status, text } = await send({ url: `${running.url}${PATH}${query}`, headers: { accept: 'text/html' } });
    expect(status).to.equal(200);
    return text.replace(/\s+/g, ' ');
  };

  it('explains itself while nothing broke, with all causes and what helps', async () => {
    const html = await page();
    expect(html).to.include('No cache broke').and.include('no prompt was taken apart');
    for (const word of ['prompt changed', 'paused too long', 'another model', 'provider'])
      expect(html).to.include(word);
    expect(html).to.include('&quot;ttl&quot;: &quot;1h&quot;').and.include('prompt_cache_retention');
    expect((await api()).body).to.deep.include({
      count: 0,
      tokens: 0,
      cost_usd: null,
      sums: [],
      changes: [],
      breaks: [],
    });
    await add([turn(hour - 10 * HOUR, 950)]);
    expect(await page()).to.include('found in the provider’s cache what its turns before had put there. 1 prompts');
  });

  it('says which change cut the hit rate, and what that comes to a day', async () => {
    const good = Array.from({ length: 20 }, (_, n) => turn(hour - 10 * HOUR + n, 950));
    const bad = Array.from({ length: 20 }, (_, n) =>
      turn(hour - 4 * HOUR + n * 600_000, 600, { ...(n % 2 === 0 && { cache_break: breakOf() }) }),
    );
    const other = turn(hour - HOUR, 600, {
      agent: 'writer',
      cache_break: breakOf({ cause: 'ttl_lapse', part: null, tokens: 5000, cost_usd: null, idle_s: 3725 }),
    });
    await add([...good, ...bad, other]);
    const { body } = await api();
    expect([body.count, body.tokens, body.cost_usd]).to.eql([11, 405_000, '1.38']);
    const [change, ...rest] = body.changes;
    expect(rest).to.eql([]);
    const since = hour - 4 * HOUR;
    const perDay = (1.38 / (Date.now() - since)) * 86_400_000;
    expect(change).to.deep.include({ part: SOUL, agent: 'coder', breaks: 10, since: new Date(since).toISOString() });
    expect([change!.hit_rate_before, change!.hit_rate_after]).to.eql([0.95, 0.6]);
    expect(Number(change!.usd_per_day)).to.be.closeTo(perDay, 0.01);
    const html = await page();
    expect(html).to.match(
      /<b>file SOUL\.md changed<\/b> <span class="dim">\(coder\)<\/span>: hit rate 95% → 60%, −\$\d+\.\d\d a day since <time/,
    );
    expect(html).to.include('10 breaks, 400K tokens paid again');
    expect(html).to.include('<td class="n mid">1 h 2 min</td>');
    expect(body.sums.map(({ cause, part, breaks, cost_usd }) => [cause, part, breaks, cost_usd])).to.eql([
      ['prefix_change', SOUL, 10, '1.38'],
      ['ttl_lapse', null, 1, null],
    ]);
  });

  it('calls one break no rate', async () => {
    const AGENTS = { kind: 'file', name: 'AGENTS.md' } as const;
    await add([turn(hour - 30 * 60_000, 600, { cache_break: breakOf({ part: AGENTS, cost_usd: '0.5' }) })]);
    const { body } = await api();
    expect(body.changes.find(({ part }) => (part as typeof AGENTS).name === 'AGENTS.md')).to.deep.include({
      breaks: 1,
      usd_per_day: null,
      cost_usd: '0.5',
    });
    expect(await page()).to.match(/AGENTS\.md changed<\/b>.*?, −\$0\.50 since <time/);
  });

  it('narrows down to an agent, a session and so many', async () => {
    expect((await api('?agent=writer')).body.breaks.map(({ cause }) => cause)).to.eql(['ttl_lapse']);
    expect((await api('?limit=3')).body.breaks).to.have.length(3);
    expect((await api('?session=nobody')).body.count).to.equal(0);
    expect(await page('?agent=writer'))
      .to.include('paused too long')
      .and.not.include('<b>file SOUL.md changed');
  });

  const wrong: [query: string, field: string][] = [
    ['?range=1y', 'range'],
    ['?limit=0', 'limit'],
    ['?limit=501', 'limit'],
    ['?limit=ten', 'limit'],
    [`?session=${'s'.repeat(513)}`, 'session'],
    ['?cause=model', 'cause'],
  ];
  for (const [query, field] of wrong) {
    it(`refuses ${query.slice(0, 40)}, and names ${field}`, async () => {
      const { status, body } = await api(query);
      expect([status, body.error.code, body.error.field]).to.eql([400, 'invalid_parameter', field]);
    });
  }

  describe('in a browser', () => {
    before(async function () {
      browser = await browserFor(this);
      pages = watchPages(browser, running.url);
    });

    it('has no barriers in light and dark, and fits a telephone', async () => {
      await pages.inspect(PATH);
      const narrow = await pages.visit(PATH, { viewport: { width: 390, height: 844 } });
      await photograph(narrow, `${PATH}-390`);
      expect(await narrow.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await narrow.context().close();
      expect(pages.complaints).to.eql([]);
    });
  });
});
