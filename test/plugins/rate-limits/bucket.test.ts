import { expect } from 'chai';
import { Accounts } from '../../../plugins/rate-limits/accounts.ts';
import { Bucket } from '../../../plugins/rate-limits/bucket.ts';
import { spanOf } from '../../../plugins/rate-limits/headers.ts';

const MINUTE = 60_000;

describe('plugins/rate-limits/bucket', () => {
  for (const most of [1, 2, 3, 7, 60, 999]) {
    it(`lets ${most} of ${most} pass at once, and the next one when it says so`, () => {
      const allowance = { most, window: MINUTE };
      const bucket = new Bucket();
      for (let n = 0; n < most; n++) {
        expect(bucket.wait(1, allowance, 1000)).to.equal(0);
        bucket.take(1, allowance, 1000);
        expect(bucket.room(allowance, 1000)).to.equal(most - n - 1);
      }
      const wait = bucket.wait(1, allowance, 1000)!;
      expect(wait).to.be.closeTo(MINUTE / most, 1e-6);
      expect(bucket.wait(1, allowance, 1000 + wait * 0.99)).to.be.greaterThan(0);
      expect(bucket.wait(1, allowance, 1000 + wait)).to.equal(0);
    });
  }

  it('lets no more pass in any stretch of time than the allowance and what flows off in it', () => {
    const allowance = { most: 20, window: MINUTE };
    const bucket = new Bucket();
    const passed: { at: number; used: number }[] = [];
    const open: { held: number; used: number }[] = [];
    let [now, seed] = [0, 7];
    const dice = (sides: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % sides;
    };
    for (let step = 0; step < 20_000; step++) {
      now += dice(1500);
      const held = 1 + dice(8);
      if (bucket.wait(held, allowance, now) === 0) {
        bucket.hold(held);
        open.push({ held, used: dice(held + 1) });
      }
      if (open.length === 0 || dice(3) === 0) continue;
      const [ended] = open.splice(dice(open.length), 1);
      bucket.settle(ended!.held, ended!.used, allowance, now);
      passed.push({ at: now, used: ended!.used });
    }
    expect(passed.length).to.be.greaterThan(3000);
    // The largest excess of any stretch, in one pass: it either goes on or begins anew.
    let [excess, last, worst] = [0, 0, 0];
    for (const { at, used } of passed) {
      excess = Math.max(0, excess - ((at - last) * allowance.most) / MINUTE) + used;
      worst = Math.max(worst, excess);
      last = at;
    }
    expect(worst)
      .to.be.at.most(allowance.most + 1e-6)
      .and.greaterThan(allowance.most / 2);
  });

  it('keeps what is held however long it takes', () => {
    const allowance = { most: 100, window: MINUTE };
    const bucket = new Bucket();
    bucket.hold(90);
    expect(bucket.room(allowance, 10 * MINUTE)).to.equal(10);
    expect(bucket.wait(20, allowance, 10 * MINUTE), 'nobody knows when').to.equal(1000);
    bucket.settle(90, 30, allowance, 10 * MINUTE);
    expect(bucket.room(allowance, 10 * MINUTE)).to.equal(70);
    expect(bucket.room(allowance, 11 * MINUTE)).to.equal(100);
  });

  it('never says that more than all of it will fit', () => {
    expect(new Bucket().wait(101, { most: 100, window: MINUTE }, 0)).to.equal(null);
  });

  it('is empty when what was taken is given back, and no emptier for what had flowed off', () => {
    const allowance = { most: 2, window: MINUTE };
    const bucket = new Bucket();
    bucket.take(1, allowance, 0);
    bucket.giveBack(1, 0, allowance, 0);
    expect(bucket.room(allowance, 0)).to.equal(2);
    bucket.take(1, allowance, 0);
    bucket.take(1, allowance, MINUTE / 2); // the first one is off by now
    bucket.giveBack(1, 0, allowance, MINUTE / 2);
    expect(bucket.room(allowance, MINUTE / 2)).to.equal(1);
  });

  it('is counted on with another allowance', () => {
    const bucket = new Bucket();
    bucket.take(8, { most: 10, window: MINUTE }, 0);
    expect(bucket.room({ most: 4, window: MINUTE }, 0)).to.equal(0);
    expect(bucket.room({ most: 20, window: MINUTE }, 0)).to.equal(12);
  });
});

describe('plugins/rate-limits/accounts', () => {
  it('forgets the one that was idle for longest, and none that is in use', () => {
    const accounts = new Accounts(3);
    const [a, b] = [accounts.of('a'), accounts.of('b')];
    a.underWay = 1;
    accounts.of('c');
    accounts.of('d');
    expect(accounts.size).to.equal(3);
    expect(accounts.of('a')).to.equal(a);
    expect(accounts.of('b')).to.not.equal(b);
  });

  it('stays small whoever asks', () => {
    const accounts = new Accounts(1000);
    for (let n = 0; n < 5000; n++) accounts.of(`made-up-${n}`);
    expect(accounts.size).to.equal(1000);
  });
});

describe('plugins/rate-limits/headers', () => {
  it('writes times as OpenAI does, rounded up', () => {
    const cases = { '0s': 0, '1s': 1, '59s': 58_001, '1m0s': 59_001, '6m0s': 360_000, '1h0m5s': 3_604_001 };
    for (const [text, time] of Object.entries(cases)) expect(spanOf(time)).to.equal(text);
  });
});
