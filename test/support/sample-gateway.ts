/** A whole gateway whose providers are all led to a replay of wire samples, with a port for each of them. */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, send } from './client.ts';
import { PIPELINE, root, startGateway, type TestGateway } from './gateway.ts';
import { type Replay, startReplay } from './replay.ts';
import type { WireSample } from './wire-samples.ts';

export interface SampleGateway {
  readonly replay: Replay;
  /** Sends what the sample's client sent; leaves where it left. */
  ask(sample: WireSample): Promise<Answer>;
  /** The row of an answer. */
  rowOf(answer: Answer): Promise<ExchangeRecord>;
  close(): Promise<void>;
}

const STRANGER = 'openai-compatible';

/** Whether the catalogue has the sample's provider; a stranger speaks like OpenAI. */
export const isKnown = ({ provider }: WireSample): boolean =>
  provider === STRANGER || existsSync(join(root, 'providers', `${provider}.yaml`));

/** Starts both; prices are those of the samples. */
export async function startSampleGateway(samples: readonly WireSample[]): Promise<SampleGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'token-spy-samples-'));
  await copyFile(join(root, 'test', 'wire-samples', 'prices.json'), join(folder, 'prices.json'));
  const replay = await startReplay(samples);
  const providers = [...new Set(samples.map(({ provider }) => provider))];
  const running = await startGateway(configuration(providers, replay.url), { folder });
  return {
    replay,
    ask: (sample) => ask(sample, running),
    rowOf: (answer) => running.row(String(answer.headers['x-token-spy-id'])),
    close: async () => {
      await running.close();
      await replay.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ask({ name, provider, request, client }: WireSample, { gateway }: TestGateway): Promise<Answer> {
  const port = gateway.ports.all.find((each) => each.name === provider);
  if (!port) throw new Error(`no port leads to ${provider}`);
  return send({
    url: port.url + request.path,
    method: request.method,
    headers: { ...request.headers, 'x-case': name },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    ...(request.body_raw === undefined ? {} : { body: request.body_raw }),
    ...(client === undefined ? {} : { abortAfterBytes: client.abort_after_bytes }),
  });
}

/** The providers are the catalogue's own; only their address is another. */
function configuration(providers: readonly string[], url: string): string {
  const listen = providers.map((name) => `  - { port: 0, name: ${name}, provider: ${name} }`);
  const entries = providers.map((name) => `  ${name}: { base_url: "${url}" }`);
  return `listen:\n${listen.join('\n')}\nproviders:\n${entries.join('\n')}\npricing: { files: [prices.json] }\n${PIPELINE}`;
}
