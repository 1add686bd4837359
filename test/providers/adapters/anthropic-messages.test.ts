import { expect } from 'chai';
import anthropicMessages from '../../../providers/adapters/anthropic-messages.ts';
import { block, delta, JSON_ANSWER, json, STREAM, start, stop, text } from '../../support/anthropic-events.ts';
import { checkSample, meterOf, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

describe('the anthropic-messages adapter', () => {
  for (const sample of wireSamples('anthropic.messages', 'anthropic.count_tokens')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(anthropicMessages, sample));
  }

  it('prices a fallback at the model that its block names', () => {
    const fallback = { type: 'fallback', from: { model: 'claude-a' }, to: { model: 'claude-c' } };
    const events = stream(
      start({ input_tokens: 1, output_tokens: 1 }),
      { type: 'content_block_start', index: 0, content_block: fallback },
      text,
      delta({ output_tokens: 2 }),
      stop,
    );
    expect(readEveryWay(anthropicMessages, STREAM, events).model).to.equal('claude-c');
    expect(read(anthropicMessages, JSON_ANSWER, [json({ input_tokens: 1 }, { content: [fallback] })]).model).to.equal(
      'claude-c',
    );
  });

  it('has nothing to bill for a refusal before the first word, and bills one after it', () => {
    const early = stream(start({ input_tokens: 10, output_tokens: 1 }), delta({ output_tokens: 1 }, 'refusal'), stop);
    const late = stream(
      start({ input_tokens: 10, output_tokens: 1 }),
      block,
      text,
      delta({ output_tokens: 4 }, 'refusal'),
      stop,
    );
    const readings = [early, late].map((bytes) => readEveryWay(anthropicMessages, STREAM, bytes));
    expect(readings.map((reading) => reading.usageStatus)).to.deep.equal(['not_applicable', 'final']);
    for (const { stopReason } of readings) expect(stopReason).to.deep.equal({ raw: 'refusal', normalized: 'refusal' });
    const whole = read(anthropicMessages, JSON_ANSWER, [
      json({ input_tokens: 10, output_tokens: 0 }, { content: [], stop_reason: 'refusal' }),
    ]);
    expect(whole.usageStatus).to.equal('not_applicable');
  });

  it('knows every stop reason', () => {
    const kinds = {
      end_turn: 'stop',
      stop_sequence: 'stop',
      pause_turn: 'stop',
      max_tokens: 'length',
      model_context_window_exceeded: 'length',
      tool_use: 'tool_calls',
      valueOf: null,
    };
    for (const [raw, normalized] of Object.entries(kinds)) {
      expect(
        read(anthropicMessages, JSON_ANSWER, [json({ output_tokens: 1 }, { stop_reason: raw })]).stopReason,
      ).to.deep.equal({ raw, normalized });
    }
  });

  it('keeps the numbers of a broken stream as partial', () => {
    const bytes = stream(start({ input_tokens: 10, output_tokens: 1 }), block, text);
    for (const whole of [true, false]) {
      const reading = readEveryWay(anthropicMessages, { ...STREAM, whole }, bytes);
      expect([reading.usageStatus, reading.ending, reading.outputChars]).to.deep.equal(['partial', 'truncated', 5]);
    }
    const billed = stream(start({ input_tokens: 10, output_tokens: 1 }), text, delta({ output_tokens: 9 }));
    const reading = readEveryWay(anthropicMessages, { ...STREAM, whole: false }, billed);
    expect([reading.usageStatus, reading.ending]).to.deep.equal(['final', 'truncated']);
  });

  it('reads errors in the stream, under 200 and under their status', () => {
    const error = {
      type: 'error',
      error: { type: 'rate_limit_error', message: 'secret', details: { error_code: 'spend_limit' } },
      request_id: 'r',
    };
    const inStream = readEveryWay(anthropicMessages, STREAM, stream(error));
    const under200 = read(anthropicMessages, JSON_ANSWER, [Buffer.from(JSON.stringify(error))]);
    const under429 = read(anthropicMessages, { ...JSON_ANSWER, status: 429 }, [Buffer.from(JSON.stringify(error))]);
    for (const reading of [inStream, under200, under429]) {
      expect(reading.error).to.deep.equal({ type: 'rate_limit_error', code: 'spend_limit' });
      expect(reading.usageStatus).to.equal('not_applicable');
      expect(JSON.stringify(reading)).not.to.contain('secret');
    }
    expect([inStream.ending, under200.ending]).to.deep.equal(['error', 'error']);
  });

  it('is not deceived by tool input that looks like usage', () => {
    const input = { usage: { input_tokens: 1, output_tokens: 1 }, stop_reason: 'end_turn', error: { type: 'x' } };
    const whole = read(anthropicMessages, JSON_ANSWER, [
      json(
        { input_tokens: 5, output_tokens: 2 },
        { content: [{ type: 'tool_use', id: 't', name: 'f', input }], stop_reason: 'tool_use' },
      ),
    ]);
    expect(whole.usage).to.deep.equal({ input_tokens: 5, output_tokens: 2 });
    const tool = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    };
    const part = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
    };
    const events = stream(
      start({ input_tokens: 5, output_tokens: 1 }),
      tool,
      part,
      delta({ output_tokens: 2 }, 'tool_use'),
      stop,
    );
    const inStream = readEveryWay(anthropicMessages, STREAM, events);
    expect(inStream.usage).to.deep.equal(whole.usage);
    expect([inStream.error, inStream.outputChars, whole.outputChars]).to.deep.equal([
      null,
      JSON.stringify(input).length,
      JSON.stringify(input).length,
    ]);
  });

  it('reads streams without event names, with CRLF and without a space', () => {
    const events = [
      start({ input_tokens: 10, output_tokens: 1 }),
      { type: 'ping' },
      block,
      text,
      delta({ output_tokens: 9 }),
      stop,
    ];
    const bytes = Buffer.from(events.map((event) => `data:${JSON.stringify(event)}\r\n\r\n`).join(''));
    const reading = readEveryWay(anthropicMessages, STREAM, bytes);
    expect([reading.usage?.output_tokens, reading.ending, reading.outputChars]).to.deep.equal([9, 'complete', 5]);
  });

  it('keeps what was generated: text, thinking and the input of tools', () => {
    const deltas = [
      { type: 'thinking_delta', thinking: 'Größe ' },
      { type: 'text_delta', text: 'say "hi"\n' },
      { type: 'input_json_delta', partial_json: '{"a":1}' },
      { type: 'signature_delta', signature: 'QUJD' },
    ].map((part) => ({ type: 'content_block_delta', index: 0, delta: part }));
    const meter = meterOf(anthropicMessages, STREAM);
    meter.push(stream(start({ input_tokens: 5, output_tokens: 1 }), block, ...deltas));
    expect(meter.text.read()).to.equal('Größe say "hi"\n{"a":1}');
    expect(meter.end(false).outputChars).to.equal(22);

    const content = [
      { type: 'thinking', thinking: 'Größe ', signature: 'QUJD' },
      { type: 'text', text: 'say "hi"\n' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
    ];
    const whole = meterOf(anthropicMessages, JSON_ANSWER);
    whole.push(json({ input_tokens: 5 }, { content }));
    expect(whole.end(true).outputChars).to.equal(22);
    expect(whole.text.read()).to.equal('Größe say "hi"\n{"a":1}');
  });

  it("knows a model of Ollama's cloud, which is not free where the rest is", () => {
    const paid = (model: string) =>
      read(anthropicMessages, JSON_ANSWER, [json({ input_tokens: 1, output_tokens: 1 }, { model })]).paid;
    expect([paid('kimi-k2:1t-cloud'), paid('qwen3:8b')]).to.deep.equal([true, false]);
  });

  it('starts with the first delta or tool, not with a ping or an empty block', () => {
    const meter = meterOf(anthropicMessages, STREAM);
    meter.push(stream(start({ input_tokens: 1 }), { type: 'ping' }, block));
    expect([meter.started, meter.finishing]).to.deep.equal([false, false]);
    meter.push(stream(text));
    expect([meter.started, meter.finishing]).to.deep.equal([true, false]);
    meter.push(stream(delta({ output_tokens: 3 })));
    expect(meter.finishing).to.equal(true);
  });

  it('does not bill counts and batches', () => {
    for (const api of ['anthropic.count_tokens', 'anthropic.batches']) {
      const reading = read(anthropicMessages, { ...JSON_ANSWER, api }, [json({ input_tokens: 5, output_tokens: 2 })]);
      expect([reading.usage, reading.usageStatus, reading.ending]).to.deep.equal([null, 'not_applicable', 'complete']);
    }
  });

  it('says errors as Anthropic does', () => {
    const types: [number, string][] = [
      [400, 'invalid_request_error'],
      [401, 'authentication_error'],
      [402, 'billing_error'],
      [403, 'permission_error'],
      [404, 'not_found_error'],
      [413, 'request_too_large'],
      [429, 'rate_limit_error'],
      [502, 'api_error'],
      [503, 'overloaded_error'],
      [504, 'timeout_error'],
    ];
    for (const [status, type] of types) {
      const problem = {
        status,
        code: 'some_code',
        message: 'What "happened".\nHere.',
        requestId: 'r1',
        details: { limit_usd: '10' },
      };
      const body = anthropicMessages.error(problem);
      expect(JSON.parse(body)).to.deep.equal({
        type: 'error',
        error: { type, message: problem.message, code: 'some_code', details: { limit_usd: '10' } },
        request_id: 'r1',
      });
      expect(anthropicMessages.errorEvent(problem)).to.equal(`event: error\ndata: ${body}\n\n`);
    }
  });
});
