import { expect } from 'chai';

import type { Adapter } from '../../src/adapter.ts';
import { Endpoints } from '../../src/proxy/endpoints.ts';

const endpoint = (method: string, path: string) => ({
  method,
  path,
  api: `${method} ${path}`,
  json: true,
  bills: true,
});
const adapter = (dialect: string, ...endpoints: ReturnType<typeof endpoint>[]) =>
  ({ dialect, endpoints }) as unknown as Adapter;
const endpoints = new Endpoints([
  adapter('anthropic', endpoint('POST', '/v1/messages'), endpoint('POST', '/v1/messages/count_tokens')),
  adapter(
    'openai',
    endpoint('POST', '/v1/chat/completions'),
    endpoint('GET', '/v1/models/:id'),
    endpoint('POST', '/v1/audio/*'),
  ),
]);

describe('Endpoints', () => {
  for (const [method, path, api] of [
    ['POST', '/v1/messages', 'POST /v1/messages'],
    ['GET', '/v1/messages', null],
    ['POST', '/v1/messages/', null],
    ['GET', '/v1/models/gpt-4o', 'GET /v1/models/:id'],
    ['GET', '/v1/models/', null],
    ['GET', '/v1/models/a/b', null],
    ['POST', '/v1/audio/speech', 'POST /v1/audio/*'],
    ['POST', '/v1/audio/a/b', 'POST /v1/audio/*'],
    ['POST', '/v1/audio', null],
    ['PATCH', '/v1/messages', null],
  ]) {
    it(`${method} ${path} is ${api ?? 'nobody’s'}`, () => {
      expect(endpoints.find(method!, path!)?.api ?? null).to.equal(api);
    });
  }

  it('a path nobody owns looks like its neighbour, else like OpenAI', () => {
    expect(endpoints.lookOf('/v1/messages/batches/x').dialect).to.equal('anthropic');
    expect(endpoints.lookOf('/v1/whatever').dialect).to.equal('openai');
  });
});
