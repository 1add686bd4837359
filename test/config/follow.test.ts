import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { Follow } from '../../src/config/follow.ts';
import { until } from '../support/until.ts';

describe('what a configuration is made of', () => {
  it('is watched, and what it is not made of any more is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-spy-test-'));
    const [old, next] = [join(folder, 'old', 'gateway.yaml'), join(folder, 'next', 'gateway.yaml')];
    let changes = 0;
    const follow = new Follow(() => {
      changes++;
    });
    try {
      for (const [file, name] of [
        [old, 'old'],
        [next, 'next'],
      ] as const) {
        await mkdir(join(folder, name));
        await writeFile(file, 'a: 1');
      }
      follow.follow({ files: [old], folders: [] });
      await follow.ready;
      await writeFile(old, 'a: 2222');
      await until('the first change is seen', () => changes === 1);
      follow.follow({ files: [next], folders: [] });
      await follow.ready;
      await writeFile(old, 'a: 33333');
      await writeFile(next, 'a: 2222');
      await until('the second change is seen', () => changes === 2);
      await new Promise((done) => setTimeout(done, 200));
      expect(changes).to.equal(2);
    } finally {
      await follow.close();
      await rm(folder, { recursive: true });
    }
  });
});
