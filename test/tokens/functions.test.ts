import { expect } from 'chai';

import { renderFunctions } from '../../src/tokens/functions.ts';

const tool = (definition: object) => ({ type: 'function', function: definition });
const withProperties = (properties: object, more = {}) =>
  tool({ name: 'look', description: 'Looks around.', parameters: { type: 'object', properties, ...more } });

describe('functions as the cookbook counts them', () => {
  it('are name and description, without its full stop, and what stands around them', () => {
    expect(renderFunctions([tool({ name: 'look', description: 'Looks.' })], 7)).to.eql({
      texts: ['look:Looks'],
      tokens: 19,
    });
    expect(renderFunctions([tool({ name: 'a' }), tool({ name: 'b' })], 10)).to.eql({ texts: ['a:', 'b:'], tokens: 32 });
  });

  it('are their parameters with type and description, and each word to choose from', () => {
    const unit = { type: 'string', description: 'Which one.', enum: ['c', 'f'] };
    const rendered = renderFunctions([withProperties({ at: { type: 'number' }, unit }, { required: ['at'] })], 7);
    const texts = ['look:Looks around', 'at:number:', 'c', 'f', 'unit:string:Which one'];
    expect(rendered).to.eql({ texts, tokens: 12 + 7 + 3 + 3 + (3 - 3 + 6) });
  });

  it('may be written the older way, and be strict', () => {
    const strict = withProperties({}, { additionalProperties: false });
    expect(renderFunctions([{ ...strict.function, strict: true }], 7)).to.eql({
      texts: ['look:Looks around'],
      tokens: 19,
    });
  });

  it('are nothing that the cookbook knows where one has more to it', () => {
    for (const [what, one] of [
      ['an object', withProperties({ at: { type: 'object', properties: {} } })],
      ['a list', withProperties({ at: { type: 'array', items: {} } })],
      ['several types', withProperties({ at: { type: ['string', 'null'] } })],
      ['no type', withProperties({ at: { description: 'x' } })],
      ['numbers to choose from', withProperties({ at: { type: 'number', enum: [1, 2] } })],
      ['definitions', withProperties({}, { $defs: {} })],
      ['no name', tool({ description: 'x' })],
      ['a tool of the provider', { type: 'web_search' }],
      ['nothing', null],
      ['a text', 'look'],
      ['a function that is none', { type: 'function', function: 7 }],
    ] as const)
      expect(renderFunctions([tool({ name: 'a' }), one], 7), what).to.equal(null);
  });
});
