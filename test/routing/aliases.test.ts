import { expect } from 'chai';
import { resolveAliases } from '../../src/routing/aliases.ts';

describe('aliases', () => {
  it('are followed to the model they come to', () => {
    const found = resolveAliases({ fast: 'faster', faster: 'gpt-4o-mini', toString: 'fast' });
    expect([...found]).to.eql([
      ['fast', 'gpt-4o-mini'],
      ['faster', 'gpt-4o-mini'],
      ['toString', 'gpt-4o-mini'],
    ]);
  });

  it('what they do not name stands for itself, be it a word of the language', () => {
    expect(resolveAliases({ fast: 'constructor' }).get('fast')).to.equal('constructor');
    expect(resolveAliases({}).get('constructor')).to.equal(undefined);
  });
});
