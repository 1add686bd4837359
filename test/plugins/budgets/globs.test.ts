import { expect } from 'chai';
import { listOf, tagsOf, textOf } from '../../../plugins/budgets/globs.ts';

describe('plugins/budgets: lists in a field', () => {
  it('have commas between, and come back as they were', () => {
    for (const list of [
      [],
      ['a'],
      ['a', 'b*', 'c d'],
      ['a,b', 'say "x"', ' edge ', 'back\\slash', '"quoted"', 'ü'],
      ['='],
    ])
      expect(listOf(textOf(list)), textOf(list)).to.eql(list);
    expect(textOf(['ci-*', 'dev'])).to.equal('ci-*, dev');
  });

  it('are read as people type them', () => {
    expect(listOf(' a ,, b,c ,')).to.eql(['a', 'b', 'c']);
    expect(listOf('')).to.eql([]);
    expect(listOf(undefined)).to.eql([]);
    expect(listOf('a, "b')).to.eql(['a', '"b']);
    expect(listOf('5" screen, x')).to.eql(['5" screen', 'x']);
  });

  it('of tags have a name before each value, and come back as they were', () => {
    for (const tags of [{}, { team: ['a'] }, { team: ['a', 'b'], env: ['prod, eu'] }, { x: ['a=b', '"'] }])
      expect(tagsOf(textOf(tags)), textOf(tags)).to.eql(tags);
    expect(textOf({ team: ['a', 'b'] })).to.equal('team=a, team=b');
    expect(tagsOf('team = a ,env=, lonely, ')).to.eql({ team: ['a'], env: [''], lonely: [''] });
  });

  it('are quick, whatever stands in them', () => {
    const nasty = ['"'.repeat(60_000), '"\\"'.repeat(20_000), ','.repeat(60_000), 'a'.repeat(60_000)];
    const start = performance.now();
    for (const text of nasty) {
      listOf(text);
      listOf(text.slice(0, 4000));
      tagsOf(text.slice(0, 4000));
    }
    expect(performance.now() - start).to.be.lessThan(2000);
  });
});
