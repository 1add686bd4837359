/** gateway.yaml is saved while traffic flows. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect } from 'chai';

import { open, send } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** How soon a save has to be in force, or refused, milliseconds. */
const PROMPT = 2500;
const MODEL = 'gpt-4o-mini';
const ANSWER = {
  id: 'c',
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 0 },
};
const chunk = (content: string, more: object = {}) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: MODEL,
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
});

describe('saving gateway.yaml', () => {
  let upstream: Upstream;
  let running: TestGateway;
  let good: string;

  beforeEach(async () => {
    upstream = await startUpstream();
    upstream.always(({ path }) =>
      path.includes('open-stream')
        ? stream([...sse([chunk('first')]), { wait: 'release' }, ...sse([chunk(' last'), '[DONE]'])])
        : json(ANSWER),
    );
    good = `limits: { drain: 500ms }\nproviders: { openai: { base_url: "${upstream.url}" } }\n${PIPELINE}`;
    running = await startGateway(good);
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  const version = (): string => running.gateway.current.blueprint.version;
  const ask = (headers: Record<string, string> = {}, url = running.url) =>
    send({ url: `${url}/v1/chat/completions`, headers, body: { model: MODEL, messages: [] } });
  const health = async () => JSON.parse((await send({ url: `${running.url}/health` })).text);
  const rowOf = async (headers: Record<string, string> = {}) =>
    running.row(String((await ask(headers)).headers['x-token-spy-id']));

  /** Saves and waits until it serves. */
  async function take(yaml: string): Promise<void> {
    const before = version();
    await running.save(yaml);
    await until('the new configuration serves', () => version() !== before, PROMPT);
  }
  /** Saves and waits until it is refused; returns the complaint. */
  async function beRefused(yaml: string): Promise<string> {
    const before = running.gateway.refusal?.at;
    await writeFile(running.file, yaml);
    await until('it is refused', () => running.gateway.refusal && running.gateway.refusal.at !== before, PROMPT);
    return running.gateway.refusal!.lines.join('\n');
  }

  it('fails no request, and open streams finish on the configuration they began with', async () => {
    const before = version();
    const url = `${running.url}/v1/chat/completions`;
    const streams = Array.from({ length: 20 }, () =>
      open({ url: `${url}?open-stream`, body: { model: MODEL, messages: [], stream: true } }),
    );
    await Promise.all(streams.map((call) => call.saw('first')));
    let going = true;
    let served = 0;
    const failures: string[] = [];
    const loops = Array.from({ length: 50 }, async () => {
      while (going) {
        const body = JSON.stringify({ model: MODEL, messages: [] });
        const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
        const text = await answer.text();
        if (answer.status === 200 && text === JSON.stringify(ANSWER)) served++;
        else failures.push(`${answer.status} ${text}`);
      }
    });
    for (let i = 1; i <= 5; i++) {
      await take(good.replace('identity', `{ plugin: identity, environment: e${i} }`));
    }
    const last = await ask();
    going = false;
    await Promise.all(loops);
    const row = await running.row(String(last.headers['x-token-spy-id']));
    expect(row).to.include({ environment: 'e5', config_version: version() });
    expect(failures).to.eql([]);
    expect(served).to.be.above(50);
    expect(running.gateway.retiring).to.equal(1);

    upstream.release();
    for (const answer of await Promise.all(streams.map(({ done }) => done))) {
      expect(answer.broken).to.equal(false);
      expect(answer.text).to.contain('[DONE]');
      const row = await running.row(String(answer.headers['x-token-spy-id']));
      expect(row).to.include({ outcome: 'ok', config_version: before, environment: null });
    }
    await until('the old configuration is gone', () => running.gateway.retiring === 0);
    expect(running.lines.filter(({ level }) => level === 'error')).to.eql([]);
  });

  it('changes nothing when the file is bad, says so everywhere, and forgets it when the file is good', async () => {
    const before = version();
    const bad: [string, RegExp][] = [
      ['providers: {', /gateway\.yaml:/],
      ['', /empty/],
      ['- a\n- b', /list/],
      [good.slice(0, 40), /gateway\.yaml:/],
      ['\u0000\u0001\ufffd binary', /./],
      ['log: { level: 7 }', /log\.level/],
      ['pricing: { models: { x: { input: -1 } } }', /input/],
      ['routes: [{ provider: nobody }]', /nobody/],
      ['providers: { x: { base_url: "ftp://h" } }', /base_url/],
      ['plugns: []', /did you mean plugins/],
      ['plugins: [{ plugin: history, colour: red }]', /colour/],
      ['plugins: [history, nothing-like-it]', /nothing-like-it/],
      [`a: &a [1,1]\n${Array.from({ length: 60 }, (_, i) => `b${i}: [*a,*a,*a]`).join('\n')}`, /./],
      [`x: ${'['.repeat(100_000)}`, /./],
      [`log: { level: info } # ${'x'.repeat(8 * 1024 * 1024)}`, /large|MiB|long/],
      ['__proto__: { polluted: true }', /__proto__/],
      ['providers: { openai: { api_key: "${NOT_SET}" } }', /NOT_SET/],
    ];
    for (const [yaml, complaint] of bad) {
      const lines = await beRefused(yaml);
      expect(lines).to.match(complaint);
      expect(lines.split('\n').length).to.be.at.most(15);
      expect((await ask()).status, yaml.slice(0, 40)).to.equal(200);
      expect(version()).to.equal(before);
    }
    expect(await health()).to.have.nested.property('config.ok', false);
    expect((await health()).config.error.lines.join()).to.contain('NOT_SET');
    expect((await send({ url: `${running.url}/metrics` })).text).to.match(/^gateway_config_ok 0$/m);
    expect(running.lines.filter(({ level }) => level === 'error').length).to.be.at.least(bad.length);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);

    await running.save(good);
    await until('the refusal is gone', () => running.gateway.refusal === null, PROMPT);
    expect(await health()).to.have.nested.property('config.ok', true);
    expect(version()).to.equal(before);
  });

  it('survives that the file is removed, written in halves and renamed into place', async () => {
    await rm(running.file);
    await until('its absence is told', () => running.gateway.refusal !== null, PROMPT);
    expect(running.gateway.refusal!.lines.join()).to.equal('gateway.yaml: is not there');
    expect((await ask()).status).to.equal(200);
    const next = `listen: [{ port: 0 }]\n${good.replace('identity', '{ plugin: identity, environment: moved }')}`;
    await writeFile(running.file, next.slice(0, 60));
    await writeFile(`${running.file}.new`, next);
    await rename(`${running.file}.new`, running.file);
    await until('it serves again', () => running.gateway.refusal === null, PROMPT);
    expect(await rowOf()).to.have.property('environment', 'moved');
  });

  it('removes a provider while a call uses it, and that call ends normally', async () => {
    const other = good.replace('providers: {', `providers: { mine: { base_url: "${upstream.url}" },`);
    await take(other);
    const url = `${running.url}/mine/v1/chat/completions?open-stream`;
    const call = open({ url, body: { model: MODEL, messages: [], stream: true } });
    await call.saw('first');
    await take(good);
    expect((await rowOf()).provider).to.equal('openai');
    upstream.release();
    const answer = await call.done;
    expect(answer.broken).to.equal(false);
    expect(answer.text).to.contain('[DONE]');
    expect(await running.row(String(answer.headers['x-token-spy-id']))).to.include({ provider: 'mine', outcome: 'ok' });
  });

  it('shuts a revoked key out, and lets a new one in', async () => {
    const keys = (...names: string[]): string =>
      `listen: [{ port: 0, auth: key }]\nkeys: [${names.map((name) => `{ name: ${name}, key: key-of-${name}-00000 }`)}]\n${good}`;
    const status = async (name: string) => (await ask({ authorization: `Bearer key-of-${name}-00000` })).status;
    await take(keys('one'));
    expect(await status('one')).to.equal(200);
    expect(await status('two')).to.equal(401);
    await take(keys('two'));
    expect(await status('one')).to.equal(401);
    expect(await status('two')).to.equal(200);
    expect((await rowOf({ 'x-api-key': 'key-of-two-00000' })).key).to.equal('two');
  });

  it('prices the next turn anew, from gateway.yaml and from a price file', async () => {
    const priced = (input: number): string =>
      `${good}pricing: { models: { ${MODEL}: { input: ${input}, output: 1 } } }\n`;
    await take(priced(1));
    expect((await rowOf()).cost_usd).to.equal('0.001');
    await take(priced(2));
    expect((await rowOf()).cost_usd).to.equal('0.002');
    const file = `${running.folder}/prices.yaml`;
    await writeFile(file, `${MODEL}: { input: 3, output: 1 }\n`);
    await take(`${good}pricing: { files: [prices.yaml] }\n`);
    expect((await rowOf()).cost_usd).to.equal('0.003');
    await writeFile(file, `${MODEL}: { input: 4, output: 1 }\n`);
    await until('the file is read again', async () => (await rowOf()).cost_usd === '0.004', PROMPT);
  });

  it('opens a port that is added and closes one that is removed; one in use is refused', async () => {
    const port = await freePort();
    const listen = (more: string): string => `listen: [{ port: 0 }${more}]\n${good}`;
    await take(listen(`, { port: ${port}, agent: extra }`));
    const url = `http://127.0.0.1:${port}`;
    const row = await running.row(String((await ask({}, url)).headers['x-token-spy-id']));
    expect(row.agent).to.equal('extra');
    await take(good);
    expect((await ask({}, url)).errorCode).to.equal('ECONNREFUSED');

    const other = createServer().listen(port, '127.0.0.1');
    const complaint = await beRefused(listen(`, { port: ${port} }`));
    expect(complaint).to.equal(
      `port ${port} on 127.0.0.1 is in use; stop the other program or set another port under listen`,
    );
    expect((await ask()).status).to.equal(200);
    other.close();
  });

  it('keeps the first listener reachable at its port all the time', async () => {
    const url = running.url;
    await take(good.replace('identity', '{ plugin: identity, environment: again }'));
    expect(running.gateway.ports.all[0]!.url).to.equal(url);
  });

  it('does not move the rows to another database without a restart', async () => {
    for (const move of ['database: sqlite:other.db', 'data: elsewhere', 'durability: strict']) {
      expect(await beRefused(`listen: [{ port: 0 }]\n${move}\n${good}`)).to.contain('restart');
    }
    expect((await ask()).status).to.equal(200);
    expect((await rowOf()).outcome).to.equal('ok');
  });

  it('is no event when it changes nothing', async () => {
    const generation = running.gateway.current;
    await running.save(`# a comment\n${good}`);
    await running.gateway.reload();
    expect(running.gateway.current).to.equal(generation);
  });
});
