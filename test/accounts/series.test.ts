import { expect } from 'chai';
import { type Dimension, Series } from '../../src/accounts/series.ts';
import { seriesOf } from './rows.ts';

const facts =
  (told: Partial<Record<Dimension, string>>) =>
  (dimension: Dimension): string | null =>
    told[dimension] ?? null;

describe('a series', () => {
  it('has one account for all rows where nothing is said', () => {
    const series = seriesOf();
    expect(series.subjectOf(facts({}))).to.equal('');
    expect(series.valuesOf('')).to.eql([]);
  });

  it('takes the rows of which every glob fits, and one of each list', () => {
    const series = seriesOf([], { agent: ['ci-*', 'nightly'], 'tags.team': ['backend'] });
    expect(series.subjectOf(facts({ agent: 'ci-7', 'tags.team': 'backend' }))).to.equal('');
    expect(series.subjectOf(facts({ agent: 'nightly', 'tags.team': 'backend' }))).to.equal('');
    expect(series.subjectOf(facts({ agent: 'nightly-2', 'tags.team': 'backend' }))).to.equal(null);
    expect(series.subjectOf(facts({ agent: 'ci-7', 'tags.team': 'frontend' }))).to.equal(null);
    expect(series.subjectOf(facts({ agent: 'ci-7' }))).to.equal(null);
  });

  it('does not take a row for `*` that says nothing', () => {
    expect(seriesOf([], { user: ['*'] }).subjectOf(facts({}))).to.equal(null);
    expect(seriesOf([], { user: ['*'] }).subjectOf(facts({ user: '' }))).to.equal('');
  });

  it('has one account for each value, and for each pair of two', () => {
    const series = seriesOf(['agent', 'model']);
    const one = series.subjectOf(facts({ agent: 'a', model: 'b' }))!;
    const other = series.subjectOf(facts({ agent: 'ab', model: '' }))!;
    expect(one).to.not.equal(other);
    expect(series.valuesOf(one)).to.eql(['a', 'b']);
    expect(series.valuesOf(other)).to.eql(['ab', '']);
    expect(series.subjectOf(facts({ agent: 'a' }))).to.equal(null);
    // Of one value that says nothing, too, it is a value.
    expect(seriesOf(['agent']).valuesOf(seriesOf(['agent']).subjectOf(facts({ agent: '' }))!)).to.eql(['']);
  });

  it('is the same as another of the same parts, however they are put', () => {
    const one = seriesOf(['agent'], { model: ['a', 'b'], agent: ['x'] });
    const other = seriesOf(['agent'], { agent: ['x'], model: ['b', 'a'] });
    expect(one.key).to.equal(other.key);
    const different = [
      seriesOf([], { model: ['a', 'b'], agent: ['x'] }),
      seriesOf(['agent'], { model: ['a', 'b'] }),
      seriesOf(['agent'], { model: ['a,b'], agent: ['x'] }),
      seriesOf(['agent'], { model: ['a', 'b'], agent: ['x'] }, 'tokens'),
    ];
    for (const { key } of different) expect(key).to.not.equal(one.key);
    expect(seriesOf(['agent', 'model']).key).to.not.equal(seriesOf(['model', 'agent']).key);
  });

  it('does not change with the lists that it was made of', () => {
    const globs = ['a'];
    const per: Dimension[] = [];
    const series = new Series({ measure: 'usd', where: { agent: globs }, per });
    globs.push('b');
    per.push('agent');
    expect(series.subjectOf(facts({ agent: 'b' }))).to.equal(null);
    expect(series.where).to.eql({ agent: ['a'] });
    expect(series.per).to.eql([]);
  });
});
