import { expect } from 'chai';
import type { Series } from '../../src/store/queries/shapes.ts';
import { chartOf, offsetOf } from '../../src/web/chart.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-20T00:00:00Z');

function seriesOf(groups: Record<string, number[]>, change: Partial<Series> = {}): Series {
  const length = Object.values(groups)[0]!.length;
  return {
    measure: 'cost',
    bucket_ms: HOUR,
    buckets: Array.from({ length }, (_, i) => new Date(START + i * HOUR).toISOString()),
    groups: Object.entries(groups).map(([name, values]) => {
      return { name, values: values.map(String), total: String(values.reduce((sum, one) => sum + one, 0)) };
    }),
    other: null,
    ...change,
  };
}

const draw = (series: Series, zone = 'UTC') =>
  chartOf(series, {
    zone,
    from: new Date(START),
    to: new Date(START + 24 * HOUR),
    label: 'Cost by agent',
    nameless: 'no agent',
  });

describe('The chart', () => {
  it('stacks groups without overlap, from the base up', () => {
    const { wide } = draw(seriesOf({ a: [1, 2], b: [3, 0] }));
    const first = wide.bars.filter(({ x }) => x === wide.bars[0]!.x);
    expect(first).to.have.length(2);
    expect(first[0]!.y + first[0]!.height).to.be.closeTo(wide.bottom, 0.1);
    expect(first[1]!.y + first[1]!.height).to.be.at.most(first[0]!.y);
    expect(wide.bars).to.have.length(3);
  });

  it('keeps every bar inside, for the wide and the narrow drawing', () => {
    const chart = draw(seriesOf({ a: Array.from({ length: 60 }, (_, i) => i * 0.00013) }));
    for (const drawing of [chart.wide, chart.narrow]) {
      for (const { x, y, width, height } of drawing.bars) {
        expect(x).to.be.within(drawing.left, drawing.right);
        expect(x + width).to.be.at.most(drawing.right + 0.1);
        expect(y).to.be.within(drawing.top, drawing.bottom);
        expect(height).to.be.above(0);
      }
    }
  });

  it('gives a group the same colour when it overtakes another', () => {
    const before = draw(seriesOf({ a: [5], b: [1] })).legend;
    const after = draw(seriesOf({ b: [9], a: [5] })).legend;
    const colours = (legend: typeof before) => Object.fromEntries(legend.map(({ name, colour }) => [name, colour]));
    expect(colours(after)).to.eql(colours(before));
  });

  it('labels money with as many decimals as the scale needs, and counts as whole numbers', () => {
    expect(draw(seriesOf({ a: [0.3, 0.1] })).wide.rows.map(({ label }) => label)).to.eql([
      '$0',
      '$0.10',
      '$0.20',
      '$0.30',
    ]);
    const errors = draw(seriesOf({ a: [1, 2] }, { measure: 'errors' }));
    expect(errors.wide.rows.map(({ label }) => label)).to.eql(['0', '1', '2']);
  });

  it('puts ticks on the full hours and days of the reader’s clock', () => {
    const day = seriesOf({ a: Array.from({ length: 24 }, () => 1) });
    expect(draw(day).wide.columns.map(({ label }) => label)).to.include.members(['03:00', '12:00']);
    expect(draw(day, 'Asia/Kolkata').wide.columns.map(({ label }) => label)).to.include('12:00');
    expect(offsetOf(START, 'Asia/Kolkata')).to.equal(5.5 * HOUR);
    // The clocks of Berlin went back in October: midnight is midnight on both sides.
    const begin = Date.parse('2026-10-20T00:00:00Z');
    const buckets = Array.from({ length: 20 }, (_, i) => new Date(begin + i * 24 * HOUR).toISOString());
    const month = seriesOf({ a: buckets.map(() => 1) }, { buckets, bucket_ms: 24 * HOUR });
    for (const { label } of draw(month, 'Europe/Berlin').wide.columns) expect(label).to.match(/^\d+ (Oct|Nov)$/);
  });

  it('says in words what stands in each bucket, the largest first', () => {
    const { wide, table } = draw(seriesOf({ a: [1, 0], b: [2.5, 0] }));
    expect(wide.slots[0]!.lines).to.equal('20 Nov, 00:00–01:00\t$3.50\nb\t$2.50\na\t$1.00');
    expect(table.rows).to.have.length(1);
    expect(table.rows[0]).to.deep.include({ values: ['$1.00', '$2.50'], total: '$3.50' });
  });

  it('is empty, and still a drawing, when nothing happened', () => {
    const chart = draw(seriesOf({ a: [0, 0] }));
    expect(chart.empty).to.equal(true);
    expect(chart.wide.bars).to.eql([]);
    expect(JSON.stringify(chart)).to.not.include('null,null').and.not.include('NaN');
  });
});
