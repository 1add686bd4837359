import { expect } from 'chai';

import type { Adapter } from '../../src/adapter.ts';
import { Endpoints } from '../../src/proxy/endpoints.ts';

const endpoint = (method: string, path: string) => ({
  method,
  path,
  api: `${method} ${path}`,
  body: 'json' as const,
  bills: true,
});
const adapter = (dialect: string, ...endpoints: ReturnType<typeof endpoint>[]) =>
  [`${dialect}_api`, { dialect, endpoints } as unknown as Adapter] as const;
const endpoints = new Endpoints([
  adapter('anthropic', endpoint('POST', '/v1/messages'), endpoint('POST', '/v1/messages/count_tokens')),
  adapter(
    'openai',
    endpoint('POST', '/v1/chat/completions'),
    endpoint('GET', '/v1/models/:id'),
    endpoint('POST', '/v1/audio/*'),
  ),
  adapter(
    'gemini',
    endpoint('POST', '/v1beta/models/:model:generateContent'),
    endpoint('POST', '/v1/projects/:p/locations/:l/publishers/google/models/:model:countTokens'),
  ),
  adapter('azure', endpoint('POST', '/openai/deployments/:model/chat/completions')),
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
    ['POST', '/v1beta/models/g-1:generateContent', 'POST /v1beta/models/:model:generateContent'],
    ['POST', '/v1beta/models/:generateContent', null],
    ['POST', '/v1beta/models/g-1:embedContent', null],
    ['POST', '/openai/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/api/v1/audio/speech', 'POST /v1/audio/*'],
    ['POST', '/api/v1/audio/a', null],
  ]) {
    it(`${method} ${path} is ${api ?? 'nobody’s'}`, () => {
      expect(endpoints.find(method!, path!)?.facts.api ?? null).to.equal(api);
    });
  }

  for (const [path, model] of [
    ['/v1beta/models/g-1:generateContent', 'g-1'],
    ['/v1/projects/p/locations/l/publishers/google/models/g%2D1:countTokens', 'g%2D1'],
    ['/openai/deployments/my-gpt/chat/completions', 'my-gpt'],
  ] as const) {
    it(`${path} names the model ${model}`, () => {
      const { start, end } = endpoints.find('POST', path)!.model!;
      expect(path.slice(start, end)).to.equal(model);
    });
  }

  it('a path that names no model says so', () => {
    expect(endpoints.find('POST', '/v1/messages')!.model).to.equal(null);
    expect(endpoints.find('GET', '/v1/models/gpt-4o')!.model).to.equal(null);
  });

  it('a path nobody owns looks like its neighbour, else like OpenAI', () => {
    expect(endpoints.lookOf('/v1/messages/batches/x').dialect).to.equal('anthropic');
    expect(endpoints.lookOf('/v1/whatever').dialect).to.equal('openai');
    expect(endpoints.lookOf('/v1beta/models/g-1:embedContent').dialect).to.equal('openai');
  });

  it('a path that somebody owns looks like its owner before its method is known', () => {
    expect(endpoints.lookOf('/v1/messages').dialect).to.equal('anthropic');
    expect(endpoints.lookOf('/v1beta/models/g-1:generateContent').dialect).to.equal('gemini');
    expect(endpoints.lookOf('/openai/deployments/mine/chat/completions').dialect).to.equal('azure');
    expect(endpoints.lookOf('/v1/audio/speech').dialect).to.equal('openai');
  });
});
