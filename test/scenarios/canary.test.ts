/** Secrets and texts that nobody else has, sent down every path there is, and looked for wherever the gateway writes. */
import { openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { type GatewayLog, openLog } from '../../src/log.ts';
import { type Answer, open, type Sending, send } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const random = (): string =>
  [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => 'abcdefghijkmnopqrstuvwxyz'[byte % 25]).join('');
const SECRETS = {
  provider: random(),
  gateway: random(),
  client: random(),
  wrong: random(),
  query: random(),
  cookie: random(),
};
const TEXTS = { prompt: random(), answer: random(), broken: random(), attachment: random() };
const KEY = {
  provider: `sk-${SECRETS.provider}`,
  gateway: `gw_${SECRETS.gateway}`,
  client: `sk-${SECRETS.client}`,
  wrong: `gw_${SECRETS.wrong}`,
};

const chunk = (content: string) => ({ id: 'c', model: 'gpt-4o-mini', choices: [{ index: 0, delta: { content } }] });
const words = sse([chunk(TEXTS.answer), '[DONE]']);
const whole = {
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { content: TEXTS.answer }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2 },
};
const echo = `Incorrect API key provided: ${KEY.provider} (${Buffer.from(KEY.provider).toString('base64')}) for "${TEXTS.prompt}"`;
const error = { error: { message: echo, type: 'invalid_request_error', code: 'invalid_api_key' } };

/** Everything an upstream may do. */
const SCRIPTS: Record<string, Script> = {
  json: json(whole),
  stream: stream(words),
  echo401: json(error, { status: 401, headers: { 'x-debug': KEY.provider, 'x-request-id': 'r1' } }),
  echo400: json(error, { status: 400 }),
  error500: json(error, { status: 500 }),
  html: { headers: { 'content-type': 'text/html' }, chunks: [`<p>${TEXTS.answer}</p>`] },
  redirect: { status: 302, headers: { location: `http://elsewhere/?key=${KEY.provider}` } },
  errorEvent: stream([words[0]!, ...sse([['error', { error: { message: TEXTS.prompt, type: 'overloaded_error' } }]])]),
  cut: stream([words[0]!], { end: 'close' }),
  reset: stream([words[0]!], { end: 'reset' }),
  resetAtOnce: { end: 'reset' },
  noHttp: { raw: `${TEXTS.answer} is no HTTP\r\n\r\n` },
  badJson: json(whole, {}),
  halfJson: { headers: { 'content-type': 'application/json' }, chunks: [`{"a":"${TEXTS.answer}`] },
  badEvents: stream([`data: {"choices":[{"delta":{"content":"${TEXTS.answer}\n\n`, 'data: {{{\n\n']),
  badGzip: { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, chunks: [TEXTS.answer] },
  slowHead: { delay: 2000 },
  silent: stream([words[0]!, { wait: 2000 }]),
};

describe('what nobody else may know', () => {
  let folder: string;
  let upstream: Upstream;
  let running: TestGateway;
  let log: GatewayLog;
  const answers: Answer[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-canary-'));
    upstream = await startUpstream();
    upstream.always(({ headers }) => SCRIPTS[String(headers['x-script'])] ?? SCRIPTS.json!);
    running = await startGateway(await configuration(), {
      env: { PROVIDER_KEY: KEY.provider, GATEWAY_KEY: KEY.gateway },
      log: (scrubber) => {
        log = openLog(scrubber, 'debug', openSync(join(folder, 'log'), 'w'));
        return log;
      },
    });
    await goEverywhere();
    await running.rows(60);
  });
  after(async () => {
    await running?.close();
    await upstream?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const configuration = async (): Promise<string> => `
listen: [{ port: 0, name: open }, { port: 0, name: locked, auth: key }]
log: { level: debug }
limits: { body: 64KiB, response_headers: 300ms, first_token: 300ms, idle: 300ms, connect: 500ms }
keys: [{ name: team, key: "\${GATEWAY_KEY}" }]
providers:
  openai: { base_url: "${upstream.url}", api_key: "\${PROVIDER_KEY}" }
  anthropic: { base_url: "${upstream.url}", api_key: "\${PROVIDER_KEY}" }
  gone: { base_url: "http://127.0.0.1:${await freePort()}", adapter: openai_chat, api_key: "\${PROVIDER_KEY}" }
plugins: [history, identity, include-usage, usage]
`;

  const port = (name: string): string => running.gateway.ports.all.find((one) => one.name === name)!.url;
  const messages = [{ role: 'user', content: `${TEXTS.prompt} {"stream":` }];

  async function ask(path: string, sending: Partial<Sending> = {}, name = 'open'): Promise<void> {
    const body = { model: 'gpt-4o-mini', messages, max_tokens: 9 };
    answers.push(await send({ url: port(name) + path, body, ...sending }));
  }

  async function goEverywhere(): Promise<void> {
    const paths = ['/v1/chat/completions', '/v1/messages', '/v1/responses', '/gone/v1/chat/completions'];
    const credentials: Record<string, string>[] = [{}, { authorization: `Bearer ${KEY.client}` }];
    for (const path of paths) {
      const calls = Object.keys(SCRIPTS).map((script, i) => {
        const headers = {
          'x-script': script,
          cookie: `session=${SECRETS.cookie}`,
          ...(script.startsWith('e') ? {} : credentials[i % 2]),
        };
        return ask(`${path}?key=${SECRETS.query}`, { headers, body: { model: 'm', messages, stream: i % 3 === 0 } });
      });
      await Promise.all(calls);
    }
    await badRequests();
    const call = open({
      url: `${port('open')}/v1/chat/completions`,
      headers: { 'x-script': 'silent' },
      body: { messages },
    });
    await call.head;
    call.abort();
  }

  async function badRequests(): Promise<void> {
    const path = '/v1/chat/completions';
    const type = { 'content-type': 'application/json' };
    await ask(path, { headers: type, body: `{"model": "m", "messages": "${TEXTS.broken}` });
    await ask(path, { headers: type, body: `"${TEXTS.broken}"` });
    await ask(path, { headers: { ...type, 'content-encoding': 'gzip' }, body: TEXTS.broken });
    await ask(path, { headers: type, body: `{"messages":"${TEXTS.broken.repeat(4000)}"}` });
    await ask(path, { headers: { 'content-type': 'text/plain' }, body: TEXTS.broken });
    await ask('/v1/files', {
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: `--x\r\n\r\n${TEXTS.attachment}\r\n--x--`,
    });
    await ask(`/v1/chat/completions/../../etc?key=${SECRETS.query}`);
    for (const headers of [
      { authorization: `Bearer ${KEY.wrong}` },
      { 'x-api-key': KEY.wrong },
      { authorization: `Basic ${Buffer.from(`u:${KEY.wrong}`).toString('base64')}` },
      { authorization: `Bearer ${KEY.gateway}` },
      { 'x-goog-api-key': KEY.gateway },
      { 'x-token-spy-key': KEY.gateway, authorization: `Bearer ${KEY.client}` },
      { 'x-token-spy-key': KEY.gateway, 'x-script': 'echo401' },
    ]) {
      await ask(path, { headers }, 'locked');
      await ask('/api/v1/requests', { headers, method: 'GET' }, 'locked');
    }
    await ask(`${path}?key=${KEY.wrong}`, {}, 'locked');
    answers.push(
      await send({
        url: `${port('locked')}/login`,
        method: 'POST',
        body: `key=${KEY.wrong}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    );
  }

  /** Whether a text has eight letters in a row of a secret, plain or in base64. */
  function leaks(text: string, canaries: Record<string, string>): string[] {
    return Object.entries(canaries).flatMap(([name, canary]) => {
      const forms = [
        canary,
        ...[0, 1, 2].map((shift) =>
          Buffer.from('x'.repeat(shift) + canary)
            .toString('base64')
            .slice(4, -4),
        ),
      ];
      const pieces = forms.flatMap((form) => Array.from({ length: form.length - 7 }, (_, i) => form.slice(i, i + 8)));
      const found = pieces.find((piece) => text.includes(piece));
      return found === undefined
        ? []
        : [`${name}: ...${text.slice(Math.max(0, text.indexOf(found) - 80), text.indexOf(found) + 20)}`];
    });
  }
  const ALL = { ...SECRETS, ...TEXTS };

  it('was really sent, and much of it failed', async () => {
    expect(answers.filter(({ status }) => status === 200).length).to.be.above(5);
    for (const status of [400, 401, 413, 500, 502, 504]) {
      expect(
        answers.some((answer) => answer.status === status),
        String(status),
      ).to.equal(true);
    }
    expect((await running.rows()).length).to.be.above(60);
  });

  it('stands in no line of the log', async () => {
    await log.flush();
    const text = await readFile(join(folder, 'log'), 'utf8');
    expect(leaks(text, ALL)).to.eql([]);
  });

  it('stands in no file of the data folder', async () => {
    const names = await readdir(running.folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.some((file) => file.endsWith('.db'))).to.equal(true);
    for (const file of files) expect(leaks((await readFile(file)).toString('latin1'), ALL), file).to.eql([]);
  });

  const pages = [
    '/metrics',
    '/health',
    '/api/v1/config',
    '/api/v1/requests?limit=500',
    '/api/v1/totals',
    '/api/usage',
    '/api/summary',
    '/dashboard',
    '/dashboard/requests',
    '/dashboard/pipeline',
    '/dashboard/config',
  ];
  for (const page of pages) {
    it(`stands nowhere on ${page}`, async () => {
      const answer = await send({ url: port('open') + page });
      expect(answer.status).to.equal(200);
      expect(leaks(answer.text + JSON.stringify(answer.headers), ALL)).to.eql([]);
    });
  }

  it('stands on no page of a single exchange', async () => {
    for (const { id } of await running.rows()) {
      for (const page of [`/api/v1/requests/${id}`, `/dashboard/requests/${id}`]) {
        const answer = await send({ url: port('open') + page });
        expect(answer.status, page).to.equal(200);
        expect(leaks(answer.text, ALL), page).to.eql([]);
      }
    }
  });

  it('is no key of ours in any answer, whatever the provider quotes', () => {
    const { provider, gateway, wrong, cookie } = SECRETS;
    const text = answers.map((answer) => answer.text + JSON.stringify(answer.rawHeaders)).join('\n');
    expect(text).to.contain('***');
    expect(leaks(text, { provider, gateway, wrong, cookie })).to.eql([]);
  });

  it('is no gateway key and no cookie for a provider', () => {
    const { gateway, cookie } = SECRETS;
    const text = upstream.received
      .map(({ path, rawHeaders, body }) => path + rawHeaders.join('\n') + body.toString('latin1'))
      .join('\n');
    expect(text).to.contain(KEY.provider).and.to.contain(KEY.client);
    expect(leaks(text, { gateway, cookie })).to.eql([]);
  });
});
