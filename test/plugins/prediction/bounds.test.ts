import { expect } from 'chai';

import { askedOutput, type Clampable, clampOutput } from '../../../plugins/prediction/bounds.ts';
import { scanJson } from '../../../src/bytes/json-scan.ts';
import { Rope } from '../../../src/bytes/rope.ts';
import type { Provider } from '../../../src/pipeline/provider.ts';
import { ExchangeRequest } from '../../../src/pipeline/request.ts';

interface More {
  /** In the path, as Bedrock has it. */
  model?: string | undefined;
  baseUrl?: string;
  targetModel?: string;
  headers?: Record<string, string>;
}

/** An exchange with that body: an object, or its text. */
function exchangeOf(api: string | null, body: object | string | null, more: More = {}): Clampable {
  const bytes = body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const model = more.model ?? '';
  const request = new ExchangeRequest({
    method: 'POST',
    path: `/model/${encodeURIComponent(model)}/x`,
    search: '',
    headers: more.headers ?? {},
    pathAgent: null,
    body: bytes && { bytes: new Rope([bytes]), scan: scanJson(bytes) },
    raw: bytes && new Rope([bytes]),
    pathModel: model === '' ? null : { start: 7, end: 7 + encodeURIComponent(model).length },
  });
  const provider = { name: 'p', baseUrl: more.baseUrl ?? 'https://api.example.com' } as Provider;
  return { request, api, provider, targetModel: more.targetModel ?? null };
}

const asked = (api: string | null, body: object | string | null, more?: More) => {
  const { each, answers } = askedOutput(exchangeOf(api, body, more));
  return [each, answers];
};

/** What is sent on after a clamp to so many tokens; false where there was none. */
function clamped(api: string | null, body: object | string, tokens: number, more?: More): unknown {
  const exchange = exchangeOf(api, body, more);
  const done = clampOutput(exchange, tokens, 'test');
  return done ? JSON.parse(exchange.request.body!.toString()) : done;
}

/** What each API calls it: a body with a limit of 100, or of anything else. */
const LIMITS: readonly (readonly [string, (limit: unknown) => object, string?])[] = [
  ['openai.chat', (max_tokens) => ({ max_tokens })],
  ['openai.chat', (max_completion_tokens) => ({ max_completion_tokens })],
  ['mistral.chat', (max_tokens) => ({ max_tokens })],
  ['openai.completions', (max_tokens) => ({ max_tokens, prompt: 'a' })],
  ['openai.responses', (max_output_tokens) => ({ max_output_tokens })],
  ['anthropic.messages', (max_tokens) => ({ max_tokens })],
  ['gemini.generateContent', (maxOutputTokens) => ({ generationConfig: { maxOutputTokens } })],
  ['gemini.streamGenerateContent', (maxOutputTokens) => ({ generationConfig: { maxOutputTokens, topK: 1 } })],
  ['gemini.generateContent', (max_output_tokens) => ({ generation_config: { max_output_tokens } })],
  ['gemini.generateContent', (max_output_tokens) => ({ generationConfig: { max_output_tokens } })],
  ['gemini.interactions', (max_output_tokens) => ({ generation_config: { max_output_tokens } })],
  ['bedrock.converse', (maxTokens) => ({ inferenceConfig: { maxTokens } })],
  ['bedrock.invoke', (max_tokens) => ({ max_tokens }), 'anthropic.claude-haiku-4-5-20251001-v1:0'],
  ['bedrock.invoke', (max_tokens_to_sample) => ({ max_tokens_to_sample }), 'anthropic.claude-v2:1'],
  ['bedrock.invoke', (max_gen_len) => ({ max_gen_len }), 'us.meta.llama3-3-70b-instruct-v1:0'],
  ['bedrock.invoke', (maxTokenCount) => ({ textGenerationConfig: { maxTokenCount } }), 'amazon.titan-text-express-v1'],
  ['bedrock.invoke', (maxTokens) => ({ inferenceConfig: { maxTokens } }), 'amazon.nova-lite-v1:0'],
  ['bedrock.invoke', (max_new_tokens) => ({ inferenceConfig: { max_new_tokens } }), 'amazon.nova-lite-v1:0'],
  ['bedrock.invoke', (maxTokens) => ({ maxTokens }), 'ai21.j2-ultra-v1'],
  ['bedrock.invoke', (max_completion_tokens) => ({ max_completion_tokens }), 'openai.gpt-oss-120b-1:0'],
  ['ollama.chat', (num_predict) => ({ options: { num_predict } })],
  ['ollama.generate', (num_predict) => ({ options: { num_predict, seed: 1 } })],
  ['llama_cpp.completion', (n_predict) => ({ n_predict })],
  ['llama_cpp.infill', (n_predict) => ({ n_predict })],
  ['llama_cpp.completion', (max_tokens) => ({ max_tokens })],
];
const named = ([api, body, model]: (typeof LIMITS)[number]): string =>
  `${api} ${JSON.stringify(body(1))} ${model ?? ''}`;

describe('what a request says about its output', () => {
  describe('the most of each answer', () => {
    it('is read in the words of each API', () => {
      for (const way of LIMITS) {
        const [api, body, model] = way;
        expect(asked(api, body(100), { model }), named(way)).to.eql([100, 1]);
      }
    });

    it('is nothing where no limit is said', () => {
      for (const way of LIMITS) expect(asked(way[0], { other: 1 }, { model: way[2] }), named(way)).to.eql([null, 1]);
      expect(asked('openai.responses.compact', { max_output_tokens: 5 }), 'it has none').to.eql([null, 1]);
      expect(asked('openai.audio', null)).to.eql([null, 1]);
      expect(asked('gemini.predictLongRunning', {})).to.eql([null, 1]);
    });

    it('is nothing where a limit is none: then the model’s own holds', () => {
      const odd = [
        '0',
        '-1',
        '-5',
        '0.5',
        '100.5',
        '1e30',
        '-1e30',
        '1e400',
        'null',
        '"100"',
        '"NaN"',
        'true',
        '{}',
        '[]',
        '[7]',
      ];
      for (const way of LIMITS) {
        for (const value of odd) {
          const body = JSON.stringify(way[1]('?')).replace('"?"', value);
          expect(asked(way[0], body, { model: way[2] }), `${way[0]} ${body}`).to.eql([null, 1]);
        }
        const list = JSON.stringify(way[1]('?')).replace('"?"', `[${'1,'.repeat(1000)}1]`);
        expect(asked(way[0], list, { model: way[2] })).to.eql([null, 1]);
      }
    });

    it('is the larger one of two, because the server decides which one counts', () => {
      expect(asked('openai.chat', { max_tokens: 10, max_completion_tokens: 500 })).to.eql([500, 1]);
      expect(asked('openai.chat', { max_tokens: 500, max_completion_tokens: 10 })).to.eql([500, 1]);
      expect(asked('openai.chat', { max_tokens: 50, max_completion_tokens: null })).to.eql([50, 1]);
      expect(asked('openai.chat', '{"max_tokens":1,"max_tokens":700}'), 'the last is meant').to.eql([700, 1]);
    });

    it('is not taken from the words of another API', () => {
      expect(asked('anthropic.messages', { max_completion_tokens: 5 })).to.eql([null, 1]);
      expect(asked('openai.responses', { max_tokens: 5 })).to.eql([null, 1]);
      expect(asked('bedrock.converse', { inferenceConfig: [{ maxTokens: 5 }] })).to.eql([null, 1]);
      expect(asked('ollama.chat', { num_predict: 5, options: 'num_predict' })).to.eql([null, 1]);
    });

    it('is more by what was predicted, which is charged whether it is used or not', () => {
      const prediction = { type: 'content', content: 'x'.repeat(1000) };
      expect(askedOutput(exchangeOf('openai.chat', { max_tokens: 10, prediction })).each).to.be.within(1010, 1100);
    });

    it('is none where nothing is written', () => {
      for (const api of [
        'openai.embeddings',
        'openai.moderations',
        'openai.responses.input_tokens',
        'openai.responses.stored',
        'openai.chat.stored',
        'openai.batches',
        'openai.models',
        'anthropic.count_tokens',
        'anthropic.batches',
        'gemini.embedContent',
        'gemini.batchEmbedContents',
        'gemini.countTokens',
        'gemini.computeTokens',
        'gemini.batchGenerateContent',
        'bedrock.count_tokens',
        'ollama.embed',
        'llama_cpp.embedding',
        'llama_cpp.rerank',
        'llama_cpp.tokens',
      ])
        expect(asked(api, { input: 'text', max_tokens: 5 }), api).to.eql([0, 1]);
      expect(asked('bedrock.invoke', { inputText: 'a' }, { model: 'amazon.titan-embed-text-v2:0' })).to.eql([0, 1]);
      expect(asked('bedrock.invoke', { texts: [] }, { model: 'cohere.rerank-v3-5:0' })).to.eql([0, 1]);
    });

    it('is read from what is usual on a path that nobody knows', () => {
      expect(asked(null, { max_tokens: 5, n: 2 })).to.eql([5, 2]);
      expect(asked(null, null)).to.eql([null, 1]);
    });
  });

  describe('the number of answers', () => {
    it('is read in the words of each API', () => {
      expect(asked('openai.chat', { n: 3 })).to.eql([null, 3]);
      expect(asked('openai.completions', { n: 2, best_of: 5, prompt: 'a' })).to.eql([null, 5]);
      expect(asked('gemini.generateContent', { generationConfig: { candidateCount: 4 } })).to.eql([null, 4]);
      expect(asked('gemini.generateContent', { generation_config: { candidate_count: 4 } })).to.eql([null, 4]);
      expect(asked('bedrock.invoke', { num_generations: 5 }, { model: 'cohere.command-text-v14' })).to.eql([null, 5]);
      expect(asked('bedrock.invoke', { numResults: 2 }, { model: 'ai21.j2-mid-v1' })).to.eql([null, 2]);
      expect(asked('openai.images', { n: 4 })).to.eql([null, 4]);
    });

    it('is 1 where an API has no word for it', () => {
      for (const api of ['openai.responses', 'anthropic.messages', 'bedrock.converse', 'ollama.chat'])
        expect(asked(api, { n: 8 }), api).to.eql([null, 1]);
    });

    it('is that of the prompts, too', () => {
      expect(asked('openai.completions', { prompt: ['a', 'b', 'c'] })).to.eql([null, 3]);
      expect(asked('openai.completions', { prompt: ['a', 'b'], n: 2, max_tokens: 7 })).to.eql([7, 4]);
      expect(asked('openai.completions', { prompt: [[1, 2], [3]] })).to.eql([null, 2]);
      expect(asked('openai.completions', { prompt: [1, 2, 3, 4] }), 'token ids of one').to.eql([null, 1]);
      expect(asked('openai.completions', { prompt: [] })).to.eql([null, 1]);
      expect(asked('llama_cpp.completion', { prompt: ['a', 'b'] })).to.eql([null, 2]);
      expect(asked('openai.chat', { prompt: ['a', 'b'] }), 'a chat has none').to.eql([null, 1]);
    });

    it('is never less than a server might read, and never no number', () => {
      for (const [n, answers] of [
        ['"5"', 5],
        ['2.5', 3],
        ['1e2', 100],
        ['0', 1],
        ['-3', 1],
        ['1e30', 1],
        ['"1e400"', 1],
        ['"NaN"', 1],
        ['""', 1],
        ['null', 1],
        ['true', 1],
        ['[9]', 1],
        ['{}', 1],
      ] as const)
        expect(asked('openai.chat', `{"n":${n}}`), n).to.eql([null, answers]);
    });
  });

  describe('of pictures', () => {
    const each = (body: object) => askedOutput(exchangeOf('openai.images', body)).each;

    it('is known by quality and size, and the largest where these are left open', () => {
      const model = 'gpt-image-1';
      expect(each({ model, quality: 'low', size: '1024x1024' })).to.equal(272);
      expect(each({ model: 'openai/gpt-image-1-mini', quality: 'medium', size: '1536x1024' })).to.equal(1568);
      expect(each({ model, quality: 'low', size: 'auto' })).to.equal(408);
      expect(each({ model, quality: 'low' })).to.equal(408);
      expect(each({ model, quality: 'auto', size: '1024x1024' })).to.equal(4160);
      expect(each({ model, quality: 'constructor', size: 'toString' })).to.equal(6240);
      expect(each({ model, quality: 7, size: null })).to.equal(6240);
      expect(each({ model, quality: 'low', size: '1024x1024', partial_images: 2 })).to.equal(272 + 300);
    });

    it('is unknown for models that go by the picture, and for forms', () => {
      expect(each({ model: 'dall-e-3' })).to.equal(null);
      expect(each({ model: 'gpt-image-2' })).to.equal(null);
      expect(asked('openai.images', null)).to.eql([null, 1]);
    });
  });
});

describe('limiting the output', () => {
  it('sets the member that the client uses, in each API, and nothing else', () => {
    for (const way of LIMITS) {
      const [api, body, model] = way;
      const before = { first: [1.0, 'x'], ...body(5000), last: { max_tokens: 9000 } };
      const after = { first: [1.0, 'x'], ...body(20), last: { max_tokens: 9000 } };
      expect(clamped(api, before, 20.9, { model }), named(way)).to.eql(after);
    }
  });

  it('leaves a smaller limit, and the bytes with it', () => {
    for (const [api, body, model] of LIMITS) {
      const exchange = exchangeOf(api, body(19), { model });
      expect(clampOutput(exchange, 20, 'test'), api).to.equal(true);
      expect(exchange.request.rewrittenBy, api).to.eql([]);
    }
  });

  it('puts a limit in the place of one that is none', () => {
    expect(clamped('ollama.chat', { options: { num_predict: -1 } }, 20)).to.eql({ options: { num_predict: 20 } });
    expect(clamped('anthropic.messages', { max_tokens: '100' }, 20)).to.eql({ max_tokens: 20 });
    expect(clamped('openai.chat', { max_tokens: 1e30, max_completion_tokens: 10 }, 20)).to.eql({
      max_tokens: 20,
      max_completion_tokens: 10,
    });
  });

  it('adds one where there is none', () => {
    for (const [api, model, expected] of [
      ['mistral.chat', '', { max_tokens: 20 }],
      ['openai.completions', '', { max_tokens: 20 }],
      ['openai.responses', '', { max_output_tokens: 20 }],
      ['anthropic.messages', '', { max_tokens: 20 }],
      ['gemini.generateContent', 'gemini-2.5-pro', { generationConfig: { maxOutputTokens: 20 } }],
      ['gemini.interactions', '', { generation_config: { max_output_tokens: 20 } }],
      ['bedrock.converse', 'anything', { inferenceConfig: { maxTokens: 20 } }],
      ['bedrock.invoke', 'us.anthropic.claude-sonnet-4-6', { max_tokens: 20 }],
      ['bedrock.invoke', 'anthropic.claude-instant-v1', { max_tokens_to_sample: 20 }],
      ['bedrock.invoke', 'us.meta.llama4-scout-17b-instruct-v1:0', { max_gen_len: 20 }],
      ['bedrock.invoke', 'amazon.titan-text-lite-v1', { textGenerationConfig: { maxTokenCount: 20 } }],
      ['bedrock.invoke', 'eu.amazon.nova-pro-v1:0', { inferenceConfig: { maxTokens: 20 } }],
      ['bedrock.invoke', 'ai21.j2-mid-v1', { maxTokens: 20 }],
      ['bedrock.invoke', 'mistral.mistral-large-2402-v1:0', { max_tokens: 20 }],
      ['ollama.generate', '', { options: { num_predict: 20 } }],
      ['llama_cpp.completion', '', { n_predict: 20 }],
    ] as const) {
      expect(clamped(api, {}, 20, { model }), `${api} ${model}`).to.eql(expected);
    }
    expect(clamped('openai.chat', { max_tokens: null, a: 1 }, 20)).to.eql({ max_tokens: 20, a: 1 });
    expect(clamped('gemini.generateContent', { generation_config: { top_k: 1 } }, 20)).to.eql({
      generation_config: { top_k: 1, max_output_tokens: 20 },
    });
    expect(clamped('ollama.chat', { options: null }, 20)).to.eql({ options: { num_predict: 20 } });
  });

  it('calls it in a chat as the model knows it', () => {
    const OLD = { max_tokens: 20 };
    const NEW = { max_completion_tokens: 20 };
    const member = (model: string, more: More = {}) => {
      const { model: _, ...set } = clamped('openai.chat', { model }, 20, more) as Record<string, unknown>;
      return set;
    };
    for (const model of ['gpt-5', 'o3-mini', 'openai/gpt-5.2', 'gpt-6-astra', 'o4-mini-2025-04-16'])
      expect(member(model), model).to.eql(NEW);
    for (const model of ['gpt-4o', 'llama-3', 'grok-4', 'gpt-50', 'o1x']) expect(member(model), model).to.eql(OLD);
    expect(member('gpt-4o', { baseUrl: 'https://api.openai.com/v1' })).to.eql(NEW);
    expect(member('prod', { baseUrl: 'https://mine.openai.azure.com' })).to.eql(NEW);
    expect(member('gpt-4o', { baseUrl: 'https://openai.com.example.org' })).to.eql(OLD);
    expect(member('alias', { targetModel: 'gpt-5' })).to.eql(NEW);
  });

  it('says no where the API has no word for it, or would refuse the number', () => {
    for (const api of [
      'openai.embeddings',
      'openai.images',
      'openai.audio',
      'openai.responses.compact',
      'gemini.predict',
      null,
    ])
      expect(clamped(api, {}, 20), String(api)).to.equal(false);
    expect(clamped('bedrock.invoke', {}, 20, { model: 'arn:aws:bedrock:us-east-1:1:imported-model/x' })).to.equal(
      false,
    );
    for (const tokens of [0, -1, 0.9, Number.NaN, Number.NEGATIVE_INFINITY])
      expect(clamped('openai.chat', {}, tokens), String(tokens)).to.equal(false);
    expect(clampOutput(exchangeOf('openai.chat', null), 20, 'test')).to.equal(false);
    expect(clamped('openai.responses', { max_output_tokens: 100 }, 15)).to.equal(false);
    const thinking = { type: 'enabled', budget_tokens: 2000 };
    expect(clamped('anthropic.messages', { max_tokens: 4000, thinking }, 2000)).to.equal(false);
    expect(clamped('anthropic.messages', { max_tokens: 4000, thinking }, 2001)).to.eql({ max_tokens: 2001, thinking });
    const fields = { additionalModelRequestFields: { thinking } };
    expect(clamped('bedrock.converse', fields, 1500)).to.equal(false);
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIA/x' };
    expect(clamped('bedrock.converse', { inferenceConfig: { maxTokens: 100 } }, 20, { headers })).to.equal(false);
  });
});
