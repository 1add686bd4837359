import { expect } from 'chai';

import type { BodyMapper, EventMapper } from '../../src/pipeline/response.ts';
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

  it('goes on without a mapper that throws where its entry says so, and breaks off where not', () => {
    for (const policy of ['skip', 'refuse'] as const) {
      const told: string[] = [];
      const response = responseOf();
      response.enter('late', (stage) => {
        told.push(stage);
        return policy;
      });
      const fail = (): never => {
        throw new Error('broken');
      };
      response.mapBody({ push: fail, end: fail });
      response.mapEvents(() => true, fail);
      const [body, events] = response.mappers as [BodyMapper, EventMapper];
      const chunk = Buffer.from('abc');
      if (policy === 'skip') {
        expect(body.push(chunk)).to.equal(chunk);
        expect([body.push(chunk), body.end(), events.end!()].map(({ length }) => length)).to.deep.equal([3, 0, 0]);
        expect(told).to.deep.equal(['late', 'late']);
      } else {
        expect(() => body.push(chunk)).to.throw('broken');
        expect(() => events.end!()).to.throw('broken');
      }
    }
  });
});
