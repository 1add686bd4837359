import { expect } from 'chai';
import vertexGemini from '../../../providers/adapters/vertex-gemini.ts';
import { read, readEveryWay } from '../../support/metering.ts';

const PREDICT = { api: 'gemini.predict', contentType: 'application/json', streamAsked: false };
const answer = (...predictions: unknown[]) => Buffer.from(JSON.stringify({ predictions, deployedModelId: '1' }));
const embedding = (token_count: unknown, values: number[] = [0.1]) => ({
  embeddings: { values, statistics: { truncated: false, token_count } },
});

describe('PredictReader', () => {
  it('adds the tokens of all texts that were embedded', () => {
    const reading = readEveryWay(vertexGemini, PREDICT, answer(embedding(4), embedding(7)));
    expect(reading).to.deep.include({
      usage: { input_tokens: 11, output_tokens: 0 },
      usageStatus: 'final',
      ending: 'complete',
    });
  });

  it('knows nothing of images and operations, which is not zero', () => {
    const image = { bytesBase64Encoded: 'AAAA', mimeType: 'image/png' };
    expect(readEveryWay(vertexGemini, PREDICT, answer(image))).to.include({ usage: null, usageStatus: 'missing' });
    const operation = Buffer.from('{"name":"models/veo-3/operations/1"}');
    expect(read(vertexGemini, { ...PREDICT, api: 'gemini.predictLongRunning' }, [operation])).to.include({
      usage: null,
      usageStatus: 'missing',
      ending: 'complete',
    });
  });

  it('names what is no count, and what is too large to be looked through', () => {
    const odd = read(vertexGemini, PREDICT, [answer(embedding(1.5), embedding(3), null)]);
    expect(odd.usage).to.deep.equal({ input_tokens: 3, output_tokens: 0 });
    expect(odd.inconsistencies).to.deep.equal(['token_count is not a count']);
    const large = read(vertexGemini, PREDICT, [answer(embedding(3, new Array(300_000).fill(0.125)))]);
    expect(large).to.deep.include({ usage: null, inconsistencies: ['the predictions are too large to be read'] });
  });

  it('reads an error', () => {
    const bytes = Buffer.from('{"error":{"code":400,"status":"INVALID_ARGUMENT"}}');
    expect(read(vertexGemini, { ...PREDICT, status: 400 }, [bytes]).error).to.deep.equal({
      type: 'INVALID_ARGUMENT',
      code: '400',
    });
  });
});
