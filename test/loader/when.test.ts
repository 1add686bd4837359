import { expect } from 'chai';
import type { When } from '../../src/config/schema.ts';
import { compileWhen, type Facts } from '../../src/loader/when.ts';

const facts: Facts = {
  provider: 'openai',
  model: 'gpt-4o',
  path: '/v1/chat/completions',
  agent: 'backend',
  listener: '127.0.0.1:9110',
  tags: { team: 'search', env: 'prod' },
};
const matches = (when: When, more: Partial<Facts> = {}) => compileWhen(when)({ ...facts, ...more });

describe('when', () => {
  it('asks each fact for a value, a glob or one of a list', () => {
    expect(matches({ provider: 'openai' })).to.equal(true);
    expect(matches({ model: 'gpt-*' })).to.equal(true);
    expect(matches({ path: ['/v1/messages', '/v1/chat/*'] })).to.equal(true);
    expect(matches({ agent: 'support' })).to.equal(false);
    expect(matches({ listener: '127.0.0.1:*' })).to.equal(true);
  });

  it('holds only when all of it does', () => {
    expect(matches({ provider: 'openai', agent: 'backend', model: '*4o' })).to.equal(true);
    expect(matches({ provider: 'openai', agent: 'backend', model: 'o3' })).to.equal(false);
  });

  it('asks tags by name', () => {
    expect(matches({ tags: { team: 's*', env: ['dev', 'prod'] } })).to.equal(true);
    expect(matches({ tags: { team: 'search', region: '*' } })).to.equal(false);
    expect(matches({ tags: { toString: '*' } })).to.equal(false);
  });

  it('does not hold for what is unknown', () => {
    expect(matches({ agent: '*' }, { agent: null })).to.equal(false);
    expect(matches({ model: '*' }, { model: null })).to.equal(false);
    expect(matches({ model: '*' })).to.equal(true);
  });
});
