import { expect } from 'chai';
import openaiResponses from '../../../providers/adapters/openai-responses.ts';
import { checkSample, meterOf, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const STREAM = { api: 'openai.responses' };
const JSON_ANSWER = { api: 'openai.responses', contentType: 'application/json', streamAsked: false };

const usage = {
  input_tokens: 120,
  input_tokens_details: { cached_tokens: 20, cache_write_tokens: 30 },
  output_tokens: 14,
  output_tokens_details: { reasoning_tokens: 8 },
  total_tokens: 134,
};
const normalised = {
  input_tokens: 120,
  output_tokens: 14,
  'cache_read.input_tokens': 20,
  'cache_creation.input_tokens': 30,
  'reasoning.output_tokens': 8,
};
const response = (status: string, more: object = {}) => ({ id: 'r-1', model: 'm-1', status, usage: null, ...more });
const created = { type: 'response.created', response: response('in_progress', { service_tier: 'auto' }) };
const delta = { type: 'response.output_text.delta', delta: 'Größe', sequence_number: 3 };
const item = (value: object) => ({ type: 'response.output_item.done', item: value });
const message = { type: 'message', id: 'm', content: [{ type: 'output_text', text: 'Größe' }] };
const terminal = (status: string, more: object = {}) => ({
  type: `response.${status}`,
  response: response(status, { usage, service_tier: 'default', output: [message], ...more }),
});
const json = (more: object = {}, status = 'completed') =>
  Buffer.from(JSON.stringify(response(status, { usage, output: [message], ...more })));

describe('the openai-responses adapter', () => {
  for (const sample of wireSamples('openai.responses')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(openaiResponses, sample));
  }

  it('reads a stream and the same answer as JSON alike', () => {
    const streamed = readEveryWay(
      openaiResponses,
      STREAM,
      stream(created, delta, item(message), terminal('completed')),
    );
    const whole = readEveryWay(openaiResponses, JSON_ANSWER, json({ service_tier: 'default' }));
    expect(streamed).to.deep.equal(whole);
    expect(whole.usage).to.deep.equal(normalised);
    expect([whole.outputChars, whole.serviceTier, whole.ending]).to.deep.equal([5, 'default', 'complete']);
  });

  it('reads the split of cache writes', () => {
    const split = {
      ...usage.input_tokens_details,
      cache_write_tokens_details: { ttl_30m_tokens: 10, ttl_12h_tokens: 20 },
    };
    const reading = read(openaiResponses, JSON_ANSWER, [json({ usage: { ...usage, input_tokens_details: split } })]);
    expect(reading.usage).to.deep.equal({
      ...normalised,
      'cache_creation.30m.input_tokens': 10,
      'cache_creation.12h.input_tokens': 20,
    });
    expect(reading.inconsistencies).to.deep.equal([]);
  });

  it("knows a model of Ollama's cloud, which is not free where the rest is", () => {
    const paid = (model: string) => read(openaiResponses, JSON_ANSWER, [json({ model })]).paid;
    expect([paid('gpt-oss:120b-cloud'), paid('gpt-oss:20b')]).to.deep.equal([true, false]);
  });

  it('bills answers that were cut short', () => {
    const reasons: [string, string | null][] = [
      ['max_output_tokens', 'length'],
      ['content_filter', 'content_filter'],
      ['max_messages', 'length'],
      ['steered', null],
    ];
    for (const [reason, normalized] of reasons) {
      const cut = terminal('incomplete', { incomplete_details: { reason } });
      const reading = readEveryWay(openaiResponses, STREAM, stream(created, delta, cut));
      expect(reading.usage).to.deep.equal(normalised);
      expect([reading.usageStatus, reading.ending]).to.deep.equal(['final', 'complete']);
      expect(reading.stopReason).to.deep.equal({ raw: reason, normalized });
    }
  });

  it('bills answers that failed, and says why', () => {
    const failed = terminal('failed', { error: { code: 'server_error', message: 'secret' } });
    const bytes = stream(created, delta, { type: 'error', code: 'server_error', message: 'secret' }, failed);
    for (const reading of [
      readEveryWay(openaiResponses, STREAM, bytes),
      read(openaiResponses, JSON_ANSWER, [json({ error: { code: 'server_error', message: 'secret' } }, 'failed')]),
    ]) {
      expect(reading.usage).to.deep.equal(normalised);
      expect([reading.usageStatus, reading.ending]).to.deep.equal(['final', 'error']);
      expect(reading.error).to.deep.equal({ type: null, code: 'server_error' });
      expect(reading.stopReason).to.deep.equal({ raw: 'failed', normalized: 'error' });
      expect(JSON.stringify(reading)).not.to.contain('secret');
    }
  });

  it('reads an error event in its new and its old shape', () => {
    const flat = { type: 'error', code: 'rate_limit_exceeded', message: 'x', param: null, sequence_number: 2 };
    const nested = { type: 'error', error: { type: 'too_many_requests', code: 'rate_limit_exceeded', message: 'x' } };
    const readings = [flat, nested].map((error) => readEveryWay(openaiResponses, STREAM, stream(created, error)));
    expect(readings.map((reading) => reading.error)).to.deep.equal([
      { type: null, code: 'rate_limit_exceeded' },
      { type: 'too_many_requests', code: 'rate_limit_exceeded' },
    ]);
    expect(readings.map((reading) => [reading.ending, reading.usageStatus])).to.deep.equal([
      ['error', 'not_applicable'],
      ['error', 'not_applicable'],
    ]);
  });

  it('knows a stream that lacks its terminal event, and does not take [DONE] for one', () => {
    const reading = readEveryWay(openaiResponses, STREAM, stream(created, delta, '[DONE]'));
    expect([reading.ending, reading.usageStatus, reading.model]).to.deep.equal(['truncated', 'missing', 'm-1']);
    expect([reading.outputChars, reading.stopReason]).to.deep.equal([5, null]);
  });

  it('reads streams without event names, whatever the order of members', () => {
    const events = [
      created,
      delta,
      { item: { type: 'web_search_call', id: 'w', action: { type: 'search' } }, type: 'response.output_item.done' },
      terminal('completed'),
    ];
    const bytes = Buffer.from(events.map((event) => `data:${JSON.stringify(event)}\r\n\r\n`).join(''));
    const reading = readEveryWay(openaiResponses, STREAM, bytes);
    expect(reading.usage).to.deep.equal({ ...normalised, 'web_search.requests': 1 });
    expect(reading.outputChars).to.equal(5);
  });

  it('counts hosted tools once, by id, wherever their items appear', () => {
    const output = [
      { type: 'web_search_call', id: 'w1', action: { type: 'search', query: 'q' } },
      { type: 'web_search_call', id: 'w2', action: { type: 'search', query: 'q' } },
      { type: 'web_search_call', id: 'w3', action: { type: 'open_page', url: 'u' } },
      { type: 'file_search_call', id: 'f1' },
      { type: 'code_interpreter_call', id: 'c1', container_id: 'k' },
      { type: 'code_interpreter_call', id: 'c2', container_id: 'k' },
      message,
    ];
    const expected = {
      ...normalised,
      'web_search.requests': 2,
      'file_search.requests': 1,
      'code_execution.requests': 1,
    };
    const events = stream(created, ...output.map(item), terminal('completed', { output }));
    expect(readEveryWay(openaiResponses, STREAM, events).usage).to.deep.equal(expected);
    expect(read(openaiResponses, JSON_ANSWER, [json({ output })]).usage).to.deep.equal(expected);
  });

  it('calls it tool calls when the client has to go on', () => {
    const output = [{ type: 'function_call', id: 'f', name: 'f', arguments: '{}' }];
    const events = stream(created, item(output[0]!), terminal('completed', { output }));
    for (const reading of [
      read(openaiResponses, STREAM, [events]),
      read(openaiResponses, JSON_ANSWER, [json({ output })]),
    ]) {
      expect(reading.stopReason).to.deep.equal({ raw: 'completed', normalized: 'tool_calls' });
    }
  });

  it('knows nothing yet of an answer that is made in the background', () => {
    const reading = read(openaiResponses, JSON_ANSWER, [json({ usage: null, output: [] }, 'queued')]);
    expect([reading.usage, reading.usageStatus, reading.stopReason]).to.deep.equal([null, 'missing', null]);
    expect([reading.responseId, reading.ending, reading.deferred]).to.deep.equal(['r-1', 'complete', true]);
    expect(read(openaiResponses, JSON_ANSWER, [json()]).deferred).to.equal(false);
  });

  it('does not bill polls, counts and cancels, and bills a compaction', () => {
    for (const api of ['openai.responses.stored', 'openai.responses.input_tokens']) {
      const reading = read(openaiResponses, { ...JSON_ANSWER, api }, [json()]);
      expect([reading.usage, reading.usageStatus]).to.deep.equal([null, 'not_applicable']);
    }
    const compaction = Buffer.from(JSON.stringify({ id: 'r', object: 'response.compaction', output: [], usage }));
    const reading = read(openaiResponses, { ...JSON_ANSWER, api: 'openai.responses.compact' }, [compaction]);
    expect([reading.usage, reading.usageStatus, reading.model]).to.deep.equal([normalised, 'final', null]);
  });

  it('names a total that does not add up', () => {
    const reading = read(openaiResponses, JSON_ANSWER, [json({ usage: { ...usage, total_tokens: 200 } })]);
    expect(reading.usage).to.deep.equal(normalised);
    expect(reading.inconsistencies).to.deep.equal(['total_tokens is not input + output']);
  });

  it('reads a terminal event of megabytes without parsing its output', () => {
    const text = '"usage":{"input_tokens":1} '.repeat(70_000);
    const output = [{ ...message, content: [{ type: 'output_text', text }] }];
    const bytes = stream(created, delta, terminal('completed', { output }));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, n) =>
      bytes.subarray(n * 65_536, (n + 1) * 65_536),
    );
    const reading = read(openaiResponses, STREAM, pieces);
    expect(reading.usage).to.deep.equal(normalised);
    expect(reading.ending).to.equal('complete');
    const whole = read(openaiResponses, JSON_ANSWER, [json({ output })]);
    expect(whole.usage).to.deep.equal(normalised);
    expect(whole.inconsistencies).to.deep.equal(['the output is too large to count its tool calls']);
  });

  it('keeps what was generated: text, reasoning, arguments, and no audio', () => {
    const meter = meterOf(openaiResponses, STREAM);
    const deltas = [
      ['response.reasoning_summary_text.delta', 'Größe '],
      ['response.output_text.delta', 'say "hi"\n'],
      ['response.function_call_arguments.delta', '{"a":1}'],
      ['response.audio.delta', 'QUJD'],
    ].map(([type, text]) => ({ type, item_id: 'i', output_index: 0, delta: text }));
    meter.push(stream(created, ...deltas));
    expect(meter.text.read()).to.equal('Größe say "hi"\n{"a":1}');
    expect(meter.end(false).outputChars).to.equal(22);

    const output = [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Größe ' }] },
      { ...message, content: [{ type: 'output_text', text: 'say "hi"\n' }] },
      { type: 'function_call', name: 'f', arguments: '{"a":1}' },
    ];
    const whole = meterOf(openaiResponses, JSON_ANSWER);
    whole.push(json({ output }));
    expect(whole.end(true).outputChars).to.equal(22);
    expect(whole.text.read()).to.equal('Größe say "hi"\n{"a":1}');
  });

  it('starts with the first delta and finishes with the terminal event', () => {
    const meter = meterOf(openaiResponses, STREAM);
    meter.push(stream(created, { type: 'response.output_item.added', item: message }));
    expect([meter.started, meter.finishing]).to.deep.equal([false, false]);
    meter.push(stream(delta));
    expect([meter.started, meter.finishing]).to.deep.equal([true, false]);
    meter.push(stream(terminal('completed')));
    expect(meter.finishing).to.equal(true);
  });
});
