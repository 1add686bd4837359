import { expect } from 'chai';

import bedrockInvoke from '../../../providers/adapters/bedrock-invoke.ts';
import { block, delta, json, start, stop, text } from '../../support/anthropic-events.ts';
import { chunkFrame, eventFrame, exceptionFrame } from '../../support/event-frames.ts';
import { meterOf, read, readEveryWay } from '../../support/metering.ts';

const CLAUDE = 'global.anthropic.claude-sonnet-4-5-20250929-v1:0';
const OPAQUE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6';
const STREAM = { api: 'bedrock.invoke', contentType: 'application/vnd.amazon.eventstream', model: CLAUDE };
const JSON_ANSWER = { api: 'bedrock.invoke', contentType: 'application/json', streamAsked: false, model: CLAUDE };

const metrics = (input: number, output: number, more: object = {}) => ({
  'amazon-bedrock-invocationMetrics': {
    inputTokenCount: input,
    outputTokenCount: output,
    invocationLatency: 900,
    firstByteLatency: 300,
    ...more,
  },
});
const chunks = (...events: object[]) => Buffer.concat(events.map(chunkFrame));
const counted = (input: number, output: number) => ({
  'x-amzn-bedrock-input-token-count': String(input),
  'x-amzn-bedrock-output-token-count': String(output),
});
const bytes = (value: object) => Buffer.from(JSON.stringify(value));

describe('the bedrock-invoke adapter', () => {
  describe("with Claude's bodies", () => {
    const usage = {
      input_tokens: 7,
      output_tokens: 1,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 20,
      cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
    };
    const expected = {
      input_tokens: 127,
      output_tokens: 42,
      'cache_read.input_tokens': 100,
      'cache_creation.input_tokens': 20,
      'cache_creation.5m.input_tokens': 5,
      'cache_creation.1h.input_tokens': 15,
    };
    const same = metrics(7, 42, { cacheReadInputTokenCount: 100, cacheWriteInputTokenCount: 20 });

    it('reads usage that is told in three places once, in a stream and in JSON', () => {
      const answer = chunks(start(usage), block, text, delta({ output_tokens: 42 }), { ...stop, ...same });
      const streamed = readEveryWay(bedrockInvoke, STREAM, answer);
      expect(streamed).to.deep.include({
        usage: expected,
        usageStatus: 'final',
        ending: 'complete',
        stopReason: { raw: 'end_turn', normalized: 'stop' },
        responseId: 'msg_1',
        outputChars: 5,
        inconsistencies: [],
      });
      const headers = { ...counted(7, 42), 'x-amzn-bedrock-cache-read-input-token-count': '100' };
      const whole = json({ ...usage, output_tokens: 42 });
      const { rawUsage, ...rest } = readEveryWay(bedrockInvoke, { ...JSON_ANSWER, headers }, whole);
      expect({ ...rest, rawUsage: streamed.rawUsage }).to.eql(streamed);
      expect(rawUsage).to.contain('"output_tokens":42');
    });

    it("prices Bedrock's id, which knows the region, not the vendor's name", () => {
      const answer = chunks(start(usage), text, delta({ output_tokens: 42 }), stop);
      expect(read(bedrockInvoke, STREAM, [answer]).model).to.equal(CLAUDE);
      expect(read(bedrockInvoke, JSON_ANSWER, [json(usage)]).model).to.equal(CLAUDE);
      expect(read(bedrockInvoke, { ...STREAM, model: OPAQUE }, [answer])).to.deep.include({
        model: OPAQUE,
        usage: expected,
      });
    });

    it('takes the last chunk for what the vendor did not say', () => {
      const silent = chunks(start(null), text, { ...stop, ...same });
      const { usage: filled, usageStatus, rawUsage } = readEveryWay(bedrockInvoke, STREAM, silent);
      expect({ filled, usageStatus }).to.eql({
        filled: {
          input_tokens: 127,
          output_tokens: 42,
          'cache_read.input_tokens': 100,
          'cache_creation.input_tokens': 20,
        },
        usageStatus: 'final',
      });
      expect(rawUsage).to.equal(JSON.stringify(same['amazon-bedrock-invocationMetrics']));
      const other = chunks(start(usage), delta({ output_tokens: 42 }), { ...stop, ...metrics(9999, 9999) });
      expect(read(bedrockInvoke, STREAM, [other]).usage).to.eql(expected);
    });

    it('keeps the numbers of a stream that broke off as partial', () => {
      const open = chunks(start(usage), block, text);
      const reading = readEveryWay(bedrockInvoke, { ...STREAM, whole: false }, open);
      expect(reading).to.include({ ending: 'truncated', usageStatus: 'partial' });
    });

    it('bills a refusal as it was counted', () => {
      const refusal = chunks(start(usage), delta({ output_tokens: 42 }, 'refusal'), { ...stop, ...same });
      expect(readEveryWay(bedrockInvoke, STREAM, refusal)).to.deep.include({ usage: expected, usageStatus: 'final' });
    });

    it('is no completion that quotes the name of the last chunk', () => {
      const quoting = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: '' } };
      quoting.delta.text = JSON.stringify(metrics(1, 1));
      const reading = read(bedrockInvoke, STREAM, [chunks(start(usage), quoting)]);
      expect(reading).to.include({ ending: 'truncated', usageStatus: 'partial' });
    });

    it('reads text completions of the first versions', () => {
      const body = bytes({ type: 'completion', completion: ' Hei', stop_reason: 'stop_sequence', stop: '\n\nHuman:' });
      const reading = readEveryWay(bedrockInvoke, { ...JSON_ANSWER, headers: counted(5, 2) }, body);
      expect(reading).to.deep.include({
        usage: { input_tokens: 5, output_tokens: 2 },
        usageStatus: 'final',
        stopReason: { raw: 'stop_sequence', normalized: 'stop' },
        outputChars: 4,
      });
    });
  });

  describe('with bodies of other vendors', () => {
    const usage = (input: number, output: number) => ({ input_tokens: input, output_tokens: output });
    const stopped = (raw: string, normalized: string) => ({ raw, normalized });
    const whole: Record<string, [body: object, headers: Record<string, string>, expected: object]> = {
      Nova: [
        {
          output: { message: { role: 'assistant', content: [{ text: 'Hei' }] } },
          stopReason: 'max_tokens',
          usage: {
            inputTokens: 4,
            outputTokens: 3,
            totalTokens: 9,
            cacheReadInputTokenCount: 2,
            cacheWriteInputTokenCount: 0,
          },
        },
        counted(4, 3),
        {
          usage: { ...usage(6, 3), 'cache_read.input_tokens': 2, 'cache_creation.input_tokens': 0 },
          stopReason: stopped('max_tokens', 'length'),
        },
      ],
      Llama: [
        { generation: 'Hei', prompt_token_count: 4, generation_token_count: 3, stop_reason: 'stop' },
        counted(9, 9),
        { usage: usage(4, 3), stopReason: stopped('stop', 'stop') },
      ],
      Titan: [
        { inputTextTokenCount: 4, results: [{ tokenCount: 3, outputText: 'Hei', completionReason: 'LENGTH' }] },
        {},
        { usage: usage(4, 3), stopReason: stopped('LENGTH', 'length') },
      ],
      'Mistral, completing text': [
        { outputs: [{ text: 'Hei', stop_reason: 'length' }] },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('length', 'length') },
      ],
      'Mistral, chatting': [
        {
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hei', tool_calls: [] }, stop_reason: 'stop' }],
        },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('stop', 'stop') },
      ],
      'DeepSeek, completing text': [
        { choices: [{ text: 'Hei', stop_reason: 'length' }] },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('length', 'length') },
      ],
      'gpt-oss, Qwen, Jamba and others who chat': [
        {
          id: 'chatcmpl-1',
          model: 'openai.gpt-oss-120b-1:0',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hei' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 },
        },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('stop', 'stop'), responseId: 'chatcmpl-1' },
      ],
      'Cohere, with its bill': [
        {
          text: 'Hei',
          finish_reason: 'MAX_TOKENS',
          chat_history: [{ role: 'USER', message: 'a' }],
          meta: { billed_units: { input_tokens: 4, output_tokens: 3 } },
        },
        {},
        { usage: usage(4, 3), stopReason: stopped('MAX_TOKENS', 'length') },
      ],
      'Cohere, without': [
        { text: 'Hei', finish_reason: 'COMPLETE' },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('COMPLETE', 'stop') },
      ],
      'Cohere, generating': [
        { id: 'x', prompt: 'a', generations: [{ id: 'y', text: 'Hei', finish_reason: 'ERROR_TOXIC' }] },
        counted(4, 3),
        { usage: usage(4, 3), stopReason: stopped('ERROR_TOXIC', 'content_filter') },
      ],
    };
    for (const [vendor, [body, headers, expected]] of Object.entries(whole)) {
      it(`reads ${vendor}`, () => {
        for (const model of ['vendor.model-v1:0', OPAQUE]) {
          const reading = readEveryWay(bedrockInvoke, { ...JSON_ANSWER, model, headers }, bytes(body));
          expect(reading).to.deep.include({
            ...expected,
            model,
            usageStatus: 'final',
            ending: 'complete',
            outputChars: 3,
            error: null,
            inconsistencies: [],
          });
        }
      });
    }

    it('counts vectors as input only', () => {
      const titan = bytes({ embedding: [0.25, -1], inputTextTokenCount: 6 });
      expect(readEveryWay(bedrockInvoke, JSON_ANSWER, titan).usage).to.eql(usage(6, 0));
      const cohere = bytes({ embeddings: [[0.5]], id: 'x', response_type: 'embeddings_floats', texts: ['a'] });
      const headers = { 'x-amzn-bedrock-input-token-count': '6' };
      expect(readEveryWay(bedrockInvoke, { ...JSON_ANSWER, headers }, cohere).usage).to.eql(usage(6, 0));
      const huge = bytes({ embedding: Array.from({ length: 40_000 }, () => 0.123456789), inputTextTokenCount: 6 });
      expect(read(bedrockInvoke, JSON_ANSWER, [huge]).usage).to.eql(usage(6, 0));
    });

    it('knows nothing of an answer that nobody counts', () => {
      const image = readEveryWay(bedrockInvoke, JSON_ANSWER, bytes({ images: ['aGVp'], error: null }));
      expect(image).to.include({ usage: null, usageStatus: 'missing', ending: 'complete', error: null });
    });

    const streams: Record<string, [events: object[], expected: object]> = {
      Nova: [
        [
          { messageStart: { role: 'assistant' } },
          { contentBlockDelta: { delta: { text: 'He' }, contentBlockIndex: 0 } },
          { contentBlockDelta: { delta: { text: 'i' }, contentBlockIndex: 0 } },
          { contentBlockStop: { contentBlockIndex: 0 } },
          { messageStop: { stopReason: 'end_turn' } },
          {
            metadata: { usage: { inputTokens: 4, outputTokens: 3, totalTokens: 7 }, metrics: {}, trace: {} },
            ...metrics(4, 3),
          },
        ],
        { stopReason: stopped('end_turn', 'stop') },
      ],
      Llama: [
        [
          { generation: 'H', prompt_token_count: 4, generation_token_count: 1, stop_reason: null },
          { generation: 'e', prompt_token_count: null, generation_token_count: 2, stop_reason: null },
          {
            generation: 'i',
            prompt_token_count: null,
            generation_token_count: 3,
            stop_reason: 'stop',
            ...metrics(4, 3),
          },
        ],
        { stopReason: stopped('stop', 'stop') },
      ],
      Titan: [
        [
          {
            outputText: 'He',
            index: 0,
            totalOutputTextTokenCount: null,
            completionReason: null,
            inputTextTokenCount: 4,
          },
          {
            outputText: 'i',
            index: 0,
            totalOutputTextTokenCount: 3,
            completionReason: 'FINISH',
            inputTextTokenCount: null,
            ...metrics(4, 3),
          },
        ],
        { stopReason: stopped('FINISH', 'stop') },
      ],
      'Mistral, chatting': [
        [
          { choices: [{ index: 0, message: { role: 'assistant', content: 'He' }, stop_reason: null }] },
          {
            choices: [{ index: 0, message: { role: 'assistant', content: 'i' }, stop_reason: 'stop' }],
            ...metrics(4, 3),
          },
        ],
        { stopReason: stopped('stop', 'stop') },
      ],
      Cohere: [
        [
          { is_finished: false, event_type: 'text-generation', text: 'Hei' },
          { is_finished: true, event_type: 'stream-end', finish_reason: 'COMPLETE', ...metrics(4, 3) },
        ],
        { stopReason: stopped('COMPLETE', 'stop') },
      ],
      'gpt-oss and others who chat': [
        [
          { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hei' } }] },
          { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
          {
            id: 'c',
            choices: [],
            usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 },
            ...metrics(4, 3),
          },
        ],
        { stopReason: stopped('stop', 'stop'), responseId: 'c' },
      ],
      'one that shows nothing of its shape': [[{ token: 'Hei' }, { ...metrics(4, 3) }], { stopReason: null }],
    };
    for (const [vendor, [events, expected]] of Object.entries(streams)) {
      it(`reads a stream of ${vendor}`, () => {
        const reading = readEveryWay(bedrockInvoke, { ...STREAM, model: OPAQUE }, chunks(...events));
        expect(reading).to.deep.include({
          ...expected,
          usage: usage(4, 3),
          usageStatus: 'final',
          ending: 'complete',
          outputChars: vendor.startsWith('one') ? 0 : 3,
          inconsistencies: [],
        });
        const open = read(bedrockInvoke, STREAM, [chunks(...events.slice(0, -1))]);
        expect(open.ending).to.equal('truncated');
        expect(open.usageStatus).to.not.equal('final');
      });
    }
  });

  it('keeps the text of any vendor', () => {
    const answers = [
      chunks({ generation: 'Größe' }),
      chunks({ choices: [{ delta: { content: 'Größe' } }] }),
      chunks({ contentBlockDelta: { delta: { text: 'Größe' } } }),
    ];
    for (const answer of answers) {
      const meter = meterOf(bedrockInvoke, STREAM);
      meter.push(answer);
      expect([meter.text.read(), meter.started]).to.eql(['Größe', true]);
    }
  });

  it('tells the tier and the speed that headers name', () => {
    const headers = {
      'x-amzn-bedrock-service-tier': 'priority',
      'x-amzn-bedrock-performanceconfig-latency': 'optimized',
    };
    const { serviceTier, speed } = read(bedrockInvoke, { ...JSON_ANSWER, headers }, [json({ input_tokens: 1 })]);
    expect({ serviceTier, speed }).to.eql({ serviceTier: 'priority', speed: 'optimized' });
  });

  it('tells exceptions in the stream', () => {
    const fault = exceptionFrame('modelStreamErrorException', 'secret');
    const reading = readEveryWay(bedrockInvoke, STREAM, Buffer.concat([chunks(start({ input_tokens: 1 })), fault]));
    expect(reading).to.deep.include({ error: { type: 'modelStreamErrorException', code: null }, ending: 'error' });
  });

  it('passes over chunks without an event', () => {
    const odd = [eventFrame('chunk', {}), eventFrame('chunk', { bytes: 5 }), eventFrame('chunk', '{"bytes":"e30')];
    const reading = read(bedrockInvoke, STREAM, [Buffer.concat([...odd, chunks({}, metrics(1, 2))])]);
    expect(reading).to.deep.include({ usage: { input_tokens: 1, output_tokens: 2 }, ending: 'complete' });
  });
});
