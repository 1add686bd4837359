/** Files that somebody drops into plugins/ beside gateway.yaml. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';

import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const PROMPT = 2500;
const says = (word: string): string => `onRequest: (exchange) => exchange.answer('${word}')`;
const plugin = (instance: string, before = ''): string =>
  `${before}\nexport default { summary: 'Says hello.', setup: () => ({ ${instance} }) };\n`;

describe('a file dropped into plugins/', () => {
  let upstream: Upstream;
  let running: TestGateway;
  let plain: string;

  beforeEach(async () => {
    upstream = await startUpstream();
    plain = `providers: { openai: { base_url: "${upstream.url}" } }\nplugins: [history]\n`;
    running = await startGateway(plain);
    await mkdir(join(running.folder, 'plugins'));
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  const drop = (name: string, text: string) => writeFile(join(running.folder, 'plugins', name), text);
  const list = (...entries: string[]) => running.save(plain.replace('history', ['history', ...entries].join(', ')));
  const ask = () => send({ url: `${running.url}/v1/models` });
  const answers = (text: string) => until(`it answers ${text}`, async () => (await ask()).text === text, PROMPT);
  const api = async () => JSON.parse((await send({ url: `${running.url}/api/v1/config` })).text);
  const health = async () => JSON.parse((await send({ url: `${running.url}/health` })).text);

  const forms: [string, string, string][] = [
    ['hello.js as a module', 'hello.js', plugin(says('module'))],
    [
      'hello.js in the way of CommonJS',
      'hello.js',
      `module.exports = { summary: 'x.', setup: () => ({ ${says('cjs')} }) };`,
    ],
    ['hello.mjs', 'hello.mjs', plugin(says('mjs'))],
    ['hello.cjs', 'hello.cjs', `module.exports = { summary: 'x.', setup: () => ({ ${says('cjs')} }) };`],
    [
      'hello.ts with types and the door imported',
      'hello.ts',
      `import { definePlugin, type Exchange } from 'token-spy/plugin';
       enum Word { Hello = 'typed' }
       export default definePlugin({
         summary: 'Says hello.',
         options: { word: { type: 'string', default: 'typed', description: 'What it says.' } },
         setup: ({ options }) => ({ onRequest: (exchange: Exchange) => exchange.answer(options.word as Word) }),
       });`,
    ],
  ];
  for (const [how, file, text] of forms) {
    it(`works when it is listed: ${how}`, async () => {
      await drop(file, text);
      await list('hello');
      await answers(/'(module|cjs|mjs|typed)'/.exec(text)![1]!);
    });
  }

  it('does nothing before it is listed, and is shown with the lines that would switch it on', async () => {
    await drop('hello.js', plugin(says('hello')));
    await until(
      'it is known',
      async () => (await api()).unlisted.some(({ name }: { name: string }) => name === 'hello'),
      PROMPT,
    );
    const { unlisted } = await api();
    expect(unlisted).to.deep.include({ name: 'hello', summary: 'Says hello.', yaml: 'plugins:\n  - hello' });
    expect((await ask()).text).to.equal('{}');
  });

  it('may come after the line that lists it', async () => {
    await list('hello');
    await until('the line is refused', () => running.gateway.refusal, PROMPT);
    expect(running.gateway.refusal!.lines.join()).to.contain('"hello" is not in plugins/');
    await drop('hello.js', plugin(says('late')));
    await answers('late');
    expect(running.gateway.refusal).to.equal(null);
  });

  it('is loaded anew when it is saved, and when a file that it imports is', async () => {
    await drop('_words.js', `export const word = 'one';`);
    await drop(
      'hello.js',
      `import { word } from './_words.js';\n${plugin('onRequest: (exchange) => exchange.answer(word)')}`,
    );
    await list('hello');
    await answers('one');
    await drop('_words.js', `export const word = 'two';`);
    await answers('two');
    await drop('hello.js', plugin(says('three')));
    await answers('three');
    await rm(join(running.folder, 'plugins', 'hello.js'));
    await until('its absence is told', () => running.gateway.refusal, PROMPT);
    expect((await ask()).text).to.equal('three');
  });

  const breaks: [string, string, RegExp][] = [
    ['has a syntax error', 'export default {{{', /hello\.js:1:\d+ /],
    ['throws when it is imported', `throw new Error('no disk');\n${plugin('')}`, /no disk/],
    [
      'throws in setup',
      `export default { summary: 'x', setup() { throw new Error('no port'); } };`,
      /plugin hello: no port/,
    ],
    ['rejects in setup', `export default { summary: 'x', async setup() { throw 7; } };`, /plugin hello: 7/],
    ['exports no plugin', 'export default 5;', /hello does not export a plugin/],
    ['exports nothing', 'const x = 1;', /hello does not export a plugin/],
    ['has no summary', 'export default { setup() {} };', /has no summary/],
    [
      'has an option without a description',
      `export default { summary: 'x', options: { a: {} }, setup() {} };`,
      /option a .* no description/,
    ],
    ['imports what is not there', `import 'not-there-at-all';\n${plugin('')}`, /not-there-at-all/],
  ];
  for (const [how, text, complaint] of breaks) {
    it(`keeps its last good form when it ${how}, and says so until it is mended`, async () => {
      await drop('hello.js', plugin(says('good')));
      await list('hello');
      await answers('good');
      await drop('hello.js', text);
      await until('the fault is told', async () => !(await health()).config.ok, PROMPT);
      expect((await health()).config.error.lines.join('\n')).to.match(complaint);
      expect(
        running.lines.some(({ level, error, problems }) => level === 'error' && complaint.test(`${error} ${problems}`)),
      ).to.equal(true);
      expect((await ask()).text).to.equal('good');
      await drop('hello.js', plugin(says('better')));
      await answers('better');
      expect((await health()).config.ok).to.equal(true);
    });
  }

  it('keeps its instance, with all it remembers, while nothing about it changes', async () => {
    const counting = `let lives = 0;
      export default {
        summary: 'Counts.',
        options: { step: { type: 'integer', default: 1, description: 'By how much.' } },
        setup({ options }) {
          let n = 0;
          const life = ++lives;
          return { onRequest: (exchange) => exchange.answer(\`\${life}:\${(n += options.step)}\`) };
        },
      };`;
    await drop('count.js', counting);
    await list('count');
    await answers('1:1');
    const before = running.gateway.current;
    await list('{ plugin: identity, environment: x }', 'count');
    await until('the change is taken', () => running.gateway.current !== before, PROMPT);
    const { text } = await ask();
    expect(text)
      .to.match(/^1:\d+$/)
      .and.to.not.equal('1:1');
    await list('{ plugin: count, step: 10 }');
    await answers('2:10');
  });

  it('is closed once nobody runs it any more, its timers with it', async () => {
    await drop(
      'ticks.js',
      `export default { summary: 'Ticks.', setup({ every, log }) {
         let open = true;
         every(5, () => { if (!open) log.error('ticked after close'); else log.info('tick'); });
         return { close() { open = false; log.info('closed'); } };
       } };`,
    );
    await list('ticks');
    const told = (msg: string) => running.lines.filter((line) => line.msg === msg).length;
    await until('it ticks', () => told('tick') > 2, PROMPT);
    await running.save(plain);
    await until('it is closed', () => told('closed') === 1, PROMPT);
    const ticks = told('tick');
    await ask();
    await new Promise((done) => setTimeout(done, 30));
    expect(told('tick')).to.equal(ticks);
    expect(told('ticked after close')).to.equal(0);
  });

  describe('that throws', () => {
    const CHAT = { model: 'gpt-4o-mini', messages: [], stream: true };
    const events = sse([{ choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] }, '[DONE]']);
    const chat = () => send({ url: `${running.url}/v1/chat/completions`, body: CHAT });
    const places: [string, string][] = [
      ['onRequest', `onRequest() { throw new Error('oh no') }`],
      ['onRequest, later', `async onRequest() { await null; throw new Error('oh no') }`],
      ['onResponse', `onRequest(x) { x.onResponse(() => { throw new Error('oh no') }) }`],
      ['onResponse, later', `onRequest(x) { x.onResponse(async () => { await null; throw new Error('oh no') }) }`],
    ];

    beforeEach(() => upstream.always(stream(events)));

    for (const [place, instance] of places) {
      it(`refuses the exchange: in ${place}`, async () => {
        await drop('bad.js', plugin(instance));
        await list('bad');
        await until('it refuses', async () => (await chat()).status === 500, PROMPT);
        const answer = await chat();
        expect(JSON.parse(answer.text)).to.have.nested.property('error.code', 'plugin_failed');
        expect(answer.text).to.contain('bad').and.to.not.contain('oh no');
        const row = await running.row(String(answer.headers['x-token-spy-id']));
        expect(row).to.include({ outcome: 'refused', status: 500 });
        expect((await api()).pipeline.find(({ name }: { name: string }) => name === 'bad').failures).to.be.above(1);
      });

      it(`is stepped over where its entry says so: in ${place}`, async () => {
        await drop('bad.js', plugin(instance));
        await list('{ plugin: bad, on_error: skip }');
        await until('it is met', async () => (await chat()) && running.gateway.tally.failures.get('bad'), PROMPT);
        const answer = await chat();
        expect(answer.text).to.equal(events.join(''));
        expect((await running.row(String(answer.headers['x-token-spy-id']))).outcome).to.equal('ok');
      });
    }

    const late: [string, string][] = [
      ['onFinish', `onRequest(x) { x.onFinish(() => { throw new Error('oh no') }) }`],
      ['onFinish, later', `onRequest(x) { x.onFinish(async () => { await null; throw new Error('oh no') }) }`],
      ['a tap', `onRequest(x) { x.onResponse((r) => r.tap(() => { throw new Error('oh no') })) }`],
      ['a timer', ''],
    ];
    for (const [place, instance] of late) {
      it(`does no harm to the answer or the row: in ${place}`, async () => {
        const timer = `export default { summary: 'x', setup({ every }) { every(5, () => { throw new Error('oh no') }); } };`;
        await drop('bad.js', instance === '' ? timer : plugin(instance));
        await list('bad');
        await until('it fails', async () => (await chat()) && running.gateway.tally.failures.get('bad'), PROMPT);
        const answer = await chat();
        expect(answer).to.include({ status: 200, broken: false, text: events.join('') });
        expect((await running.row(String(answer.headers['x-token-spy-id']))).outcome).to.equal('ok');
        expect(running.lines.some(({ msg }) => msg === 'plugin bad failed')).to.equal(true);
      });
    }
  });

  for (const [policy, broken] of [
    ['refuse', true],
    ['skip', false],
  ] as const) {
    it(`${broken ? 'breaks the answer off' : 'is stepped over'} when it throws while it rewrites events: on_error ${policy}`, async () => {
      const events = sse([{ choices: [{ index: 0, delta: { content: 'hi' } }] }, '[DONE]']);
      upstream.always(stream(events));
      await drop(
        'bad.js',
        plugin(`onRequest(x) { x.onResponse((r) => r.mapEvents(() => { throw new Error('oh no') })) }`),
      );
      await list(`{ plugin: bad, on_error: ${policy} }`);
      const chat = () =>
        send({ url: `${running.url}/v1/chat/completions`, body: { model: 'gpt-4o-mini', stream: true } });
      await until('it fails', async () => (await chat()) && running.gateway.tally.failures.get('bad'), PROMPT);
      const answer = await chat();
      expect(answer.broken).to.equal(broken);
      expect(answer.text.includes('hi')).to.equal(!broken);
    });
  }

  it('gets the lines of its own file in the log when it throws', async () => {
    upstream.always(json({}));
    await drop('bad.js', plugin(`onRequest() { throw new Error('oh no') }`));
    await list('bad');
    await until('it refuses', async () => (await ask()).status === 500, PROMPT);
    const line = running.lines.find(({ msg }) => msg === 'plugin bad failed');
    expect(line?.error).to.contain('oh no');
    expect(line?.error).to.match(/bad\.(js|[0-9a-f]+\.mjs)/);
  });
});
