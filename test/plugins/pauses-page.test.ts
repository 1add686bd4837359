import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserFor } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const KEY = 'admin-key-0123456789';

describe('the page of pauses', function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let running: TestGateway;
  let browser: Browser | null;
  let pages: Pages;

  before(async () => {
    upstream = await startUpstream();
    upstream.always(json({ id: 'x', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }));
    running = await startGateway(`
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: admin, key: ${KEY} }]
providers: { openai: { base_url: "${upstream.url}" } }
plugins: [history, identity, pauses, { plugin: usage, count_tokens: false }]
`);
    await Promise.all(['crawler', 'crawler', 'support-bot', '<b>ci</b>'].map(ask));
  });
  after(async () => {
    await browser?.close();
    await running.close();
    await upstream.close();
  });

  const ask = async (agent: string): Promise<number> => {
    const headers = { 'x-token-spy-agent': agent };
    const body = { model: 'gpt-4o', messages: [] };
    return (await send({ url: `${running.url}/v1/chat/completions`, headers, body })).status;
  };
  const get = async (path = ''): Promise<string> =>
    (await send({ url: `${running.url}/dashboard/pauses${path}`, headers: { accept: 'text/html' } })).text;
  const tokenOf = (html: string): string => /name="token" value="([^"]+)"/.exec(html)![1]!;
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send({
      url: `${running.url}/dashboard/pauses`,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        accept: 'text/html',
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });

  describe('without script', () => {
    it('pauses and resumes, and leads back', async () => {
      const token = tokenOf(await get());
      const answer = await post({ token, dimension: 'agent', name: 'crawler', reason: 'Too fast' });
      expect([answer.status, answer.headers.location]).to.eql([303, '/dashboard/pauses?told=paused']);
      expect(await ask('crawler')).to.equal(403);
      const html = await get('?told=paused');
      expect(html)
        .to.include('Paused. It holds for the next request.')
        .and.include('agent crawler')
        .and.include('Too fast');
      const id = /name="id" value="(\w+)"/.exec(html)![1]!;
      const resumed = await post({ token, do: 'resume', id });
      expect(resumed.headers.location).to.equal('/dashboard/pauses?told=resumed');
      expect((await post({ token, do: 'resume', id })).headers.location).to.equal('/dashboard/pauses?told=gone');
      expect(await ask('crawler')).to.equal(200);
    });

    it('slows down, shows who waits, and lets them go', async () => {
      const token = tokenOf(await get());
      const fields = { token, dimension: 'agent', name: 'crawler', effect: 'slow' };
      const answer = await post({ ...fields, requests_per_minute: '', delay: '300ms' });
      expect([answer.status, answer.headers.location]).to.eql([303, '/dashboard/pauses?told=slowed']);
      const begun = performance.now();
      expect(await ask('crawler')).to.equal(200);
      expect(performance.now() - begun).to.be.at.least(290);
      expect((await post({ ...fields, requests_per_minute: '1', delay: '' })).status).to.equal(303);
      const waits = ask('crawler').then(() => ask('crawler'));
      await until('one waits', async () => (await get()).includes('Slowed down to 1 request a minute; 1 waits now.'));
      const html = await get();
      expect(html).to.include('<span class="badge warn">slowed down</span>');
      await post({ token, do: 'resume', id: /name="id" value="(\w+)"/.exec(html)![1]! });
      expect(await waits).to.equal(200);
    });

    for (const [what, fields, error] of [
      ['no pace', {}, 'Say how many a minute, or how long each waits: one of both.'],
      ['two', { requests_per_minute: '6', delay: '2s' }, 'Say how many a minute, or how long each waits: one of both.'],
      ['a word for a number', { requests_per_minute: 'six' }, 'It must be a whole number from 1 to 60000.'],
      ['a time without unit', { delay: '2' }, 'It must be a time from 1ms to 1m, such as 500ms or 2s.'],
    ] as const) {
      it(`gives a form back with ${what}`, async () => {
        const token = tokenOf(await get());
        const answer = await post({ token, dimension: 'agent', name: 'crawler', effect: 'slow', ...fields });
        expect(answer.status).to.equal(400);
        expect(answer.text).to.include(error).and.include('value="slow" checked');
        for (const value of Object.values(fields)) expect(answer.text).to.include(`value="${value}"`);
        expect(await ask('crawler')).to.equal(200);
      });
    }

    it('takes a pace that was written for nothing where it stops', async () => {
      const token = tokenOf(await get());
      await post({ token, dimension: 'agent', name: 'crawler', effect: 'stop', delay: '2s' });
      expect(await ask('crawler')).to.equal(403);
      await post({ token, do: 'resume', id: /name="id" value="(\w+)"/.exec(await get())![1]! });
    });

    it('is filled from the address', async () => {
      const html = await get('?agent=%3Cb%3Eci&effect=slow');
      expect(html).to.include('<option selected>agent</option>').and.include('name="name" value="&lt;b&gt;ci"');
      expect(html).to.include('value="slow" checked').and.not.include('value="stop" checked');
      const other = await get('?session=s-1');
      expect(other).to.include('<option selected>session</option>').and.include('name="name" value="s-1"');
      expect(other).to.include('value="stop" checked');
      expect(await get()).to.include('href="/dashboard/pauses?agent=crawler&amp;effect=slow#pause"');
    });

    it('gives a form back that is not right, with what is wrong and what was written', async () => {
      const token = tokenOf(await get());
      const answer = await post({
        token,
        dimension: 'session',
        name: '',
        reason: 'Why "not"',
        until: '2020-01-01T10:00',
      });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include('<option selected>session</option>').and.include('value="Why &quot;not&quot;"');
      expect(answer.text)
        .to.include('The name must name one of agent, key')
        .and.include('The time must be a time to come.');
    });

    it('takes no form without its token, and none of another page', async () => {
      const fields = { dimension: 'agent', name: 'crawler' };
      expect((await post(fields)).status).to.equal(403);
      const token = tokenOf(await get());
      expect((await post({ token, ...fields }, { 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
      expect(await ask('crawler')).to.equal(200);
    });

    it('says nothing that an address makes up', async () => {
      expect(await get('?told=<b>hi</b>')).to.not.include('role="status"');
    });

    it('shows the agents that were seen last, whatever they are called', async () => {
      const html = await get();
      expect(html).to.include('&lt;b&gt;ci&lt;/b&gt;').and.include('>crawler</a>');
      expect(html).to.not.include('<b>ci</b>');
    });
  });

  describe('in a browser', () => {
    before(async function () {
      browser = await browserFor(this);
      pages = watchPages(browser, running.url);
    });

    const login = async (page: Page): Promise<void> => {
      await page.fill('input[name="key"]', KEY);
      await page.click('main button');
      await page.waitForURL('**/dashboard/pauses');
    };

    it('pauses an agent with one press, notes who did it, and follows what others resume', async () => {
      const url = running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
      const page = await watchPages(browser!, url).visit('/dashboard/pauses');
      await login(page);
      await page.getByRole('button', { name: 'Pause agent support-bot' }).click();
      await page.getByRole('status').waitFor();
      expect(await page.locator('#live li').first().innerText()).to.match(
        /^agent support-bot\s+paused .* by admin, until it is resumed/,
      );
      expect(await ask('support-bot')).to.equal(403);
      const [{ id }] = (
        JSON.parse((await send({ url: `${running.url}/api/v1/pauses` })).text) as { pauses: { id: string }[] }
      ).pauses as [{ id: string }];
      await send({ url: `${running.url}/api/v1/pauses/${id}`, method: 'DELETE' });
      await page.getByRole('heading', { name: 'Nothing is paused' }).waitFor();
      await page.context().close();
    });

    it('has no barriers in light and dark, and fits a telephone', async () => {
      const token = tokenOf(await get());
      const reason = 'It asks the same thing again and again, and nobody who could stop it is there today';
      await post({ token, dimension: 'agent', name: 'crawler', reason, until: '2099-01-01T10:00' });
      await post({ token, dimension: 'session', name: `s-${'0123456789abcdef'.repeat(4)}` });
      await post({ token, dimension: 'user', name: 'ann', effect: 'slow', requests_per_minute: '30' });
      await pages.inspect('/dashboard/pauses?agent=crawler&effect=slow');
      const page = await pages.visit('/dashboard/pauses', { viewport: { width: 390, height: 844 } });
      await photograph(page, '/dashboard/pauses-390');
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await page.context().close();
      expect(pages.complaints).to.eql([]);
    });
  });
});
