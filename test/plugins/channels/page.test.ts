import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { NOTICE, type Notice } from '../../../plugins/shared/notice.ts';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { until } from '../../support/until.ts';

const notice = (id: string, more: Partial<Notice> = {}): Notice => ({
  id,
  event: 'alert',
  severity: 'warning',
  resolves: false,
  key: id,
  title: `Cost of ${id} is above 5 dollars an hour`,
  text: 'It is 7.',
  at: new Date().toISOString(),
  data: {},
  notify: ['own'],
  tenant: null,
  ...more,
});

describe('the page of channels', function () {
  this.timeout(60_000);
  let sink: Sink;
  let running: TestGateway;
  let browser: Browser | null;
  let pages: Pages;

  before(async () => {
    sink = await startSink();
    running = await startGateway(`
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: admin, key: admin-key-0123456789 }, { name: north, key: north-key-0123456789, tenant: north }]
providers: { openai: { base_url: "http://127.0.0.1:9" } }
plugins: [history, identity, channels]
channels:
  own: { type: webhook, url: "${sink.url}/hook/0123wxyz", secret: 0123456789abcdef, allow_private: true }
  team: { type: slack, url: "https://hooks.slack.com/services/T0/B0/abcd1234", events: [budget_exceeded, config_refused], min_severity: warning }
`);
  });
  after(async () => {
    await browser?.close();
    await running.close();
    await sink.close();
  });

  const locked = () => running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
  const get = async (path = '', key?: string): Promise<string> => {
    const headers = { accept: 'text/html', ...(key && { 'x-api-key': key }) };
    return (await send({ url: `${key ? locked() : running.url}/dashboard/channels${path}`, headers })).text;
  };
  const tokenOf = (html: string): string => /name="token" value="([^"]+)"/.exec(html)![1]!;
  const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
  const post = async (fields: Record<string, string>): Promise<string> => {
    const headers = { ...form, 'sec-fetch-site': 'same-origin' };
    const body = new URLSearchParams({ token: tokenOf(await get()), ...fields }).toString();
    const { status, headers: said } = await send({ url: `${running.url}/dashboard/channels`, headers, body });
    expect(status).to.equal(303);
    return said.location!.replace('/dashboard/channels', '');
  };
  const tell = (one: Notice): void => running.gateway.events.publish(NOTICE, one);
  const textOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

  describe('without script', () => {
    it('shows where channels lead, as far as anybody may know', async () => {
      const html = await get();
      expect(html).to.include('127.0.0.1 …wxyz').and.include('hooks.slack.com …1234');
      expect(html).to.not.include('0123wxyz').and.not.include('abcd1234').and.not.include('0123456789abcdef');
      expect(textOf(html)).to.include('hears of budget_exceeded, config_refused; warning and above');
    });

    it('sends a test and tells what came of it', async () => {
      const good = await post({ do: 'test', name: 'own' });
      expect(textOf(await get(good))).to.include('The test has reached own.');
      sink.next({ status: 404 });
      const bad = await post({ do: 'test', name: 'own' });
      expect(textOf(await get(bad))).to.include('The test has not reached own: it answered 404.');
      expect(await post({ do: 'test', name: 'else' })).to.equal('?told=unknown');
    });

    it('shows what was given up and why, and tries again', async () => {
      sink.next({ status: 410 });
      tell(notice('web'));
      const failed = (): Promise<string> => get('?state=failed&channel=own');
      const given = /Cost of web is above 5 dollars an hour.*given up 1 try: it answered 410/;
      await until('it is given up', async () => given.test(textOf(await failed())));
      const html = await failed();
      const id = /name="do" value="retry"><input type="hidden" name="id" value="(\w+)"/.exec(html)![1]!;
      expect(await post({ do: 'retry', id })).to.equal('?told=again');
      await until('it arrived', async () => (await get('?state=sent')).includes('Cost of web'));
      expect(await post({ do: 'retry', id })).to.equal('?told=sent');
      expect(textOf(await get('?told=sent'))).to.include('That delivery has arrived already.');
    });

    it('escapes every name, and says nothing that an address wants it to say', async () => {
      tell(notice('x', { title: '<img src=x onerror=alert(1)> {{7}}', event: '"><b>' }));
      await until('it is there', async () => (await get()).includes('&lt;img src'));
      expect(await get()).to.not.include('<img');
      expect(await get('?told=constructor&channel=<b>&id=<i>'))
        .to.not.include('<b>&')
        .and.not.include('<i>');
    });

    it('shows a tenant its own deliveries and nothing to press', async () => {
      tell(notice('north-cost', { tenant: 'north' }));
      await until('it is there', async () => (await get()).includes('north-cost'));
      const html = await get('', 'north-key-0123456789');
      expect(html).to.include('north-cost').and.not.include('Cost of web').and.not.include('hooks.slack.com');
      expect(html).to.not.include('action="/dashboard/channels"');
      const headers = { ...form, 'x-api-key': 'north-key-0123456789' };
      const answer = await send({ url: `${locked()}/dashboard/channels`, headers, body: 'do=test&name=own' });
      expect(answer.headers.location).to.equal('/dashboard/channels?told=forbidden');
      expect((await get('', 'admin-key-0123456789')).match(/Send a test/g)!.length).to.be.greaterThan(1);
    });

    it('says how to make the first channel', async () => {
      const empty = await startGateway('plugins: [history, channels]');
      try {
        const { text } = await send({ url: `${empty.url}/dashboard/channels`, headers: { accept: 'text/html' } });
        expect(text).to.include('No channel yet').and.include('type: slack').and.include('${SLACK_PATH}');
      } finally {
        await empty.close();
      }
    });

    it('takes no form from elsewhere', async () => {
      const before = sink.posted.length;
      const headers = { ...form, 'sec-fetch-site': 'cross-site' };
      const { status } = await send({ url: `${running.url}/dashboard/channels`, headers, body: 'do=test&name=own' });
      expect([status, sink.posted.length]).to.eql([403, before]);
    });
  });

  describe('in a browser', () => {
    before(async function () {
      sink.next({ status: 500 });
      tell(notice('waiting'));
      sink.next({ status: 500 }, { status: 404, body: 'x' });
      tell(notice('given-up'));
      await until('they were tried', async () => (await get('?state=waiting')).includes('1 try'));
      browser = await browserFor(this);
      if (browser) pages = watchPages(browser, running.url);
    });

    it('has no barriers in light and dark', () => pages.inspect('/dashboard/channels'));

    it('fits a phone', async () => {
      const page = await pages.visit('/dashboard/channels', { viewport: { width: 390, height: 800 } });
      await photograph(page, '/dashboard/channels-phone');
      const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(wide).to.equal(0);
      await page.context().close();
    });

    it('sends a test by its button, and shows by itself what comes later', async () => {
      const page = await pages.visit('/dashboard/channels');
      await page.getByRole('button', { name: 'Send a test to own' }).click();
      await page.getByRole('status').getByText('The test has reached own.').waitFor();
      tell(notice('live'));
      await page.getByText('Cost of live').first().waitFor();
      await page.context().close();
      expect(pages.complaints).to.eql([]);
    });
  });
});
