import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { answer, bill, CHAT, chunk, finish, hello, JSON_CHAT } from '../../support/chat-chunks.ts';
import { read, readEveryWay, stream } from '../../support/metering.ts';

/** The reading of an answer that says this usage. */
const usageOf = (usage: object) => read(openaiChat, JSON_CHAT, [answer(usage)]);

describe('reading of the openai-chat adapter', () => {
  describe('where usage stands', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const normalised = { input_tokens: 10, output_tokens: 5 };

    it('takes it from x_groq in a stream, and not in JSON, where it counts hardware caches', () => {
      const groq = chunk({}, { x_groq: { id: 'r', usage } }, { finish_reason: 'stop' });
      const streamed = readEveryWay(openaiChat, CHAT, stream(hello, groq, '[DONE]'));
      expect(streamed.usage).to.deep.equal(normalised);
      expect(streamed.usageStatus).to.equal('final');
      const json = answer(usage, { x_groq: { id: 'r', usage: { prompt_tokens: 99, dram_cached_tokens: 3 } } });
      expect(read(openaiChat, JSON_CHAT, [json]).usage).to.deep.equal(normalised);
    });

    it('lets the top level win over a choice', () => {
      const both = chunk(
        {},
        { usage },
        { finish_reason: 'stop', usage: { prompt_tokens: 10, completion_tokens: 4, cached_tokens: 2 } },
      );
      const { usage: found } = readEveryWay(openaiChat, CHAT, stream(hello, both, '[DONE]'));
      expect(found).to.deep.equal({ ...normalised, 'cache_read.input_tokens': 2 });
    });

    it('is a state: null, absent and {} say nothing, zero is a statement', () => {
      const events = stream(
        hello,
        finish,
        bill({ ...usage, cached_tokens: 4 }),
        chunk({}, { usage: null }),
        bill({}),
        '[DONE]',
      );
      expect(readEveryWay(openaiChat, CHAT, events).usage).to.deep.equal({
        ...normalised,
        'cache_read.input_tokens': 4,
      });
      const zero = stream(hello, finish, bill(usage), bill({ completion_tokens: 0, total_tokens: 10 }), '[DONE]');
      expect(readEveryWay(openaiChat, CHAT, zero).usage).to.deep.equal({ input_tokens: 10, output_tokens: 0 });
    });

    it('stands on every event and grows (continuous_usage_stats)', () => {
      const each = (n: number, choice: object = {}) =>
        chunk({ content: 'x' }, { usage: { prompt_tokens: 10, completion_tokens: n, total_tokens: 10 + n } }, choice);
      const events = stream(each(1), each(2), each(3, { finish_reason: 'stop' }), '[DONE]');
      const reading = readEveryWay(openaiChat, CHAT, events);
      expect([reading.usage?.output_tokens, reading.usageStatus]).to.deep.equal([3, 'final']);
    });

    it('is one for all choices', () => {
      const at = (index: number, more: object = {}) => ({ index, ...more });
      const events = stream(
        chunk({ content: 'a' }, {}, at(0)),
        chunk({ content: 'b' }, {}, at(1)),
        chunk({ content: 'c' }, {}, at(0)),
        chunk({}, {}, at(1, { finish_reason: 'length' })),
        chunk({}, {}, at(0, { finish_reason: 'stop' })),
        bill(usage),
        '[DONE]',
      );
      const reading = readEveryWay(openaiChat, CHAT, events);
      expect([reading.usage, reading.stopReason?.raw, reading.outputChars]).to.deep.equal([normalised, 'stop', 3]);
      const choices = ['ab', 'cde'].map((content, index) => ({ index, message: { content }, finish_reason: 'stop' }));
      const json = read(openaiChat, JSON_CHAT, [answer(usage, { choices })]);
      expect([json.usage, json.outputChars]).to.deep.equal([normalised, 5]);
    });

    it('stands in an event without choices (Fireworks)', () => {
      const events = stream(hello, { id: 'c-1', model: 'm-1' }, finish, { id: 'c-1', usage }, '[DONE]');
      expect(readEveryWay(openaiChat, CHAT, events).usage).to.deep.equal(normalised);
    });

    it('is partial while it grows and the stream breaks, final with the finish reason', () => {
      const growing = [1, 2, 3].map((n) =>
        chunk({ content: 'x' }, { usage: { prompt_tokens: 10, completion_tokens: n, total_tokens: 10 + n } }),
      );
      const cut = readEveryWay(openaiChat, { ...CHAT, whole: false }, stream(hello, ...growing));
      expect([cut.usage?.output_tokens, cut.usageStatus, cut.ending]).to.deep.equal([3, 'partial', 'truncated']);
      const last = chunk({}, { usage }, { finish_reason: 'length' });
      const whole = readEveryWay(openaiChat, CHAT, stream(hello, ...growing, last, '[DONE]'));
      expect([whole.usage?.output_tokens, whole.usageStatus, whole.ending]).to.deep.equal([5, 'final', 'complete']);
    });

    it('stays final when only the end mark is lost', () => {
      const cut = readEveryWay(openaiChat, { ...CHAT, whole: false }, stream(hello, finish, bill(usage)));
      expect([cut.usageStatus, cut.ending]).to.deep.equal(['final', 'truncated']);
    });

    it('is not sought in text that talks about it', () => {
      const decoy =
        '{"usage":{"prompt_tokens":1,"completion_tokens":1},"finish_reason":"stop","error":{"code":"x"}}\\ "usage"';
      const events = stream(hello, chunk({ content: decoy }), chunk({ content: 'data: [DONE]\n\n' }));
      const reading = readEveryWay(openaiChat, CHAT, events);
      expect(reading.usage).to.equal(null);
      expect([reading.usageStatus, reading.ending, reading.stopReason]).to.deep.equal(['missing', 'truncated', null]);
      expect(reading.outputChars).to.equal(5 + decoy.length + 14);
    });

    it('keeps the raw object as it was written, up to 4 KiB', () => {
      const raw = '{ "prompt_tokens": 10, "completion_tokens":5,"total_tokens":15, "x":1.0 }';
      const bytes = Buffer.from(`data: {"choices":[],"usage":${raw}}\n\ndata: [DONE]\n\n`);
      expect(readEveryWay(openaiChat, CHAT, bytes).rawUsage).to.equal(raw);
      expect(usageOf({ ...usage, pad: 'x'.repeat(9000) }).rawUsage).to.have.length(4096);
    });
  });

  describe('how answers end', () => {
    it('says an error that comes in the stream, also when [DONE] follows (vLLM)', () => {
      const error = { error: { message: 'secret prompt', type: 'BadRequestError', code: 400 } };
      const reading = readEveryWay(openaiChat, CHAT, stream(hello, error, '[DONE]'));
      expect(reading.ending).to.equal('error');
      expect(reading.error).to.deep.equal({ type: 'BadRequestError', code: '400' });
      expect(reading.usageStatus).to.equal('missing');
      expect(JSON.stringify(reading)).not.to.contain('secret');
      const old = readEveryWay(openaiChat, CHAT, stream({ object: 'error', message: 'x', code: 40303 }, '[DONE]'));
      expect([old.error, old.usageStatus]).to.deep.equal([{ type: null, code: '40303' }, 'not_applicable']);
    });

    it('says an error inside a choice (OpenRouter), in JSON and in a stream', () => {
      const choice = { error: { code: 502, message: 'x' }, finish_reason: 'error' };
      expect(readEveryWay(openaiChat, CHAT, stream(hello, chunk({ content: '' }, {}, choice))).ending).to.equal(
        'error',
      );
      const json = answer(null, { choices: [{ index: 0, message: { content: '' }, ...choice }] });
      const reading = read(openaiChat, JSON_CHAT, [json]);
      expect([reading.ending, reading.error]).to.deep.equal(['error', { type: null, code: null }]);
    });

    it('says why Groq stopped early', () => {
      const early = chunk({}, { x_groq: { id: 'r', error: 'over capacity' } }, { finish_reason: 'stop' });
      expect(readEveryWay(openaiChat, CHAT, stream(hello, early, '[DONE]'))).to.include({ ending: 'error' });
    });

    it('says an error beside choices (OpenRouter)', () => {
      const error = chunk({ content: '' }, { error: { code: 502, message: 'x' } }, { finish_reason: 'error' });
      const reading = readEveryWay(openaiChat, CHAT, stream(hello, hello, error));
      expect([reading.ending, reading.error]).to.deep.equal(['error', { type: null, code: '502' }]);
      expect(reading.stopReason).to.deep.equal({ raw: 'error', normalized: 'error' });
    });

    it('never takes a sentence for a code', () => {
      const error = { error: { type: 'the prompt "abc" was', code: 'has blanks' } };
      expect(read(openaiChat, CHAT, [stream(error)]).error).to.deep.equal({ type: null, code: null });
    });

    it('reads an error under 200 as an error with nothing to bill', () => {
      const bytes = Buffer.from('\n\n{"error":{"message":"x","code":"rate_limit"}}');
      const reading = readEveryWay(openaiChat, JSON_CHAT, bytes);
      expect([reading.ending, reading.error?.code, reading.usageStatus]).to.deep.equal([
        'error',
        'rate_limit',
        'not_applicable',
      ]);
    });

    it('reads JSON that answers a request for a stream, under any content type', () => {
      for (const contentType of ['application/json', 'text/event-stream', '']) {
        const reading = readEveryWay(
          openaiChat,
          { ...CHAT, contentType },
          answer({ prompt_tokens: 1, completion_tokens: 2 }),
        );
        expect([reading.ending, reading.usage?.output_tokens, reading.outputChars]).to.deep.equal(['complete', 2, 5]);
      }
    });

    it('reads events under a wrong content type, and data without a space', () => {
      const text = stream(hello, finish, bill({ prompt_tokens: 1, completion_tokens: 2 }), '[DONE]').toString();
      const bytes = Buffer.from(text.replaceAll('data: ', 'data:'));
      for (const contentType of ['application/json', 'text/plain', '']) {
        const reading = readEveryWay(openaiChat, { ...CHAT, contentType }, bytes);
        expect([reading.ending, reading.usage?.output_tokens]).to.deep.equal(['complete', 2]);
      }
    });

    it('tells a cut JSON from a broken connection', () => {
      const bytes = answer({ prompt_tokens: 1 }).subarray(0, -9);
      expect(readEveryWay(openaiChat, JSON_CHAT, bytes).ending).to.equal('bad_payload');
      expect(readEveryWay(openaiChat, { ...JSON_CHAT, whole: false }, bytes).ending).to.equal('truncated');
      expect(read(openaiChat, JSON_CHAT, [Buffer.from('<html>busy</html>')]).ending).to.equal('bad_payload');
      expect(read(openaiChat, JSON_CHAT, []).ending).to.equal('bad_payload');
      expect(read(openaiChat, CHAT, []).ending).to.equal('truncated');
      expect(read(openaiChat, { ...CHAT, whole: false }, []).usageStatus).to.equal('missing');
    });

    it('has nothing to bill for an error status, whatever its body', () => {
      const status = 500;
      const html = read(openaiChat, { ...JSON_CHAT, status }, [Buffer.from('<html>')]);
      expect([html.usageStatus, html.usage, html.error]).to.deep.equal(['not_applicable', null, null]);
      const anthropic = Buffer.from('{"type":"error","error":{"type":"api_error","message":"x"}}');
      expect(read(openaiChat, { ...JSON_CHAT, status }, [anthropic]).error).to.deep.equal({
        type: 'api_error',
        code: null,
      });
      expect(read(openaiChat, { ...JSON_CHAT, status }, [Buffer.from('{"error":"x y"}')]).error).to.deep.equal({
        type: null,
        code: null,
      });
      expect(read(openaiChat, { ...JSON_CHAT, status }, [answer({ prompt_tokens: 1 })]).usage).to.equal(null);
    });
  });

  describe('stop reasons', () => {
    const reasons: [string, string | null][] = [
      ['stop', 'stop'],
      ['eos', 'stop'],
      ['length', 'length'],
      ['tool_calls', 'tool_calls'],
      ['function_call', 'tool_calls'],
      ['content_filter', 'content_filter'],
      ['error', 'error'],
      ['insufficient_system_resource', 'error'],
      ['constructor', null],
    ];
    for (const [raw, normalized] of reasons) {
      it(`reads ${raw} as ${normalized}`, () => {
        const events = stream(
          hello,
          chunk({}, {}, { finish_reason: raw }),
          chunk({}, {}, { finish_reason: null }),
          '[DONE]',
        );
        expect(read(openaiChat, CHAT, [events]).stopReason).to.deep.equal({ raw, normalized });
      });
    }

    it('is that of the first choice when there are several', () => {
      const other = chunk({}, {}, { index: 1, finish_reason: 'length' });
      expect(read(openaiChat, CHAT, [stream(hello, other, finish, other, '[DONE]')]).stopReason?.raw).to.equal('stop');
    });

    it('is a refusal when the model said so in its own member', () => {
      const streamed = stream(chunk({ role: 'assistant', refusal: 'No' }), finish, '[DONE]');
      const json = Buffer.from('{"choices":[{"message":{"content":null,"refusal":"No"},"finish_reason":"stop"}]}');
      for (const reading of [read(openaiChat, CHAT, [streamed]), read(openaiChat, JSON_CHAT, [json])]) {
        expect(reading.stopReason).to.deep.equal({ raw: 'stop', normalized: 'refusal' });
        expect(reading.outputChars).to.equal(2);
      }
    });
  });
});
