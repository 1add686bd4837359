import { expect } from 'chai';

import { Deadlines } from '../../src/proxy/deadlines.ts';

describe('Deadlines', () => {
  it('ask each exchange again and again, until it is taken out', async () => {
    const deadlines = new Deadlines();
    let ticks = 0;
    await new Promise<void>((done) => {
      const timed = {
        slot: -1,
        stop: () => {},
        tick: (now: number) => {
          expect(now).to.be.closeTo(deadlines.now(), 50);
          if (++ticks < 2) return;
          deadlines.delete(timed);
          done();
        },
      };
      deadlines.add(timed);
    });
    await new Promise((done) => setTimeout(done, 250));
    expect(ticks).to.equal(2);
  });

  it('do not count time in which the whole process stood still', async () => {
    const deadlines = new Deadlines();
    const before = deadlines.now();
    const tick = new Promise<number>((done) => {
      const timed = {
        slot: -1,
        stop: () => {},
        tick: (now: number) => {
          if (now - before < 250) return;
          deadlines.delete(timed);
          done(now);
        },
      };
      deadlines.add(timed);
    });
    const wall = performance.now();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2300);
    const now = await tick;
    expect(performance.now() - wall).to.be.greaterThan(2300);
    expect(now - before).to.be.lessThan(1500);
  });
});
