import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { generatedKey } from '../src/generated-key.ts';

describe("the gateway's own key", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-key-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, in a file that only its owner reads, in a folder that need not be there', async () => {
    const data = join(folder, 'deep', 'data');
    const first = await generatedKey(data);
    expect(first.isNew).to.equal(true);
    expect(first.key).to.match(/^tspy_[\w-]{43}$/);
    expect((await stat(first.file)).mode & 0o777).to.equal(0o600);
    expect(await generatedKey(data)).to.eql({ ...first, isNew: false });
  });

  it('is one key, however many start at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => generatedKey(folder)));
    expect(new Set(made.map(({ key }) => key)).size).to.equal(1);
  });

  it('gets its mode back when somebody has widened it', async () => {
    const { file } = await generatedKey(folder);
    await chmod(file, 0o644);
    await generatedKey(folder);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('is never a short or an empty one', async () => {
    await writeFile(join(folder, 'gateway-key'), '\n');
    const error = await generatedKey(folder).catch((reason: Error) => reason);
    expect(error).to.be.instanceOf(Error).and.have.property('message').that.contains('holds no key');
    expect(await readFile(join(folder, 'gateway-key'), 'utf8')).to.equal('\n');
  });
});
