import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { answer, bill, CHAT, chunk, finish, hello, JSON_CHAT } from '../../support/chat-chunks.ts';
import { read, readEveryWay, stream } from '../../support/metering.ts';

describe('what servers tell beside usage in the openai-chat adapter', () => {
  describe('llama.cpp’s timings', () => {
    const timings = { cache_n: 236, prompt_n: 1, prompt_ms: 30.958, predicted_n: 35, predicted_ms: 661.064 };
    const usage = { input_tokens: 237, output_tokens: 35, 'cache_read.input_tokens': 236 };
    const last = chunk({}, { timings }, { finish_reason: 'stop' });

    it('stand for a usage that nobody asked for', () => {
      const reading = readEveryWay(openaiChat, CHAT, stream(hello, last, '[DONE]'));
      expect([reading.usage, reading.usageStatus]).to.deep.equal([usage, 'final']);
      expect(JSON.parse(reading.rawUsage!)).to.deep.equal(timings);
      expect(read(openaiChat, JSON_CHAT, [answer(undefined, { timings })]).usage).to.deep.equal(usage);
    });

    it('are no usage where the stream broke before the last of them', () => {
      const growing = chunk({ content: 'x' }, { timings: { ...timings, predicted_n: 1 } });
      expect(read(openaiChat, { ...CHAT, whole: false }, [stream(growing)])).to.deep.include({
        usage: { ...usage, output_tokens: 1 },
        usageStatus: 'partial',
      });
    });

    it('give way to usage, wherever it comes', () => {
      const said = { prompt_tokens: 240, completion_tokens: 36, total_tokens: 276 };
      const normalised = { input_tokens: 240, output_tokens: 36 };
      const events = stream(hello, last, { ...bill(said), timings }, '[DONE]');
      expect(readEveryWay(openaiChat, CHAT, events).usage).to.deep.equal(normalised);
      expect(read(openaiChat, JSON_CHAT, [answer(said, { timings })]).usage).to.deep.equal(normalised);
    });

    it('do not tell the prompt where older builds leave out what was cached', () => {
      const older = { prompt_n: 1, predicted_n: 35 };
      expect(read(openaiChat, JSON_CHAT, [answer(undefined, { timings: older })]).usage).to.deep.equal({
        output_tokens: 35,
      });
    });
  });

  describe('Fireworks', () => {
    const headers = { 'fireworks-prompt-tokens': '100', 'fireworks-cached-prompt-tokens': '40' };
    const said = { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 };
    const whole = { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 };

    it('tells in headers what of the prompt was cached', () =>
      expect(read(openaiChat, { ...JSON_CHAT, headers }, [answer(said)]).usage).to.deep.equal(whole));

    it('tells it at the end of a stream, in texts', () => {
      const perf_metrics = {
        'prompt-tokens': '100',
        'cached-prompt-tokens': '40',
        'server-time-to-first-token': '0.1',
      };
      const events = stream(hello, chunk({}, { usage: said, perf_metrics }, { finish_reason: 'stop' }), '[DONE]');
      expect(readEveryWay(openaiChat, CHAT, events).usage).to.deep.equal(whole);
    });

    it('has its last word in usage, zero too', () => {
      const details = { ...said, prompt_tokens_details: { cached_tokens: 0 } };
      const { usage } = read(openaiChat, { ...JSON_CHAT, headers }, [answer(details)]);
      expect(usage).to.deep.equal({ ...whole, 'cache_read.input_tokens': 0 });
    });

    it('counts the prompt in headers where usage is missing, which is not all', () => {
      const reading = read(openaiChat, { ...JSON_CHAT, headers }, [answer(undefined)]);
      expect([reading.usage, reading.usageStatus]).to.deep.equal([
        { input_tokens: 100, 'cache_read.input_tokens': 40 },
        'partial',
      ]);
      const embedding = { ...JSON_CHAT, api: 'openai.embeddings', headers };
      expect(read(openaiChat, embedding, [Buffer.from('{"data":[]}')])).to.deep.include({
        usage: { input_tokens: 100, output_tokens: 0, 'cache_read.input_tokens': 40 },
        usageStatus: 'final',
      });
    });

    it('is not believed where it tells no number', () => {
      const odd = { 'fireworks-prompt-tokens': 'many', 'fireworks-cached-prompt-tokens': '-1' };
      expect(read(openaiChat, { ...JSON_CHAT, headers: odd }, [answer(undefined)]).usage).to.equal(null);
    });
  });

  describe('Ollama’s cloud', () => {
    const ollama = { system_fingerprint: 'fp_ollama' };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const paid = (model: string, more: object = ollama) =>
      read(openaiChat, { ...JSON_CHAT, model }, [answer(usage, more)]).paid;

    it('is known by the name that was asked for, in JSON and in streams', () => {
      expect(paid('gpt-oss:120b-cloud')).to.equal(true);
      const first = chunk({ role: 'assistant', content: 'Hi' }, ollama);
      expect(read(openaiChat, { ...CHAT, model: 'glm-5:cloud' }, [stream(first, finish, '[DONE]')]).paid).to.equal(
        true,
      );
    });

    it('is nobody else’s', () => {
      expect(paid('gpt-oss:120b')).to.equal(false);
      expect(paid('gpt-oss:120b-cloud', {})).to.equal(false);
    });
  });
});
