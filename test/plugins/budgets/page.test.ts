import { expect } from 'chai';
import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { json } from '../../support/script.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const PAGE = '/dashboard/budgets';
const API = '/api/v1/budgets';
const NEW = {
  do: 'create',
  limit: '10',
  unit: 'usd',
  period: 'month',
  time_zone: 'UTC',
  action: 'reject',
  warn_at: '80',
};

/** A page as a person reads it: one line, without tags. */
const text = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x27;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/\s+/g, ' ');

interface Told {
  id: string;
  name: string;
  version: string;
  accounts: { spent: string; subject: Record<string, string> }[];
}

describe('plugins/budgets: the page', () => {
  let gw: TestGateway;
  let upstream: Upstream;
  let count = 0;

  before(async () => {
    upstream = await startUpstream();
    upstream.always(json({}));
    gw = await startGateway(`
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: alpha, key: alpha-key-0123456789, project: alpha }]
providers: { openai: { base_url: "${upstream.url}" } }
budgets:
  - { name: "<b>filed</b>", scope: { agent: [ci-*, dev], team: backend }, limit_usd: 10, period: 30d }
  - { name: each agent, scope: { environment: prod }, per: agent, limit_usd: 2, period: day, when_short: clamp }
plugins: [history, identity, ingest, prediction, budgets, usage]
`);
  });
  after(async () => {
    await gw?.close();
    await upstream.close();
  });

  const get = (query = '', headers: Record<string, string> = {}): Promise<Answer> =>
    send({ url: `${gw.url}${PAGE}${query}`, headers: { accept: 'text/html', ...headers } });
  const post = (fields: Record<string, string>): Promise<Answer> =>
    send({
      url: gw.url + PAGE,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
      body: new URLSearchParams(fields).toString(),
    });
  const all = async (): Promise<Told[]> =>
    (JSON.parse((await send({ url: gw.url + API })).text) as { data: Told[] }).data;
  const named = async (name: string): Promise<Told | undefined> => (await all()).find((one) => one.name === name);
  async function made(change: object = {}): Promise<Told> {
    const body = { name: `made ${++count}`, limit_usd: 10, period: 'total', ...change };
    return JSON.parse((await send({ url: gw.url + API, body })).text) as Told;
  }
  async function spend(cost: string, more: object): Promise<void> {
    const body = { id: `p${++count}`, provider: 'openai', model: 'gpt-4o', cost_usd: cost, ...more };
    expect((await send({ url: `${gw.url}/api/v1/usage/events`, body })).status).to.equal(202);
  }
  /** The part of a page that is one budget's. */
  async function cardOf(name: string): Promise<string> {
    const html = (await get()).text;
    const card = html.split('<section class="box budget').find((part) => part.includes(`>${name}</h2>`));
    return text(`<section ${(card ?? '').split('</section>')[0]!}`);
  }

  it('says of each budget what it is for, how it stands, and what it comes to', async () => {
    await spend('4.21', { agent: 'ci-1', tags: { team: 'backend' } });
    const card = await cardOf('&lt;b&gt;filed&lt;/b&gt;');
    expect(card).to.include('Requests of agent ci-* or dev, tag team: backend · $10.00 every 30 days');
    expect(card).to.match(/\$4\.21 of \$10\.00 42%/);
    expect(card).to.match(/spent \$4\.21 held \$0 left \$5\.79/);
    expect(card).to.match(/Begins anew \d+ \w+ \d{4}, 00:00 in \d+/);
    expect(card).to.include('in gateway.yaml').and.include('refuses').and.not.include('Edit');
  });

  it('shows the accounts of a budget for each, the largest first, and marks what is short', async () => {
    await spend('0.5', { agent: 'small', environment: 'prod' });
    await spend('2.1', { agent: '<i>large</i>', environment: 'prod' });
    await spend('1.7', { agent: 'middle', environment: 'prod' });
    const card = await cardOf('each agent');
    expect(card).to.match(/large.*\$2\.10.*105%.*middle.*\$1\.70.*85%.*small.*\$0\.50.*25%/);
    expect(card).to.include('used up').and.include('shortens').and.include('&lt;i&gt;large');
    expect((await get()).text)
      .to.not.include('<i>large')
      .and.not.include('<b>filed');
  });

  it('shows what was refused, with the way to each row and to all of them', async () => {
    await made({ name: 'nothing left', scope: { project: 'short' }, limit_usd: '0.0001' });
    const body = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello!' }] };
    const headers = { 'x-token-spy-project': 'short', 'x-token-spy-agent': 'spendthrift' };
    const { status, headers: got } = await send({ url: `${gw.url}/v1/chat/completions`, body, headers });
    expect(status).to.equal(402);
    const html = (await get()).text;
    expect(html).to.include(`/dashboard/requests/${String(got['x-token-spy-id'])}`);
    expect(text(html)).to.match(/Refused for want of budget.*spendthrift gpt-4o short/);
    const [, link = ''] = /href="(\/dashboard\/requests\?[^"]*)"/.exec(html) ?? [];
    const list = await send({ url: gw.url + link.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') });
    expect(text(list.text)).to.include('spendthrift');
  });

  it('is in the reader’s time zone', async () => {
    await made({ name: 'far away', limit_usd: 1, period: 'year' });
    const html = (await get('', { cookie: 'zone=Asia%2FTokyo' })).text;
    expect(text(html)).to.match(/1 Jan \d{4}, 09:00/);
  });

  describe('its forms', () => {
    it('make a budget, and say so', async () => {
      const answer = await post({ ...NEW, name: 'by form', scope_agent: 'ci-*, dev', tags: 'team=x', per: 'key' });
      expect(answer.status, answer.text).to.equal(303);
      expect(await named('by form')).to.deep.include({
        origin: 'api',
        limit_usd: '10',
        scope: { agent: ['ci-*', 'dev'], tags: { team: ['x'] } },
        per: ['key'],
      });
      const after = await send({ url: gw.url + String(answer.headers.location) });
      expect(text(after.text)).to.include('by form is in force now.');
    });

    it('come back with what was typed and what is wrong beside it, and save nothing', async () => {
      const answer = await post({ ...NEW, name: '<wrong>', limit: '-3', period: 'fortnight', scope_model: 'gpt-4*' });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.match(/name="name"[^>]* value="&lt;wrong&gt;"/);
      expect(answer.text).to.match(
        /name="limit"[^>]* value="-3"[^>]* aria-invalid="true" aria-describedby="f-limit-error"/,
      );
      expect(text(answer.text)).to.match(/Nothing is saved yet.*Limit must not be negative.*Period is none/);
      expect(answer.text).to.include('value="gpt-4*"');
      expect(await named('<wrong>')).to.equal(undefined);
    });

    it('refuse a name that is taken, by API or by gateway.yaml', async () => {
      const { name } = await made();
      for (const taken of [name, 'each agent']) {
        const answer = await post({ ...NEW, name: taken });
        expect(answer.status, taken).to.equal(409);
        expect(answer.text).to.include(`value="${taken}"`);
      }
    });

    it('change a budget from what it is', async () => {
      const { id, version } = await made({ name: 'to change', scope: { user: 'u, v' }, warn_at: [20] });
      const html = (await get(`?edit=${id}`)).text;
      expect(html)
        .to.match(/name="limit"[^>]* value="10"/)
        .and.match(/name="scope_user"[^>]* value="&quot;u, v&quot;"/);
      const fields = { ...NEW, do: 'change', id, version, limit: '20', scope_user: '"u, v"', warn_at: '30, 60' };
      const answer = await post(fields);
      expect([answer.status, answer.headers.location]).to.eql([303, `${PAGE}?done=change&id=${id}`]);
      expect(await named('to change')).to.deep.include({
        limit_usd: '20',
        scope: { user: ['u, v'] },
        warn_at: [30, 60],
      });
    });

    it('tell who comes second what the first has changed, and let him decide', async () => {
      const { id, version } = await made({ name: 'for two', period: 'month' });
      const mine = { ...NEW, do: 'change', id, version, name: 'for two' };
      expect((await post({ ...mine, limit: '20' })).status).to.equal(303);
      const second = await post({ ...mine, limit: '30' });
      expect(second.status).to.equal(409);
      expect(text(second.text)).to.match(/Somebody has changed this budget.*Limit Now it is 20\./);
      expect(second.text).to.match(/name="limit"[^>]* value="30"/);
      expect(await named('for two')).to.include({ limit_usd: '20' });
      const [, now = ''] = /name="version" value="(\w+)"/.exec(second.text) ?? [];
      expect((await post({ ...mine, version: now, limit: '30' })).status).to.equal(303);
      expect(await named('for two')).to.include({ limit_usd: '30' });
    });

    it('ask before they reset or delete, and say what goes', async () => {
      const { id, version } = await made({ name: 'to go', scope: { project: 'go' } });
      await spend('0.75', { project: 'go' });
      const reset = text((await get(`?reset=${id}`)).text);
      expect(reset).to.match(/Reset to go\? The \$0\.75 that were spent since the first request do not count any more/);
      expect((await post({ do: 'reset', id, version })).status).to.equal(303);
      expect((await named('to go'))!.accounts[0]!.spent).to.equal('0');
      expect(text((await get(`?delete=${id}`)).text)).to.include('Delete to go?');
      expect(await named('to go')).to.not.equal(undefined);
      const gone = await post({ do: 'delete', id, version });
      expect(gone.headers.location).to.equal(`${PAGE}?done=delete&id=${id}`);
      expect(text((await get('?done=delete')).text)).to.include('The budget is deleted.');
      expect(await named('to go')).to.equal(undefined);
      expect(text((await get(`?edit=${id}`)).text)).to.include('somebody has deleted it');
    });

    it('reset one account of many, also of gateway.yaml', async () => {
      await spend('1', { agent: 'again', environment: 'prod' });
      const { id, version } = (await named('each agent'))!;
      const subject = JSON.stringify(['again']);
      const html = (await get(`?reset=${id}&subject=${encodeURIComponent(subject)}`)).text;
      expect(text(html)).to.include('Reset each agent for again?');
      expect((await post({ do: 'reset', id, version, subject })).status).to.equal(303);
      const sums = (await named('each agent'))!.accounts.map(({ subject, spent }) => [subject.agent, spent]);
      expect(Object.fromEntries(sums)).to.include({ small: '0.5', again: '0' });
      for (const wrong of ['[]', '["a","b"]', 'again', '{}', '[1]'])
        expect((await post({ do: 'reset', id, version, subject: wrong })).status, wrong).to.equal(400);
    });

    it('change nothing of gateway.yaml', async () => {
      const { id, version } = (await named('each agent'))!;
      for (const task of ['edit', 'delete'])
        expect(text((await get(`?${task}=${id}`)).text)).to.include('is in gateway.yaml, and only that changes it');
      for (const task of ['change', 'delete']) {
        const answer = await post({ ...NEW, do: task, id, version });
        expect(answer.status, task).to.equal(409);
        expect(text(answer.text)).to.include('gateway.yaml');
      }
    });

    it('make again what somebody has deleted meanwhile, if one wants it', async () => {
      const { id, version } = await made({ name: 'missing' });
      await post({ do: 'delete', id, version });
      const late = await post({ ...NEW, do: 'change', id, version, name: 'missing', limit: '44' });
      expect(late.status).to.equal(404);
      expect(late.text)
        .to.include('name="do" value="create"')
        .and.match(/name="name"[^>]* value="missing"/);
      expect((await post({ ...NEW, do: 'create', name: 'missing', limit: '44' })).status).to.equal(303);
    });

    it('do nothing without their token, for a browser, and nothing that they do not know', async () => {
      const forged = await send({
        url: gw.url + PAGE,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ ...NEW, name: 'forged' }).toString(),
      });
      expect(forged.status).to.equal(403);
      expect((await post({ ...NEW, do: 'shout', name: 'forged' })).status).to.equal(400);
      expect(await named('forged')).to.equal(undefined);
    });
  });

  it('shows the holder of a project’s key that project’s budgets alone', async () => {
    await made({ name: 'alpha only', scope: { project: 'alpha' } });
    const url = gw.gateway.ports.all.find(({ name }) => name === 'locked')!.url + PAGE;
    const { text: html } = await send({ url, headers: { 'x-api-key': 'alpha-key-0123456789' } });
    expect(text(html)).to.include('alpha only').and.not.include('each agent').and.not.include('spendthrift');
  });

  it('opens no more to him who logs in with that key', async () => {
    const { url } = gw.gateway.ports.all.find(({ name }) => name === 'locked')!;
    const form = await send({ url: `${url}/login`, headers: { accept: 'text/html' } });
    const cookies = ({ headers }: Answer): string =>
      (headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(form.text) ?? [];
    const login = await send({
      url: `${url}/login`,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: cookies(form) },
      body: new URLSearchParams({ key: 'alpha-key-0123456789', token }).toString(),
    });
    expect(login.status).to.equal(303);
    const headers = { cookie: cookies(login), accept: 'text/html' };
    expect(text((await send({ url: url + PAGE, headers })).text))
      .to.include('alpha only')
      .and.not.include('each agent');
    const { data } = JSON.parse((await send({ url: url + API, headers })).text) as { data: Told[] };
    expect(data.map(({ name }) => name)).to.eql(['alpha only']);
    expect((await send({ url: `${url}/v1/usage?project_id=beta`, headers })).status).to.equal(403);
  });

  it('tells open pages of each change', async () => {
    const reader = (await fetch(`${gw.url}/api/v1/events`)).body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const hear = async (words: string): Promise<void> => {
      while (!heard.includes(words)) heard += (await reader.read()).value ?? '';
    };
    await hear(': here');
    await made();
    await hear('event: budget');
    await reader.cancel();
  });
});
