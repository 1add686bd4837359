import { expect } from 'chai';

import { Latency } from '../../src/routing/latency.ts';

describe('a latency', () => {
  it('believes a slower answer at once and a quicker one with the time', () => {
    const latency = new Latency();
    expect(latency.value(0)).to.equal(null);
    latency.add(100, 0);
    latency.add(900, 1000);
    expect(latency.value(1000)).to.equal(900);
    latency.add(100, 1100);
    expect(latency.value(1100)).to.be.within(880, 900);
    latency.add(100, 11_100);
    expect(latency.value(11_100)).to.be.within(380, 410);
  });

  it('is forgotten when nobody has measured it for long', () => {
    const latency = new Latency();
    latency.add(900, 0);
    expect(latency.value(300_000)).to.equal(900);
    expect(latency.value(300_001)).to.equal(null);
    latency.add(50, 400_000);
    expect(latency.value(400_000)).to.equal(50);
  });

  it('takes no nonsense', () => {
    const latency = new Latency();
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) latency.add(ms, 0);
    expect(latency.value(0)).to.equal(null);
  });
});
