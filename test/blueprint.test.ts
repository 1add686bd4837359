import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { Drafting, fingerprintOf, staleIn } from '../src/blueprint.ts';
import { root } from './support/gateway.ts';

const PLUGIN = `export default { summary: 'x', setup: () => undefined };`;

describe('a blueprint', () => {
  let folder: string;
  let drafting: Drafting;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-blueprint-'));
    await mkdir(join(folder, 'plugins'));
    drafting = new Drafting({
      file: join(folder, 'gateway.yaml'),
      folder,
      root,
      env: { KEY: 'sk-of-the-environment' },
    });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const draw = async (yaml: string) => {
    await writeFile(join(folder, 'gateway.yaml'), yaml);
    return drafting.draw();
  };

  it('puts together what is shipped and what lies beside gateway.yaml', async () => {
    await mkdir(join(folder, 'providers'));
    await writeFile(join(folder, 'providers', 'mine.yaml'), 'base_url: http://127.0.0.1:1\nmodels: [m]\n');
    await writeFile(join(folder, 'plugins', 'hello.js'), PLUGIN);
    const { providers, plugins, order, adapters, secrets } = await draw(
      'providers: { openai: { api_key: "$' + '{KEY}" } }\nplugins: [hello, history]\n',
    );
    expect([...providers.keys()]).to.include.members(['openai', 'anthropic', 'mine']);
    expect(providers.get('openai')?.keys).to.eql([{ name: '1', value: 'sk-of-the-environment' }]);
    expect([...plugins.keys()]).to.include.members([
      'hello',
      'history',
      'identity',
      'usage',
      'include-usage',
      'roles',
      'simulator',
    ]);
    expect([...adapters.keys()]).to.include.members(['openai_chat', 'openai_responses', 'anthropic_messages']);
    expect(order.map(({ name }) => name)).to.eql(['hello', 'history']);
    expect(secrets).to.include('sk-of-the-environment');
  });

  it('is the same one when only words to people change', async () => {
    const one = await draw('plugins: [history]\n');
    const two = await draw('# Hello.\nplugins:\n  - history\n');
    expect(fingerprintOf(two)).to.equal(fingerprintOf(one));
    expect(two.version).to.equal(one.version);
    const three = await draw('plugins: []\n');
    expect(fingerprintOf(three)).to.not.equal(fingerprintOf(one));
    expect(three.version)
      .to.match(/^[0-9a-f]{12}$/)
      .and.not.equal(one.version);
  });

  it('is another one when code, a catalogue file or a price file has changed', async () => {
    const prints = new Set<string>();
    const yaml = 'plugins: [hello]\npricing: { files: [p.yaml] }\n';
    await mkdir(join(folder, 'providers'));
    const files: [string, string][] = [
      ['p.yaml', 'm: { input: 1 }\n'],
      ['plugins/hello.js', PLUGIN],
      ['p.yaml', 'm: { input: 2 }\n'],
      ['plugins/hello.js', `${PLUGIN}//`],
      ['providers/mine.yaml', 'base_url: http://127.0.0.1:1\n'],
      ['providers/mine.yaml', 'base_url: http://127.0.0.1:2\n'],
    ];
    for (const [i, [name, text]] of files.entries()) {
      await writeFile(join(folder, name), text);
      if (i > 0) prints.add(fingerprintOf(await draw(yaml)));
    }
    expect(prints.size).to.equal(5);
  });

  it('watches what it is made of, also files elsewhere', async () => {
    await writeFile(join(folder, 'shared.js'), 'export const n = 1;');
    await writeFile(join(folder, 'plugins', 'hello.js'), `import '../shared.js';\n${PLUGIN}`);
    await writeFile(join(folder, 'p.yaml'), 'm: { input: 1 }\n');
    await draw('pricing: { files: [p.yaml] }\n');
    const { files, folders } = drafting.watched;
    expect(files).to.have.members([join(folder, 'gateway.yaml'), join(folder, 'shared.js'), join(folder, 'p.yaml')]);
    expect(folders).to.include.members([join(root, 'plugins'), join(folder, 'plugins'), join(folder, 'providers')]);
  });

  it('names what runs although its file is broken, and only that', async () => {
    await writeFile(join(folder, 'plugins', 'hello.js'), PLUGIN);
    await writeFile(join(folder, 'plugins', 'other.js'), PLUGIN);
    expect(staleIn(await draw('plugins: [hello]\n'))).to.equal(null);
    await writeFile(join(folder, 'plugins', 'other.js'), '{{{');
    expect(staleIn(await draw('plugins: [hello]\n'))).to.equal(null);
    await writeFile(join(folder, 'plugins', 'hello.js'), '{{{');
    expect(staleIn(await draw('plugins: [hello]\n'))?.lines).to.have.length(1);
  });

  it('is refused in words about the file', async () => {
    const failure = (yaml: string) => draw(yaml).catch((error: Error) => error.message);
    expect(await failure('plugins: [hello]\n')).to.contain(
      'gateway.yaml:1:11 plugins[0].plugin "hello" is not in plugins/',
    );
    await rm(join(folder, 'gateway.yaml'));
    expect(await drafting.draw().catch((error: Error) => error.message)).to.equal('gateway.yaml: is not there');
  });

  it('comes of the shipped gateway.yaml in a folder of its own', async () => {
    await cp(join(root, 'gateway.yaml'), join(folder, 'gateway.yaml'));
    const { order, broken, notes } = await drafting.draw();
    expect(order.map(({ name }) => name)).to.include.members([
      'history',
      'identity',
      'include-usage',
      'usage',
      'simulator',
    ]);
    expect(broken).to.eql([]);
    expect(notes).to.eql([]);
  });

  it('has a schema for editors that knows every plugin and adapter, the dropped-in ones too', async () => {
    await writeFile(
      join(folder, 'plugins', 'hello.js'),
      `export default { summary: 'x', options: { colour: { type: 'string', description: 'Of it.' } }, setup: () => undefined };`,
    );
    const text = JSON.stringify(await drafting.schema());
    for (const word of ['"hello"', '"colour"', '"include-usage"', '"pace"', '"anthropic_messages"']) {
      expect(text).to.contain(word);
    }
  });
});
