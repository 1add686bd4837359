import { expect } from 'chai';

import { Line, type Waiting } from '../../src/tokens/line.ts';

const waiting = (size: number): Waiting => ({
  question: { model: null, texts: [] },
  size,
  settle: () => {},
  timer: setTimeout(() => {}, 0),
});
const KB = 1024;

describe('questions that wait', () => {
  it('go shortest first, and of equal ones the first that came', () => {
    const line = new Line();
    const [a, b, c, d] = [waiting(30), waiting(10), waiting(20), waiting(10)];
    for (const one of [a, b, c, d]) line.add(one);
    expect([line.next(), line.next(), line.next(), line.next()]).to.eql([b, d, c, a]);
    expect(line.isEmpty).to.equal(true);
  });

  it('go many short ones and one long one at a time, so that no short one stands behind a long one', () => {
    const line = new Line();
    const [long, longer] = [waiting(100 * KB), waiting(200 * KB)];
    line.add(longer);
    line.add(long);
    expect(line.next()).to.equal(long);
    expect(line.next(), 'the other has to wait').to.equal(undefined);
    const short = Array.from({ length: 65 }, () => waiting(KB));
    for (const one of short) line.add(one);
    expect(short.map(() => line.next())).to.eql([...short.slice(0, 64), undefined]);
    line.done(short[0]!);
    expect(line.next()).to.equal(short[64]);
    line.done(long);
    expect(line.next()).to.equal(longer);
  });

  it('can be taken back', () => {
    const line = new Line();
    const [a, b, c] = [waiting(1), waiting(2), waiting(3)];
    for (const one of [a, b, c]) line.add(one);
    expect([line.remove(b), line.remove(b)]).to.eql([true, false]);
    expect(line.clear()).to.eql([a, c]);
    expect([line.isEmpty, line.next()]).to.eql([true, undefined]);
  });

  it('are not too many, and not too much', () => {
    const line = new Line();
    expect([line.hasRoomFor(64 * KB * KB), line.hasRoomFor(64 * KB * KB + 1)]).to.eql([true, false]);
    const large = waiting(60 * KB * KB);
    line.add(large);
    expect(line.hasRoomFor(5 * KB * KB)).to.equal(false);
    line.remove(large);
    for (let n = 0; n < 1024; n++) line.add(waiting(1));
    expect(line.hasRoomFor(1)).to.equal(false);
    line.clear();
    expect(line.hasRoomFor(60 * KB * KB)).to.equal(true);
  });
});
