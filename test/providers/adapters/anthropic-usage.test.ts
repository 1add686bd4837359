import { expect } from 'chai';
import anthropicMessages from '../../../providers/adapters/anthropic-messages.ts';
import { block, delta, JSON_ANSWER, json, STREAM, start, stop, text } from '../../support/anthropic-events.ts';
import { read, readEveryWay, stream } from '../../support/metering.ts';

const usageOf = (usage: object) => read(anthropicMessages, JSON_ANSWER, [json(usage)]);
const streamed = (first: unknown, last: unknown) =>
  readEveryWay(anthropicMessages, STREAM, stream(start(first), block, text, delta(last), stop));

describe('usage in the anthropic-messages adapter', () => {
  describe('cumulative usage', () => {
    it('is the same in a stream and in JSON', () => {
      const usage = {
        input_tokens: 21,
        cache_creation_input_tokens: 1800,
        cache_read_input_tokens: 9000,
        cache_creation: { ephemeral_5m_input_tokens: 456, ephemeral_1h_input_tokens: 1344 },
        output_tokens: 393,
        output_tokens_details: { thinking_tokens: 100 },
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
        service_tier: 'priority',
        speed: 'fast',
        inference_geo: 'us',
      };
      const whole = readEveryWay(anthropicMessages, JSON_ANSWER, json(usage));
      const inStream = streamed(
        { ...usage, output_tokens: 1, output_tokens_details: null, server_tool_use: null },
        {
          output_tokens: 393,
          output_tokens_details: usage.output_tokens_details,
          server_tool_use: usage.server_tool_use,
        },
      );
      expect({ ...inStream, rawUsage: null }).to.deep.equal({ ...whole, rawUsage: null });
      expect(whole.usage).to.deep.equal({
        input_tokens: 10821,
        output_tokens: 393,
        'cache_read.input_tokens': 9000,
        'cache_creation.input_tokens': 1800,
        'cache_creation.5m.input_tokens': 456,
        'cache_creation.1h.input_tokens': 1344,
        'reasoning.output_tokens': 100,
        'web_search.requests': 2,
        'web_fetch.requests': 1,
      });
      expect([whole.serviceTier, whole.speed, whole.geo]).to.deep.equal(['priority', 'fast', 'us']);
      expect([whole.usageStatus, whole.ending, whole.outputChars]).to.deep.equal(['final', 'complete', 5]);
    });

    it('follows the last statement when the input grows or shrinks', () => {
      expect(
        streamed({ input_tokens: 2037, output_tokens: 1 }, { input_tokens: 15665, output_tokens: 50 }).usage,
      ).to.deep.equal({
        input_tokens: 15665,
        output_tokens: 50,
      });
      const shrunk = streamed(
        { input_tokens: 1000, output_tokens: 0 },
        { input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 5 },
      );
      expect(shrunk.usage).to.deep.equal({ input_tokens: 1000, output_tokens: 5, 'cache_read.input_tokens': 900 });
    });

    it('is not touched by null members, and a usage only in message_delta is enough', () => {
      const nulls = {
        input_tokens: null,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        output_tokens: 7,
      };
      expect(streamed({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 }, nulls).usage).to.deep.equal({
        input_tokens: 15,
        output_tokens: 7,
        'cache_read.input_tokens': 5,
      });
      expect(streamed(null, { input_tokens: 10, output_tokens: 7 }).usage).to.deep.equal({
        input_tokens: 10,
        output_tokens: 7,
      });
      const silent = streamed(null, null);
      expect([silent.usage, silent.usageStatus, silent.ending]).to.deep.equal([null, 'missing', 'complete']);
    });

    it('survives a message_start that comes twice', () => {
      const events = stream(
        start({ input_tokens: 10, output_tokens: 1 }),
        start({ input_tokens: 10, output_tokens: 1 }),
        text,
        delta({ output_tokens: 7 }),
        stop,
      );
      expect(readEveryWay(anthropicMessages, STREAM, events).usage).to.deep.equal({
        input_tokens: 10,
        output_tokens: 7,
      });
    });

    it('takes writes that the split does not name for five minutes', () => {
      const first = {
        input_tokens: 1,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        output_tokens: 1,
      };
      const { usage, inconsistencies } = streamed(first, { cache_creation_input_tokens: 100, output_tokens: 5 });
      expect(usage).to.deep.equal({
        input_tokens: 101,
        output_tokens: 5,
        'cache_creation.input_tokens': 100,
        'cache_creation.5m.input_tokens': 80,
        'cache_creation.1h.input_tokens': 20,
      });
      expect(inconsistencies).to.deep.equal([]);
    });

    it('drops a split that is larger than the whole, and names it', () => {
      const reading = usageOf({
        input_tokens: 1,
        cache_creation_input_tokens: 5,
        cache_creation: { ephemeral_1h_input_tokens: 9 },
        output_tokens: 1,
      });
      expect(reading.usage).to.deep.equal({ input_tokens: 6, output_tokens: 1, 'cache_creation.input_tokens': 5 });
      expect(reading.inconsistencies).to.deep.equal(['cache_creation is less than its split']);
    });

    it('ignores numbers that are no counts, and names them', () => {
      const reading = usageOf({ input_tokens: -1, cache_read_input_tokens: '5', output_tokens: 3 });
      expect(reading.usage).to.deep.equal({ output_tokens: 3 });
      expect(reading.inconsistencies).to.deep.equal([
        'input_tokens is not a count',
        'cache_read_input_tokens is not a count',
      ]);
    });
  });

  describe('iterations', () => {
    const message = (input: number, output: number) => ({
      type: 'message',
      input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
    });

    it('are billed together, those beside the top level too, each with its model', () => {
      const iterations = [
        message(100, 10),
        { ...message(2000, 300), type: 'compaction' },
        message(50, 5),
        { ...message(70, 7), type: 'advisor_message', model: 'claude-b' },
      ];
      const reading = streamed(
        { input_tokens: 100, output_tokens: 1 },
        { input_tokens: 150, output_tokens: 15, iterations, server_tool_use: { web_search_requests: 1 } },
      );
      expect(reading.usage).to.include({ input_tokens: 2220, output_tokens: 322, 'web_search.requests': 1 });
      expect(reading.parts?.map(({ model, usage }) => [model, usage.input_tokens, usage.output_tokens])).to.deep.equal([
        ['claude-a', 100, 10],
        ['claude-a', 50, 5],
        ['claude-a', 2000, 300],
        ['claude-b', 70, 7],
      ]);
      expect(reading.inconsistencies).to.deep.equal([]);
      expect(reading.model).to.equal('claude-a');
    });

    it('add nothing when there is only one', () => {
      const reading = usageOf({ input_tokens: 100, output_tokens: 10, iterations: [message(100, 10)] });
      expect([reading.usage, reading.parts]).to.deep.equal([{ input_tokens: 100, output_tokens: 10 }, null]);
    });

    it('say which model served after a fallback: the top level is its answer', () => {
      const iterations = [message(100, 0), { ...message(120, 10), type: 'fallback_message', model: 'claude-c' }];
      const reading = usageOf({ input_tokens: 120, output_tokens: 10, iterations });
      expect([reading.model, reading.usage, reading.parts]).to.deep.equal([
        'claude-c',
        { input_tokens: 120, output_tokens: 10 },
        null,
      ]);
    });

    it('are named when they do not add up', () => {
      const reading = usageOf({ input_tokens: 100, output_tokens: 10, iterations: [message(60, 6), message(50, 4)] });
      expect(reading.usage).to.include({ input_tokens: 110, output_tokens: 10 });
      expect(reading.inconsistencies).to.deep.equal(['iterations do not add up to input_tokens']);
    });
  });
});
