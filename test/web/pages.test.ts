import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { viewsFolder } from '../../src/web/folder.ts';
import { openHouse, recordOf, type TestHouse } from '../support/house.ts';

const NASTY = '<img src=x onerror=alert(1)>';
const HOUR = 3_600_000;

describe('The pages', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen();
  });
  afterEach(() => test.close());

  const page = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await fetch(url + path, { headers: { accept: 'text/html', ...headers } });
    expect(answer.status, path).to.equal(200);
    return answer.text();
  };
  /** The text of the card of this title. */
  const card = (html: string, title: string): string =>
    new RegExp(`<h3>${title}</h3>\\s*<p class="value">([^<]*)`).exec(html)![1]!.trim();

  it('greet a fresh gateway with the line that sends the first request', async () => {
    const html = await page('/dashboard');
    expect(html).to.include(`curl ${url}/v1/chat/completions`).and.include('&quot;model&quot;:&quot;simulated&quot;');
    expect(html).to.include(`ANTHROPIC_BASE_URL=${url}`);
    await test.add({});
    expect(await page('/dashboard')).to.not.include('Send the first request');
  });

  it('escape every name, tag, model, code and option', async () => {
    const record = recordOf({
      agent: NASTY,
      provider: NASTY,
      user: `{{${NASTY}}}`,
      model: { request: `${NASTY}{{this}}`, response: `" hx-get="/x" x="${NASTY}`, priced_as: null },
      tags: { [NASTY]: NASTY },
      outcome: 'upstream_error',
      status: 500,
      error: { type: NASTY, code: NASTY, http_status: 500, retry_after_s: null },
      stop_reason: { raw: NASTY, normalized: null },
    });
    await test.add(record);
    test.house.unlisted = () => [{ name: NASTY, summary: NASTY, yaml: NASTY }];
    test.house.broken = () => [{ file: NASTY, error: NASTY, since: new Date().toISOString() }];
    for (const path of [
      '/dashboard',
      '/dashboard?by=model',
      '/dashboard/requests',
      `/dashboard/requests/${record.id}`,
      '/dashboard/pipeline',
    ]) {
      const html = await page(path);
      expect(html, path).to.not.include('<img').and.not.include('x="<').and.not.include('" hx-get="/x');
      expect(html, path).to.include('&lt;img src&#x3D;x');
    }
    expect(await page(`/dashboard?agent=${encodeURIComponent(NASTY)}`)).to.not.include('<img');
    expect(await page(`/dashboard/requests?q=${encodeURIComponent(`"><script>`)}`)).to.not.include('"><script>');
  });

  it('have no way around escaping', () => {
    const files = readdirSync(viewsFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.hbs'),
    );
    expect(files.length).to.be.above(10);
    for (const file of files) {
      const view = readFileSync(join(viewsFolder, file), 'utf8');
      expect(view, file).to.not.match(/\{\{\{|\{\{&/);
      expect(view, file).to.not.match(/ style=| on\w+=|<style|javascript:|https?:\/\//);
    }
  });

  it('show figures of the whole range that are equal to the API’s', async () => {
    const now = Date.now();
    await test.add(
      ...Array.from({ length: 620 }, (_, i) => ({
        time: new Date(now - i * 60_000).toISOString(),
        cost_usd: '0.01',
        agent: `a${i % 2}`,
      })),
    );
    const html = await page('/dashboard?range=24h');
    expect(card(html, 'Spend')).to.equal('$6.20');
    expect(card(html, 'Requests')).to.equal('620');
    expect(card(html, 'a0')).to.equal('$3.10');
    const summary = (await (await fetch(`${url}/api/summary?hours=24`)).json()) as { total_cost: number }[];
    expect(summary.reduce((sum, one) => sum + one.total_cost, 0)).to.be.closeTo(6.2, 1e-9);
    expect(card(await page('/dashboard?range=1h'), 'Requests')).to.equal('60');
    expect(card(await page('/dashboard?range=24h&agent=a1'), 'Requests')).to.equal('310');
  });

  it('take ranges from the address: all, and from a moment to a moment', async () => {
    const now = Date.now();
    await test.add(
      { time: new Date(now - 90 * 24 * HOUR).toISOString() },
      { time: new Date(now - 50 * HOUR).toISOString() },
      {},
    );
    expect(card(await page('/dashboard?range=all'), 'Requests')).to.equal('3');
    expect(card(await page('/dashboard?range=7d'), 'Requests')).to.equal('2');
    const range = `from=${new Date(now - 60 * HOUR).toISOString()}&to=${new Date(now - 40 * HOUR).toISOString()}`;
    expect(card(await page(`/dashboard?${range}`), 'Requests')).to.equal('1');
    expect((await fetch(`${url}/dashboard?range=2w`, { headers: { accept: 'text/html' } })).status).to.equal(400);
  });

  it('say how much of the figures is certain', async () => {
    await test.add(
      {},
      {},
      { usage: null, usage_status: 'missing', usage_source: 'none', cost_usd: null, cost_source: null },
    );
    const html = await page('/dashboard');
    expect(html).to.include('67% of requests report their own usage').and.include('33% have no known cost');
  });

  it('show a refused request with its reason and nothing to pay', async () => {
    const refused = recordOf({
      outcome: 'refused',
      status: 402,
      usage: null,
      usage_status: 'not_applicable',
      usage_source: 'none',
      cost_usd: null,
      cost_source: null,
      error: { type: 'budget', code: 'budget_exceeded', http_status: null, retry_after_s: null },
    });
    await test.add(refused);
    expect(await page('/dashboard/requests'))
      .to.match(/title="budget_exceeded">refused 402/)
      .and.include('$0<');
    expect(await page(`/dashboard/requests/${refused.id}`))
      .to.include('budget_exceeded')
      .and.include('nothing to bill');
  });

  it('explain the price of an exchange to the last digit', async () => {
    const record = recordOf({ cost_usd: '0.000345' });
    await test.add(record);
    const html = await page(`/dashboard/requests/${record.id}`);
    for (const dollars of ['0.00015', '0.000015', '0.00018', '0.000345']) expect(html).to.include(`>${dollars}<`);
    expect(html).to.not.include('Other parts');
  });

  it('divide the spend by what was paid for, not by what was refused', async () => {
    const refused = { outcome: 'refused', status: 402, cost_usd: null, cost_source: null, usage: null } as const;
    await test.add({ cost_usd: '0.5' }, { cost_usd: '0.3' });
    for (let n = 0; n < 6; n++) await test.add({ ...refused, usage_status: 'not_applicable', usage_source: 'none' });
    expect(card(await page('/dashboard'), 'Average cost')).to.equal('$0.40');
  });

  it('page through the list and keep the filters', async () => {
    await test.add(...Array.from({ length: 120 }, () => ({ agent: 'x' })), { agent: 'y' });
    const ids = new Set<string>();
    let path: string | null = '/dashboard/requests?agent=x';
    while (path) {
      const html: string = await page(path);
      for (const [, id] of html.matchAll(/<tr id="r-(\w+)">/g)) ids.add(id!);
      path = /href="([^"]+)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') ?? null;
    }
    expect(ids.size).to.equal(120);
  });

  it('say when budgets are held by this process alone, and when rows do not get to the database', async () => {
    const good = test.store.health();
    const since = new Date(Date.now() - 60_000).toISOString();
    test.store.health = () => ({ ...good, ok: false, budgets_apart_since: since });
    const apart = await page('/dashboard/requests');
    expect(apart).to.include('Budgets are held by this process alone').and.not.include('does not take rows');
    expect(((await (await fetch(`${url}/health`)).json()) as { status: string }).status).to.equal('degraded');
    test.store.health = () => ({ ...good, ok: false, database: 'down', waiting: 3 });
    expect(await page('/dashboard'))
      .to.include('does not take rows')
      .and.not.include('by this process alone');
  });

  it('carry the banner while the file is refused, on every page', async () => {
    const configuration = test.house.configuration();
    test.house.configuration = () => ({
      ...configuration,
      error: { at: new Date().toISOString(), lines: ['gateway.yaml:3:5 no such key'] },
    });
    for (const path of ['/dashboard', '/dashboard/requests', '/dashboard/pipeline', '/dashboard/config']) {
      expect(await page(path))
        .to.include('The configuration file is refused.')
        .and.include('gateway.yaml:3:5 no such key');
    }
  });

  it('show the pipeline in its order with state, options and when', async () => {
    const stage = {
      plugin: 'roles',
      summary: 'Renames roles.',
      when: 'provider: moonshot',
      onError: 'skip',
      state: 'running',
      error: null,
      failures: 2,
    } as const;
    test.house.pipeline = () => [
      { ...stage, name: 'first', options: { rename: { developer: 'system' } } },
      { ...stage, name: 'second', options: {}, state: 'broken', error: 'roles.ts:3 oops' },
    ];
    const html = await page('/dashboard/pipeline');
    expect(html.indexOf('first')).to.be.below(html.indexOf('second'));
    expect(html)
      .to.include('when provider: moonshot')
      .and.include('developer')
      .and.include('2 failures')
      .and.include('roles.ts:3 oops');
  });

  it('show plugins’ panels, and the failure of one in its own box', async () => {
    test.house.panels = () => [
      { plugin: 'x', panel: { title: 'Lost panel', view: 'nowhere', data: () => ({}) } },
      { plugin: 'y', panel: { title: 'Inherited', view: 'constructor', data: () => ({}) } },
    ];
    await test.add({});
    expect(await page('/dashboard'))
      .to.include('Lost panel')
      .and.include('There is no view views/panels/nowhere.hbs');
  });

  it('are in the reader’s time zone and colours', async () => {
    await test.add({ time: '2026-07-01T10:00:00.000Z' });
    const html = await page('/dashboard/requests', { cookie: 'zone=Asia%2FTokyo; theme=dark' });
    expect(html).to.include('1 Jul 2026, 19:00:00').and.include('data-theme="dark"').and.include('Asia/Tokyo');
    expect(await page('/dashboard/requests', { cookie: 'zone=Nowhere%2FX; theme="><b>' })).to.not.include('<b>');
  });

  it('answer 404 and 500 as pages, without the inside', async () => {
    const missing = await fetch(`${url}/dashboard/nothing`, { headers: { accept: 'text/html' } });
    expect(missing.status).to.equal(404);
    expect(await missing.text()).to.include('There is nothing under this address');
    test.house.pipeline = () => {
      throw new Error('secret inside');
    };
    const broken = await fetch(`${url}/dashboard/pipeline`, { headers: { accept: 'text/html' } });
    expect(broken.status).to.equal(500);
    expect(await broken.text())
      .to.include('Something went wrong')
      .and.not.include('secret');
  });
});
