import { expect } from 'chai';
import { Shared } from '../src/shared.ts';

describe('shared', () => {
  const [older, newer, other] = [{}, {}, {}];

  it('gives the same to all who hold a key, and makes it once', () => {
    const shared = new Shared();
    let made = 0;
    const make = (): object => ({ number: ++made });
    const first = shared.hold('a', make, older);
    expect(shared.hold('a', make, older)).to.equal(first);
    expect(shared.hold('a', make, newer)).to.equal(first);
    expect(shared.hold('b', make, newer)).to.eql({ number: 2 });
  });

  it('keeps it while the newer one still holds it, and forgets it with the last', () => {
    const shared = new Shared();
    const first = shared.hold('a', () => ({}), older);
    shared.hold('a', () => ({}), newer);
    shared.release(older);
    expect(shared.hold('a', () => ({}), other)).to.equal(first);
    shared.release(newer);
    shared.release(other);
    shared.release(other);
    expect(shared.hold('a', () => ({}), other)).to.not.equal(first);
  });
});
