import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import type { PartKind, PromptPart } from '../../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { recordOf } from '../../store/records.ts';
import { browserFor } from '../../support/browser.ts';
import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';

const PATH = '/dashboard/prompts';
const HOUR = 3_600_000;
const KEY = 'acme-key-0123456789';

const part = (
  kind: PartKind,
  name: string,
  tokens: number | null,
  cost: string | null,
  fate: Partial<PromptPart> = {},
): PromptPart => ({
  kind,
  name,
  hash: '0123456789ab',
  pieces: 1,
  chars: (tokens ?? 100) * 4,
  tokens,
  cost_usd: cost,
  read: 0,
  write: 0,
  write_1h: 0,
  uncached: tokens ?? 0,
  ...fate,
});

interface Body {
  since: string;
  hours: number;
  turns: number;
  tokens: number;
  cost_usd: string;
  usd_per_day: string;
  history_share: number;
  parts: Record<string, unknown>[];
}

describe('plugins/prompts/page', () => {
  let running: TestGateway;
  let browser: Browser | null = null;
  let pages: Pages;
  /** Ten whole hours and a bit ago, so that rates can be told by hand. */
  const start = Math.floor(Date.now() / HOUR) * HOUR - 10 * HOUR;

  before(async () => {
    running = await startGateway(
      `listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]\nkeys: [{ name: acme, key: ${KEY}, tenant: acme }]\nplugins: [history, prompts, usage]\n`,
    );
  });
  after(async () => {
    await browser?.close();
    await running.close();
  });

  const turn = (parts: PromptPart[], at: number, more: Partial<ExchangeRecord> = {}): ExchangeRecord =>
    recordOf({ prompt: { system_chars: null, history_chars: null, tools_chars: null, parts }, ...more }, at);
  const add = async (rows: readonly ExchangeRecord[]) => {
    for (const row of rows) running.gateway.store.append(row);
    await running.gateway.store.flush();
    await running.gateway.store.summed(5000);
  };
  const locked = (): string => running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
  const get = (path: string, url = running.url, headers: Record<string, string> = {}): Promise<Answer> =>
    send({ url: url + path, headers });
  const json = async <T>(path: string): Promise<T> => {
    const answer = await get(path);
    expect(answer.status, answer.text).to.equal(200);
    return JSON.parse(answer.text) as T;
  };
  const page = async (query = '', url = running.url, headers: Record<string, string> = {}) => {
    const { status, text } = await get(PATH + query, url, { accept: 'text/html', ...headers });
    expect(status).to.equal(200);
    return text.replace(/\s+/g, ' ');
  };

  it('says so while no prompt was taken apart', async () => {
    const html = await page();
    expect(html).to.include('No prompt was taken apart yet').and.include('Only names, sizes and salted hashes');
    expect(html).to.not.include('<svg class="bar');
    expect((await json<Body>('/api/v1/prompts')).parts).to.eql([]);
  });

  it('says what each part costs a turn and a day, over which hours, the same on the page and in the API', async () => {
    const parts = (n: number): PromptPart[] => [
      part('tool', 'search', 200, '0.0006'),
      part('tool', 'paint', 100, '0.0003'),
      part('file', 'AGENTS.md', 1000 + n, '0.003', { read: 750, write: 250, uncached: n }),
      part('system', '', 300, '0.0009'),
      part('history', 'tool_results', 500, '0.0015', { read: 500, uncached: 0 }),
      part('new', 'user', 100, '0.0003'),
    ];
    await add(
      Array.from({ length: 200 }, (_, n) =>
        turn(parts(n), start + (n % 10) * HOUR + n, {
          agent: 'coder',
          ...(n % 4 === 0 && { tools_called: { search: 2 } }),
        }),
      ),
    );
    await add([turn([part('file', 'AGENTS.md', null, null)], start + 1, { agent: 'coder' })]);
    const body = await json<Body>('/api/v1/prompts');
    expect([body.turns, body.since, body.cost_usd]).to.eql([201, new Date(start).toISOString(), '1.32']);
    const agents = body.parts.find(({ name }) => name === 'AGENTS.md')!;
    expect(agents).to.deep.include({ kind: 'file', turns: 201, unpriced: 1, cost_usd: '0.6', usd_per_turn: '0.003' });
    const perDay = (0.6 / body.hours) * 24;
    expect(Number(agents.usd_per_day)).to.be.closeTo(perDay, 0.002);
    expect(agents.share).to.be.closeTo(0.6 / 1.32, 1e-9);
    expect(body.history_share).to.be.closeTo(100_000 / body.tokens, 1e-9);

    const html = await page();
    const hours = `${Math.round(body.hours)} hours`;
    expect(html).to.match(
      new RegExp(
        `<b>file AGENTS.md</b>: \\$0\\.003(00)? × 200 turns = \\$0\\.600? in ${hours}, <b>\\$${perDay.toFixed(2)} a day</b>`,
      ),
    );
    expect(html)
      .to.include('(1 more of unknown cost)')
      .and.include(`<p class="value">${Math.round(body.history_share * 100)}%</p>`);
    expect(html).to.include('<title>50K tokens written to the cache');
    expect(html).to.include('<polyline points=');
  });

  it('tells tools that nobody called, and what offering them costs', async () => {
    const body = await json<{ tools: Record<string, unknown>[]; never_called: Record<string, unknown> }>(
      '/api/v1/tools',
    );
    expect(
      body.tools.map(({ name, offered, called, tokens_per_request }) => [name, offered, called, tokens_per_request]),
    ).to.eql([
      ['search', 200, 100, 200],
      ['paint', 200, 0, 100],
    ]);
    expect(body.never_called).to.deep.include({ names: ['paint'], tokens: 20_000 });
    expect(body.never_called.usd_per_day).to.equal(body.tools[1]!.usd_per_day);
    const html = await page();
    expect(html).to.match(/Never called:<\/b> <span class="chip">paint<\/span>.*?\$0\.1\d+ a day for nothing/);
  });

  it('shows how one part grew, in its own section and in the API', async () => {
    const { points } = await json<{ points: Record<string, unknown>[] }>(
      '/api/v1/prompts/growth?kind=file&name=AGENTS.md&bucket_hours=1',
    );
    expect(points.map(({ turns }) => turns)).to.eql([21, ...Array.from({ length: 9 }, () => 20)]);
    expect(points[1]).to.deep.include({ time: new Date(start + HOUR).toISOString(), cost_usd: '0.06' });
    const html = await page('?kind=file&name=AGENTS.md');
    expect(html).to.include('How it grew').and.include('class="line line-0"');
    expect(html.match(/<tr><td>[^<]*<\/td><td class="n">2[01]<\/td>/g)).to.have.length(10);
    expect(await page('?kind=file&name=NOPE.md')).to.include('No such part here');
    expect(await page('?kind=system&name=')).to.include('<h2>system prompt</h2>');
  });

  it('looks at the stretch, the agent and the model that are asked for', async () => {
    const later = turn([part('system', '', 10, '0.5')], Date.now() - 2 * 86_400_000, { agent: 'writer' });
    await add([later]);
    const turns = async (query: string) => (await json<Body>(`/api/v1/prompts${query}`)).turns;
    expect(await turns('')).to.equal(201);
    expect(await turns('?range=7d')).to.equal(202);
    expect(await turns('?range=7d&agent=writer')).to.equal(1);
    expect(await turns('?range=7d&model=nobody')).to.equal(0);
    expect(await turns(`?from=${later.time}&to=${new Date(Date.parse(later.time) + HOUR).toISOString()}`)).to.equal(1);
    const html = await page('?range=7d&agent=writer');
    expect(html)
      .to.include('<option value="writer" selected>')
      .and.include('<a href="/dashboard/prompts?range&#x3D;24h&amp;agent&#x3D;writer">');
    expect(html).to.not.include('AGENTS.md');
    expect(await page('?range=<script>&agent=')).to.include('AGENTS.md');
  });

  const wrong: [query: string, field: string][] = [
    ['prompts?range=2h', 'range'],
    ['prompts?rnage=1h', 'rnage'],
    ['prompts?from=yesterday', 'from'],
    ['prompts?to=2026-13-01', 'to'],
    ['prompts?from=2026-01-02&to=2026-01-01', 'from'],
    ['prompts?from=2001-01-02&to=2026-01-01', 'from'],
    ['prompts?agent=a&agent=b', 'agent'],
    [`tools?model=${'m'.repeat(513)}`, 'model'],
    ['tools?kind=tool', 'kind'],
    ['prompts/growth?name=x', 'kind'],
    ['prompts/growth?kind=files', 'kind'],
    ['prompts/growth?kind=file&name=a&name=b', 'name'],
    ['prompts/growth?kind=file&bucket_hours=0', 'bucket_hours'],
    ['prompts/growth?kind=file&bucket_hours=1.5', 'bucket_hours'],
  ];
  for (const [query, field] of wrong) {
    it(`refuses ${query.slice(0, 50)}, and names ${field}`, async () => {
      const { status, text } = await get(`/api/v1/${query}`);
      const { error } = JSON.parse(text) as { error: Record<string, unknown> };
      expect([status, error.code, error.field]).to.eql([400, 'invalid_parameter', field]);
      expect(error.message).to.match(new RegExp(`^${field}: `));
    });
  }

  it('shows a tenant’s key its own, on the page and in the API', async () => {
    await add([turn([part('file', 'ACME.md', 10, '0.25')], start + 5, { tenant: 'acme' })]);
    const mine = { 'x-api-key': KEY };
    const ask = async (query: string) =>
      JSON.parse((await get(`/api/v1/prompts${query}`, locked(), mine)).text) as Body;
    expect((await ask('')).parts.map(({ name }) => name)).to.eql(['ACME.md']);
    expect((await ask('?tenant=acme')).turns).to.equal(1);
    expect(await ask('?tenant=other')).to.have.nested.property('error.field', 'tenant');
    const html = await page('', locked(), mine);
    expect(html).to.include('ACME.md').and.not.include('AGENTS.md');
    expect((await json<Body>('/api/v1/prompts?tenant=acme')).turns).to.equal(1);
  });

  describe('in a browser', () => {
    before(async function () {
      browser = await browserFor(this);
      pages = watchPages(browser, running.url);
    });

    it('has no barriers in light and dark, and fits a telephone', async () => {
      const path = `${PATH}?kind=file&name=AGENTS.md`;
      await pages.inspect(path);
      const narrow = await pages.visit(path, { viewport: { width: 390, height: 844 } });
      await photograph(narrow, `${PATH}-390`);
      expect(await narrow.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await narrow.context().close();
      expect(pages.complaints).to.eql([]);
    });
  });
});
