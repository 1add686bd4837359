import { expect } from 'chai';
import type { Browser } from 'playwright-core';

import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { recordOf } from '../../store/records.ts';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';

const PATH = '/dashboard/redactions';
const HOUR = 3_600_000;
const KEY = 'a-key-of-a-tenant-0123456789';
const ADMIN = 'a-key-of-the-house-0123456789';

interface Body {
  count: number;
  kinds: { kind: string; requests: number; count: number }[];
  sums: { kind: string; agent: string | null; requests: number; count: number }[];
  entries: { find: string[]; words: object[]; patterns: string[] }[];
}

describe('plugins/redact/page', () => {
  let running: TestGateway;
  let browser: Browser | null = null;
  let pages: Pages;

  before(async () => {
    running = await startGateway(`listen: [{ port: 0, auth: key }, { port: 0, name: open, auth: none }]
keys: [{ name: house, key: ${ADMIN} }, { name: acme, key: ${KEY}, tenant: acme }]
plugins:
  - history
  - identity
  - { plugin: redact, words: { person: [ Zebulon Quux, Xanthippe ] }, patterns: { ticket: "CASE-[0-9]{6}" }, block: [api_key] }
  - { plugin: redact, as: second, find: [phone], restore: false, unreadable: pass }
  - usage
`);
  });
  after(async () => {
    await browser?.close();
    await running.close();
  });

  const api = async (
    query = '',
    key = ADMIN,
  ): Promise<{ status: number; body: Body & { error: { field: string } } }> => {
    const url = `${running.url}/api/v1/redactions${query}`;
    const { status, text } = await send({ url, headers: { authorization: `Bearer ${key}` } });
    return { status, body: JSON.parse(text) as Body & { error: { field: string } } };
  };
  const page = async (query = ''): Promise<string> => {
    const headers = { accept: 'text/html', authorization: `Bearer ${ADMIN}` };
    const { status, text } = await send({ url: running.url + PATH + query, headers });
    expect(status).to.equal(200);
    return text;
  };

  it('says that nothing was found, and what is looked for, once for all entries', async () => {
    const html = await page();
    expect(html).to.contain('Nothing was found').and.to.contain('E-mail addresses').and.to.contain('Phone numbers');
    expect(html.split('href="/dashboard/redactions"').length).to.equal(2);
    for (const secret of ['Zebulon', 'Xanthippe', 'CASE-']) expect(html).not.to.contain(secret);
  });

  it('tells by kind and by agent how often, and keeps tenants apart', async () => {
    const now = Date.now();
    const rows: Partial<ExchangeRecord>[] = [
      { agent: 'support', redactions: { email: 3, card: 1 } },
      { agent: 'support', redactions: { email: 1 }, tenant: 'acme' },
      { agent: null, redactions: { ticket: 2 } },
      { agent: 'coder', redactions: {} },
      { agent: 'coder', redactions: null },
    ];
    for (const [n, row] of rows.entries()) running.gateway.store.append(recordOf(row, now - n - 1000));
    running.gateway.store.append(recordOf({ redactions: { email: 100 } }, now - 30 * HOUR));
    await running.gateway.store.flush();

    const { body } = await api();
    expect(body.count).to.equal(7);
    expect(body.kinds).to.deep.equal([
      { kind: 'email', requests: 2, count: 4 },
      { kind: 'ticket', requests: 1, count: 2 },
      { kind: 'card', requests: 1, count: 1 },
    ]);
    expect(body.sums).to.deep.include({ kind: 'email', agent: 'support', requests: 2, count: 4 });
    expect((await api('?range=7d')).body.count).to.equal(107);
    expect((await api('?agent=coder')).body.count).to.equal(0);
    expect((await api('', KEY)).body.count).to.equal(1);
    const html = await page();
    expect(html).to.contain('support').and.to.contain('<b>E-mail addresses</b>');
    expect(await page('?agent=support')).not.to.contain('<b>ticket</b>');
  });

  it('tells what entries look for by name, not by the words themselves', async () => {
    const { body } = await api();
    expect(body.entries.map(({ find, words, patterns }) => ({ find, words, patterns }))).to.deep.equal([
      {
        find: ['email', 'card', 'us_ssn', 'iban', 'api_key'],
        words: [{ name: 'person', count: 2 }],
        patterns: ['ticket'],
      },
      { find: ['phone'], words: [], patterns: [] },
    ]);
  });

  it('refuses parameters that are wrong', async () => {
    for (const [query, field] of [
      ['?range=9y', 'range'],
      ['?kind=email', 'kind'],
      ['?from=x', 'from'],
    ] as const) {
      const { status, body } = await api(query);
      expect([status, body.error.field]).to.deep.equal([400, field]);
    }
    expect((await api('?tenant=other', KEY)).status).to.equal(400);
  });

  it('has one page after a change of its entries', async () => {
    expect(running.gateway.current.instances.size).to.be.above(3);
    const before = [...running.gateway.current.instances.values()].flatMap(({ pages: own }) => own ?? []);
    expect(before.filter(({ name }) => name === 'redactions').length).to.equal(1);
  });

  describe('in a browser', function () {
    this.timeout(60_000);

    before(async function () {
      browser = await browserFor(this);
      pages = watchPages(browser, running.gateway.ports.all[1]!.url);
    });

    it('is good to look at and to hear', () => pages.inspect(PATH));

    it('fits a phone', async () => {
      const page = await pages.visit(PATH, { viewport: { width: 390, height: 800 } });
      await photograph(page, `${PATH}-phone`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await page.context().close();
    });
  });
});
