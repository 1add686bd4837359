import { expect } from 'chai';
import { compileMatch, type MatchSpec } from '../../src/routing/match.ts';
import { type Ask, ask } from './asks.ts';

const fits = (match: MatchSpec, said: Ask = {}, model: string | null = null): boolean =>
  compileMatch(match)(ask(said), model);

describe('what a route matches', () => {
  it('an empty match takes everything', () => {
    expect(fits({})).to.equal(true);
    expect(fits({ tags: {}, body: {} }, { body: null })).to.equal(true);
  });

  it('model, by the name of the client or by what that stands for', () => {
    expect(fits({ model: 'm' })).to.equal(true);
    expect(fits({ model: ['gpt-*', 'o1'] })).to.equal(false);
    expect(fits({ model: 'gpt-*' }, {}, 'gpt-4o')).to.equal(true);
    expect(fits({ model: '*' }, { body: null })).to.equal(false);
  });

  it('path, listener and stream', () => {
    expect(fits({ path: '/v1/*' })).to.equal(true);
    expect(fits({ path: '/v1' })).to.equal(false);
    expect(fits({ listener: 'l' })).to.equal(true);
    expect(fits({ listener: ['other'] })).to.equal(false);
    expect(fits({ stream: false })).to.equal(true);
    expect(fits({ stream: true }, { body: { stream: true } })).to.equal(true);
  });

  it('agent: what identity found, else that of the key, else that of the listener', () => {
    const principal = { name: 'ci', agent: 'bot' };
    expect(fits({ agent: 'found' }, { state: { agent: 'found' }, principal })).to.equal(true);
    expect(fits({ agent: 'bot' }, { principal, listener: { agent: 'port' } })).to.equal(true);
    expect(fits({ agent: 'port' }, { listener: { agent: 'port' } })).to.equal(true);
    expect(fits({ agent: '*' })).to.equal(false);
  });

  it('key: the name of the gateway key', () => {
    expect(fits({ key: 'ci-*' }, { principal: { name: 'ci-1' } })).to.equal(true);
    expect(fits({ key: 'ci-*' }, { principal: { name: 'dev' } })).to.equal(false);
    expect(fits({ key: '*' })).to.equal(false);
  });

  it('tags: each of them', () => {
    const state = { tags: { team: 'be', stage: 'prod' } };
    expect(fits({ tags: { team: ['fe', 'be'] } }, { state })).to.equal(true);
    expect(fits({ tags: { team: 'be', stage: 'dev' } }, { state })).to.equal(false);
    expect(fits({ tags: { team: '*' } })).to.equal(false);
    expect(fits({ tags: { constructor: '*' } }, { state })).to.equal(false);
  });

  it('body: its size in bytes, both ends counted in', () => {
    const body = JSON.stringify({ model: 'm', text: 'x'.repeat(70) });
    const size = body.length;
    expect(fits({ body: { min: size } }, { body })).to.equal(true);
    expect(fits({ body: { min: size + 1 } }, { body })).to.equal(false);
    expect(fits({ body: { max: size } }, { body })).to.equal(true);
    expect(fits({ body: { max: size - 1 } }, { body })).to.equal(false);
    expect(fits({ body: { min: 2, max: size - 1 } }, { body })).to.equal(false);
  });

  it('body: of one that passes unread what its head says; without one, 0', () => {
    expect(fits({ body: { min: 5000 } }, { body: null, headers: { 'content-length': '6000' } })).to.equal(true);
    expect(fits({ body: { min: 1 } }, { body: null })).to.equal(false);
    expect(fits({ body: { max: 1 } }, { body: null })).to.equal(true);
    expect(fits({ body: { min: 1 } }, { body: null, headers: { 'content-length': 'many' } })).to.equal(false);
  });

  it('all of it must hold', () => {
    expect(fits({ model: 'm', listener: 'l', stream: false })).to.equal(true);
    expect(fits({ model: 'm', listener: 'other', stream: false })).to.equal(false);
  });
});
