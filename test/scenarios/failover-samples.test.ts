/**
 * Recorded answers of every API through routes that hold them to their end: what is whole goes to
 * the client as it came, and nobody else is asked; what is not whole is asked for elsewhere.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';

import { type Answer, send } from '../support/client.ts';
import { PIPELINE, root, startGateway, type TestGateway } from '../support/gateway.ts';
import { playedFor, type Replay, startReplay } from '../support/replay.ts';
import { isKnown } from '../support/sample-gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { chunkBytes, type WireSample, wireSamples } from '../support/wire-samples.ts';

/** Those whose client stays to the end, and whose path does not begin with the name of a provider: that would be its way. */
const samples = wireSamples().filter(
  (sample) => isKnown(sample) && sample.client === undefined && !sample.request.path.startsWith('/openai/'),
);
const whole = samples.filter(({ expect: { outcome } }) => outcome === 'ok');
const flawed = samples.filter(({ upstream: { status }, expect: { outcome } }) => outcome !== 'ok' && status === 200);

describe('recorded answers, held to their end', function () {
  this.timeout(20_000);
  let folder: string;
  let replay: Replay;
  let spare: Upstream;
  let gateway: TestGateway;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-held-'));
    await copyFile(join(root, 'test', 'wire-samples', 'prices.json'), join(folder, 'prices.json'));
    replay = await startReplay(samples);
    spare = await startUpstream();
    const names = [...new Set(samples.map(({ provider }) => provider))];
    gateway = await startGateway(
      `listen:
${names.map((name) => `  - { port: 0, name: ${name} }`).join('\n')}
providers:
${names.map((name) => `  ${name}: { base_url: "${replay.url}", timeouts: { idle: 800ms } }`).join('\n')}
  spare: { base_url: "${spare.url}", adapter: openai_chat }
routes:
${names.map((name) => `  - { match: { listener: ${name} }, targets: [ { provider: ${name} }, { provider: spare } ], restart: true, retry: { retries: 0 } }`).join('\n')}
pricing: { files: [prices.json] }
${PIPELINE}`,
      { folder },
    );
  });
  after(async () => {
    await gateway?.close();
    await replay?.close();
    await spare?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    spare.received.length = 0;
  });

  function ask({ name, provider, request }: WireSample): Promise<Answer> {
    const port = gateway.gateway.ports.all.find((each) => each.name === provider)!;
    const body = request.body === undefined ? request.body_raw : JSON.stringify(request.body);
    return send({
      url: port.url + request.path,
      method: request.method,
      headers: { ...request.headers, 'x-case': name },
      ...(body === undefined ? {} : { body }),
    });
  }

  it('are of every family, whole and not', () => {
    expect(whole.length).to.be.at.least(25);
    expect(flawed.length).to.be.at.least(1);
  });

  for (const sample of whole) {
    it(`whole, it is not asked for elsewhere: ${sample.name}`, async () => {
      const answer = await ask(sample);
      const { expect: wanted, name, upstream } = sample;
      const row = await gateway.row(String(answer.headers['x-token-spy-id']));
      expect(spare.received, JSON.stringify(row.attempts)).to.have.length(0);
      expect([answer.status, answer.broken]).to.deep.equal([wanted.client_status, false]);
      expect(row).to.include({ outcome: 'ok', provider: sample.provider });
      expect(row.attempts).to.have.length(1);
      const sent = Buffer.concat(playedFor(upstream, replay.bodies.get(name)).chunks.flatMap(chunkBytes));
      if (wanted.stream === 'byte-exact') expect(answer.body.equals(sent), 'the same bytes').to.equal(true);
      if (wanted.stream === 'byte-exact-decoded') {
        const isPacked = answer.headers['content-encoding'] === 'gzip';
        expect((isPacked ? gunzipSync(answer.body) : answer.body).equals(gunzipSync(sent))).to.equal(true);
      }
    });
  }

  for (const sample of flawed) {
    it(`${sample.expect.outcome}, it is asked for elsewhere: ${sample.name}`, async () => {
      const answer = await ask(sample);
      expect(answer.text).to.equal('{}');
      expect(spare.received).to.have.length(1);
      const row = await gateway.row(String(answer.headers['x-token-spy-id']));
      expect(row.provider).to.equal('spare');
      expect(row.attempts[0]).to.include({ provider: sample.provider, class: 'broken' });
    });
  }
});
