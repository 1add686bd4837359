import { expect } from 'chai';
import { isBilledCall, modelCalls, modelReader, TEXT_CALLS } from '../../../providers/adapters/_gemini-calls.ts';
import { PredictReader } from '../../../providers/adapters/_gemini-predict-reader.ts';
import { GeminiReader } from '../../../providers/adapters/_gemini-reader.ts';

const head = (api: string) => {
  return { api, status: 200, contentType: '', streamAsked: false, model: null, header: () => undefined };
};

describe("the calls of Google's models", () => {
  const calls = modelCalls('/v1/models');

  it('name their model in the path and their verb behind it', () => {
    expect(calls[0]).to.deep.equal({
      method: 'POST',
      path: '/v1/models/:model:generateContent',
      api: 'gemini.generateContent',
      body: 'json',
      bills: true,
      streams: false,
    });
    expect(calls.filter(({ streams }) => streams).map(({ api }) => api)).to.deep.equal([
      'gemini.streamGenerateContent',
    ]);
  });

  it('are fewer for a tuned model', () => {
    const verbs = modelCalls('/x', TEXT_CALLS).map(({ api }) => api.replace('gemini.', ''));
    expect(verbs).to.deep.equal(['generateContent', 'streamGenerateContent', 'countTokens']);
  });

  it('are charged where they generate, and not where they count or put aside', () => {
    for (const { api, bills } of calls) expect(isBilledCall(head(api)), api).to.equal(bills);
    const free = calls.filter(({ bills }) => !bills).map(({ api }) => api.replace('gemini.', ''));
    expect(free).to.deep.equal([
      'countTokens',
      'computeTokens',
      'batchGenerateContent',
      'asyncBatchEmbedContent',
      'fetchPredictOperation',
    ]);
    expect(isBilledCall(head('gemini.models'))).to.equal(false);
  });

  it('have a reader each', () => {
    for (const { api } of calls) {
      const predicts = api === 'gemini.predict' || api === 'gemini.predictLongRunning';
      expect(modelReader(head(api)), api).to.be.instanceOf(predicts ? PredictReader : GeminiReader);
    }
  });
});
