import { expect } from 'chai';

import { requestOf } from './exchanges.ts';

const body =
  '{ "model" : "m-\\u00e9", "stream":true,"seed":9007199254740993,"t":1.0,"d":1,"d":2,"messages":[{"role":"developer","content":"\\"role\\":\\"user\\""},{"role":"user"}] }';

describe('ExchangeRequest', () => {
  it('reads members without changing what leaves', () => {
    const request = requestOf(body);
    expect(request.model).to.equal('m-é');
    expect(request.stream).to.equal(true);
    expect(request.member('t')).to.equal(1);
    expect(request.member('d')).to.equal(2);
    expect(request.member('absent')).to.equal(undefined);
    expect(request.text('seed')).to.equal(undefined);
    expect(request.mentions('"stream"')).to.equal(true);
    expect(request.json()?.model).to.equal('m-é');
    expect(String(request.outgoing()?.bytes.join())).to.equal(body);
    expect(request.rewrittenBy).to.deep.equal([]);
  });

  it('changes one member and no other byte, and says who did', () => {
    const request = requestOf(body);
    request.set(['stream'], false, 'one');
    request.set(['stream_options', 'include_usage'], true, 'two');
    request.rename('messages', 'role', { developer: 'system' }, 'one');
    request.remove(['t'], 'two');
    const expected = body
      .replace('"stream":true', '"stream":false')
      .replace('"developer"', '"system"')
      .replace('"t":1.0,', '')
      .replace('] }', '] ,"stream_options":{"include_usage":true}}');
    expect(String(request.outgoing()?.bytes.join())).to.equal(expected);
    expect(request.stream).to.equal(false);
    expect(request.rewrittenBy).to.deep.equal(['one', 'two']);
  });

  it('is not rewritten by a change that changes nothing', () => {
    const request = requestOf(body);
    request.remove(['absent'], 'x');
    request.rename('messages', 'role', { nobody: 'x' }, 'x');
    expect(request.rewrittenBy).to.deep.equal([]);
  });

  it('without a body has no members, and setting some does nothing', () => {
    const request = requestOf(null);
    request.set(['a'], 1, 'x');
    request.remove(['a'], 'x');
    request.rename('a', 'b', {}, 'x');
    expect([request.model, request.stream, request.json(), request.outgoing(), request.mentions('a')]).to.deep.equal([
      null,
      false,
      null,
      null,
      false,
    ]);
  });

  it('hides parameters of the query and leaves the spelling of the others', () => {
    const request = requestOf(null, {}, '?agent=x&a=%20b&ag%65nt=y&c&agent&d=1+2');
    expect(request.query.get('agent')).to.equal('x');
    request.hideQuery('agent');
    expect(request.search).to.equal('?a=%20b&c&d=1+2');
    request.hideQuery('a');
    request.hideQuery('c');
    request.hideQuery('d');
    expect(request.search).to.equal('');
  });
});
