import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { linePlot, type PlotSeries, sparkline } from '../../../plugins/shared/plot.ts';
import { Renderer } from '../../../src/web/render.ts';

/** Draws a partial as a page would. */
function drawn(data: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'token-spy-plot-'));
  const views = join(import.meta.dirname, '..', '..', '..', 'views');
  try {
    for (const name of ['partials', 'panels', 'layout.hbs']) symlinkSync(join(views, name), join(folder, name));
    mkdirSync(join(folder, 'pages'));
    writeFileSync(join(folder, 'pages', 'plot.hbs'), '{{> line-plot plot=plot label=label}}');
    return new Renderer(folder).page('plot', data);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const NOON = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const series = (ys: readonly (number | null)[], name = 'history', colour = '0'): PlotSeries => ({
  name,
  colour,
  points: ys.map((y, at) => ({ x: NOON + at * HOUR, y })),
});

describe('plugins/shared/plot', () => {
  it('puts the first point at the left, the last at the right, and heights in proportion from zero', () => {
    const { wide, narrow } = linePlot({ series: [series([0, 50, 100])], zone: 'UTC' })!;
    for (const { left, right, top, bottom, paths } of [wide, narrow]) {
      const spots = paths[0]!.d
        .slice(1)
        .split('L')
        .map((spot) => spot.split(' ').map(Number));
      expect(spots).to.eql([
        [left, bottom],
        [(left + right) / 2, (top + bottom) / 2],
        [right, top],
      ]);
    }
  });

  it('takes in lines above all points, and says them at their height', () => {
    const { wide } = linePlot({
      series: [series([10, 20])],
      lines: [{ y: 100, label: 'limit', tone: 'bad' }],
      zone: 'UTC',
    })!;
    expect(wide.lines).to.eql([{ at: wide.top, label: 'limit', tone: 'bad', below: true }]);
    expect(wide.rows.map(({ value }) => value)).to.include.members([0, 100]);
  });

  it('leaves a gap where nothing is known, and makes a lonely point a dot', () => {
    const { wide } = linePlot({ series: [series([1, 2, null, 3, null, 4, 5])], zone: 'UTC' })!;
    expect(wide.paths[0]!.d.match(/M/g)).to.have.length(2);
    expect(wide.dots).to.have.length(1);
  });

  it('is none without a point, and has room for one', () => {
    expect(linePlot({ series: [series([null]), series([])], zone: 'UTC' })).to.equal(null);
    const { wide } = linePlot({ series: [series([7])], zone: 'UTC' })!;
    expect([wide.dots[0]!.x, wide.slots.length]).to.eql([(wide.left + wide.right) / 2, 1]);
    for (const { value } of linePlot({ series: [series([1])], zone: 'UTC' })!.wide.rows)
      expect(Number.isInteger(value)).to.equal(true);
  });

  it('has its ticks at the full hours of the reader’s clock, also where these differ by half an hour', () => {
    const labels = (zone: string) =>
      linePlot({ series: [series([1, 2, 3, 4, 5, 6])], zone })!.wide.columns.map(({ label }) => label);
    expect(labels('UTC')).to.include.members(['12:00', '17:00']);
    expect(labels('Asia/Kolkata')).to.include.members(['18:00', '22:00']);
    const month = Array.from({ length: 30 }, (_, day) => day);
    const days = linePlot({
      series: [{ name: 'a', colour: '0', points: month.map((day) => ({ x: NOON + day * 24 * HOUR, y: day })) }],
      zone: 'Europe/Berlin',
    })!;
    expect(days.wide.columns.map(({ label }) => label)).to.include('1 Dec');
    for (const { columns } of [days.wide, days.narrow])
      for (const [at, { at: here, label }] of columns.entries())
        if (at > 0) expect(here - columns[at - 1]!.at).to.be.greaterThan(label.length * 6);
  });

  it('tells for each time what all series have there', () => {
    const { wide } = linePlot({ series: [series([1, 2]), series([5, null], 'tools', '1')], zone: 'UTC' })!;
    expect(wide.slots.map(({ values }) => values)).to.eql([
      [
        { name: 'history', value: 1 },
        { name: 'tools', value: 5 },
      ],
      [{ name: 'history', value: 2 }],
    ]);
    expect(wide.slots[0]!.x + wide.slots[0]!.width).to.equal(wide.slots[1]!.x);
  });

  it('is drawn by its partial, figures in their unit', () => {
    const plot = linePlot({
      series: [series([0.1, 0.25], 'cost <b>')],
      lines: [{ y: 0.2, label: 'limit' }],
      zone: 'UTC',
      unit: 'usd',
    });
    const html = drawn({ plot, label: 'Cost of a turn' });
    expect(html).to.include('aria-label="Cost of a turn"').and.include('$0.25').and.include('cost &lt;b&gt;&#9;$0.10');
    expect(html.match(/class="line line-0"/g)).to.have.length(2);
    expect(html).to.not.include('NaN').and.not.include('undefined');
  });

  describe('sparkline', () => {
    it('goes from left to right, from zero at the foot to the highest at the top', () => {
      expect(sparkline([0, 5, 10])).to.eql({ points: '2,22 50,12 98,2', last: { x: 98, y: 2 } });
      expect(sparkline([0, 0])!.points).to.equal('2,22 98,22');
    });
    it('is none where nothing can be joined', () => {
      expect([sparkline([]), sparkline([3])]).to.eql([null, null]);
    });
  });
});
