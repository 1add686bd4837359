import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { answer, JSON_CHAT } from '../../support/chat-chunks.ts';
import { read } from '../../support/metering.ts';

/** The reading of an answer that says this usage. */
const usageOf = (usage: object) => read(openaiChat, JSON_CHAT, [answer(usage)]);

describe('usage in the openai-chat adapter', () => {
  describe('what usage means', () => {
    const cases: [string, object, object, string[]?][] = [
      [
        'cache writes',
        {
          prompt_tokens: 100,
          completion_tokens: 5,
          total_tokens: 105,
          prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 50 },
        },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40, 'cache_creation.input_tokens': 50 },
      ],
      [
        'the cache names of Mistral',
        { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105, num_cached_tokens: 40 },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'the other cache names of Mistral',
        { prompt_tokens: 100, completion_tokens: 5, prompt_token_details: { cached_tokens: 40 } },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'the cache names of DeepSeek',
        { prompt_tokens: 100, completion_tokens: 5, prompt_cache_hit_tokens: 40, prompt_cache_miss_tokens: 60 },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'the cache names of Anthropic',
        { prompt_tokens: 100, completion_tokens: 5, cache_read_input_tokens: 40, cache_creation_input_tokens: 20 },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40, 'cache_creation.input_tokens': 20 },
      ],
      [
        'the first of several cache names',
        { prompt_tokens: 100, completion_tokens: 5, cached_tokens: 40, prompt_cache_hit_tokens: 41 },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'audio',
        {
          prompt_tokens: 100,
          completion_tokens: 50,
          total_tokens: 150,
          prompt_tokens_details: { audio_tokens: 30 },
          completion_tokens_details: { audio_tokens: 45 },
        },
        { input_tokens: 100, output_tokens: 50, 'audio.input_tokens': 30, 'audio.output_tokens': 45 },
      ],
      [
        'reasoning beside the completion (xAI)',
        {
          prompt_tokens: 10,
          completion_tokens: 5,
          total_tokens: 45,
          completion_tokens_details: { reasoning_tokens: 30 },
        },
        { input_tokens: 10, output_tokens: 35, 'reasoning.output_tokens': 30 },
      ],
      [
        'reasoning beside the completion, without a total',
        { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 30 } },
        { input_tokens: 10, output_tokens: 35, 'reasoning.output_tokens': 30 },
      ],
      [
        'the cache beside the prompt (xAI, seen once)',
        { prompt_tokens: 10, completion_tokens: 5, total_tokens: 55, prompt_tokens_details: { cached_tokens: 40 } },
        { input_tokens: 50, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'cache and reasoning beside',
        {
          prompt_tokens: 10,
          completion_tokens: 5,
          total_tokens: 85,
          prompt_tokens_details: { cached_tokens: 40 },
          completion_tokens_details: { reasoning_tokens: 30 },
        },
        { input_tokens: 50, output_tokens: 35, 'cache_read.input_tokens': 40, 'reasoning.output_tokens': 30 },
      ],
      [
        'thinking in the total only (Gemini)',
        { prompt_tokens: 20, completion_tokens: 424, total_tokens: 1016 },
        { input_tokens: 20, output_tokens: 996, 'reasoning.output_tokens': 572 },
      ],
      [
        'the two halves of DeepSeek where the whole is left out',
        { completion_tokens: 5, prompt_cache_hit_tokens: 40, prompt_cache_miss_tokens: 60 },
        { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 40 },
      ],
      [
        'both details of Mistral',
        {
          prompt_tokens: 100,
          completion_tokens: 5,
          prompt_tokens_details: { audio_tokens: 7 },
          prompt_token_details: { cached_tokens: 40 },
        },
        { input_tokens: 100, output_tokens: 5, 'audio.input_tokens': 7, 'cache_read.input_tokens': 40 },
      ],
      [
        'audio beside the prompt (Mistral)',
        {
          prompt_audio_seconds: 12,
          prompt_tokens: 3,
          total_tokens: 419,
          completion_tokens: 41,
          prompt_tokens_details: { cached_tokens: 0, audio_tokens: 375 },
        },
        {
          input_tokens: 378,
          output_tokens: 41,
          'cache_read.input_tokens': 0,
          'audio.input_tokens': 375,
          'audio.seconds': 12,
        },
      ],
      [
        'audio beside the prompt, read from a cache',
        {
          prompt_audio_seconds: 5,
          prompt_tokens: 5,
          total_tokens: 404,
          completion_tokens: 24,
          prompt_tokens_details: { cached_tokens: 368 },
        },
        {
          input_tokens: 380,
          output_tokens: 24,
          'cache_read.input_tokens': 368,
          'audio.input_tokens': 375,
          'audio.seconds': 5,
        },
      ],
      [
        'no audio in a prompt of Mistral’s',
        { prompt_audio_seconds: 0, prompt_tokens: 13, completion_tokens: 7, total_tokens: 20, num_cached_tokens: 0 },
        { input_tokens: 13, output_tokens: 7, 'cache_read.input_tokens': 0 },
      ],
      [
        'seconds that are none',
        { prompt_audio_seconds: '12', prompt_tokens: 13, completion_tokens: 7 },
        { input_tokens: 13, output_tokens: 7 },
        ['the seconds of audio are no number'],
      ],
      [
        'predictions, accepted and rejected, inside the completion',
        {
          prompt_tokens: 10,
          completion_tokens: 60,
          total_tokens: 70,
          completion_tokens_details: {
            accepted_prediction_tokens: 20,
            rejected_prediction_tokens: 30,
            reasoning_tokens: 0,
          },
        },
        { input_tokens: 10, output_tokens: 60, 'reasoning.output_tokens': 0 },
      ],
      [
        'the names of the Responses API',
        {
          input_tokens: 10,
          output_tokens: 6,
          total_tokens: 16,
          input_tokens_details: { cached_tokens: 4, image_tokens: 2 },
          output_tokens_details: { image_tokens: 5 },
        },
        {
          input_tokens: 10,
          output_tokens: 6,
          'cache_read.input_tokens': 4,
          'image.input_tokens': 2,
          'image.output_tokens': 5,
        },
      ],
      [
        'a completion that is left out',
        { prompt_tokens: 20, total_tokens: 26 },
        { input_tokens: 20, output_tokens: 6 },
      ],
      [
        'a total that is too small',
        { prompt_tokens: 20, completion_tokens: 6, total_tokens: 20 },
        { input_tokens: 20, output_tokens: 6 },
        ['total_tokens is less than input + output'],
      ],
      [
        'a total that nothing explains',
        {
          prompt_tokens: 20,
          completion_tokens: 6,
          total_tokens: 30,
          completion_tokens_details: { reasoning_tokens: 3 },
        },
        { input_tokens: 20, output_tokens: 10, 'reasoning.output_tokens': 3 },
        ['total_tokens is more than its parts'],
      ],
      [
        'a negative counter',
        { prompt_tokens: -3, completion_tokens: 6 },
        { output_tokens: 6 },
        ['prompt_tokens is not a count'],
      ],
      [
        'a fraction',
        { prompt_tokens: 3.5, completion_tokens: 6 },
        { output_tokens: 6 },
        ['prompt_tokens is not a count'],
      ],
      ['a text', { prompt_tokens: '3', completion_tokens: 6 }, { output_tokens: 6 }, ['prompt_tokens is not a count']],
      [
        'a number beyond 2^53',
        { prompt_tokens: 2 ** 53, completion_tokens: 6 },
        { output_tokens: 6 },
        ['prompt_tokens is not a count'],
      ],
      [
        'null members',
        {
          prompt_tokens: 3,
          completion_tokens: 6,
          prompt_tokens_details: null,
          completion_tokens_details: { reasoning_tokens: null },
        },
        { input_tokens: 3, output_tokens: 6 },
      ],
      [
        'more reasoning than output',
        { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9, completion_tokens_details: { reasoning_tokens: 8 } },
        { input_tokens: 3, output_tokens: 6, 'reasoning.output_tokens': 8 },
        ['reasoning > output_tokens'],
      ],
    ];
    for (const [what, raw, usage, odd = []] of cases) {
      it(`reads ${what}`, () => {
        const reading = usageOf(raw);
        expect(reading.usage).to.deep.equal(usage);
        expect(reading.inconsistencies).to.deep.equal(odd);
        expect(reading.usageStatus).to.equal('final');
      });
    }

    it('is null when no number was said, not zeros', () => {
      for (const nothing of [null, {}, { prompt_tokens: null }, 'none', []]) {
        const reading = read(openaiChat, JSON_CHAT, [answer(nothing)]);
        expect([reading.usage, reading.usageStatus]).to.deep.equal([null, 'missing']);
      }
    });

    it('adds the models of a compound answer up where nothing else is said', () => {
      const models = [
        { model: 'a', usage: { prompt_tokens: 1, completion_tokens: 2 } },
        { model: 'b', usage: { prompt_tokens: 3, completion_tokens: 4 } },
      ];
      const reading = read(openaiChat, JSON_CHAT, [answer(null, { x_groq: { usage_breakdown: { models } } })]);
      expect(reading.usage).to.deep.equal({ input_tokens: 4, output_tokens: 6 });
      expect([reading.parts?.length, reading.usageStatus]).to.deep.equal([2, 'final']);
    });

    it('names each model of a compound answer', () => {
      const models = [
        { model: 'a', usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
        { model: 'b', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
      ];
      const reading = read(openaiChat, JSON_CHAT, [
        answer({ prompt_tokens: 4, completion_tokens: 6 }, { usage_breakdown: { models } }),
      ]);
      expect(reading.parts).to.deep.equal([
        { model: 'a', usage: { input_tokens: 1, output_tokens: 2 } },
        { model: 'b', usage: { input_tokens: 3, output_tokens: 4 } },
      ]);
    });
  });

  describe('what a provider says it charges', () => {
    const tokens = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    it("is exact: ticks of xAI, credits of OpenRouter, and the bill of a caller's own key on top", () => {
      expect(usageOf({ ...tokens, cost_in_usd_ticks: 1530000 }).reportedCostUsd).to.equal('0.000153');
      expect(usageOf({ ...tokens, cost: 0.00365256, is_byok: false }).reportedCostUsd).to.equal('0.00365256');
      const byok = { ...tokens, cost: 0.0001, is_byok: true, cost_details: { upstream_inference_cost: 0.0002 } };
      expect(usageOf(byok).reportedCostUsd).to.equal('0.0003');
      const raw = '{"prompt_tokens":1,"completion_tokens":1,"cost":0.12345678901234567890123}';
      const bytes = Buffer.from(`{"choices":[],"usage":${raw}}`);
      expect(read(openaiChat, JSON_CHAT, [bytes]).reportedCostUsd).to.equal('0.12345678901234567890123');
    });
    it("is unknown when the bill of the caller's own key is", () => {
      expect(usageOf({ ...tokens, cost: 0.1, is_byok: true }).reportedCostUsd).to.equal(null);
      const perplexity = { input_tokens_cost: 0.00001, request_cost: 0.005, total_cost: 0.00511 };
      expect(usageOf({ ...tokens, cost: perplexity }).reportedCostUsd).to.equal('0.00511');
      expect(usageOf({ ...tokens, cost: { total: 1 } }).reportedCostUsd).to.equal(null);
    });
    it('is ignored when it is no amount', () => {
      const negative = usageOf({ ...tokens, cost: -1 });
      expect(negative.reportedCostUsd).to.equal(null);
      expect(negative.inconsistencies).to.deep.equal(['cost is not an amount']);
      expect(usageOf({ ...tokens, cost: { total: 1 } }).reportedCostUsd).to.equal(null);
      expect(usageOf({ ...tokens, cost: null }).reportedCostUsd).to.equal(null);
    });
  });
});
