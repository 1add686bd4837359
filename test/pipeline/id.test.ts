import { expect } from 'chai';

import { newId } from '../../src/pipeline/id.ts';

describe('newId', () => {
  it('is 32 hex digits that sort by time', () => {
    const early = newId(Date.parse('2020-01-01'));
    const late = newId(Date.parse('2026-01-01'));
    expect(early).to.match(/^[0-9a-f]{32}$/);
    expect(early < late).to.equal(true);
    expect(Number.parseInt(late.slice(0, 12), 16)).to.equal(Date.parse('2026-01-01'));
  });

  it('never comes twice, also when its random bytes are renewed', () => {
    const ids = new Set(Array.from({ length: 5000 }, () => newId(1)));
    expect(ids.size).to.equal(5000);
  });
});
