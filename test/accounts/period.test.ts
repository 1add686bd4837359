import { expect } from 'chai';
import { type Calendar, isZone, type Period, readPeriod, windowOf } from '../../src/accounts/period.ts';
import { Chance } from './chance.ts';

const utc: Calendar = { zone: 'UTC', starts: null };

/** Where a window begins and ends, as the clocks of its zone show it. */
function shown(period: string, calendar: Calendar, at: string): string {
  const { from, to } = windowOf(readPeriod(period)!, calendar, Date.parse(at));
  const face = (time: number): string => new Date(time).toLocaleString('sv', { timeZone: calendar.zone });
  return `${face(from)} to ${to === null ? 'ever' : face(to)}`;
}

/** The same in UTC. */
function inUtc(period: string, calendar: Calendar, at: string): string {
  const { from, to } = windowOf(readPeriod(period)!, calendar, Date.parse(at));
  return [from, to].map((time) => (time === null ? 'ever' : new Date(time).toISOString().slice(0, 16))).join(' to ');
}

describe('a period', () => {
  it('is a word or a span', () => {
    const read = (text: string) => {
      const period = readPeriod(text);
      return period && `${period.count} ${period.unit}`;
    };
    expect(['hour', 'day', 'week', 'month', 'quarter', 'year', 'total'].map(read)).to.eql([
      '1 hour',
      '1 day',
      '7 day',
      '1 month',
      '3 month',
      '12 month',
      '1 total',
    ]);
    expect(['1h', '24h', '1d', '30d', '2w', '1mo', '3mo', '1y', '10y'].map(read)).to.eql([
      '1 hour',
      '24 hour',
      '1 day',
      '30 day',
      '14 day',
      '1 month',
      '3 month',
      '12 month',
      '120 month',
    ]);
    expect(readPeriod('30d')?.text).to.equal('30d');
  });

  it('is nothing else: no zero, no sign, no fraction, nothing over ten years', () => {
    const wrong = ['', 'd', '0d', '-1d', '+1d', '1.5d', '01d', '1e3d', ' 1d', '1d\n', '1 d', '30', '30D', '5m', 'Day'];
    const long = ['87601h', '3651d', '521w', '121mo', '11y', '99999999999d'];
    const names = ['toString', 'constructor', '__proto__', 'never', '1days', '1quarter', '1total'];
    for (const text of [...wrong, ...long, ...names]) expect(readPeriod(text), text).to.equal(null);
  });

  it('has a zone that the clocks know', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'])
      expect(isZone(zone), zone).to.equal(true);
    for (const zone of ['', 'Berlin', 'Europe/Bonn', 'CEST+2', '../etc', 'UTC '])
      expect(isZone(zone), zone).to.equal(false);
  });
});

describe('a window', () => {
  const berlin: Calendar = { zone: 'Europe/Berlin', starts: null };
  const utcFrom = (starts: string): Calendar => ({ zone: 'UTC', starts: Date.parse(starts) });

  it('of a calendar begins at midnight, on Monday, on the first', () => {
    const now = '2026-05-14T13:14:15.678Z'; // a Thursday
    expect(shown('hour', utc, now)).to.equal('2026-05-14 13:00:00 to 2026-05-14 14:00:00');
    expect(shown('day', berlin, now)).to.equal('2026-05-14 00:00:00 to 2026-05-15 00:00:00');
    expect(shown('week', berlin, now)).to.equal('2026-05-11 00:00:00 to 2026-05-18 00:00:00');
    expect(shown('month', berlin, now)).to.equal('2026-05-01 00:00:00 to 2026-06-01 00:00:00');
    expect(shown('quarter', berlin, now)).to.equal('2026-04-01 00:00:00 to 2026-07-01 00:00:00');
    expect(shown('year', berlin, now)).to.equal('2026-01-01 00:00:00 to 2027-01-01 00:00:00');
    expect(shown('total', utc, now)).to.equal('1970-01-01 00:00:00 to ever');
  });

  it('has its first moment and not its last', () => {
    expect(shown('day', utc, '2026-05-14T00:00:00Z')).to.equal('2026-05-14 00:00:00 to 2026-05-15 00:00:00');
    expect(shown('day', utc, '2026-05-13T23:59:59.999Z')).to.equal('2026-05-13 00:00:00 to 2026-05-14 00:00:00');
  });

  it('of many days is counted from the Monday with which 2024 began, before it too', () => {
    expect(shown('2w', utc, '2024-01-14T23:59:59.999Z')).to.equal('2024-01-01 00:00:00 to 2024-01-15 00:00:00');
    expect(shown('30d', utc, '2024-01-31T00:00:00Z')).to.equal('2024-01-31 00:00:00 to 2024-03-01 00:00:00');
    expect(shown('30d', utc, '2023-12-31T23:59:59.999Z')).to.equal('2023-12-02 00:00:00 to 2024-01-01 00:00:00');
    expect(shown('3mo', utc, '1999-12-31T23:59:59.999Z')).to.equal('1999-10-01 00:00:00 to 2000-01-01 00:00:00');
  });

  it('begins where it is told to, and then each time at that time of day', () => {
    const newYork: Calendar = { zone: 'America/New_York', starts: Date.parse('2026-10-31T13:00:00Z') }; // at nine
    expect(shown('day', newYork, '2026-11-02T13:59:59.999Z')).to.equal('2026-11-01 09:00:00 to 2026-11-02 09:00:00');
    expect(shown('month', newYork, '2027-02-28T00:00:00Z')).to.equal('2027-01-31 09:00:00 to 2027-02-28 09:00:00');
    const noon = utcFrom('2026-11-01T12:00:00Z');
    expect(shown('week', noon, '2026-11-15T11:59:59.999Z')).to.equal('2026-11-08 12:00:00 to 2026-11-15 12:00:00');
    expect(shown('total', noon, '2030-01-01T00:00:00Z')).to.equal('2026-11-01 12:00:00 to ever');
  });

  it('is one, of whatever period, before that', () => {
    const calendar = utcFrom('2026-11-01T12:00:00Z');
    for (const period of ['hour', 'day', '30d', 'month', 'total'])
      expect(shown(period, calendar, '2026-11-01T11:59:59.999Z')).to.equal(
        '1970-01-01 00:00:00 to 2026-11-01 12:00:00',
      );
  });

  it('of a month that lacks the day begins on its last, and the next one does not forget the day', () => {
    const last = utcFrom('2027-01-31T00:00:00Z');
    expect(shown('month', last, '2027-03-01T00:00:00Z')).to.equal('2027-02-28 00:00:00 to 2027-03-31 00:00:00');
    expect(shown('month', last, '2028-03-01T00:00:00Z')).to.equal('2028-02-29 00:00:00 to 2028-03-31 00:00:00');
    expect(shown('month', last, '2028-04-30T00:00:00Z')).to.equal('2028-04-30 00:00:00 to 2028-05-31 00:00:00');
    const leap = utcFrom('2028-02-29T00:00:00Z');
    expect(shown('year', leap, '2030-01-01T00:00:00Z')).to.equal('2029-02-28 00:00:00 to 2030-02-28 00:00:00');
    expect(shown('year', leap, '2032-03-01T00:00:00Z')).to.equal('2032-02-29 00:00:00 to 2033-02-28 00:00:00');
  });

  it('of a day has 23 or 25 hours when the clocks are changed, and an hour has one', () => {
    expect(inUtc('day', berlin, '2026-03-29T12:00:00Z')).to.equal('2026-03-28T23:00 to 2026-03-29T22:00');
    expect(inUtc('day', berlin, '2026-10-25T12:00:00Z')).to.equal('2026-10-24T22:00 to 2026-10-25T23:00');
    expect(inUtc('hour', berlin, '2026-10-25T01:10:00Z')).to.equal('2026-10-25T01:00 to 2026-10-25T02:00');
    expect(inUtc('24h', berlin, '2026-10-25T23:30:00Z')).to.equal('2026-10-25T23:00 to 2026-10-26T23:00');
  });

  it('begins after the gap where its time of day is skipped, and at the first of both where it comes twice', () => {
    const halfPastTwo: Calendar = { zone: 'Europe/Berlin', starts: Date.parse('2026-03-01T01:30:00Z') };
    expect(inUtc('day', halfPastTwo, '2026-03-29T12:00:00Z')).to.equal('2026-03-29T01:00 to 2026-03-30T00:30');
    expect(inUtc('day', halfPastTwo, '2026-10-25T12:00:00Z')).to.equal('2026-10-25T00:30 to 2026-10-26T01:30');
    // In Beirut it is midnight that is skipped, in Havana midnight that comes twice.
    expect(inUtc('day', { zone: 'Asia/Beirut', starts: null }, '2026-03-29T12:00:00Z')).to.equal(
      '2026-03-28T22:00 to 2026-03-29T21:00',
    );
    expect(inUtc('day', { zone: 'America/Havana', starts: null }, '2026-11-01T12:00:00Z')).to.equal(
      '2026-11-01T04:00 to 2026-11-02T05:00',
    );
  });

  it('keeps to a start in the second of two equal hours', () => {
    const second: Calendar = { zone: 'Europe/Berlin', starts: Date.parse('2026-10-25T01:30:00Z') };
    expect(inUtc('day', second, '2026-10-25T01:30:00Z')).to.equal('2026-10-25T01:30 to 2026-10-26T01:30');
    expect(inUtc('day', second, '2026-10-25T01:29:00Z')).to.equal('1970-01-01T00:00 to 2026-10-25T01:30');
  });

  it('goes by half and quarter hours where the clocks do, and over a day that a country left out', () => {
    expect(inUtc('day', { zone: 'Asia/Kathmandu', starts: null }, '2026-05-14T12:00:00Z')).to.equal(
      '2026-05-13T18:15 to 2026-05-14T18:15',
    );
    expect(inUtc('day', { zone: 'Australia/Lord_Howe', starts: null }, '2026-10-04T01:00:00Z')).to.equal(
      '2026-10-03T13:30 to 2026-10-04T13:00',
    );
    // Samoa went to bed on the 29th and got up on the 31st.
    expect(inUtc('day', { zone: 'Pacific/Apia', starts: null }, '2011-12-30T10:00:00Z')).to.equal(
      '2011-12-30T10:00 to 2011-12-31T10:00',
    );
  });

  it('is the same object as long as it lasts, for whoever asks with the same objects', () => {
    const period = readPeriod('day')!;
    const first = windowOf(period, berlin, Date.parse('2026-05-14T13:00:00Z'));
    expect(windowOf(period, berlin, Date.parse('2026-05-14T21:59:59.999Z'))).to.equal(first);
    const next = windowOf(period, berlin, Date.parse('2026-05-14T22:00:00Z'));
    expect(next.from).to.equal(first.to);
    // A clock that is set back finds the old one again.
    expect(windowOf(period, berlin, Date.parse('2026-05-14T21:59:59.999Z'))).to.eql(first);
  });

  it('counts what is before 1970 as its beginning', () => {
    expect(windowOf(readPeriod('day')!, utc, -1)).to.eql({ from: 0, to: 86_400_000 });
  });
});

describe('all windows of a period', () => {
  const chance = new Chance();
  const zones = Intl.supportedValuesOf('timeZone');
  const texts = ['hour', '5h', '24h', 'day', '2d', '30d', 'week', '2w', 'month', '5mo', 'quarter', 'year', '3y'];
  const horizon = Date.parse('2060-01-01T00:00:00Z');

  it(`follow each other without gap or overlap, in all zones, around all changes of clocks (SEED=${chance.seed})`, () => {
    for (let i = 0; i < 1500; i++) {
      const calendar = { zone: chance.one(zones), starts: chance.next() < 0.4 ? chance.below(horizon) : null };
      const period: Period = readPeriod(chance.one(texts))!;
      const at = chance.below(horizon);
      const said = JSON.stringify([period, calendar, new Date(at).toISOString()]);
      const window = windowOf(period, { ...calendar }, at);
      expect(window.from, said).to.be.at.most(at);
      expect(window.to, said).to.be.greaterThan(at);
      // Whoever asks for any moment of it gets the same, also without having asked before.
      for (const inside of [window.from, window.to! - 1, window.from + chance.below(window.to! - window.from)])
        if (inside >= 0) expect(windowOf(period, { ...calendar }, inside), said).to.eql(window);
      expect(windowOf(period, { ...calendar }, window.to!).from, said).to.equal(window.to);
      if (window.from > 0) expect(windowOf(period, { ...calendar }, window.from - 1).to, said).to.equal(window.from);
    }
  });

  it(`of days and months begin at the time of day of their start, unless it is skipped (SEED=${chance.seed})`, () => {
    for (let i = 0; i < 500; i++) {
      const zone = chance.one(zones);
      const starts =
        Date.parse('2000-01-01T00:00:00Z') + chance.below(30 * 365) * 86_400_000 + chance.below(48) * 1_800_000;
      const clock = (time: number) => new Date(time).toLocaleTimeString('sv', { timeZone: zone });
      const at = starts + chance.below(20 * 365) * 86_400_000;
      const { from } = windowOf(readPeriod(chance.one(['day', '10d', 'month', 'year']))!, { zone, starts }, at);
      const said = `${zone}, ${new Date(starts).toISOString()}, ${new Date(from).toISOString()}`;
      // Skipped: no clock showed it within the day before.
      const skipped = offset(zone, from) > offset(zone, from - 1);
      if (!skipped) expect(clock(from), said).to.equal(clock(starts));
    }
  });
});

/** How far the clocks of a zone are before UTC, milliseconds. */
function offset(zone: string, at: number): number {
  const whole = Math.floor(at / 1000) * 1000;
  return Date.parse(`${new Date(whole).toLocaleString('sv', { timeZone: zone })}Z`) - whole;
}
