import { once } from 'node:events';
import { createReadStream, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type GatewayLog, openLog } from '../src/log.ts';
import { Scrubber } from '../src/scrub.ts';

describe('the log', () => {
  let folder: string;
  let file: string;
  let log: GatewayLog;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-log-'));
    file = join(folder, 'log');
    const scrubber = new Scrubber();
    scrubber.learn(['the-secret-key']);
    log = openLog(scrubber, 'info', openSync(file, 'w'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What was written, line by line. */
  async function lines(): Promise<Record<string, unknown>[]> {
    await log.flush();
    const text = await readFile(file, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  it('writes one JSON object a line, with time, level, message and facts', async () => {
    log.child({ plugin: 'x' }).warn('it is late', { ms: 5, ok: false, none: null });
    const [line] = await lines();
    expect(line).to.include({ level: 'warn', msg: 'it is late', plugin: 'x', ms: 5, ok: false, none: null });
    expect(Date.parse(line!.time as string)).to.be.closeTo(Date.now(), 5000);
  });

  it('stays one line whatever a stranger calls his model', async () => {
    const name = 'a\r\nb\u2028c\u001b[31m"quoted"\u0000';
    log.info(`asked for ${name}`, { model: name });
    const all = await lines();
    expect(all).to.have.length(1);
    const text = await readFile(file, 'utf8');
    expect(text.match(/\n/g)).to.have.length(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(text.trimEnd()).to.not.match(/[\u0000-\u001f]/);
  });

  it('takes secrets out of messages, facts and errors', async () => {
    log.error('used the-secret-key', { header: 'Bearer abcdefgh12345', error: new Error('at the-secret-key') });
    log.error('deep', { facts: { inner: ['the-secret-key'] } });
    const text = JSON.stringify(await lines());
    expect(text).to.not.contain('the-secret-key').and.to.not.contain('abcdefgh12345');
  });

  it('shows the frames of an error, without those of Node', async () => {
    log.error('it failed', { error: new TypeError('no such thing') });
    const [line] = await lines();
    expect(line!.error).to.contain('TypeError: no such thing').and.to.contain('log.test.ts');
    expect(line!.error).to.not.contain('node:internal');
  });

  it('cuts what is long, so that a line stays below 16 KiB', async () => {
    const facts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, 'x'.repeat(5000)]));
    log.info('y'.repeat(100_000), facts);
    await lines();
    expect((await readFile(file)).length).to.be.below(20 * 1024);
  });

  it('takes what is no JSON', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.info('odd', { circle, big: 10n, fn: () => 1, undef: undefined });
    expect(await lines()).to.have.length(1);
  });

  it('writes what the level lets through, and changes it while it runs', async () => {
    log.debug('no');
    log.setLevel('debug');
    log.debug('yes');
    log.setLevel('silent');
    log.error('no');
    expect((await lines()).map(({ msg }) => msg)).to.eql(['yes']);
  });

  it('can be read while it is written', async () => {
    log.info('now');
    await log.flush();
    const [chunk] = (await once(createReadStream(file, 'utf8'), 'data')) as [string];
    expect(chunk).to.contain('"msg":"now"');
  });
});
