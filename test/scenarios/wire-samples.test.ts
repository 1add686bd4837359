/** Recorded provider traffic through a whole gateway, judged as test/wire-samples/README.md says. */
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import type { Answer } from '../support/client.ts';
import { dig, playedFor, type Replay } from '../support/replay.ts';
import { isKnown, type SampleGateway, startSampleGateway } from '../support/sample-gateway.ts';
import { chunkBytes, type WireSample, wireSamples } from '../support/wire-samples.ts';

const samples = wireSamples().filter(isKnown);

describe('recorded provider traffic', () => {
  let running: SampleGateway;

  before(async () => {
    running = await startSampleGateway(samples);
  });

  after(() => running?.close());

  it('has samples of every family', () => expect(samples.length).to.be.at.least(30));

  for (const sample of samples) {
    it(`is forwarded, read and priced: ${sample.name}`, async () => judge(sample, await running.ask(sample)));
  }

  it('is told apart when all of it comes at once', async () => {
    const asked = samples.flatMap((sample) => [sample, sample]);
    const answers = await Promise.all(asked.map((sample) => running.ask(sample)));
    for (const [i, sample] of asked.entries()) await judge(sample, answers[i]!);
  });

  async function judge(sample: WireSample, answer: Answer): Promise<void> {
    judgeClient(sample, answer, running.replay);
    judgeUpstream(sample, running.replay);
    judgeRecord(sample, await running.rowOf(answer));
  }
});

function judgeClient({ name, upstream, expect: wanted }: WireSample, answer: Answer, replay: Replay): void {
  expect(answer.status).to.equal(wanted.client_status);
  for (const header of wanted.headers_passthrough ?? []) {
    expect(answer.headers[header], header).to.equal(upstream.headers[header]);
  }
  const { chunks } = playedFor(upstream, replay.bodies.get(name));
  const sent = Buffer.concat(chunks.flatMap(chunkBytes));
  if (wanted.stream === 'byte-exact') expect(answer.body.equals(sent), 'the same bytes').to.equal(true);
  if (wanted.stream === 'byte-exact-decoded') expect(decoded(answer).equals(gunzipSync(sent))).to.equal(true);
  if (wanted.stream === 'usage-chunk-removed') expect(plain(answer.text)).to.equal(plain(wanted.client_text!));
  if (wanted.stream !== 'byte-exact-prefix') return;
  expect(answer.broken).to.equal(true);
  expect(sent.subarray(0, answer.body.length).equals(answer.body)).to.equal(true);
}

const decoded = ({ headers, body }: Answer): Buffer =>
  headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
/** `"usage":null` on other events may stay or go. */
const plain = (text: string): string => text.replaceAll(',"usage":null', '');

function judgeUpstream({ name, expect: wanted }: WireSample, replay: Replay): void {
  const body = replay.bodies.get(name);
  for (const [path, value] of Object.entries(wanted.upstream_request?.must_have ?? {})) {
    expect(dig(body, path), path).to.eql(value);
  }
  for (const path of wanted.upstream_request?.must_not_have ?? []) expect(dig(body, path), path).to.equal(undefined);
}

function judgeRecord(sample: WireSample, row: ExchangeRecord): void {
  const { expect: wanted } = sample;
  expect(row).to.include({ outcome: wanted.outcome, api: sample.api, provider: sample.provider });
  expect(row.usage_status).to.equal(wanted.usage_status);
  const usages = wanted.usage_any_of ?? [wanted.usage];
  expect(
    usages.some((usage) => sameUsage(row.usage, usage)),
    JSON.stringify(row.usage),
  ).to.equal(true);
  judgeMoney(wanted, row);
  expect(row.stop_reason).to.eql(wanted.stop_reason);
  expect(row.tools_called).to.eql(wanted.tools_called ?? null);
  expect(row.model.request).to.equal(wanted.model.request ?? null);
  expect(row.model.response).to.equal(wanted.model.response);
  if (wanted.response_id !== undefined) expect(row.response_id).to.equal(wanted.response_id);
  if (wanted.request_id !== undefined) expect(row.upstream_request_id).to.equal(wanted.request_id);
  if (wanted.service_tier) expect(row.service_tier).to.equal(wanted.service_tier.response);
  if (wanted.error) expect(row.error).to.include(wanted.error);
}

function judgeMoney(wanted: WireSample['expect'], row: ExchangeRecord): void {
  const costs = wanted.cost_any_of ?? [wanted.cost_usd];
  expect(
    costs.some((cost) => sameCost(row.cost_usd, cost)),
    `cost ${row.cost_usd}`,
  ).to.equal(true);
  if (!wanted.cost_any_of) expect(row.cost_source).to.equal(wanted.cost_source);
  // The samples' table is all there is for them; below it lies the shipped one, which may know a model that it does not.
  const isTheirs = row.price === null || row.price.version === 'wire-samples-1';
  if (!wanted.cost_any_of && isTheirs) expect(row.model.priced_as).to.equal(wanted.model.priced_as ?? null);
  if (!wanted.price) return;
  expect(row.price).to.include({ key: wanted.price.key, version: 'wire-samples-1' });
  for (const [name, rate] of Object.entries(wanted.price.rates)) {
    expect(Number(row.price!.rates[name]), name).to.equal(Number(rate));
  }
}

/** What is listed is equal; what is not listed is absent or zero; null is nothing known, and never zeros. */
function sameUsage(usage: ExchangeRecord['usage'], wanted: Record<string, number | null> | null): boolean {
  if (usage === null || wanted === null) return usage === wanted;
  const names = new Set([...Object.keys(usage), ...Object.keys(wanted)]);
  const found = usage as Record<string, number | null>;
  return [...names].every((name) => (found[name] ?? 0) === (wanted[name] ?? 0));
}

const sameCost = (cost: string | null, wanted: string | null): boolean =>
  cost === null || wanted === null ? cost === wanted : Math.abs(Number(cost) - Number(wanted)) < 1e-12;
