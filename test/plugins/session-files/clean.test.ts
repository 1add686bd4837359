import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { clean } from '../../../plugins/session-files/clean.ts';

const RULES = { keep: 5, spare: 15 * 60_000 };
const HOUR = 3600;

describe('plugins/session-files/clean', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-clean-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (name: string, secondsAgo: number, text = 'x'): Promise<void> => {
    await writeFile(join(folder, name), text);
    const at = Date.now() / 1000 - secondsAgo;
    await utimes(join(folder, name), at, at);
  };
  const index = (ids: readonly string[]): Promise<void> =>
    writeFile(
      join(folder, 'sessions.json'),
      JSON.stringify(Object.fromEntries(ids.map((id) => [`k-${id}`, { sessionId: id }]))),
    );
  const names = async (): Promise<string[]> => (await readdir(folder)).sort();
  const indexed = async (): Promise<string[]> =>
    Object.keys(JSON.parse(await readFile(join(folder, 'sessions.json'), 'utf8')) as object);

  it('deletes sessions that the index does not know, and spares those that were just written', async () => {
    await index(['known']);
    await put('known.jsonl', 9 * HOUR);
    await put('stranger.jsonl', HOUR);
    await put('young.jsonl', 600);
    await put('notes.txt', 9 * HOUR);
    expect(await clean(folder, RULES)).to.eql({ leftovers: 0, unknown: 1, surplus: 0 });
    expect(await names()).to.eql(['known.jsonl', 'notes.txt', 'sessions.json', 'young.jsonl']);
  });

  it('keeps the newest sessions and takes the others out of the index, too', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => `s${n}`);
    await index(ids);
    for (const [n, id] of ids.entries()) await put(`${id}.jsonl`, (n + 1) * HOUR);
    expect(await clean(folder, RULES)).to.eql({ leftovers: 0, unknown: 0, surplus: 3 });
    expect(await names()).to.eql([
      ...ids.slice(0, 5).map((id) => `${id}.jsonl`),
      'sessions.json',
      'sessions.json.bak-token-spy',
    ]);
    expect(await indexed()).to.eql(ids.slice(0, 5).map((id) => `k-${id}`));
    expect(await clean(folder, RULES)).to.eql({ leftovers: 0, unknown: 0, surplus: 0 });
  });

  it('spares surplus sessions that were just written', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => `s${n}`);
    await index(ids);
    for (const id of ids) await put(`${id}.jsonl`, 60);
    expect(await clean(folder, RULES)).to.eql({ leftovers: 0, unknown: 0, surplus: 0 });
  });

  it('deletes what agents put away more than an hour ago, and what a crash has left of ours', async () => {
    await index(['known']);
    for (const [name, age] of [
      ['a.jsonl.deleted.2026-01-01', 2],
      ['b.bak', 2],
      ['b.bak-manager', 2],
      ['sessions.json.1-ab.token-spy.tmp', 2],
      ['sessions.json.bak-token-spy', 2],
      ['c.jsonl.deleted.x', 0.5],
      ['d.bak', 0.5],
    ] as const) {
      await put(name, age * HOUR);
    }
    expect(await clean(folder, RULES)).to.eql({ leftovers: 4, unknown: 0, surplus: 0 });
    expect(await names()).to.eql(['c.jsonl.deleted.x', 'd.bak', 'sessions.json', 'sessions.json.bak-token-spy']);
  });

  it('spares files that an entry names, and those of its threads', async () => {
    await writeFile(
      join(folder, 'sessions.json'),
      JSON.stringify({ a: { sessionId: 's1', sessionFile: '/x/elsewhere.jsonl' } }),
    );
    for (const name of ['elsewhere.jsonl', 's1-topic-7.jsonl', 's10.jsonl']) await put(name, HOUR);
    expect(await clean(folder, RULES)).to.eql({ leftovers: 0, unknown: 1, surplus: 0 });
    expect(await names()).to.eql(['elsewhere.jsonl', 's1-topic-7.jsonl', 'sessions.json']);
  });

  const useless: [what: string, text: string | null, reason: string][] = [
    ['is half', '{"a":{"sessionId":"x"}', 'sessions.json is not understood: it is no JSON object; nothing was deleted'],
    ['is odd', '{"a":{"name":"x"}}', 'sessions.json is not understood: an entry has no sessionId; nothing was deleted'],
    ['names nobody', '{"version":1}', 'sessions.json names no session; nothing was deleted'],
    ['is missing', null, 'there is no sessions.json; nothing was deleted'],
  ];
  for (const [what, text, reason] of useless) {
    it(`deletes nothing at all where the index ${what}`, async () => {
      if (text !== null) await writeFile(join(folder, 'sessions.json'), text);
      for (const name of ['x.jsonl', 'y.jsonl', 'z.jsonl.deleted.1', 'z.bak']) await put(name, 9 * HOUR);
      const before = await names();
      expect(await clean(folder, RULES)).to.eql({ reason });
      expect(await names()).to.eql(before);
    });
  }

  it('leaves links alone, and what they lead to', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'token-spy-outside-'));
    try {
      await index(['known']);
      await writeFile(join(outside, 'x.bak'), 'x');
      for (const name of ['x.bak', 'x.jsonl', 'x.deleted.1']) await symlink(join(outside, 'x.bak'), join(folder, name));
      expect(await clean(folder, { keep: 1, spare: 0 })).to.eql({ leftovers: 0, unknown: 0, surplus: 0 });
      expect([await names(), await readdir(outside)]).to.eql([
        ['sessions.json', 'x.bak', 'x.deleted.1', 'x.jsonl'],
        ['x.bak'],
      ]);
    } finally {
      await rm(outside, { recursive: true });
    }
  });
});
