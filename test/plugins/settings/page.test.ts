import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';
import { json } from '../../support/script.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const PATH = '/dashboard/settings';
const ACME = 'acme-key-01234567890';

describe('the page of settings', function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let running: TestGateway;

  before(async () => {
    upstream = await startUpstream();
    upstream.always(json({ id: 'x', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }));
    running = await startGateway(`
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: admin, key: admin-key-0123456789 }, { name: acme, key: ${ACME}, tenant: acme }]
providers: { openai: { base_url: "${upstream.url}" } }
plugins: [history, identity, { plugin: settings, agents: { archivist: { session_char_limit: 500000 } } }, { plugin: usage, count_tokens: false }]
`);
    await Promise.all(['team.coder', 'team-coder', '<b>ci</b>'].map(traffic));
    await running.rows(3);
  });
  after(async () => {
    await running.close();
    await upstream.close();
  });

  const traffic = (agent: string) =>
    send({
      url: `${running.url}/v1/chat/completions`,
      headers: { 'x-token-spy-agent': agent },
      body: { model: 'gpt-4o', messages: [] },
    });
  const get = async (path = '', headers = {}, url = running.url): Promise<string> =>
    (await send({ url: url + PATH + path, headers: { accept: 'text/html', ...headers } })).text;
  const post = async (fields: Record<string, string> | URLSearchParams, headers = {}, url = running.url) => {
    const form = new URLSearchParams(fields);
    form.set('token', /name="token" value="([^"]+)"/.exec(await get())![1]!);
    return send({
      url: url + PATH,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        accept: 'text/html',
        ...headers,
      },
      body: form.toString(),
    });
  };
  const settings = () => running.gateway.settings.body();
  /** The fields of the form of filters as a browser would send them now. */
  const filterForm = async (): Promise<URLSearchParams> => {
    const html = (await get()).split('class="filters"')[1]!.split('</form>')[0]!;
    const form = new URLSearchParams({ do: 'filters' });
    for (const [, name] of html.matchAll(/type="checkbox" name="([^"]+)" checked/g)) form.set(name!, 'on');
    for (const [, name, value] of html.matchAll(/name="([^"]+)" type="number" min="0" value="([^"]*)"/g))
      form.set(name!, value!);
    for (const [, name, text] of html.matchAll(/name="([^"]+)" rows="4"[^>]*>([^<]*)</g))
      form.set(name!, text!.replaceAll('\n', '\r\n'));
    for (const [, name, options] of html.matchAll(/<select id="[^"]+" name="([^"]+)">(.*?)<\/select>/g))
      form.set(name!, /selected>([^<]+)/.exec(options!)![1]!);
    return form;
  };

  describe('without script', () => {
    it('sets what holds for all, and leads back', async () => {
      const answer = await post({ do: 'all', session_char_limit: '250000', poll_interval_minutes: '3' });
      expect([answer.status, answer.headers.location]).to.eql([303, `${PATH}?told=saved`]);
      expect(settings()).to.include({ session_char_limit: 250_000, poll_interval_minutes: 3 });
      const html = await get('?told=saved');
      expect(html).to.include('Saved. It holds for the next request.').and.include('250,000 are about 62,500 tokens');
      expect(html).to.match(/<code>session_char_limit<\/code> 200000 .*250000/);
      await post({ do: 'all', session_char_limit: '', poll_interval_minutes: '' });
      expect(settings()).to.include({ session_char_limit: 200_000, poll_interval_minutes: 5 });
    });

    it('stores nothing that is as it was, so that gateway.yaml goes on saying it', async () => {
      await post({ do: 'all', session_char_limit: '200000', poll_interval_minutes: '5' });
      await post(await filterForm());
      expect([...running.gateway.store.documents('settings').all()]).to.eql([]);
    });

    it('tells agents apart that differ only in punctuation', async () => {
      await post({
        do: 'agent',
        agent: 'team.coder',
        session_char_limit: '300000',
        poll_interval_minutes: '',
        filters: '',
      });
      await post({ do: 'agent', agent: 'team-coder', session_char_limit: '', poll_interval_minutes: '7', filters: '' });
      const { agents } = settings();
      expect(agents['team.coder']).to.include({ session_char_limit: 300_000, poll_interval_minutes: null });
      expect(agents['team-coder']).to.include({ session_char_limit: null, poll_interval_minutes: 7 });
      const html = await get();
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).to.equal(ids.length);
      expect(html).to.include('&lt;b&gt;ci&lt;/b&gt;').and.include('archivist').and.not.include('<b>ci</b>');
      expect(html).to.include('in force: 300,000 characters, about 75,000 tokens; 5 min');
    });

    it('takes back what an agent has of its own', async () => {
      const answer = await post({ do: 'agent', agent: 'team.coder', session_char_limit: '300000', forget: 'yes' });
      expect(answer.headers.location).to.equal(`${PATH}?told=forgotten`);
      expect(settings().agents).to.not.have.property('team.coder');
    });

    it('switches the filters of one agent and keeps the rest of its own', async () => {
      await running.gateway.settings.change({ agents: { bot: { filters: { history: { max_pairs: 3 } } } } }, null);
      await post({ do: 'agent', agent: 'bot', filters: 'on' });
      expect(settings().agents.bot!.filters).to.eql({ history: { max_pairs: 3 }, enabled: true });
      await post({ do: 'agent', agent: 'bot', filters: '' });
      expect(settings().agents.bot!.filters).to.eql({ history: { max_pairs: 3 } });
      await post({ do: 'agent', agent: 'other', filters: 'off' });
      await post({ do: 'agent', agent: 'other', filters: '' });
      expect(settings().agents.other).to.not.have.property('filters');
    });

    it('sets the filters of all, with their lists', async () => {
      const form = await filterForm();
      expect(form.get('filters.tools.allowlist')).to.include('exec\r\nread');
      form.set('filters.enabled', 'on');
      form.set('filters.tools.mode', 'blocklist');
      form.set('filters.tools.blocklist', ' browser \r\n\r\ncanvas');
      form.set('filters.history.max_total_chars', '90000');
      form.set('filters.history.truncate_tool_results_chars', '');
      form.set('filters.system_prompt.custom_replacement', 'Be brief.\r\nBe kind.');
      expect((await post(form)).status).to.equal(303);
      const { filters } = settings();
      expect(filters.enabled).to.equal(true);
      expect(filters.tools).to.deep.include({ enabled: false, mode: 'blocklist', blocklist: ['browser', 'canvas'] });
      expect(filters.history).to.include({ max_total_chars: 90_000, truncate_tool_results_chars: null, max_pairs: 20 });
      expect(filters.system_prompt.custom_replacement).to.equal('Be brief.\nBe kind.');
      expect(await get())
        .to.include('18 characters')
        .and.not.include('<td>Be brief');
      const again = await filterForm();
      again.delete('filters.enabled');
      await post(again);
      expect(settings().filters).to.deep.include({ ...filters, enabled: false });
    });

    it('gives a form back that is not right, with what is wrong and what was written', async () => {
      const answer = await post({ do: 'all', session_char_limit: '5', poll_interval_minutes: '6' });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include('session_char_limit must be &gt;&#x3D; 10000, a whole number.');
      expect(answer.text).to.match(/id="all-chars"[^>]*value="5"[^>]*aria-invalid/);
      expect(answer.text).to.match(/id="all-minutes"[^>]*value="6"/);
      const agent = await post({
        do: 'agent',
        agent: '<b>ci</b>',
        session_char_limit: '12',
        poll_interval_minutes: 'x',
      });
      expect(agent.text).to.match(/value="12"[^>]*aria-invalid/);
      const unnamed = await post({ do: 'agent', agent: '', session_char_limit: '20000' });
      expect(unnamed.text)
        .to.match(/id="new-name"[^>]*aria-invalid/)
        .and.include('It must have a name');
      const form = await filterForm();
      form.set('filters.system_prompt.strip_sections', 'Sandbox');
      form.set('filters.history.max_pairs', '0');
      const filters = await post(form);
      expect(filters.status).to.equal(400);
      expect(filters.text).to.match(/strip_sections"[^>]*aria-invalid[^>]*>Sandbox</);
      expect(settings()).to.include({ poll_interval_minutes: 5 });
    });

    it('shows the key of a tenant no agents and no forms, and takes none of it', async () => {
      const url = running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
      const headers = { authorization: `Bearer ${ACME}` };
      const html = await get('', headers, url);
      expect(html).to.include('a key of one of them changes none').and.include('200,000 characters a session');
      expect(html).to.not.include('archivist').and.not.include('team-coder').and.not.include('name="do"');
      const answer = await post({ do: 'all', session_char_limit: '10000' }, headers, url);
      expect(answer.status).to.equal(403);
      expect(answer.text).to.not.include('archivist');
      expect(settings().session_char_limit).to.equal(200_000);
    });
  });

  describe('in a browser', () => {
    let browser: Browser;
    let pages: Pages;

    before(async function () {
      browser = await browserFor(this);
    });
    after(() => browser?.close());
    beforeEach(() => {
      pages = watchPages(browser, running.url);
    });

    it('has no barrier, light and dark', () => pages.inspect(PATH));

    it('saves, also a number between the steps', async () => {
      const page = await pages.visit(PATH);
      await page.getByLabel('Session limit, characters').fill('123456');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('status').waitFor();
      expect(settings().session_char_limit).to.equal(123_456);
      await page.getByLabel('Another agent').fill('new "one"');
      await page.locator('#new-chars').fill('20000');
      await page.getByRole('button', { name: 'Add' }).click();
      await page.getByText('new "one"', { exact: true }).first().waitFor();
      await photograph(page, `${PATH}-filled`);
      await page.getByRole('button', { name: 'Forget what new "one" has of its own' }).click();
      await page.getByText('has nothing of its own any more').waitFor();
      expect(settings().agents).to.not.have.property('new "one"');
      expect(pages.complaints).to.eql([]);
      await page.setViewportSize({ width: 390, height: 800 });
      const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect(wide, 'it fits a phone').to.equal(false);
      await photograph(page, `${PATH}-phone`);
      await page.context().close();
    });
  });
});
