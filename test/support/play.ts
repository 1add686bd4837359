/**
 * Plays one exchange with plugins on stage: what the provider received, what the client got,
 * what was recorded.
 *
 *     const { received, answer, record } = await play({
 *       plugins: '{ plugin: roles, rename: { developer: system } }',
 *       request: { messages: [{ role: 'developer', content: 'Be brief.' }] },
 *     });
 *
 * A plugin of your own stands in `files`, as it would in plugins/. For many exchanges with
 * the same plugins, `setStage` starts once.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, type Sending, send } from './client.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { json, type Script } from './script.ts';
import { type Received, startUpstream, type Upstream } from './upstream.ts';

export interface Scene {
  /** Entries of the pipeline as in gateway.yaml, comma-separated; `history` stands above them already. */
  plugins?: string;
  /** Plugin files by name. */
  files?: Record<string, string>;
  /** More of gateway.yaml. */
  yaml?: string;
}

export interface Act {
  /** Body of the request; an object is sent as JSON. Without a model it asks for gpt-4o-mini. */
  request?: object | string;
  /** Default: `/v1/chat/completions`. */
  path?: string;
  headers?: Record<string, string>;
  /** What the provider does; default a short answer with usage. */
  upstream?: Script | Script[];
}

export interface Played {
  answer: Answer;
  /** The answer's JSON; undefined when it is none. */
  json: Record<string, unknown> | undefined;
  /** What reached the provider last; undefined when nothing did. */
  received: (Received & { json: Record<string, unknown> }) | undefined;
  /** How many requests reached the provider. */
  times: number;
  record: ExchangeRecord;
}

export interface Stage {
  running: TestGateway;
  upstream: Upstream;
  play(act?: Act): Promise<Played>;
  close(): Promise<void>;
}

export const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 },
};

/** Plays one exchange on a stage of its own. */
export async function play({ plugins, files, yaml, ...act }: Scene & Act): Promise<Played> {
  const stage = await setStage({ ...(plugins && { plugins }), ...(files && { files }), ...(yaml && { yaml }) });
  try {
    return await stage.play(act);
  } finally {
    await stage.close();
  }
}

/** Starts a gateway with these plugins and a provider that does what each act says. */
export async function setStage({ plugins = '', files = {}, yaml = '' }: Scene): Promise<Stage> {
  const upstream = await startUpstream();
  const folder = await mkdtemp(join(tmpdir(), 'token-spy-play-'));
  await mkdir(join(folder, 'plugins'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'plugins', name), text);
  const providers = ['openai', 'anthropic'].map((name) => `${name}: { base_url: "${upstream.url}" }`);
  const own = /^providers:/m.test(yaml) ? '' : `providers: { ${providers.join(', ')} }\n`;
  const list = ['history', plugins].filter((part) => part !== '').join(', ');
  const running = await startGateway(`${own}${yaml.replaceAll('UPSTREAM', upstream.url)}\nplugins: [${list}]\n`, {
    folder,
  });
  return {
    running,
    upstream,
    play: (act = {}) => perform(running, upstream, act),
    close: async () => {
      await running.close();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function perform(running: TestGateway, upstream: Upstream, act: Act): Promise<Played> {
  const { request = {}, path = '/v1/chat/completions', headers = {}, upstream: scripts = json(ANSWER) } = act;
  const queue = [scripts].flat();
  upstream.always(() => queue.shift() ?? json(ANSWER));
  const before = upstream.received.length;
  const body = typeof request === 'string' ? request : { model: 'gpt-4o-mini', messages: [], ...request };
  const sending: Sending = {
    url: running.url + path,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  };
  const answer = await send(sending);
  const record = await running.row(String(answer.headers['x-token-spy-id']));
  const received = upstream.received.slice(before).at(-1);
  const withJson = received && Object.assign(received, { json: parse(received.body.toString('utf8')) ?? {} });
  return { answer, json: parse(answer.text), received: withJson, times: upstream.received.length - before, record };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
