import { expect } from 'chai';
import openaiPlatform from '../../../providers/adapters/openai-platform.ts';
import { Endpoints } from '../../../src/proxy/endpoints.ts';
import { read } from '../../support/metering.ts';

const endpoints = new Endpoints([['openai_platform', openaiPlatform]]);

describe('the openai-platform adapter', () => {
  for (const [method, path, api] of [
    ['POST', '/v1/files', 'openai.files'],
    ['GET', '/v1/files', 'openai.files'],
    ['GET', '/v1/files/file-1/content', 'openai.files'],
    ['DELETE', '/v1/files/file-1', 'openai.files'],
    ['POST', '/v1/uploads/up-1/parts', 'openai.uploads'],
    ['POST', '/v1/batches', 'openai.batches'],
    ['POST', '/v1/batches/b-1/cancel', 'openai.batches'],
    ['GET', '/v1/fine_tuning/jobs/j-1/events', 'openai.fine_tuning'],
    ['POST', '/v1/vector_stores/vs-1/search', 'openai.vector_stores'],
    ['PUT', '/v1/files/file-1', null],
    ['POST', '/v1/filesystem', null],
  ] as const) {
    it(`knows ${method} ${path} as ${api ?? 'nobody’s'}, and bills nothing`, () => {
      const found = endpoints.find(method, path);
      expect(found?.facts.api ?? null).to.equal(api);
      expect(found?.facts.bills ?? false).to.equal(false);
    });
  }

  it('does not meter a batch of answers that is fetched', () => {
    const line = '{"id":"b","response":{"body":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}}\n';
    const answer = { api: 'openai.files', contentType: 'application/octet-stream', streamAsked: false };
    const reading = read(openaiPlatform, answer, [Buffer.from(line.repeat(3))]);
    expect(reading).to.deep.include({ usage: null, usageStatus: 'not_applicable', ending: 'complete' });
  });

  it('says errors as OpenAI does', () => {
    const problem = { status: 401, code: 'invalid_gateway_key', message: 'No.', requestId: 'r' };
    expect(JSON.parse(openaiPlatform.error(problem)).error.type).to.equal('authentication_error');
  });
});
