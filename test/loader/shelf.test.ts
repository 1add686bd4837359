import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stopCompiler } from '../../src/loader/import.ts';
import { Shelf } from '../../src/loader/shelf.ts';

const isNumber = (value: unknown, name: string): number => {
  if (typeof value !== 'number') throw new Error(`${name} is no number`);
  return value;
};

describe('a shelf', () => {
  let folder: string;
  let shelf: Shelf<number>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-shelf-'));
    for (const name of ['ours', 'theirs']) await mkdir(join(folder, name));
    shelf = new Shelf([join(folder, 'ours'), join(folder, 'theirs'), join(folder, 'absent')], isNumber);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  after(stopCompiler);

  const put = (file: string, text: string) => writeFile(join(folder, file), text);
  async function values(): Promise<Record<string, number>> {
    const { loaded } = await shelf.load();
    return Object.fromEntries([...loaded].map(([name, { value }]) => [name, value]));
  }

  it('holds files under their names, and leaves parts, types and others aside', async () => {
    for (const name of ['one.js', 'two-three.ts', '_part.js', '.hidden.js', 'notes.md', 'data.json', 'three.js~']) {
      await put(`ours/${name}`, 'export default 1;');
    }
    expect(await values()).to.eql({ one: 1, 'two-three': 1 });
  });

  it("puts the user's own before ours, and ours back when theirs is taken away", async () => {
    await put('ours/a.js', 'export default 1;');
    await put('theirs/a.ts', 'export default 2;');
    expect(await values()).to.eql({ a: 2 });
    await rm(join(folder, 'theirs/a.ts'));
    expect(await values()).to.eql({ a: 1 });
  });

  it('keeps the last good module of a file that breaks, and says since when', async () => {
    await put('ours/a.js', 'export default 1;');
    await values();
    await put('ours/a.js', 'export default {{{');
    const first = await shelf.load();
    expect(first.loaded.get('a')?.value).to.equal(1);
    expect(first.broken).to.have.length(1);
    expect(first.broken[0]).to.include({ name: 'a' });
    expect(first.broken[0]!.error).to.match(/^a\.js:1:\d+ /);
    expect((await shelf.load()).broken[0]!.since).to.equal(first.broken[0]!.since);
    await put('ours/a.js', 'export default 3;');
    const mended = await shelf.load();
    expect(mended.broken).to.eql([]);
    expect(mended.loaded.get('a')?.value).to.equal(3);
  });

  it('tells of a file that was never good, and forgets it when it is gone', async () => {
    await put('ours/a.js', `throw new Error('no luck')`);
    const { loaded, broken } = await shelf.load();
    expect(loaded.size).to.equal(0);
    expect(broken.map(({ error }) => error)).to.eql(['no luck']);
    await rm(join(folder, 'ours/a.js'));
    expect((await shelf.load()).broken).to.eql([]);
  });

  it('takes what the check refuses for broken', async () => {
    await put('ours/a.js', `export default 'x';`);
    expect((await shelf.load()).broken.map(({ error }) => error)).to.eql(['a is no number']);
  });

  it('does not let one broken file keep others from being loaded', async () => {
    await put('ours/a.js', '{{{');
    await put('ours/b.js', 'export default 2;');
    expect(await values()).to.eql({ b: 2 });
  });
});
