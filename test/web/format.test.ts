import { expect } from 'chai';
import { ago, bytes, compact, duration, moment, money, percent, span, whole } from '../../src/web/format.ts';

describe('Numbers for reading', () => {
  it('money has two decimals, small money the digits that count', () => {
    const amounts: [string | number | null, string][] = [
      ['1.2', '$1.20'],
      ['0', '$0'],
      ['0.00054', '$0.00054'],
      ['0.000345', '$0.000345'],
      ['0.0000046512', '$0.00000465'],
      ['0.5', '$0.50'],
      ['0.123456', '$0.123'],
      ['0.9996', '$1.00'],
      ['1234.5', '$1,234.50'],
      ['12345.6', '$12,346'],
      [-2.5, '-$2.50'],
      [null, '–'],
    ];
    for (const [amount, text] of amounts) expect(money(amount), String(amount)).to.equal(text);
  });

  it('counts are short, and never round to a thousand thousands', () => {
    const counts: [number | null, string][] = [
      [0, '0'],
      [812, '812'],
      [999, '999'],
      [1000, '1K'],
      [14_900, '14.9K'],
      [999_949, '1M'],
      [3_200_000, '3.2M'],
      [142_000_000, '142M'],
      [null, '–'],
    ];
    for (const [count, text] of counts) expect(compact(count), String(count)).to.equal(text);
    expect(whole(1234567)).to.equal('1,234,567');
  });

  it('durations and shares keep what a person compares', () => {
    expect([0.82, 850, 1234, 42_000, 200_000, null].map(duration)).to.eql([
      '0.82 ms',
      '850 ms',
      '1.23 s',
      '42 s',
      '3 min 20 s',
      '–',
    ]);
    expect([45, 200, 7500, 273_600].map(span)).to.eql(['45 s', '3 min 20 s', '2 h 5 min', '3 d 4 h']);
    expect([0, 0.0004, 0.125, 0.012, 0.9996, 1, null].map(percent)).to.eql([
      '0%',
      '<0.1%',
      '13%',
      '1.2%',
      '100%',
      '100%',
      '–',
    ]);
    expect([512, 14_900, 999_999, 5_000_000_000].map(bytes)).to.eql(['512 B', '14.9 KB', '1.0 MB', '5.0 GB']);
  });

  it('times say how long ago, and the moment in the reader’s zone', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    const before = (seconds: number): string => ago(new Date(now - seconds * 1000).toISOString(), now);
    expect([1, 30, 200, 7300, 200_000].map(before)).to.eql(['just now', '30 s ago', '3 min ago', '2 h ago', '2 d ago']);
    expect(moment('2026-07-01T10:00:00Z', 'Europe/Berlin')).to.equal('1 Jul 2026, 12:00:00');
    expect(moment('nonsense', 'UTC')).to.equal('–');
  });
});
