import { appendFile, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newMemory, SessionDesk } from '../../plugins/session-files/desk.ts';
import { SessionManager } from '../../plugins/session-files/manager.ts';
import type { AuditEntry, Lent } from '../../src/plugin.ts';
import { type Answer, send } from '../support/client.ts';
import { type Stage, setStage } from '../support/play.ts';
import { until } from '../support/until.ts';

const said = (role: string, content: string): string =>
  `${JSON.stringify({ type: 'message', message: { role, content } })}\n`;

/** A directory of sessions, with an index of all of them. */
async function sessions(folder: string, files: Record<string, { text?: string; secondsAgo?: number }>): Promise<void> {
  for (const [id, { text = said('user', 'hi'), secondsAgo = 0 }] of Object.entries(files)) {
    await writeFile(join(folder, `${id}.jsonl`), text);
    const at = Date.now() / 1000 - secondsAgo;
    await utimes(join(folder, `${id}.jsonl`), at, at);
  }
  const entries = Object.keys(files).map((id) => [`agent:${id}`, { sessionId: id }]);
  await writeFile(join(folder, 'sessions.json'), JSON.stringify(Object.fromEntries(entries)));
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();

describe('plugins/session-files', () => {
  let home: string;
  let stage: Stage;
  let count = 0;

  /** A stage with one agent that has a directory. */
  const open = async (more = ''): Promise<string> => {
    const folder = join(home, `d${count++}`);
    await mkdir(folder);
    stage = await setStage({
      plugins: `identity, { plugin: settings, session_char_limit: 10000, agents: { coder: { filters: { enabled: true, history: { enabled: true, max_pairs: 1, always_keep_last_n: 0 } } } } }, trim, { plugin: usage, count_tokens: false }, { plugin: session-files, dirs: { coder: "${folder}", gone: no-such }, ${more} }`,
      yaml: 'listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]\nkeys: [{ name: admin, key: admin-key-0123456789 }, { name: north, key: north-key-0123456789, tenant: north }, { name: app, key: app-key-0123456789, access: proxy }]',
    });
    return folder;
  };
  const turn = (chars: number, headers: Record<string, string> = {}) => {
    const empty = JSON.stringify([{ role: 'user', content: '' }]).length;
    const messages = [{ role: 'user', content: 'x'.repeat(chars - empty) }];
    return stage.play({ request: { messages }, headers: { 'x-token-spy-agent': 'coder', ...headers } });
  };
  const post = (path: string, more: object = {}): Promise<Answer> =>
    send({ url: stage.running.url + path, method: 'POST', ...more });
  const bodyOf = ({ text }: Answer) => JSON.parse(text) as Record<string, unknown>;
  const audits = (): Promise<AuditEntry[]> => stage.running.gateway.store.audit.list({ action: 'session.reset' });
  const lines = (level: string) =>
    stage.running.lines.filter((line) => line.plugin === 'session-files' && line.level === level);

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'token-spy-session-files-'));
  });
  afterEach(async () => stage?.close());
  after(() => rm(home, { recursive: true, force: true }));

  it('resets the active session after a turn as long as its limit, and not again within a minute', async () => {
    const folder = await open();
    await sessions(folder, { idle: { text: 'x'.repeat(90_000), secondsAgo: 7200 }, active: {} });
    await turn(9_999);
    await new Promise((done) => setTimeout(done, 50));
    expect(await filesIn(folder)).to.eql(['active.jsonl', 'idle.jsonl']);
    await turn(10_000);
    await until('it is gone', async () => (await filesIn(folder)).length === 1);
    expect(await filesIn(folder)).to.eql(['idle.jsonl']);
    await sessions(folder, { idle: { secondsAgo: 7200 }, next: {} });
    await turn(10_000);
    await new Promise((done) => setTimeout(done, 150));
    expect(await filesIn(folder)).to.eql(['idle.jsonl', 'next.jsonl']);
  });

  it('resets again when the time between two is over', async () => {
    const folder = await open('cooldown: 100ms');
    await sessions(folder, { one: {} });
    await turn(10_000);
    await until('it is gone', async () => (await filesIn(folder)).length === 0);
    await sessions(folder, { two: {} });
    await new Promise((done) => setTimeout(done, 120));
    await turn(10_000);
    await until('it is gone', async () => (await filesIn(folder)).length === 0);
  });

  it('takes one of two turns that end together', async () => {
    const folder = await open();
    await sessions(folder, { one: { secondsAgo: 2 }, two: { secondsAgo: 1 } });
    await Promise.all([turn(10_000), turn(10_000), turn(10_000)]);
    await until('one is gone', async () => (await filesIn(folder)).length === 1);
    await new Promise((done) => setTimeout(done, 100));
    expect(await filesIn(folder)).to.eql(['one.jsonl']);
  });

  it('resets the session that the client names, writes it down and tells open pages', async () => {
    const folder = await open();
    await sessions(folder, { mine: { secondsAgo: 60 }, later: {} });
    const told: unknown[] = [];
    stage.running.gateway.events.subscribe((event, data) => event === 'session_reset' && told.push(data));
    await turn(10_000, { 'x-session-id': 'mine' });
    await until('it is gone', async () => (await filesIn(folder)).length === 1);
    expect(await filesIn(folder)).to.eql(['later.jsonl']);
    await until('it is written down', async () => (await audits()).length > 0);
    const [entry] = await audits();
    expect(entry).to.deep.include({ who: null, subject: 'agent coder', agent: 'coder', session: 'mine' });
    expect(entry!.facts).to.eql({ cause: 'limit', size_bytes: said('user', 'hi').length, file: 'mine' });
    expect(told).to.eql([{ agent: 'coder', session: 'mine', cause: 'limit', size_bytes: said('user', 'hi').length }]);
    expect(lines('info').map(({ msg, session }) => [msg, session])).to.eql([['a session was reset', 'mine']]);
  });

  it('goes by the history as the client sent it, also where trim makes it shorter', async () => {
    const folder = await open();
    await sessions(folder, { one: {} });
    const long = Array.from({ length: 10 }, (_, n) => [
      { role: 'user', content: `${n}`.repeat(600) },
      { role: 'assistant', content: 'x'.repeat(600) },
    ]).flat();
    const { answer } = await stage.play({ request: { messages: long }, headers: { 'x-token-spy-agent': 'coder' } });
    expect(answer.headers).to.have.property('x-token-spy-trimmed');
    await until('it is gone', async () => (await filesIn(folder)).length === 0);
  });

  it('leaves files alone for other agents, for short turns, and where it is told to', async () => {
    const folder = await open('auto_reset: false');
    await sessions(folder, { one: {} });
    await turn(20_000);
    await turn(20_000, { 'x-token-spy-agent': 'other' });
    await new Promise((done) => setTimeout(done, 100));
    expect(await filesIn(folder)).to.eql(['one.jsonl']);
  });

  it('answers to the client whatever becomes of the files', async () => {
    const folder = await open();
    await sessions(folder, { one: {} });
    await writeFile(join(folder, 'sessions.json'), '{"a":');
    expect((await turn(10_000)).answer.status).to.equal(200);
    expect((await turn(10_000, { 'x-token-spy-agent': 'gone' })).answer.status).to.equal(200);
    await until('it was told', () => lines('warn').some(({ reason }) => String(reason).includes('not understood')));
    expect(await filesIn(folder)).to.eql(['one.jsonl']);
    expect(lines('warn').map(({ agent, msg }) => [agent, msg])).to.deep.include([
      'gone',
      'files of sessions are left alone',
    ]);
    expect(await audits()).to.eql([]);
  });

  it('resets by hand, without a limit, and answers as the predecessor does', async () => {
    const folder = await open();
    await sessions(folder, {
      big: { text: 'x'.repeat(5000), secondsAgo: 9000 },
      one: { text: 'x'.repeat(77), secondsAgo: 8000 },
    });
    const done = await post('/api/reset-session?agent=coder');
    expect([done.status, bodyOf(done)]).to.eql([
      200,
      { agent: 'coder', action: 'killed', session_id: 'one', size_bytes: 77 },
    ]);
    const again = await post('/api/reset-session?agent=coder');
    expect(bodyOf(again)).to.eql({ agent: 'coder', action: 'killed', session_id: 'big', size_bytes: 5000 });
    const none = await post('/api/reset-session?agent=coder');
    expect([none.status, bodyOf(none)]).to.eql([
      200,
      { agent: 'coder', action: 'none', reason: 'no active sessions found' },
    ]);
    const strange = await post('/api/reset-session?agent=stranger');
    expect([strange.status, bodyOf(strange)]).to.eql([
      400,
      { error: 'no session directory is configured for this agent' },
    ]);
    const missing = await post('/api/reset-session');
    expect([missing.status, bodyOf(missing)]).to.eql([
      422,
      { detail: [{ type: 'missing', loc: ['query', 'agent'], msg: 'Field required', input: null }] },
    ]);
    const gone = await post('/api/reset-session?agent=gone');
    expect(bodyOf(gone)).to.include({ agent: 'gone', action: 'none' });
  });

  it('writes down who reset it by hand, and lets only those do it who may', async () => {
    const folder = await open();
    await sessions(folder, { one: {} });
    const locked = stage.running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
    const as = (key: string): Promise<Answer> =>
      send({ url: `${locked}/api/reset-session?agent=coder`, method: 'POST', headers: { 'x-api-key': key } });
    expect((await as('app-key-0123456789')).status).to.equal(401);
    expect((await as('north-key-0123456789')).status).to.equal(400);
    expect(await filesIn(folder)).to.eql(['one.jsonl']);
    expect((await as('admin-key-0123456789')).status).to.equal(200);
    const [entry] = await audits();
    expect(entry).to.deep.include({ who: 'admin', session: 'one' });
    expect(entry!.facts).to.include({ cause: 'manual' });
  });

  it('resets by a form that has its token, and leads back with a word', async () => {
    const folder = await open();
    await sessions(folder, { one: {} });
    const browser = { origin: stage.running.url, 'sec-fetch-site': 'same-origin' };
    const form = (fields: Record<string, string>): Promise<Answer> =>
      post('/dashboard/sessions/reset', {
        headers: { ...browser, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      });
    expect((await form({ agent: 'coder' })).status).to.equal(403);
    expect(await filesIn(folder)).to.eql(['one.jsonl']);
    const page = await send({ url: `${stage.running.url}/dashboard/settings` });
    const token = /name="token" value="([^"]+)"/.exec(page.text)![1]!;
    const to = async (agent: string) => {
      const { status, headers } = await form({ token, agent });
      return [status, headers.location];
    };
    expect(await to('coder')).to.eql([303, '/dashboard/sessions?note=reset&agent=coder']);
    expect(await to('coder')).to.eql([303, '/dashboard/sessions?note=kept&agent=coder']);
    expect(await to('x&y')).to.eql([303, '/dashboard/sessions?note=not_configured&agent=x%26y']);
    expect(await filesIn(folder)).to.eql([]);
  });

  it('tells what the files say', async () => {
    const folder = await open();
    await sessions(folder, {
      old: { secondsAgo: 900 },
      one: { text: said('user', 'a'.repeat(4000)) + said('assistant', 'b'.repeat(2001)) },
    });
    const list = async (query = '', headers = {}): Promise<Record<string, unknown>[]> =>
      (
        bodyOf(await send({ url: `${stage.running.url}/api/v1/session-files${query}`, headers })) as {
          agents: Record<string, unknown>[];
        }
      ).agents;
    const [coder, gone] = await list();
    const { size, mtimeMs } = await stat(join(folder, 'one.jsonl'));
    expect(coder).to.eql({
      agent: 'coder',
      directory: folder,
      state: 'ok',
      session_files: 2,
      session_id: 'one',
      modified_at: new Date(mtimeMs).toISOString(),
      file_bytes: size,
      total_lines: 2,
      turns: 1,
      tool_results: 0,
      chars: 6001,
      session_char_limit: 10_000,
      recommendation: 'monitor',
    });
    expect(gone).to.deep.include({
      agent: 'gone',
      state: 'missing',
      session_files: 0,
      chars: null,
      recommendation: 'no_data',
    });
    expect((await list('?agent=gone')).map(({ agent }) => agent)).to.eql(['gone']);
    expect(await list('', { 'x-api-key': 'north-key-0123456789' })).to.eql([]);
    await appendFile(join(folder, 'one.jsonl'), said('user', 'c'.repeat(2000)));
    expect((await list())[0]).to.include({ turns: 2, chars: 8001, recommendation: 'compact_soon' });
  });

  it('says at the start which directory is not there, and serves', async () => {
    await open();
    await until('it was told', () => lines('warn').length > 0);
    expect(lines('warn').map(({ msg, agent, reason }) => [msg, agent, reason])).to.eql([
      ['files of sessions are left alone', 'gone', 'the directory is not there'],
    ]);
  });

  describe('the look that is taken now and then', () => {
    let folder: string;
    let written: Omit<AuditEntry, 'time'>[];
    let told: string[];
    let minutes: number;

    beforeEach(async () => {
      folder = await mkdtemp(join(home, 'manager-'));
      [written, told, minutes] = [[], [], 5];
    });

    const desk = (dirs = new Map([['coder', folder]])): SessionDesk => {
      const log = (_: string, facts?: Record<string, unknown>): void =>
        void told.push(String(facts?.reason ?? facts?.cause ?? ''));
      const parts = {
        settings: { of: () => ({ sessionCharLimit: 10_000, pollIntervalMinutes: minutes }) },
        audit: { write: async (entry: Omit<AuditEntry, 'time'>) => void written.push(entry) },
        log: { debug: log, info: log, warn: log, error: log },
        publish: () => {},
      } as unknown as Pick<Lent, 'settings' | 'audit' | 'log' | 'publish'>;
      const made = new SessionDesk(dirs, parts, newMemory(), 60_000);
      manager = new SessionManager(made, { resets: true, cleans: true, keep: 5, spare: 900_000 }, parts);
      return made;
    };
    let manager: SessionManager;

    it('resets a session that is too long, just the one it has looked at', async () => {
      desk();
      await sessions(folder, {
        old: { text: said('user', 'x'.repeat(30_000)), secondsAgo: 600 },
        one: { text: said('user', 'x'.repeat(10_001)) },
      });
      await manager.check();
      expect(await filesIn(folder)).to.eql(['old.jsonl']);
      expect(written.map(({ session, facts }) => [session, facts.cause])).to.eql([['one', 'manager']]);
    });

    it('resets a session that goes round in circles', async () => {
      desk();
      await sessions(folder, { one: { text: said('toolResult', 'x').repeat(480) } });
      await manager.check();
      expect(await filesIn(folder)).to.eql([]);
    });

    it('leaves a session alone that is just as long as it may be', async () => {
      desk();
      await sessions(folder, { one: { text: said('user', 'x'.repeat(10_000)) + said('toolResult', '').repeat(479) } });
      await manager.check();
      expect(await filesIn(folder)).to.eql(['one.jsonl']);
    });

    it('tidies up, and tells once why it does not', async () => {
      desk();
      await sessions(folder, { one: {} });
      await writeFile(join(folder, 'x.jsonl'), '');
      await utimes(join(folder, 'x.jsonl'), 1, 1);
      await manager.check(0);
      expect(await filesIn(folder)).to.eql(['one.jsonl']);
      await writeFile(join(folder, 'sessions.json'), '{');
      await writeFile(join(folder, 'x.jsonl'), '');
      await utimes(join(folder, 'x.jsonl'), 1, 1);
      told = [];
      for (const minute of [5, 10, 15]) await manager.check(minute * 60_000);
      expect(await filesIn(folder)).to.eql(['one.jsonl', 'x.jsonl']);
      expect(told).to.eql(['sessions.json is not understood: it is no JSON object; nothing was deleted']);
    });

    it('comes as often as the settings say, and at once by new ones', async () => {
      const made = desk();
      let looks = 0;
      const { status } = made;
      made.status = (agent) => {
        looks++;
        return status.call(made, agent);
      };
      const after = async (minute: number): Promise<number> => {
        await manager.check(minute * 60_000);
        return looks;
      };
      expect([await after(0), await after(1), await after(4), await after(5), await after(6)]).to.eql([1, 1, 1, 2, 2]);
      minutes = 2;
      expect([await after(6.5), await after(7)]).to.eql([2, 3]);
    });
  });
});
