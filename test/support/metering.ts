import { expect } from 'chai';
import type { Adapter, Meter, Reading } from '../../src/adapter.ts';
import { answerOf, type WireSample } from './wire-samples.ts';

/** Answers up to this size are cut at every byte; larger ones at some hundred places. */
const EVERY_BYTE = 7000;

export interface AnswerSketch {
  api: string;
  status?: number;
  contentType?: string;
  streamAsked?: boolean;
  whole?: boolean;
  model?: string;
  headers?: Readonly<Record<string, string>>;
}

/** What an adapter's meter reads from an answer that arrives in these pieces. */
export function read(adapter: Adapter, answer: AnswerSketch, pieces: readonly Uint8Array[]): Reading {
  const meter = meterOf(adapter, answer);
  for (const piece of pieces) meter.push(piece);
  return meter.end(answer.whole ?? true);
}

/** The adapter's meter for such an answer: an event stream that was asked for, unless it says otherwise. */
export function meterOf(adapter: Adapter, answer: AnswerSketch): Meter {
  const { api, status = 200, contentType = 'text/event-stream', streamAsked = true } = answer;
  const { model = null, headers = {} } = answer;
  return adapter.meter({ api, status, contentType, streamAsked, model, header: (name) => headers[name] });
}

/** Reads the answer whole, cut in two at every place, and byte by byte; all readings must be the same one. */
export function readEveryWay(adapter: Adapter, answer: AnswerSketch, bytes: Buffer): Reading {
  const reading = read(adapter, answer, [bytes]);
  const whole = JSON.stringify(reading);
  const step = bytes.length <= EVERY_BYTE ? 1 : Math.ceil(bytes.length / 300);
  for (let at = 1; at < bytes.length; at += step) {
    const cut = JSON.stringify(read(adapter, answer, [bytes.subarray(0, at), bytes.subarray(at)]));
    if (cut !== whole) expect(JSON.parse(cut), `cut at byte ${at}`).to.deep.equal(reading);
  }
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  expect(read(adapter, answer, single), 'byte by byte').to.deep.equal(reading);
  return reading;
}

/** Joins events into a stream; objects become `data` lines, with the `type` as the event's name where there is one. */
export function stream(...events: (string | object)[]): Buffer {
  const blocks = events.map((event) => {
    if (typeof event === 'string') return `data: ${event}\n\n`;
    const name = 'type' in event ? `event: ${String(event.type)}\n` : '';
    return `${name}data: ${JSON.stringify(event)}\n\n`;
  });
  return Buffer.from(blocks.join(''));
}

/** Meters a sample in every way and compares the reading with what the sample expects. */
export function checkSample(adapter: Adapter, sample: WireSample): void {
  const { upstream, client, expect: expected } = sample;
  const all = answerOf(sample);
  const bytes = client === undefined ? all : all.subarray(0, client.abort_after_bytes);
  const reading = readEveryWay(
    adapter,
    {
      api: sample.api,
      status: upstream.status,
      contentType: (upstream.headers['content-type'] ?? '').split(';')[0]!,
      streamAsked: sample.request.body?.stream === true,
      ...(expected.model.request ? { model: expected.model.request } : {}),
      whole: client === undefined && upstream.end !== 'reset',
    },
    bytes,
  );
  expect(outcomeOf(reading, sample), 'outcome').to.equal(expected.outcome);
  expect(reading.usageStatus, 'usage_status').to.equal(expected.usage_status);
  const accepted = [expected.usage, ...(expected.usage_any_of ?? [])];
  if (!accepted.some((usage) => isSameUsage(reading.usage, usage))) {
    expect(reading.usage, 'usage').to.deep.equal(expected.usage);
  }
  expect(reading.stopReason, 'stop_reason').to.deep.equal(expected.stop_reason);
  expect(reading.model, 'model').to.equal(expected.model.response);
  if (expected.response_id !== undefined) expect(reading.responseId).to.equal(expected.response_id);
  if (expected.error !== undefined) {
    expect(reading.error).to.deep.equal({ type: expected.error.type, code: expected.error.code });
  }
  if (expected.usage_by_model !== undefined) expect(reading.parts).to.deep.equal(expected.usage_by_model);
  expect(reading.toolCalls, 'tools_called').to.deep.equal(expected.tools_called ?? null);
  expect(reading.inconsistencies, 'inconsistencies').to.deep.equal(expected.inconsistencies ?? []);
}

/** The outcome as the proxy makes it of a status, an ending and what happened to the sockets. */
function outcomeOf(reading: Reading, sample: WireSample): string {
  if (sample.client !== undefined) return 'client_aborted';
  if (sample.upstream.status >= 400) return 'upstream_error';
  const outcomes = { complete: 'ok', truncated: 'truncated', error: 'stream_error', bad_payload: 'bad_payload' };
  return outcomes[reading.ending];
}

/** Names that the sample does not list must be absent or zero. */
function isSameUsage(usage: Reading['usage'], expected: Record<string, number | null> | null): boolean {
  if (usage === null || expected === null) return (usage === null) === (expected === null);
  const named = Object.entries(expected).every(([name, value]) => {
    const found = (usage as Record<string, number>)[name];
    return value === null || value === 0 ? !found : found === value;
  });
  return named && Object.entries(usage).every(([name, value]) => name in expected || value === 0);
}
