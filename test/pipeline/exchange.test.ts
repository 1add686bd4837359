import { expect } from 'chai';

import { exchangeOf } from './exchanges.ts';

describe('Exchange', () => {
  it('makes verdicts that are plain objects', () => {
    const exchange = exchangeOf();
    expect(
      exchange.refuse(429, 'slow_down', 'Wait.', { headers: { 'retry-after': '2' }, details: { reset: 1 } }),
    ).to.deep.equal({
      kind: 'refuse',
      status: 429,
      code: 'slow_down',
      message: 'Wait.',
      headers: { 'retry-after': '2' },
      details: { reset: 1 },
    });
    expect(exchange.answer('{}')).to.deep.equal({
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(exchange.retry(null, 'why')).to.deep.equal({ kind: 'retry', provider: null, reason: 'why' });
  });

  it('counts time from its arrival on a clock that only goes forward', async () => {
    const exchange = exchangeOf();
    const first = exchange.elapsed();
    await new Promise((done) => setTimeout(done, 5));
    expect(exchange.elapsed()).to.be.greaterThan(first);
  });

  it('calls listeners of the stage that stands lowest first', () => {
    const exchange = exchangeOf();
    for (const stage of ['a', 'b']) {
      exchange.enter(stage);
      exchange.onResponse(() => {});
      exchange.onFinish(() => {});
    }
    expect(exchange.responseListeners.map(({ stage }) => stage)).to.deep.equal(['b', 'a']);
    expect(exchange.finishListeners.map(({ stage }) => stage)).to.deep.equal(['b', 'a']);
  });

  it('makes late headers once, when an answer begins; those that were set stand', () => {
    const exchange = exchangeOf();
    let made = 0;
    exchange.setHeadersLate(() => ({ 'x-made': String(++made), 'x-both': 'late' }));
    exchange.setHeadersLate(() => ({ 'x-other': 'yes' }));
    exchange.setHeader('x-both', 'set');
    expect(made).to.equal(0);
    for (let times = 2; times > 0; times--)
      expect(exchange.headers).to.eql({ 'x-made': '1', 'x-both': 'set', 'x-other': 'yes' });
    exchange.setHeader('x-made', 'after');
    expect(exchange.headers['x-made']).to.equal('after');
  });

  it('goes on without late headers that cannot be made', () => {
    const exchange = exchangeOf();
    exchange.setHeader('x-set', '1');
    exchange.setHeadersLate(() => {
      throw new Error('no');
    });
    expect(exchange.headers).to.eql({ 'x-set': '1' });
  });

  it('keeps notes in the order of time, and no more than fit a row', () => {
    const exchange = exchangeOf();
    for (let n = 0; n < 1000; n++) exchange.note('plugin', 'tried', { n });
    exchange.note('other', 'too late');
    expect(exchange.notes).to.have.lengthOf(64);
    expect(exchange.notes.map(({ facts }) => facts?.n)).to.eql(Array.from({ length: 64 }, (_, n) => n));
    expect(exchange.notes[0]).to.have.keys('by', 'what', 'at_ms', 'facts');
  });
});
