import { expect } from 'chai';
import { bytes, milliseconds } from '../../src/config/units.ts';

describe('times', () => {
  it('are counted in milliseconds', () => {
    const read = ['250ms', '10s', '1.5s', '5m', '1h', '2d', ' 3 s ', 1500].map((time) => milliseconds(time));
    expect(read).to.eql([250, 10_000, 1500, 300_000, 3_600_000, 172_800_000, 3000, 1500]);
  });

  it('that cannot be read say what to write', () => {
    expect(() => milliseconds('10')).to.throw('has no unit; write a time such as 250ms, 10s, 5m or 1h');
    for (const wrong of ['', 's', '-1s', '1e3s', '1 week', '1h30m', 'constructor', '1valueOf']) {
      expect(() => milliseconds(wrong), wrong).to.throw('must be a time such as 250ms, 10s, 5m or 1h');
    }
    for (const wrong of [0, -1, '0s', 0.2]) expect(() => milliseconds(wrong)).to.throw('must be more than 0');
    for (const wrong of ['25d', 2 ** 31, '999999999999999d']) expect(() => milliseconds(wrong)).to.throw('is too long');
    expect(() => milliseconds(Number.NaN)).to.throw('must be a time');
  });

  it('may be none where that says something', () => {
    expect([0, '0s', '0ms', '5ms'].map((time) => milliseconds(time, 0))).to.eql([0, 0, 0, 5]);
  });
});

describe('sizes', () => {
  it('are counted in bytes', () => {
    expect(['512B', '64KiB', '32MiB', '32MB', '1.5GiB', 10].map(bytes)).to.eql([
      512, 65_536, 33_554_432, 32_000_000, 1_610_612_736, 10,
    ]);
  });

  it('that cannot be read say what to write', () => {
    expect(() => bytes('10')).to.throw('has no unit; write a size such as 64KiB, 32MiB or 32MB');
    for (const wrong of ['', '1mb', '1 TB', '-1B']) expect(() => bytes(wrong), wrong).to.throw('must be a size');
    expect(() => bytes(0)).to.throw('must be more than 0');
    expect(() => bytes('65GiB')).to.throw('is too large; the largest size is 64GiB');
  });
});
