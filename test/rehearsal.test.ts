import { expect } from 'chai';

import { Exchange } from '../src/pipeline/exchange.ts';
import type { Rehearsal } from '../src/plugin.ts';
import { rehearse } from '../src/rehearsal.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const YAML = `
listen: [{ port: 0 }, { port: 0, name: local, agent: chat, provider: ollama }]
providers:
  openai: {}
  anthropic: {}
  google: {}
  azure: { base_url: https://example.openai.azure.com }
  ollama: {}
routes:
  - { match: { model: fast }, targets: [{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }] }
  - { match: { agent: ci }, targets: [{ provider: azure }] }
plugins: []
`;

describe('rehearse', () => {
  let running: TestGateway;
  before(async () => {
    running = await startGateway(YAML);
  });
  after(() => running.close());

  const ask = (request: object | string, more: Partial<Rehearsal> = {}) =>
    rehearse(running.gateway.current, {
      body: Buffer.from(typeof request === 'string' ? request : JSON.stringify(request)),
      api: null,
      provider: null,
      model: null,
      principal: null,
      listener: { name: 'other', agent: null },
      ...more,
    });

  const seen = (request: object | string, more: Partial<Rehearsal> = {}) => {
    const made = ask(request, more);
    if (!(made instanceof Exchange)) return made;
    const { api, bills, targets, request: asked } = made;
    return [api, bills, asked.path, asked.model, targets.map(({ provider }) => provider.name).join(' ')];
  };

  it('tells the API by how a request looks, and where it would go', () => {
    const messages = [{ role: 'user', content: 'x' }];
    expect(seen({ model: 'gpt-4o', messages })).to.eql([
      'openai.chat',
      true,
      '/v1/chat/completions',
      'gpt-4o',
      'openai',
    ]);
    expect(seen({ model: 'claude-sonnet-4-5', messages })).to.eql([
      'anthropic.messages',
      true,
      '/v1/messages',
      'claude-sonnet-4-5',
      'anthropic',
    ]);
    expect(seen({ model: 'gpt-5', input: 'x' })).to.include('openai.responses');
    expect(seen({ model: 'text-embedding-3-small', input: 'x' })).to.include('openai.embeddings');
    expect(seen({ model: 'gpt-3.5-turbo-instruct', prompt: 'x' })).to.include('openai.completions');
    expect(seen({ contents: [] }, { model: 'gemini-2.5-pro' })).to.eql([
      'gemini.generateContent',
      true,
      '/v1/models/gemini-2.5-pro:generateContent',
      'gemini-2.5-pro',
      'google',
    ]);
  });

  it('follows routes, the listener and who is named', () => {
    const body = { model: 'fast', messages: [] };
    expect(seen(body)).to.include('openai anthropic');
    expect(seen(body, { provider: 'google' })).to.include('google');
    const other = { model: 'gpt-4o', messages: [] };
    expect(seen(other, { listener: { name: 'local', agent: 'chat' } })).to.include('ollama');
    expect(seen(other, { listener: { name: 'other', agent: 'ci' } })).to.include('azure');
    expect(seen(other, { principal: { name: 'ci', agent: 'ci' } })).to.include('azure');
  });

  it('speaks the API of the provider that is named', () => {
    expect(seen({ model: 'gpt-4o', messages: [] }, { provider: 'azure' })).to.include('azure');
    expect(seen({ model: 'llama3', messages: [] }, { provider: 'anthropic' })).to.include('anthropic.messages');
  });

  it('puts the model that is named into the request', () => {
    const made = ask({ messages: [] }, { model: 'gpt-4o', api: 'openai.chat' }) as Exchange;
    expect(made.request.json()).to.eql({ messages: [], model: 'gpt-4o' });
    const slashed = ask({ contents: [] }, { model: 'tuned/one two' }) as Exchange;
    expect([slashed.request.model, slashed.request.namesModelInPath]).to.eql(['tuned/one two', true]);
  });

  it('names the field that is missing or wrong', () => {
    const fieldOf = (made: object) => ('field' in made ? made.field : 'none');
    expect(fieldOf(ask('[1]'))).to.equal('request');
    expect(fieldOf(ask(''))).to.equal('request');
    expect(fieldOf(ask({ model: 'x' }))).to.equal('api');
    expect(fieldOf(ask({ messages: [] }))).to.equal('model');
    expect(fieldOf(ask({ messages: [], model: 7 }))).to.equal('model');
    expect(fieldOf(ask({ messages: [], model: 'x' }, { api: 'openai.nothing' }))).to.equal('api');
    expect(fieldOf(ask({ messages: [], model: 'x' }, { provider: 'nobody' }))).to.equal('provider');
    expect(fieldOf(ask({ contents: [] }, { provider: 'anthropic' }))).to.equal('api');
  });
});
