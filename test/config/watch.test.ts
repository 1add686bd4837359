import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Watch, watch } from '../../src/config/watch.ts';

describe('watching', () => {
  let folder: string;
  let file: string;
  let watching: Watch;
  let bursts = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watch-'));
    file = join(folder, 'gateway.yaml');
    await writeFile(file, 'log: { level: info }\n');
    await mkdir(join(folder, 'plugins'));
  });

  afterEach(async () => {
    await watching.close();
    await rm(folder, { recursive: true });
  });

  it('tells of a save, once for a burst', async () => {
    await start();
    for (let i = 0; i < 5; i++) await writeFile(file, `log: { level: warn } # ${i}\n`);
    await told();
    await quiet();
    expect(bursts).to.equal(1);
  });

  it('tells of a file that was written aside and renamed', async () => {
    await start();
    for (const level of ['warn', 'error']) {
      await writeFile(join(folder, 'gateway.yaml.tmp'), `log: { level: ${level} }\n`);
      await rename(join(folder, 'gateway.yaml.tmp'), file);
      await told();
    }
  });

  it('tells of a file that goes and comes back', async () => {
    await start();
    await unlink(file);
    await told();
    await writeFile(file, 'log: { level: warn }\n');
    await told();
  });

  it('tells of a link that is swapped, as Kubernetes does it', async () => {
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, 'gateway.yaml'), `log: { level: info } # ${version}\n`);
    }
    await unlink(file);
    await symlink('..1', join(folder, '..data'));
    await symlink(join('..data', 'gateway.yaml'), file);
    await start();
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await told();
  });

  it('tells of a plugin that is dropped, saved and taken away', async () => {
    await start();
    const plugin = join(folder, 'plugins', 'hello.ts');
    await writeFile(plugin, 'export default {};\n');
    await told();
    await writeFile(plugin, 'export default { summary: "Hello." };\n');
    await told();
    await unlink(plugin);
    await told();
  });

  it('tells of a folder that comes later', async () => {
    await rm(join(folder, 'plugins'), { recursive: true });
    await start();
    await mkdir(join(folder, 'plugins'));
    await writeFile(join(folder, 'plugins', 'hello.ts'), 'export default {};\n');
    await told();
  });

  it('does not care for its neighbours', async () => {
    await start();
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'token-spy.db'), 'rows');
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, 'plugins', '.hello.ts.swp'), 'x');
    await quiet();
    expect(bursts).to.equal(0);
  });

  it('is silent once closed', async () => {
    await start();
    await writeFile(file, 'log: { level: warn }\n');
    await watching.close();
    await quiet();
    expect(bursts).to.equal(0);
  });

  async function start(): Promise<void> {
    bursts = 0;
    watching = watch({ files: [file], folders: [join(folder, 'plugins')], changed: () => (bursts += 1) });
    await watching.ready;
  }

  /** Waits for the next burst. */
  async function told(): Promise<void> {
    for (const before = bursts; bursts === before; ) await pause(10);
    await pause(100);
  }

  /** Longer than a burst and a look at the files take together. */
  async function quiet(): Promise<void> {
    await pause(1300);
  }
});

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
