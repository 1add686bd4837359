import { expect } from 'chai';
import { beginsSession } from '../../src/sessions/boundary.ts';

describe('the history rule', () => {
  for (const [before, now, begins] of [
    [5000, 2499, true],
    [5000, 2500, false],
    [5001, 2500, true],
    [1000, 10, false],
    [1001, 500, true],
    [1001, 501, false],
    [1001, 0, true],
    [null, 10, false],
    [5000, null, false],
  ] as const)
    it(`${begins ? 'begins' : 'does not begin'} a session at ${now} characters after ${before}`, () =>
      expect(beginsSession(before, now)).to.equal(begins));
});
