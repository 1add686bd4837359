import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { Drafting } from '../src/blueprint.ts';
import { Generation, type GenerationParts } from '../src/generation.ts';
import { Resources } from '../src/resources.ts';
import { HealthBook } from '../src/routing/health-book.ts';
import { root } from './support/gateway.ts';

describe('a generation', () => {
  let folder: string;
  let drafting: Drafting;
  let resources: Resources;
  let told: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-generation-'));
    await mkdir(join(folder, 'plugins'));
    const life = (name: string, more = '') =>
      `export default { summary: 'x', options: { n: { type: 'integer', default: 0, description: 'N.' } },
        setup({ publish }) { ${more}; publish('open', '${name}'); return { close() { publish('close', '${name}'); } }; } };`;
    await writeFile(join(folder, 'plugins', 'a.js'), life('a'));
    await writeFile(join(folder, 'plugins', 'b.js'), life('b'));
    await writeFile(join(folder, 'plugins', 'bad.js'), life('bad', `throw new Error('no luck')`));
    drafting = new Drafting({ file: join(folder, 'gateway.yaml'), folder, root, env: {} });
    resources = new Resources();
    told = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function build(yaml: string): Promise<Generation> {
    await writeFile(join(folder, 'gateway.yaml'), yaml);
    return Generation.build({
      blueprint: await drafting.draw(),
      resources,
      generatedKey: null,
      storeKey: 'store',
      health: new HealthBook(),
      lend: (_plugin, options) => ({
        lent: { options, publish: (event: string, name: string) => told.push(`${event} ${name}`) } as never,
        close: () => {},
      }),
      failed: (stage) => told.push(`failed ${stage}`),
      finished: () => {},
      scrub: (text) => text,
    } satisfies GenerationParts);
  }

  it('shares with the one before what has not changed, and closes what only that one had', async () => {
    const one = await build('plugins: [a, b]\n');
    const two = await build('plugins: [a, { plugin: b, n: 1 }]\n');
    expect(two.instances.get('a')).to.equal(one.instances.get('a'));
    expect(two.instances.get('b')).to.not.equal(one.instances.get('b'));
    await one.retire();
    expect(told).to.eql(['open a', 'open b', 'open b', 'close b']);
    await two.retire();
    expect(told.slice(4).sort()).to.eql(['close a', 'close b']);
  });

  it('keeps the connections to a provider that has not moved', async () => {
    const yaml = (port: number) =>
      `providers: { x: { base_url: "http://127.0.0.1:1" }, y: { base_url: "http://127.0.0.1:${port}" } }\n`;
    const [one, two] = [await build(yaml(2)), await build(yaml(3))];
    const pools = (generation: Generation) => ['x', 'y'].map((name) => generation.pool(generation.provider(name)!));
    const [before, after] = [pools(one), pools(two)];
    expect(after[0]).to.equal(before[0]);
    expect(after[1]).to.not.equal(before[1]);
    await one.retire();
    expect(before.map((pool) => pool.destroyed)).to.eql([false, true]);
    await two.retire();
    expect(after.every((pool) => pool.destroyed)).to.equal(true);
  });

  it('lets go only when its last exchange is out', async () => {
    const generation = await build('plugins: [a]\n');
    generation.enter();
    generation.enter();
    const retired = generation.retire().then(() => told.push('retired'));
    generation.leave();
    await new Promise((done) => setImmediate(done));
    expect(told).to.eql(['open a']);
    generation.leave();
    await retired;
    expect(told).to.eql(['open a', 'close a', 'retired']);
  });

  it('leaves nothing open when a plugin fails to set up, and names it', async () => {
    const failure = await build('plugins: [a, { plugin: bad, as: second }, b]\n').catch(
      (error: Error) => error.message,
    );
    expect(failure).to.equal('plugin second: no luck');
    expect(told).to.eql(['open a', 'close a']);
  });

  it('sets nothing up that is switched off', async () => {
    await (await build('plugins: [{ plugin: bad, enabled: false }, a]\n')).retire();
    expect(told).to.eql(['open a', 'close a']);
  });

  it('is full beyond limits.concurrent, and never without it', async () => {
    const limited = await build('limits: { concurrent: 2 }\n');
    const open = await build('log: { level: info }\n');
    const counted = (generation: Generation) =>
      [1, 2, 3].map(() => {
        generation.enter();
        return generation.full;
      });
    expect(counted(limited)).to.eql([false, false, true]);
    expect(counted(open)).to.eql([false, false, false]);
    limited.leave();
    expect(limited.full).to.equal(false);
  });

  it('gives the turn of an exchange away when its answer is out, and waits for its listeners all the same', async () => {
    const generation = await build('limits: { concurrent: 1 }\nplugins: [a]\n');
    generation.enter();
    let ends = (): void => {};
    const listeners = new Promise<void>((done) => {
      ends = done;
    });
    const settled = generation.settle(listeners).then(() => generation.leave());
    generation.enter();
    expect([generation.full, generation.inFlight]).to.eql([false, 2]);
    generation.leave();
    const retired = generation.retire().then(() => told.push('retired'));
    await new Promise((done) => setImmediate(done));
    expect(told).to.eql(['open a']);
    ends();
    await Promise.all([settled, retired]);
    expect(told).to.eql(['open a', 'close a', 'retired']);
    expect(generation.full).to.equal(false);
  });
});
