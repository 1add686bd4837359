import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';

import { draw, drawSnippet } from './support/drafts.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { shippedOn } from './support/shipped.ts';
import { exists, fences, read, tableBelow } from './support/source.ts';

const readme = read('README.md');
const ADDRESS = 'http://127.0.0.1:9110';

describe('the README', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startGateway(await shippedOn());
  });
  after(() => gateway.close());

  it('opens with one line that runs it and one that passes the tests', () => {
    const [first = ''] = fences(readme, 'sh');
    expect(first).to.match(/^npm ci && npm start .*\nnpm ci && npm test .*\n$/);
    const { scripts, bin, name } = JSON.parse(read('package.json')) as Manifest;
    expect(scripts).to.include.keys('start', 'test');
    expect(readme).to.include(`npx ${name}`);
    expect(exists(bin[name]!)).to.equal(true);
  });

  it('shows a curl that gets an answer, a row and a chart', async () => {
    const curl = fences(readme, 'sh').find((text) => text.startsWith('curl '))!;
    const [, url = ''] = /curl (\S+)/.exec(curl)!;
    const answer = await fetch(url.replace(ADDRESS, gateway.url), {
      method: 'POST',
      headers: { 'content-type': /content-type: (\S+)'/.exec(curl)![1]! },
      body: /-d '(.*)'/.exec(curl)![1]!,
    });
    expect(answer.status).to.equal(200);
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
    expect(choices[0]!.message.content).to.not.equal('');
    const row = await gateway.row(answer.headers.get('x-token-spy-id')!);
    expect(row).to.include({ provider: 'simulated', outcome: 'ok', usage_source: 'provider' });
    expect(row.cost_usd).to.match(/^0\.\d+$/);
    for (const [place] of readme.matchAll(/(?<=<)http:\/\/127\.0\.0\.1:9110\/[^>]+/g)) {
      const page = await fetch(place.replace(ADDRESS, gateway.url), { headers: { accept: 'text/html' } });
      expect(page.status, place).to.equal(200);
      expect(await page.text()).to.include('simulated');
    }
  });

  describe('tells clients where to go:', () => {
    const rows = new Map(tableBelow(readme, '## Point your client at it').map(([client, words]) => [client!, words!]));
    const placeOf = (client: string): string =>
      /http:\/\/127\.0\.0\.1:9110[\w./]*/.exec(rows.get(client) ?? '')?.[0] ?? '';
    const local = (client: string): string => placeOf(client).replace(ADDRESS, gateway.url);

    it('everybody who asks first is there', () => {
      expect([...rows.keys()]).to.include.members([
        'OpenAI SDK',
        'Anthropic SDK',
        'Claude Code',
        'Codex',
        'Vercel AI SDK',
        'LangChain',
        'Open WebUI',
        'LiteLLM',
      ]);
      for (const client of rows.keys()) expect(placeOf(client), client).to.not.equal('');
    });

    it('the OpenAI SDK', async () => {
      const client = new OpenAI({ baseURL: local('OpenAI SDK'), apiKey: 'nobody looks at it' });
      const { output_text } = await client.responses.create({ model: 'simulated', input: 'Hello' });
      expect(output_text).to.not.equal('');
    });

    it('the Anthropic SDK, and Claude Code, which speaks through it', async () => {
      expect(placeOf('Claude Code')).to.equal(placeOf('Anthropic SDK'));
      const client = new Anthropic({ baseURL: local('Anthropic SDK'), apiKey: 'nobody-looks-at-it' });
      const ask = { model: 'simulated', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hello' }] };
      const { usage } = await client.messages.create(ask);
      expect(usage.output_tokens).to.equal(9);
    });

    it('OpenAI’s clients end in /v1, whatever they are called', () => {
      for (const client of ['Codex', 'Vercel AI SDK', 'LangChain', 'Open WebUI', 'LiteLLM'])
        expect(placeOf(client), client).to.equal(placeOf('OpenAI SDK'));
    });

    it('an agent can be named in front of the path', async () => {
      const [place = ''] = /http:\/\/127\.0\.0\.1:9110\/agents\/[\w/]+/.exec(readme)!;
      const client = new OpenAI({ baseURL: place.replace(ADDRESS, gateway.url), apiKey: 'nobody looks at it' });
      const { response } = await client.embeddings.create({ model: 'simulated', input: 'Hello' }).withResponse();
      const { agent } = await gateway.row(response.headers.get('x-token-spy-id')!);
      expect(agent).to.equal('ci');
    });
  });

  it('has the table of plugins that the code has', async () => {
    const { plugins } = await draw('{}');
    const rows = [...plugins.values()].map(({ name, value }) => [
      `\`${name}\``,
      value.summary,
      optionsOf(value.options),
    ]);
    expect(tableBelow(readme, '## How it works')).to.eql(rows);
  });

  it('draws the pipeline in the order of the shipped file', () => {
    const picture = /```\nclient\n([\s\S]*?)provider\n```/.exec(readme)![1]!;
    const drawn = [...picture.matchAll(/^([a-z-]+) {2,}/gm)].map(([, name]) => name!);
    const shipped = [...read('gateway.yaml').matchAll(/^ {2}- (?:plugin: )?([a-z-]+)$/gm)].map(([, name]) => name!);
    expect(drawn).to.eql(shipped.filter((name) => name !== 'simulator'));
  });

  it('has limits of sessions that are good', async () => {
    const yaml = fences(readme, 'yaml').find((text) => text.startsWith('session_limits:'))!;
    const { order } = await drawSnippet(`${yaml}plugins: [sessions, session-limits]\n`);
    expect(order.find(({ plugin }) => plugin === 'session-limits')?.options.session_limits).to.have.length(3);
  });

  it('has routes, redaction and alerts that are good', async () => {
    const snippet = (start: string): string => fences(readme, 'yaml').find((text) => text.startsWith(start))!;
    const { config } = await drawSnippet(snippet('routes:'));
    expect(config.routes[0]).to.include({ name: 'chat', restart: true });
    const { order } = await drawSnippet(snippet('plugins:\n  - history\n  - identity\n  - plugin: redact'));
    expect(order.find(({ plugin }) => plugin === 'redact')?.options.block).to.eql(['api_key']);
    const alerts = snippet('channels:').replace('${SLACK_WEBHOOK_URL}', 'https://hooks.slack.com/services/T/B/x');
    const told = await drawSnippet(`${alerts}plugins: [history, alerts, channels]\n`);
    expect(told.order.find(({ plugin }) => plugin === 'alerts')?.options.alerts).to.have.length(2);
  });

  it('counts the providers right', async () => {
    const { providers } = await draw('{}');
    expect(providers.size).to.be.greaterThan(30);
    expect(readme).to.include('More than thirty providers');
  });

  it('adds a provider without code', async () => {
    const yaml = fences(readme, 'yaml').find((text) => text.startsWith('providers:'))!;
    const { providers, prices } = await drawSnippet(yaml);
    expect(providers.get('workstation')).to.include({ baseUrl: 'http://192.168.1.20:8000', free: true });
    expect(providers.get('acme')?.adapters).to.eql(['openai_chat']);
    expect(prices).to.not.equal(undefined);
  });

  it('has a plugin of fifteen lines at most, which works as soon as it is dropped in and listed', async () => {
    const [code = ''] = fences(readme, 'js');
    expect(code.trimEnd().split('\n').length).to.be.at.most(15);
    const [, file = ''] = /Save this as `([^`]+)`/.exec(readme)!;
    await mkdir(join(gateway.folder, 'plugins'), { recursive: true });
    await writeFile(join(gateway.folder, file), code);
    const list = fences(readme, 'yaml').find((text) => text.startsWith('plugins:') && text.includes('no-go'))!;
    const before = gateway.gateway.current.blueprint.version;
    const shipped = await readFile(gateway.file, 'utf8');
    const { port } = new URL(gateway.gateway.current.provider('simulated')!.baseUrl);
    await gateway.save(shipped.replace(/^plugins:[\s\S]*/m, list.replace('simulator', `simulator\n    port: ${port}`)));
    await until(() => gateway.gateway.current.blueprint.version !== before || gateway.gateway.refusal !== null);
    expect(gateway.gateway.refusal).to.equal(null);

    const refused = await ask('simulated-error');
    expect(refused.status).to.equal(403);
    expect(refused.headers.get('x-token-spy-error')).to.equal('model_not_allowed');
    expect((await ask('simulated')).status).to.equal(200);
    await until(() =>
      gateway.lines.some(({ plugin, msg, cost_usd }) => plugin === 'no-go' && msg === 'done' && cost_usd),
    );

    await writeFile(join(gateway.folder, file), code.replace('403', '451'));
    await until(async () => (await ask('simulated-error')).status === 451);
    await writeFile(join(gateway.folder, file), `${code}\nthis is broken`);
    await until(() => gateway.gateway.current.blueprint.broken.length > 0);
    expect((await ask('simulated-error')).status).to.equal(451);
  });

  it('says where things are, and they are there', () => {
    const places = tableBelow(readme, '## Where is what').flatMap(([, place]) => [...place!.matchAll(/`([\w./-]+)`/g)]);
    const paths = places.map(([, path]) => path!).filter((path) => !path.includes('NAME') && path.includes('/'));
    expect(paths.length).to.be.greaterThan(4);
    expect(paths.filter((path) => !exists(path))).to.eql([]);
  });

  async function ask(model: string): Promise<Response> {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.text();
    return answer;
  }
});

interface Manifest {
  name: string;
  scripts: Record<string, string>;
  bin: Record<string, string>;
}

/** `port` (9119), `pace` (25): names with their defaults. */
function optionsOf(options: Readonly<Record<string, object>> = {}): string {
  const shown = Object.entries(options).map(([name, schema]) => {
    const usual = (schema as { default?: unknown }).default;
    if (usual === undefined) return `\`${name}\``;
    return `\`${name}\` (${typeof usual === 'string' ? usual : JSON.stringify(usual)})`;
  });
  return shown.join(', ') || 'none';
}

async function until(done: () => unknown): Promise<void> {
  for (const limit = Date.now() + 10_000; Date.now() < limit; ) {
    if (await done()) return;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error('it did not come to pass');
}
