import { expect } from 'chai';

import { responseOf } from './exchanges.ts';

describe('ExchangeResponse', () => {
  it('tells the content type without parameters, in lower case', () => {
    expect(responseOf({ 'content-type': 'Text/Event-Stream; charset=utf-8' }).contentType).to.equal(
      'text/event-stream',
    );
    expect(responseOf().contentType).to.equal('');
  });

  it('has begun and is not finishing unless somebody says otherwise', () => {
    const response = responseOf();
    expect([response.begun, response.finishing]).to.deep.equal([true, false]);
    let begun = false;
    response.beginsWhen(() => begun);
    response.drainWhen(() => begun);
    expect([response.begun, response.finishing]).to.deep.equal([false, false]);
    begun = true;
    expect([response.begun, response.finishing]).to.deep.equal([true, true]);
  });

  it('keeps headers that are added', () => {
    const response = responseOf({ 'x-a': '1' });
    response.setHeader('x-b', '2');
    expect(response.added).to.deep.equal([['x-b', '2']]);
    expect([response.header('x-a'), response.header('x-b')]).to.deep.equal(['1', undefined]);
  });
});
