import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { currentHash, importFile, stopCompiler } from '../../src/loader/import.ts';
import { definePlugin } from '../../src/plugin.ts';

describe('importing a dropped-in file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-import-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  after(stopCompiler);

  async function load(name: string, text: string) {
    await writeFile(join(folder, name), text);
    return importFile(join(folder, name));
  }

  const forms: [string, string][] = [
    ['a.js', 'export default 7;'],
    ['a.mjs', 'export default 7;'],
    ['a.cjs', 'module.exports = 7;'],
    ['a.js', 'module.exports = 7;'],
    ['a.ts', 'const n: number = 7; export default n;'],
    ['a.mts', 'export default 7 as const;'],
    ['a.ts', 'enum E { Seven = 7 } export default E.Seven;'],
    ['a.ts', "import { basename } from 'node:path'; export default Number(basename('/7'));"],
    ['a.js', 'export default await Promise.resolve(7);'],
  ];
  for (const [name, text] of forms) {
    it(`gives the default export of ${name}: ${text}`, async () => {
      expect((await load(name, text)).value).to.equal(7);
    });
  }

  it("leads to the running gateway's own module, by whichever name", async () => {
    for (const door of ['token-spy/plugin', '../src/plugin.ts', '../../src/plugin.js']) {
      const { value } = await load('a.ts', `import { definePlugin } from '${door}'; export default definePlugin;`);
      expect(value, door).to.equal(definePlugin);
    }
  });

  it('is a new module when its content changes, and the same one when only its time does', async () => {
    const text = 'globalThis.loads = (globalThis.loads ?? 0) + 1; export default {};';
    const first = await load('a.js', text);
    const again = await load('a.js', text);
    expect(again.value).to.equal(first.value);
    expect(again.hash).to.equal(first.hash);
    const other = await load('a.js', `${text} //`);
    expect(other.value).to.not.equal(first.value);
    expect(other.hash).to.not.equal(first.hash);
    expect((globalThis as { loads?: number }).loads).to.equal(2);
    const outputs = (await readdir(join(folder, '.cache'))).filter((name) => name.endsWith('.mjs'));
    expect(outputs).to.have.length(1);
  });

  it('watches the files that it imports by path', async () => {
    await writeFile(join(folder, '_part.js'), 'export const n = 1;');
    const imported = await load('a.js', "export { n as default } from './_part.js';");
    expect(imported.inputs).to.have.members([join(folder, 'a.js'), join(folder, '_part.js')]);
    expect(await currentHash(imported)).to.equal(imported.hash);
    await writeFile(join(folder, '_part.js'), 'export const n = 2;');
    expect(await currentHash(imported)).to.not.equal(imported.hash);
    expect((await importFile(join(folder, 'a.js'))).value).to.equal(2);
    await rm(join(folder, '_part.js'));
    expect(await currentHash(imported)).to.equal(null);
  });

  it('keeps two files apart whose names begin alike', async () => {
    await load('a.js', 'export default 1;');
    await load('a-b.js', 'export default 2;');
    await load('a.js', 'export default 3;');
    expect((await importFile(join(folder, 'a-b.js'))).value).to.equal(2);
  });

  it('does not take a broken cache for true', async () => {
    await load('a.js', 'export default 1;');
    for (const name of await readdir(join(folder, '.cache'))) await writeFile(join(folder, '.cache', name), '{');
    expect((await load('a.js', 'export default 2;')).value).to.equal(2);
  });

  it('says file, line and column of a syntax error', async () => {
    const error = (await load('a.js', '\nexport default {{{').catch((reason: unknown) => reason)) as {
      errors: { location: { line: number } }[];
    };
    expect(error.errors[0]!.location.line).to.equal(2);
  });

  it('works where the folder cannot be written to', async function () {
    // Root may write everywhere, so it is somebody else who tries.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const reads = spawnSync(process.execPath, [fileURLToPath(import.meta.resolve('tsx/cli')), '--version'], nobody);
    if (reads.status !== 0) this.skip(); // a checkout below a home of mode 0700 is out of his reach
    await writeFile(join(folder, 'a.js'), "import { join } from 'node:path'; export default join('a', 'b');");
    await chmod(folder, 0o555);
    const loader = new URL('../../src/loader/import.ts', import.meta.url).href;
    const program = `const { importFile, stopCompiler } = await import('${loader}');
      console.log((await importFile('${join(folder, 'a.js')}')).value);
      await stopCompiler();`;
    const words = ['--import', import.meta.resolve('tsx/esm'), '--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, words, { ...nobody, cwd: tmpdir() });
    expect(stdout).to.equal('a/b\n');
    expect(await readdir(folder)).to.eql(['a.js']);
    await chmod(folder, 0o755);
  });

  it('needs nothing of a package.json around it', async () => {
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
    expect((await load('deep/a.js', 'export default import.meta.url.length > 0;')).value).to.equal(true);
  });
});
