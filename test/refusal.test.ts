import { expect } from 'chai';

import { ConfigError } from '../src/config/problem.ts';
import { refusalOf } from '../src/refusal.ts';
import { Scrubber } from '../src/scrub.ts';

describe('a refused configuration', () => {
  const scrubber = new Scrubber();
  scrubber.learn(['sk-secret-value-1234567890']);

  it('is told by one line for each problem, without secrets', () => {
    const at3 = { file: 'gateway.yaml', line: 3, column: 1, path: 'routes' };
    const error = new ConfigError([
      { ...at3, message: 'sk-secret-value-1234567890 is no route' },
      { ...at3, line: 9, path: 'keys', message: 'is no list' },
    ]);
    const { lines, at } = refusalOf(error, scrubber);
    expect(lines).to.have.lengthOf(2);
    expect(lines[0]).to.match(/^gateway\.yaml:3:1 routes .+ is no route$/);
    expect(lines[0]).to.not.contain('sk-secret');
    expect(new Date(at).toISOString()).to.equal(at);
  });

  it('is told by one line where something else was thrown', () => {
    expect(refusalOf(new Error('port 80 is taken\nby nginx'), scrubber).lines).to.deep.equal([
      'port 80 is taken\nby nginx',
    ]);
    expect(refusalOf('odd', scrubber).lines).to.deep.equal(['odd']);
  });
});
