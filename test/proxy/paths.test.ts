import { expect } from 'chai';

import { joinPath, parsePath } from '../../src/proxy/paths.ts';
import { ASK, CHAT, usePair } from '../support/pair.ts';

const parse = (target: string) => parsePath(target, (name) => ['openai', 'anthropic', 'groq'].includes(name));

describe('parsePath', () => {
  for (const [target, path, more] of [
    ['/v1/chat/completions', '/v1/chat/completions', {}],
    ['/v1/models?limit=3&a=%20b', '/v1/models', { search: '?limit=3&a=%20b' }],
    ['/v1/v1/messages', '/v1/messages', {}],
    ['/chat/completions', '/v1/chat/completions', {}],
    ['/messages', '/v1/messages', {}],
    ['/models/gpt-4o', '/v1/models/gpt-4o', {}],
    ['/openai/v1/models', '/v1/models', { provider: 'openai' }],
    ['/openai/models', '/v1/models', { provider: 'openai' }],
    ['/unknown/v1/models', '/unknown/v1/models', {}],
    ['/images/generations', '/v1/images/generations', {}],
    ['/fine_tuning/jobs', '/v1/fine_tuning/jobs', {}],
    ['/completions', '/v1/completions', {}],
    ['/completion', '/completion', {}],
    // Azure's own paths begin like the prefix of a provider.
    [
      '/openai/deployments/gpt/chat/completions?api-version=2024-10-21',
      '/openai/deployments/gpt/chat/completions',
      { search: '?api-version=2024-10-21' },
    ],
    ['/openai/deployments/gpt/embeddings', '/openai/deployments/gpt/embeddings', {}],
    ['/openai/responses?api-version=preview', '/openai/responses', { search: '?api-version=preview' }],
    ['/openai/v1/responses?a=b&api-version=preview', '/openai/v1/responses', { search: '?a=b&api-version=preview' }],
    ['/openai/responses?my-api-version=1', '/v1/responses', { provider: 'openai', search: '?my-api-version=1' }],
    ['/openai/responses', '/v1/responses', { provider: 'openai' }],
    ['/agents/ci/openai/deployments/gpt/chat/completions', '/openai/deployments/gpt/chat/completions', { agent: 'ci' }],
    ['/agents/ci/v1/messages', '/v1/messages', { agent: 'ci' }],
    [
      '/agents/my%20agent/anthropic/v1/messages?beta=true',
      '/v1/messages',
      { agent: 'my agent', provider: 'anthropic', search: '?beta=true' },
    ],
    ['/v1beta/models/gemini:generateContent', '/v1beta/models/gemini:generateContent', {}],
    ['/?a=/..', '/', { search: '?a=/..' }],
  ] as [string, string, object][]) {
    it(`${target} is ${path}`, () => {
      expect(parse(target)).to.deep.equal({ provider: null, agent: null, search: '', ...more, path });
    });
  }

  for (const target of [
    'http://evil/v1',
    '*',
    '//evil/v1',
    '/\\evil',
    '/v1/../x',
    '/v1/./x',
    '/v1/%2e%2E/x',
    '/a//b',
    '/a\\b',
    '',
    'v1/x',
  ]) {
    it(`${target || 'nothing'} is no path`, () => {
      expect(parse(target)).to.equal(null);
    });
  }
});

describe('joinPath', () => {
  for (const [base, path, joined] of [
    ['/', '/v1/models', '/v1/models'],
    ['/v1', '/v1/models', '/v1/models'],
    ['/openai/v1', '/v1/models', '/openai/v1/models'],
    ['/api', '/v1/models', '/api/v1/models'],
    ['/v1beta', '/v1beta/models/x', '/v1beta/models/x'],
    ['/v1', '/v1', '/v1'],
    ['/v1', '/other', '/v1/other'],
  ]) {
    it(`${base} and ${path} are ${joined}`, () => {
      expect(joinPath(base!, path!)).to.equal(joined);
    });
  }
});

describe('paths through the sockets', () => {
  const pair = usePair();

  for (const [asked, seen] of [
    ['/v1/models?limit=3&after=a%2Fb', '/v1/models?limit=3&after=a%2Fb'],
    ['/v1/v1/models', '/v1/models'],
    ['/models', '/v1/models'],
    ['/anthropic/v1/messages/batches/x', '/v1/messages/batches/x'],
    ['/agents/ci/v1/models?agent=other&x=1', '/v1/models?x=1'],
    ['/v1/nobody/knows/this', '/v1/nobody/knows/this'],
    ["/v1/models/a:b;c=d,e@f!$&'()*+", "/v1/models/a:b;c=d,e@f!$&'()*+"],
  ]) {
    it(`${asked} is asked as ${seen}`, async () => {
      expect((await pair.send(asked!)).status).to.equal(200);
      expect(pair.up.received[0]!.path).to.equal(seen);
      const row = await pair.row();
      expect(row.path).not.to.contain('?');
      expect(row.outcome).to.equal('ok');
    });
  }

  it('an agent in the path is in the row', async () => {
    await pair.send(`/agents/ci${CHAT}`, { body: ASK });
    expect((await pair.row()).agent).to.equal('ci');
  });

  for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    it(`${method} is passed on`, async () => {
      const withBody = method === 'PUT' || method === 'PATCH';
      const answer = await pair.send('/v1/files/x', {
        method,
        ...(withBody ? { body: 'text', headers: { 'content-type': 'text/plain' } } : {}),
      });
      expect(answer.status).to.equal(200);
      expect(pair.up.received[0]!.method).to.equal(method);
      expect(String(pair.up.received[0]!.body)).to.equal(withBody ? 'text' : '');
      expect((await pair.row()).method).to.equal(method);
    });
  }
});
