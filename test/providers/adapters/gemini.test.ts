import { expect } from 'chai';
import anthropicMessages from '../../../providers/adapters/anthropic-messages.ts';
import gemini from '../../../providers/adapters/gemini.ts';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { Endpoints } from '../../../src/proxy/endpoints.ts';
import { checkSample, read } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const endpoints = new Endpoints([
  ['anthropic_messages', anthropicMessages],
  ['gemini', gemini],
  ['openai_chat', openaiChat],
]);

/** `api model`, or the adapter's name for what is not Gemini's. */
function found(method: string, path: string): string | null {
  const endpoint = endpoints.find(method, path);
  if (endpoint === null || endpoint.facts.adapter !== 'gemini') return endpoint?.facts.adapter ?? null;
  const { facts, model } = endpoint;
  const words = [
    facts.api,
    model && path.slice(model.start, model.end),
    facts.streams && 'streams',
    facts.bills && 'bills',
  ];
  return words.filter(Boolean).join(' ');
}

describe('the gemini adapter', () => {
  for (const sample of wireSamples('gemini.generateContent', 'gemini.streamGenerateContent')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(gemini, sample));
  }

  it('has samples', () =>
    expect(wireSamples('gemini.generateContent', 'gemini.streamGenerateContent')).to.have.length.of.at.least(3));

  for (const [method, path, api] of [
    ['POST', '/v1beta/models/gemini-2.5-flash:generateContent', 'gemini.generateContent gemini-2.5-flash bills'],
    ['POST', '/v1/models/gemini-2.5-flash:generateContent', 'gemini.generateContent gemini-2.5-flash bills'],
    ['POST', '/v1alpha/models/m:streamGenerateContent', 'gemini.streamGenerateContent m streams bills'],
    ['POST', '/v1beta/tunedModels/mine-1:generateContent', 'gemini.generateContent mine-1 bills'],
    ['POST', '/v1beta/models/m:embedContent', 'gemini.embedContent m bills'],
    ['POST', '/v1beta/models/m:batchEmbedContents', 'gemini.batchEmbedContents m bills'],
    ['POST', '/v1beta/models/imagen-4:predict', 'gemini.predict imagen-4 bills'],
    ['POST', '/v1beta/models/veo-3:predictLongRunning', 'gemini.predictLongRunning veo-3 bills'],
    ['POST', '/v1beta/models/m:countTokens', 'gemini.countTokens m'],
    ['POST', '/v1beta/models/m:batchGenerateContent', 'gemini.batchGenerateContent m'],
    ['POST', '/v1beta/interactions', 'gemini.interactions bills'],
    ['POST', '/v1beta/interactions/v1-1/cancel', 'gemini.resources'],
    ['GET', '/v1beta/interactions/v1-1', 'gemini.resources'],
    ['GET', '/v1beta/models', 'gemini.models'],
    ['GET', '/v1beta/models/gemini-2.5-flash', 'gemini.models'],
    ['GET', '/v1beta/models/veo-3/operations/1', 'gemini.models'],
    ['GET', '/v1beta/cachedContents', 'gemini.resources'],
    ['POST', '/v1beta/cachedContents', 'gemini.resources'],
    ['PATCH', '/v1beta/cachedContents/1', 'gemini.resources'],
    ['DELETE', '/v1beta/files/1', 'gemini.resources'],
    ['POST', '/upload/v1beta/files', 'gemini.resources'],
    ['POST', '/v1beta/batches/1:cancel', 'gemini.resources'],
    ['GET', '/v1beta/operations/1', 'gemini.resources'],
    ['POST', '/v1beta/openai/chat/completions', 'openai.chat bills'],
    ['POST', '/v1beta/openai/embeddings', 'openai.embeddings bills'],
    ['GET', '/v1beta/openai/models', 'gemini.resources'],
    ['GET', '/v1/models', 'openai_chat'],
    ['GET', '/v1/models/gpt-4o', 'openai_chat'],
    ['POST', '/v1/chat/completions', 'openai_chat'],
    ['POST', '/v1/messages', 'anthropic_messages'],
    ['POST', '/v1beta/models/m:somethingNew', null],
    ['POST', '/v1beta/models/:generateContent', null],
  ] as const) {
    it(`knows ${method} ${path} as ${api}`, () => expect(found(method, path)).to.equal(api));
  }

  it('does not read what is not charged', () => {
    const counted = Buffer.from('{"totalTokens":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}');
    const reading = read(gemini, { api: 'gemini.countTokens', contentType: 'application/json' }, [counted]);
    expect(reading).to.include({ usage: null, usageStatus: 'not_applicable', ending: 'complete' });
    expect(read(gemini, { api: 'gemini.models' }, [Buffer.from('{"models":[]}')]).usageStatus).to.equal(
      'not_applicable',
    );
  });

  it('reads the tokens of embeddings where the model tells them', () => {
    const sketch = { api: 'gemini.batchEmbedContents', contentType: 'application/json', streamAsked: false };
    const embeddings = Array.from({ length: 60 }, () => ({ values: new Array(3072).fill(0.0125) }));
    const told = Buffer.from(JSON.stringify({ embeddings, usageMetadata: { promptTokenCount: 480 } }));
    expect(read(gemini, sketch, [told.subarray(0, 100_000), told.subarray(100_000)])).to.deep.include({
      usage: { input_tokens: 480, output_tokens: 0 },
      usageStatus: 'final',
    });
    const silent = Buffer.from('{"embedding":{"values":[0.1]}}');
    expect(read(gemini, sketch, [silent])).to.include({ usage: null, usageStatus: 'missing', ending: 'complete' });
  });

  it("reads Google's answers in the words of OpenAI, whose completion leaves thinking out", () => {
    const usage = { prompt_tokens: 20, completion_tokens: 424, total_tokens: 1016 };
    const event = (more: object) => `data: ${JSON.stringify({ model: 'gemini-2.5-pro', ...more })}\n\n`;
    const choice = (content: string, finish_reason: string | null) => ({
      choices: [{ index: 0, delta: { content }, finish_reason }],
    });
    const early = { ...usage, completion_tokens: 3, total_tokens: 600 };
    const events = [
      event({ ...choice('a', null), usage: early }),
      event({ ...choice('b', 'stop'), usage }),
      'data: [DONE]\n\n',
    ];
    expect(
      read(
        gemini,
        { api: 'openai.chat' },
        events.map((text) => Buffer.from(text)),
      ),
    ).to.deep.include({
      usage: { input_tokens: 20, output_tokens: 996, 'reasoning.output_tokens': 572 },
      usageStatus: 'final',
      ending: 'complete',
    });
  });
});
