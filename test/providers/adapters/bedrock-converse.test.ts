import { expect } from 'chai';

import bedrockConverse from '../../../providers/adapters/bedrock-converse.ts';
import { eventFrame, exceptionFrame, frame } from '../../support/event-frames.ts';
import { checkSample, meterOf, read, readEveryWay } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const STREAM = { api: 'bedrock.converse', contentType: 'application/vnd.amazon.eventstream', model: MODEL };
const JSON_ANSWER = { api: 'bedrock.converse', contentType: 'application/json', streamAsked: false, model: MODEL };
const USAGE = { inputTokens: 10, outputTokens: 20, totalTokens: 30 };

const delta = (said: object) => eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: said, p: 'abc' });
const stop = (stopReason = 'end_turn') => eventFrame('messageStop', { stopReason, p: 'abcdef' });
const metadata = (more: object = {}) => eventFrame('metadata', { usage: USAGE, metrics: { latencyMs: 9 }, ...more });
const stream = (...frames: Buffer[]) =>
  Buffer.concat([eventFrame('messageStart', { role: 'assistant', p: 'a' }), ...frames]);
const json = (more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      metrics: { latencyMs: 9 },
      output: { message: { role: 'assistant', content: [{ text: 'Größe' }] } },
      stopReason: 'end_turn',
      usage: USAGE,
      ...more,
    }),
  );

describe('the bedrock-converse adapter', () => {
  for (const sample of wireSamples('bedrock.converse')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(bedrockConverse, sample));
  }

  it('reads the same from a stream and from JSON', () => {
    const streamed = readEveryWay(bedrockConverse, STREAM, stream(delta({ text: 'Größe' }), stop(), metadata()));
    const whole = readEveryWay(bedrockConverse, JSON_ANSWER, json());
    expect(streamed).to.deep.include({
      usage: { input_tokens: 10, output_tokens: 20 },
      usageStatus: 'final',
      rawUsage: JSON.stringify(USAGE),
      model: MODEL,
      stopReason: { raw: 'end_turn', normalized: 'stop' },
      outputChars: 5,
      ending: 'complete',
      error: null,
    });
    expect(whole).to.eql(streamed);
  });

  it('keeps text, reasoning and the arguments of tools, and nothing else', () => {
    const call = { toolUseId: 't', name: 'weather' };
    const frames = stream(
      delta({ reasoningContent: { text: 'Hm. ' } }),
      delta({ reasoningContent: { signature: 'c2lnbmF0dXJl' } }),
      delta({ citation: { title: 'T', sourceContent: [{ text: 'quoted' }] } }),
      delta({ text: 'Hei 世界' }),
      eventFrame('contentBlockStart', { contentBlockIndex: 1, start: { toolUse: call } }),
      delta({ toolUse: { input: '{"city":' } }),
      delta({ toolUse: { input: '"Oslo"}' } }),
      stop('tool_use'),
      metadata(),
    );
    const meter = meterOf(bedrockConverse, STREAM);
    meter.push(frames);
    expect(meter.text.read()).to.equal('Hm. Hei 世界{"city":"Oslo"}');
    expect(meter.finishing).to.equal(true);
    expect(meter.end(true).outputChars).to.equal(Array.from(meter.text.read()).length);
    const content = [
      { reasoningContent: { reasoningText: { text: 'Hm. ', signature: 'c2ln' } } },
      { text: 'Hei' },
      { toolUse: { ...call, input: { city: 'Oslo' } } },
      { toolUse: call },
    ];
    const whole = meterOf(bedrockConverse, JSON_ANSWER);
    whole.push(json({ output: { message: { content } } }));
    whole.end(true);
    expect(whole.text.read()).to.equal('Hm. Hei{"city":"Oslo"}{}');
  });

  it('has started with the first content: not with a role, and with a tool that is called', () => {
    const meter = meterOf(bedrockConverse, STREAM);
    meter.push(stream());
    expect(meter.started).to.equal(false);
    meter.push(eventFrame('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { name: 'x' } } }));
    expect(meter.started).to.equal(true);
    const redacted = meterOf(bedrockConverse, STREAM);
    redacted.push(stream(delta({ reasoningContent: { redactedContent: 'YQ==' } })));
    expect([redacted.started, redacted.text.read()]).to.eql([true, '']);
  });

  it('knows every stop reason', () => {
    const kinds = {
      end_turn: 'stop',
      stop_sequence: 'stop',
      max_tokens: 'length',
      model_context_window_exceeded: 'length',
      tool_use: 'tool_calls',
      guardrail_intervened: 'content_filter',
      content_filtered: 'content_filter',
      malformed_model_output: 'error',
      malformed_tool_use: 'error',
      constructor: null,
    };
    for (const [raw, normalized] of Object.entries(kinds)) {
      expect(read(bedrockConverse, STREAM, [stream(stop(raw), metadata())]).stopReason).to.eql({ raw, normalized });
      expect(read(bedrockConverse, JSON_ANSWER, [json({ stopReason: raw })]).stopReason).to.eql({ raw, normalized });
    }
  });

  it('tells the tier and the speed that the answer names', () => {
    const more = { serviceTier: { type: 'flex' }, performanceConfig: { latency: 'optimized' } };
    for (const reading of [
      read(bedrockConverse, STREAM, [stream(stop(), metadata(more))]),
      read(bedrockConverse, JSON_ANSWER, [json(more)]),
    ]) {
      expect(reading).to.include({ serviceTier: 'flex', speed: 'optimized' });
    }
  });

  it('prices the model that a prompt router chose', () => {
    const router = 'arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1';
    const chosen = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-a-v1:0';
    const trace = { promptRouter: { invokedModelId: chosen } };
    for (const reading of [
      read(bedrockConverse, { ...STREAM, model: router }, [stream(stop(), metadata({ trace }))]),
      read(bedrockConverse, { ...JSON_ANSWER, model: router }, [json({ trace })]),
    ]) {
      expect(reading.model).to.equal('us.anthropic.claude-a-v1:0');
    }
    expect(read(bedrockConverse, { ...JSON_ANSWER, model: router }, [json()]).model).to.equal(router);
  });

  it('is whole with its metadata only', () => {
    const open = readEveryWay(bedrockConverse, STREAM, stream(delta({ text: 'Hei' }), stop()));
    expect(open).to.include({ ending: 'truncated', usageStatus: 'missing', usage: null });
    const silent = read(bedrockConverse, STREAM, [stream(delta({ text: 'a' }), stop(), eventFrame('metadata', {}))]);
    expect(silent).to.include({ ending: 'complete', usageStatus: 'missing' });
    const cut = stream(delta({ text: 'Hei' }), stop(), metadata());
    const short = readEveryWay(bedrockConverse, { ...STREAM, whole: false }, cut.subarray(0, -1));
    expect(short).to.include({ ending: 'truncated', usageStatus: 'missing' });
  });

  it('tells exceptions in the stream, before the first word and after it', () => {
    const fault = exceptionFrame('throttlingException', 'Too many: secret prompt');
    const early = readEveryWay(bedrockConverse, STREAM, fault);
    expect(early).to.deep.include({
      error: { type: 'throttlingException', code: null },
      ending: 'error',
      usageStatus: 'not_applicable',
    });
    const late = readEveryWay(bedrockConverse, STREAM, stream(delta({ text: 'Hei' }), fault));
    expect(late).to.deep.include({ error: early.error, ending: 'error', usageStatus: 'missing' });
    expect(JSON.stringify([early, late])).to.not.contain('secret');
    const error = frame({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'x' }, '');
    expect(read(bedrockConverse, STREAM, [stream(error)]).error).to.eql({ type: 'InternalError', code: null });
    const nameless = frame({ ':message-type': 'exception' }, '{}');
    expect(read(bedrockConverse, STREAM, [nameless]).error).to.eql({ type: null, code: null });
  });

  it('takes a spoilt stream for a bad payload, and keeps what it had', () => {
    const bytes = stream(delta({ text: 'Hei' }), stop(), metadata());
    bytes[bytes.length - 1]! ^= 1;
    const reading = readEveryWay(bedrockConverse, STREAM, bytes);
    expect(reading).to.include({ ending: 'bad_payload', outputChars: 3, usage: null });
  });

  it('reads the type of an error from its header, and never its message', () => {
    const body = Buffer.from('{"message":"The prompt was: secret"}');
    for (const [header, type] of [
      ['ThrottlingException', 'ThrottlingException'],
      ['ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/', 'ValidationException'],
      ['com.amazonaws.bedrock#ModelTimeoutException:x', 'ModelTimeoutException'],
    ]) {
      const headers = { 'x-amzn-errortype': header! };
      for (const answer of [
        { ...JSON_ANSWER, status: 429, headers },
        { ...JSON_ANSWER, api: 'bedrock.count_tokens', status: 400, headers },
      ]) {
        const reading = readEveryWay(bedrockConverse, answer, body);
        expect(reading).to.deep.include({ error: { type, code: null }, usageStatus: 'not_applicable', usage: null });
      }
    }
    const xml = { ...JSON_ANSWER, status: 404, headers: { 'x-amzn-errortype': 'UnknownOperationException' } };
    expect(read(bedrockConverse, xml, [Buffer.from('<UnknownOperationException/>')]).error?.type).to.equal(
      'UnknownOperationException',
    );
    expect(read(bedrockConverse, { ...JSON_ANSWER, status: 500 }, [body]).error).to.equal(null);
    const odd = { ...JSON_ANSWER, status: 500, headers: { 'x-amzn-errortype': 'The prompt was: secret' } };
    expect(read(bedrockConverse, odd, [body]).error).to.equal(null);
  });

  it('counts nothing for counting', () => {
    const answer = { ...JSON_ANSWER, api: 'bedrock.count_tokens' };
    const reading = read(bedrockConverse, answer, [Buffer.from('{"inputTokens":12}')]);
    expect(reading).to.include({ usage: null, usageStatus: 'not_applicable', ending: 'complete' });
  });
});
