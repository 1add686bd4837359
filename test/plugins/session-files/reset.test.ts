import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect } from 'chai';
import { Locked, locked } from '../../../plugins/session-files/lock.ts';
import { type Outcome, removeSession, type Target } from '../../../plugins/session-files/reset.ts';
import { dropEntries, readIndex, Unchanged } from '../../../plugins/session-files/session-index.ts';
import { root } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';

const INDEX = 'sessions.json';
const STRANGER = 65_534;

/** Root may do anything, so it is somebody else for a moment. */
async function asStranger<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid!(STRANGER);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}

describe('plugins/session-files/reset', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-sessions-'));
  });
  afterEach(async () => {
    await chmod(folder, 0o700);
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (id: string, size = 10, secondsAgo = 0): Promise<void> => {
    const path = join(folder, `${id}.jsonl`);
    await writeFile(path, 'x'.repeat(size));
    const at = Date.now() / 1000 - secondsAgo;
    await utimes(path, at, at);
  };
  const index = (value: object | string): Promise<void> =>
    writeFile(join(folder, INDEX), typeof value === 'string' ? value : JSON.stringify(value));
  const names = async (): Promise<string[]> => (await readdir(folder)).sort();
  const text = (name = INDEX): Promise<string> => readFile(join(folder, name), 'utf8');
  const take = (target: Target = {}): Promise<Outcome> => removeSession(folder, target);
  const taken = (outcome: Outcome): string => ('file' in outcome ? outcome.file.id : outcome.reason);

  /** A process that takes one session after the other away. */
  const resetter = (before: string): ChildProcessByStdio<null, Readable, null> => {
    const script = `
      import fs from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      import { removeSession } from ${JSON.stringify(join(root, 'plugins/session-files/reset.ts'))};
      ${before}
      console.log('ready');
      for (;;) { const outcome = await removeSession(${JSON.stringify(folder)}, {}); if ('reason' in outcome) process.exit(0); }`;
    const words = ['--import', 'tsx/esm', '--input-type=module', '-e', script];
    return spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  };

  it('takes the file and its entry, and leaves every other byte of the index', async () => {
    await file('one', 123);
    const other = '  "agent:other" : { "sessionId":"two", "big": 12345678901234567890 }';
    await index(`{\n  "agent:main": { "sessionId": "one", "updatedAt": 1 },\n${other}\n}`);
    const before = await text();
    const outcome = await take();
    expect(outcome).to.have.nested.include({ 'file.id': 'one', 'file.size': 123 });
    expect(await names()).to.eql([INDEX, `${INDEX}.bak-token-spy`]);
    expect(await text()).to.equal(`{\n${other}\n}`);
    expect(await text(`${INDEX}.bak-token-spy`)).to.equal(before);
  });

  it('takes the active session and not the largest', async () => {
    await file('idle', 50_000, 7200);
    await file('active', 10, 5);
    await index({ a: { sessionId: 'idle' }, b: { sessionId: 'active' } });
    expect(taken(await take())).to.equal('active');
    expect(JSON.parse(await text())).to.eql({ a: { sessionId: 'idle' } });
  });

  it('takes the session whose id is known, though another was written later', async () => {
    await file('known', 10, 60);
    await file('later', 10, 1);
    await index({ a: { sessionId: 'known' }, b: { sessionId: 'later' } });
    expect(taken(await take({ session: 'known' }))).to.equal('known');
    expect(taken(await take({ session: 'nobody' }))).to.equal('later');
  });

  it('finds the file of a session where the index names it', async () => {
    await file('2026-thread', 10, 60);
    await file('later', 10, 1);
    await index({ a: { sessionId: 's1', sessionFile: '/home/x/2026-thread.jsonl' }, b: { sessionId: 'later' } });
    expect(taken(await take({ session: 's1' }))).to.equal('2026-thread');
    expect(JSON.parse(await text())).to.eql({ b: { sessionId: 'later' } });
  });

  it('takes none that cannot be the active one', async () => {
    await file('stranger', 10, 1);
    await file('old', 10, 7200);
    await index({ a: { sessionId: 'old' } });
    expect(taken(await take({ since: Date.now() - 900_000 }))).to.equal('no session was written lately');
    expect(taken(await take({ session: 'old', since: Date.now() - 900_000 }))).to.equal('old');
    expect(await names()).to.include('stranger.jsonl');
  });

  it('does without an index, and with one that names nobody', async () => {
    await file('one', 10, 10);
    await file('two', 10, 5);
    expect(taken(await take())).to.equal('two');
    await index({});
    expect(taken(await take())).to.equal('one');
    expect(taken(await take())).to.equal('no active sessions found');
  });

  const odd: [what: string, index: string][] = [
    ['half of it', '{"a":{"sessionId":"one"'],
    ['a broken entry', '{"a":{"sessionId":"one"},"b":{"sessionId":tru}}'],
    ['nothing', ''],
    ['a list', '[{"sessionId":"one"}]'],
    ['an entry without an id', '{"a":{"sessionId":"one"},"b":{"id":"two"}}'],
    ['a text', '"one"'],
  ];
  for (const [what, value] of odd) {
    it(`deletes nothing where the index is ${what}`, async () => {
      await file('one');
      await index(value);
      expect(taken(await take())).to.match(/^sessions\.json is not understood: .*; nothing was deleted$/);
      expect(await names()).to.eql(['one.jsonl', INDEX]);
      expect(await text()).to.equal(value);
    });
  }

  it('deletes nothing where the index is a link, or not UTF-8', async () => {
    await file('one');
    await writeFile(join(folder, 'elsewhere'), '{"a":{"sessionId":"one"}}');
    await symlink('elsewhere', join(folder, INDEX));
    expect(taken(await take())).to.include('is not understood');
    await rm(join(folder, INDEX));
    await writeFile(join(folder, INDEX), Buffer.from('{"a\xff":{"sessionId":"one"}}', 'latin1'));
    expect(taken(await take())).to.include('it is no UTF-8');
    expect(await names()).to.include('one.jsonl');
  });

  it('follows no link, and takes only files right in the directory', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'token-spy-outside-'));
    try {
      await writeFile(join(outside, 'secret.jsonl'), 'x');
      await symlink(join(outside, 'secret.jsonl'), join(folder, 'link.jsonl'));
      await symlink(outside, join(folder, 'folder.jsonl'));
      expect(taken(await take())).to.equal('no active sessions found');
      expect(taken(await take({ session: 'link' }))).to.equal('no active sessions found');
      expect(taken(await take({ session: '../one' }))).to.equal('no active sessions found');
      expect(await readdir(outside)).to.eql(['secret.jsonl']);
      expect(await names()).to.eql(['folder.jsonl', 'link.jsonl']);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('keeps the mode of the index', async () => {
    await file('one');
    await index({ a: { sessionId: 'one' } });
    await chmod(join(folder, INDEX), 0o640);
    await take();
    expect((await stat(join(folder, INDEX))).mode & 0o777).to.equal(0o640);
    expect((await stat(join(folder, `${INDEX}.bak-token-spy`))).mode & 0o777).to.equal(0o640);
  });

  it('changes nothing in a directory that it may not write to', async () => {
    await file('one');
    await index({ a: { sessionId: 'one' } });
    await chmod(folder, 0o555);
    expect(taken(await asStranger(() => take()))).to.equal('the directory cannot be changed (EACCES)');
    expect(await names()).to.eql(['one.jsonl', INDEX]);
    await chmod(folder, 0o700);
  });

  it('changes nothing where the index would get another owner', async function () {
    if (process.getuid?.() !== 0) {
      this.test!.title += ' (skipped: only root can give files away)';
      return this.skip();
    }
    await file('one');
    await index({ a: { sessionId: 'one' } });
    await chmod(folder, 0o777);
    expect(taken(await asStranger(() => take()))).to.equal('the directory cannot be changed (EPERM)');
    expect(await names()).to.eql(['one.jsonl', INDEX]);
    await chown(join(folder, INDEX), STRANGER, STRANGER);
    expect(taken(await take())).to.equal('one');
    expect(await stat(join(folder, INDEX))).to.deep.include({ uid: STRANGER, gid: STRANGER });
  });

  it('says that the directory is not there', async () => {
    await rm(folder, { recursive: true });
    expect(taken(await take())).to.include('directory');
    folder = await mkdtemp(join(tmpdir(), 'token-spy-sessions-'));
  });

  it('loses nothing that an agent writes at the same time, which locks its index as we do', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `s${n}`);
    await Promise.all(ids.map((id, n) => file(id, 10, n)));
    await index(Object.fromEntries(ids.map((id) => [id, { sessionId: id, text: 'x'.repeat(2000) }])));
    let isOver = false;
    let added = 0;
    const agent = (async () => {
      while (!isOver) {
        await locked(folder, async () => {
          const now = JSON.parse(await text()) as object;
          await new Promise((done) => setTimeout(done, 2));
          await index({ ...now, [`new${added}`]: { sessionId: `new${added}` } });
          added++;
        });
        await new Promise((done) => setTimeout(done, 5));
      }
    })();
    const outcomes: string[] = [];
    // As long as it takes until both had their turns: which of them gets the lock is the machine's choice.
    while (outcomes.length < 6 || added < 3) outcomes.push(taken(await take()));
    isOver = true;
    await agent;
    expect(outcomes).to.eql(ids.slice(0, outcomes.length));
    const left = Object.keys(JSON.parse(await text()) as object);
    expect(left).to.eql([...ids.slice(outcomes.length), ...Array.from({ length: added }, (_, n) => `new${n}`)]);
  });

  it('does not overwrite what was written since it was read', async () => {
    await index({ a: { sessionId: 'one' } });
    const read = await readIndex(folder);
    if (read.kind !== 'read') throw new Error('it was not read');
    await index({ a: { sessionId: 'one' }, b: { sessionId: 'two' } });
    const error = await dropEntries(folder, read, () => true).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Unchanged);
    expect(JSON.parse(await text())).to.have.keys('a', 'b');
    expect((await names()).filter((name) => name.includes('.tmp'))).to.eql([]);
  });

  it('waits for who has locked the index, gives up after a while, and takes over what a crash has left', async () => {
    await file('one');
    const lock = join(folder, `${INDEX}.lock`);
    await writeFile(lock, '{}');
    const waits = take();
    await new Promise((done) => setTimeout(done, 150));
    expect(await names()).to.include('one.jsonl');
    await rm(lock);
    expect(taken(await waits)).to.equal('one');

    await file('two');
    await writeFile(lock, '{}');
    const error = await locked(folder, async () => 'done', 100).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Locked);
    const old = Date.now() / 1000 - 60;
    await utimes(lock, old, old);
    expect(taken(await take())).to.equal('two');
    expect(await names()).to.eql([]);
  });

  it('has changed nothing when it is killed before the new index is put in place', async () => {
    await file('one');
    await index({ a: { sessionId: 'one' }, b: { sessionId: 'two' } });
    const before = await text();
    const child = resetter(`
      const rename = fs.rename;
      fs.rename = (from, to) => (to.endsWith('/${INDEX}') ? process.kill(process.pid, 'SIGKILL') : rename(from, to));
      syncBuiltinESMExports();`);
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).to.equal('SIGKILL');
    expect(await text()).to.equal(before);
    const left = await names();
    expect(left.slice(0, 2)).to.eql(['one.jsonl', INDEX]);
    expect(left.filter((name) => name.endsWith('.token-spy.tmp'))).to.have.length(1);
    const old = Date.now() / 1000 - 60;
    await utimes(join(folder, `${INDEX}.lock`), old, old);
    expect(taken(await take())).to.equal('one');
    expect(JSON.parse(await text())).to.eql({ b: { sessionId: 'two' } });
  });

  it('is whole whenever it is killed, and goes on afterwards', async function () {
    this.timeout(30_000);
    const ids = Array.from({ length: 150 }, (_, n) => `s${n}`);
    await Promise.all(ids.map((id, n) => file(id, 10, n)));
    const entries = Object.fromEntries(ids.map((id) => [`key ${id}`, { sessionId: id, text: 'x'.repeat(5000) }]));
    await index(entries);
    for (let round = 0; round < 2; round++) {
      const child = resetter('');
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      await until('it is at it', () => said.includes('ready') || child.exitCode !== null);
      await new Promise((done) => setTimeout(done, 20 + round * 15));
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const left = JSON.parse(await text()) as Record<string, { sessionId: string }>;
      const files = new Set(await names());
      // An entry goes before its file: each that is left has one.
      for (const { sessionId } of Object.values(left)) expect(files).to.include(`${sessionId}.jsonl`);
      for (const [key, entry] of Object.entries(left)) expect(entry).to.eql(entries[key]);
      const lock = join(folder, `${INDEX}.lock`);
      const old = Date.now() / 1000 - 60;
      await utimes(lock, old, old).catch(() => {});
    }
    const remaining = Object.keys(JSON.parse(await text()) as object).length;
    expect(remaining, 'it was killed in the middle').to.be.within(1, 149);
    expect('file' in (await take())).to.equal(true);
  });
});
