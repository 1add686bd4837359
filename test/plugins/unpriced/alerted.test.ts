import { expect } from 'chai';
import { Alerted } from '../../../plugins/unpriced/alerted.ts';

const DAY = 86_400_000;

describe('plugins/unpriced: what was alerted', () => {
  it('is said once, and again after a day', () => {
    const alerted = new Alerted();
    expect(alerted.note('a', 0)).to.equal('first');
    expect([alerted.note('a', 1), alerted.note('a', DAY - 1)]).to.eql(['known', 'known']);
    expect(alerted.note('a', DAY)).to.equal('first');
    expect(alerted.note('a', DAY + 1)).to.equal('known');
  });

  it('is said again when it was forgotten', () => {
    const alerted = new Alerted();
    alerted.note('a', 0);
    alerted.forget('a');
    alerted.forget('never said');
    expect(alerted.note('a', 1)).to.equal('first');
  });

  it('has an end, told once, until the oldest are forgotten', () => {
    const alerted = new Alerted(2);
    const noted = ['a', 'b', 'c', 'd', 'a', 'e'].map((name, at) => alerted.note(name, at));
    expect(noted).to.eql(['first', 'first', 'full', 'silent', 'known', 'silent']);
    for (let junk = 0; junk < 10_000; junk++) alerted.note(`junk-${junk}`, 10);
    expect(alerted.size).to.equal(3);
    expect(alerted.note('f', DAY + 2)).to.equal('first');
  });
});
