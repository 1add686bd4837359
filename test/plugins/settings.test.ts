import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const KEYS = `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys:
  - { name: ann, key: admin-key-0123456789 }
  - { name: ci, key: proxy-key-0123456789, access: proxy }
  - { name: acme, key: acme-key-01234567890, tenant: acme }
`;
const PLUGINS = 'plugins: [history, identity, settings]\n';

interface Said {
  error: string;
  code: string;
  field?: string;
}
interface Body {
  session_char_limit: number;
  poll_interval_minutes: number;
  agents: Record<string, Record<string, unknown>>;
  filters: Record<string, unknown>;
}

describe('plugin settings', () => {
  let running: TestGateway;
  let locked: string;

  before(async () => {
    running = await startGateway(KEYS + PLUGINS);
    locked = running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
  });
  after(() => running.close());

  const ask = async (body?: unknown, { url = running.url, key = '' } = {}) => {
    const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await send({ url: `${url}/api/settings`, headers, ...(body !== undefined && { body: text }) });
    return { status: answer.status, json: JSON.parse(answer.text) as Body & Said };
  };

  it('tells the settings as the predecessor did', async () => {
    const { status, json } = await ask();
    expect(status).to.equal(200);
    expect(json).to.eql({
      session_char_limit: 200_000,
      poll_interval_minutes: 5,
      agents: {},
      filters: {
        enabled: false,
        log_details: true,
        tools: {
          enabled: false,
          mode: 'allowlist',
          allowlist: 'exec read write edit apply_patch web_fetch web_search process memory_search memory_get'.split(
            ' ',
          ),
          blocklist: [],
        },
        system_prompt: {
          enabled: false,
          mode: 'strip_sections',
          strip_sections: [
            '## Heartbeats',
            '## Silent Replies',
            '## OpenClaw Self-Update',
            '## OpenClaw CLI Quick Reference',
            '## Reactions',
            '## Sandbox',
            '## Model Aliases',
          ],
          custom_replacement: null,
          max_chars: null,
        },
        history: {
          enabled: false,
          max_pairs: 20,
          always_keep_system: true,
          always_keep_last_n: 6,
          truncate_tool_results_chars: 2000,
          drop_old_tool_calls: true,
          drop_old_tool_calls_after_pairs: 8,
          max_total_chars: null,
        },
      },
    });
  });

  it('takes a part of them, answers with all, and /health tells the limit', async () => {
    const { status, json } = await ask({
      session_char_limit: 150_000,
      agents: { 'a.b': { poll_interval_minutes: 2 } },
    });
    expect(status).to.equal(200);
    expect(json.session_char_limit).to.equal(150_000);
    expect(json.agents['a.b']).to.eql({
      session_char_limit: null,
      poll_interval_minutes: 2,
      _effective_session_char_limit: 150_000,
      _effective_poll_interval_minutes: 2,
    });
    expect((await ask()).json).to.eql(json);
    const health = JSON.parse((await send({ url: `${running.url}/health` })).text) as Body;
    expect(health.session_char_limit).to.equal(150_000);
    expect((await ask(json)).status, 'what was given may be sent back').to.equal(200);
    expect((await ask({ session_char_limit: null, agents: { 'a.b': null } })).json).to.deep.include({
      session_char_limit: 200_000,
      agents: {},
    });
  });

  describe('refuses with 400, and in the words of the predecessor,', () => {
    const refused = async (body: unknown, error: string, more: Partial<Said> = {}) => {
      const before = (await ask()).json;
      const { status, json } = await ask(body);
      expect([status, json.error]).to.eql([400, error]);
      expect(json).to.include(more);
      expect((await ask()).json).to.eql(before);
    };

    it('numbers out of bounds, for agents too', async () => {
      const field = 'session_char_limit';
      const code = 'invalid_parameter';
      await refused({ session_char_limit: 9999 }, 'session_char_limit must be >= 10000, a whole number', {
        field,
        code,
      });
      await refused({ poll_interval_minutes: 0 }, 'poll_interval_minutes must be 1-60, a whole number');
      await refused({ poll_interval_minutes: 61 }, 'poll_interval_minutes must be 1-60, a whole number');
      await refused(
        { poll_interval_minutes: 3, agents: { x: { session_char_limit: 5 } } },
        'agents.x.session_char_limit must be >= 10000, a whole number',
      );
      await refused({ session_char_limit: 'many' }, 'session_char_limit must be >= 10000, a whole number');
    });

    it('fields that nobody knows', () =>
      refused({ sesion_char_limit: 20_000 }, 'sesion_char_limit is not known; did you mean session_char_limit?'));

    it('what is no JSON, or no object', async () => {
      await refused('{"session_char_limit":', 'The body is not JSON in UTF-8.', { code: 'invalid_json' });
      await refused('', 'The body is not JSON in UTF-8.');
      await refused('[]', 'The body must be an object');
      await refused('null', 'The body must be an object');
    });
  });

  it('refuses a body of more than 64 KiB', async () => {
    const { status, json } = await ask(`{"agents":{}${' '.repeat(64 * 1024)}}`);
    expect([status, json.error]).to.eql([413, 'The body is larger than 64 KiB.']);
  });

  it('keeps what a form of another site would change as it is', async () => {
    const headers = { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' };
    const body = '{"session_char_limit":10000}';
    expect((await send({ url: `${running.url}/api/settings`, headers, body })).status).to.equal(403);
    expect((await ask()).json.session_char_limit).to.equal(200_000);
  });

  describe('by key', () => {
    it('is for keys of the dashboard', async () => {
      expect((await ask(undefined, { url: locked })).status).to.equal(401);
      expect((await ask(undefined, { url: locked, key: 'proxy-key-0123456789' })).status).to.equal(401);
      expect((await ask({}, { url: locked, key: 'proxy-key-0123456789' })).status).to.equal(401);
      expect((await ask(undefined, { url: locked, key: 'admin-key-0123456789' })).status).to.equal(200);
    });

    it('shows a tenant nothing of agents, and lets it change nothing', async () => {
      await ask({ agents: { secret: { poll_interval_minutes: 2 } } });
      const acme = { url: locked, key: 'acme-key-01234567890' };
      expect((await ask(undefined, acme)).json).to.deep.include({ agents: {}, session_char_limit: 200_000 });
      const { status, json } = await ask({ session_char_limit: 10_000 }, acme);
      expect([status, json.code]).to.eql([403, 'forbidden']);
      await ask({ agents: { secret: null } });
      expect((await ask()).json.session_char_limit).to.equal(200_000);
    });

    it('notes in the audit who it was', async () => {
      await ask({ session_char_limit: 170_000 }, { url: locked, key: 'admin-key-0123456789' });
      await ask({ session_char_limit: null });
      const [newest, before] = await running.gateway.store.audit.list({ action: 'settings.' });
      expect(before).to.deep.include({
        who: 'ann',
        action: 'settings.changed',
        facts: { before: { session_char_limit: 200_000 }, after: { session_char_limit: 170_000 } },
      });
      expect(newest).to.deep.include({
        who: null,
        facts: { before: { session_char_limit: 170_000 }, after: { session_char_limit: 200_000 } },
      });
    });
  });

  it('is the gateway’s own path even without the plugin', async () => {
    const bare = await startGateway('plugins: [history]\n');
    expect((await send({ url: `${bare.url}/api/settings` })).status).to.equal(404);
    await bare.close();
  });

  it('follows gateway.yaml where nothing was set, and keeps over a restart what was set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'token-spy-settings-'));
    const yaml = (chars: number) =>
      `plugins: [{ plugin: settings, session_char_limit: ${chars}, poll_interval_minutes: 9, agents: { coder: { session_char_limit: 500000 } } }]\n`;
    const first = await startGateway(yaml(300_000), { folder });
    const url = first.url;
    expect((await ask(undefined, { url })).json).to.include({ session_char_limit: 300_000, poll_interval_minutes: 9 });
    expect((await ask({ poll_interval_minutes: 3 }, { url })).json.agents.coder).to.include({
      session_char_limit: 500_000,
      _effective_poll_interval_minutes: 3,
    });
    await first.save(yaml(310_000));
    await until('the file holds', async () => (await ask(undefined, { url })).json.session_char_limit === 310_000);
    await first.close();
    const second = await startGateway(yaml(320_000), { folder });
    const after = (await ask(undefined, { url: second.url })).json;
    expect(after).to.include({ session_char_limit: 320_000, poll_interval_minutes: 3 });
    await second.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses in gateway.yaml what the API refuses', async () => {
    const wrong = '{ plugin: settings, session_char_limit: 5, filters: { tools: { mode: all } } }';
    const error = await startGateway(`plugins: [${wrong}]\n`).then(
      () => '',
      (thrown: Error) => thrown.message,
    );
    expect(error)
      .to.match(/session_char_limit must be at least 10,?000/)
      .and.match(/filters\.tools\.mode/);
  });

  it('holds in another process of the same PostgreSQL within a second or so', async function () {
    this.timeout(30_000);
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const yaml = `database: "${database.url}"\n${PLUGINS}`;
    const [one, other] = await Promise.all([startGateway(yaml), startGateway(yaml)]);
    try {
      await ask({ session_char_limit: 120_000, agents: { a: { poll_interval_minutes: 2 } } }, { url: one.url });
      const since = performance.now();
      await until(
        'the other knows',
        async () => (await ask(undefined, { url: other.url })).json.session_char_limit === 120_000,
      );
      expect(performance.now() - since).to.be.below(2500);
      // Each changes another agent at the same time: both are kept, in both.
      await Promise.all([
        ask({ agents: { left: { session_char_limit: 11_000 } } }, { url: one.url }),
        ask({ agents: { right: { session_char_limit: 12_000 } } }, { url: other.url }),
      ]);
      for (const { url } of [one, other])
        await until('both know both', async () => {
          const names = Object.keys((await ask(undefined, { url })).json.agents);
          return names.sort().join() === 'a,left,right';
        });
      expect((await other.gateway.store.audit.list({ action: 'settings.' })).length).to.equal(4);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });
});
