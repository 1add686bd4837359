import { expect } from 'chai';
import vertexAnthropic from '../../../providers/adapters/vertex-anthropic.ts';
import vertexGemini from '../../../providers/adapters/vertex-gemini.ts';
import { Endpoints } from '../../../src/proxy/endpoints.ts';
import { read, readEveryWay, stream } from '../../support/metering.ts';

const endpoints = new Endpoints([
  ['vertex_anthropic', vertexAnthropic],
  ['vertex_gemini', vertexGemini],
]);
const HERE = '/v1/projects/p-1/locations/europe-west4';

function found(path: string): string | null {
  const endpoint = endpoints.find('POST', path);
  if (endpoint === null) return null;
  const { facts, model } = endpoint;
  return [
    facts.adapter,
    facts.api,
    model && path.slice(model.start, model.end),
    facts.streams && 'streams',
    facts.bills && 'bills',
  ]
    .filter(Boolean)
    .join(' ');
}

describe('the vertex-gemini adapter', () => {
  for (const [path, api] of [
    [`${HERE}/publishers/google/models/gemini-2.5-pro:generateContent`, 'gemini.generateContent gemini-2.5-pro bills'],
    [
      '/v1beta1/projects/p/locations/global/publishers/google/models/g:streamGenerateContent',
      'gemini.streamGenerateContent g streams bills',
    ],
    [`${HERE}/publishers/google/models/g:countTokens`, 'gemini.countTokens g'],
    [`${HERE}/publishers/google/models/g:computeTokens`, 'gemini.computeTokens g'],
    [`${HERE}/publishers/google/models/text-embedding-005:predict`, 'gemini.predict text-embedding-005 bills'],
    ['/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent', 'gemini.generateContent gemini-2.5-pro bills'],
    [`${HERE}/endpoints/1234:generateContent`, 'gemini.generateContent 1234 bills'],
    [`${HERE}/endpoints/openapi/chat/completions`, 'openai.chat bills'],
    [`${HERE}/publishers/mistralai/models/mistral-medium-3:rawPredict`, 'mistral.chat mistral-medium-3 bills'],
    [`${HERE}/publishers/mistralai/models/codestral-2:streamRawPredict`, 'mistral.chat codestral-2 streams bills'],
    [`${HERE}/interactions`, 'gemini.interactions bills'],
    [`${HERE}/publishers/google/models/g:somethingNew`, null],
  ] as const) {
    it(`knows ${path} as ${api}`, () => expect(found(path)).to.equal(api && `vertex_gemini ${api}`));
  }

  it('reads the tier of its traffic', () => {
    const counts = { promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: 10 };
    const content = { parts: [{ text: 'a' }] };
    const bytes = stream(
      { candidates: [{ content }], usageMetadata: { trafficType: 'ON_DEMAND' } },
      {
        candidates: [{ content, finishReason: 'STOP' }],
        usageMetadata: { ...counts, trafficType: 'PROVISIONED_THROUGHPUT' },
      },
    );
    expect(readEveryWay(vertexGemini, { api: 'gemini.streamGenerateContent' }, bytes)).to.deep.include({
      serviceTier: 'provisioned_throughput',
      usage: { input_tokens: 9, output_tokens: 1 },
      usageStatus: 'final',
    });
  });

  it('reads Chat Completions of its own endpoint and of Mistral', () => {
    const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
    const json = (model: string) =>
      Buffer.from(
        JSON.stringify({
          id: 'c-1',
          model,
          choices: [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }],
          usage,
        }),
      );
    for (const [api, model] of [
      ['openai.chat', 'google/gemini-2.5-flash'],
      ['mistral.chat', 'mistral-medium-3'],
    ] as const) {
      expect(
        read(vertexGemini, { api, contentType: 'application/json', streamAsked: false }, [json(model)]),
      ).to.deep.include({
        usage: { input_tokens: 12, output_tokens: 3 },
        model,
        stopReason: { raw: 'stop', normalized: 'stop' },
      });
    }
  });

  it("reads an error in Google's array under any of its APIs", () => {
    const bytes = Buffer.from('[{"error":{"code":403,"message":"secret","status":"PERMISSION_DENIED"}}]\n');
    for (const api of ['gemini.generateContent', 'openai.chat', 'mistral.chat']) {
      expect(readEveryWay(vertexGemini, { api, status: 403 }, bytes).error).to.deep.equal({
        type: 'PERMISSION_DENIED',
        code: '403',
      });
    }
  });
});
