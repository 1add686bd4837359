import { expect } from 'chai';

import { type Point, plotOf } from '../../../plugins/prediction/plot.ts';

const point = (predicted: string, actual: string, confidence: Point['confidence'] = 'high'): Point => ({
  predicted,
  actual,
  confidence,
  model: 'gpt-4o',
});

describe('plugins/prediction/plot', () => {
  it('puts a cost that was expected on the line from corner to corner', () => {
    for (const size of ['wide', 'narrow'] as const) {
      const { left, right, top, bottom, dots } = plotOf([
        point('0.001', '0.001'),
        point('1', '1'),
        point('0.03', '0.03'),
      ])![size];
      for (const { x, y } of dots)
        expect((x - left) / (right - left)).to.be.closeTo((bottom - y) / (bottom - top), 1e-3);
      expect([dots[0]!.x, dots[0]!.y, dots[1]!.x, dots[1]!.y]).to.eql([left, bottom, right, top]);
    }
  });

  it('puts a dearer one above it, each power of ten as far as the next', () => {
    const { wide } = plotOf([point('0.001', '0.1'), point('0.01', '0.01'), point('0.1', '0.001')])!;
    const [above, on, below] = wide.dots;
    expect(above!.y).to.be.lessThan(on!.y).and.lessThan(below!.y);
    expect(on!.y - above!.y).to.be.closeTo(below!.y - on!.y, 0.02);
    expect(wide.rows.map(({ label }) => label)).to.eql(['$0.001', '$0.01', '$0.1']);
  });

  it('has room for one dot, and for all amounts there are', () => {
    expect(plotOf([point('0.01', '0.01')])!.wide.rows).to.have.length(2);
    const all = plotOf([point('0.00000001', '12345')])!;
    expect(all.wide.rows.at(0)!.label).to.equal('$1e-8');
    expect(all.wide.rows.at(-1)!.label).to.equal('$100,000');
    expect(all.narrow.columns.length).to.be.at.most(4);
    for (const { x, y } of all.wide.dots) expect(Number.isFinite(x) && Number.isFinite(y)).to.equal(true);
  });

  it('leaves out what has no place there, and is none without any', () => {
    expect(plotOf([])).to.equal(null);
    expect(plotOf([point('0', '0'), point('0', '1'), point('1', '0')])).to.equal(null);
    expect(plotOf([point('0', '1'), point('1', '2')])!.dots).to.equal(1);
  });

  it('draws the surest last, so that they are seen', () => {
    const { wide } = plotOf([point('1', '1', 'high'), point('1', '1', 'low'), point('1', '1', 'medium')])!;
    expect(wide.dots.map(({ colour }) => colour)).to.eql(['rest', '1', '0']);
  });
});
