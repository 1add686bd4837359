import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { lockFolder } from '../../src/store/lock.ts';
import { startChild } from './children.ts';
import { newFolder } from './places.ts';

describe('a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('belongs to one process; the second refuses and names the first', async () => {
    const first = await startChild(['open', `sqlite:${folder}/a.db`, folder]);
    const second = await startChild(['open', `sqlite:${folder}/b.db`, folder]);
    expect(first.lines()).to.deep.equal(['open']);
    expect(second.lines()[0]).to.match(new RegExp(`^refused folder_in_use: .*process ${first.process.pid}`));
    await first.kill();
  });

  it('is free again at once after kill -9', async () => {
    const first = await startChild(['open', `sqlite:${folder}/a.db`, folder]);
    await first.kill();
    const lock = await lockFolder(folder);
    await lock.release();
  });

  it('belongs to one store within a process too', async () => {
    const lock = await lockFolder(folder);
    const failure = await lockFolder(folder).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'folder_in_use');
    await lock.release();
    await (await lockFolder(folder)).release();
  });

  it('that cannot be made is refused by name', async () => {
    const failure = await lockFolder('/dev/null/data').catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'folder_unusable');
  });
});
