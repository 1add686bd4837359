import { homedir } from 'node:os';
import { expect } from 'chai';
import { dirsOf } from '../../../plugins/session-files/dirs.ts';

describe('plugins/session-files/dirs', () => {
  const read = (
    options: Record<string, string>,
    variable?: string,
  ): [dirs: Record<string, string>, warnings: string[]] => {
    const warnings: string[] = [];
    const dirs = dirsOf(options, variable, '/etc/gateway', (message) => warnings.push(message));
    return [Object.fromEntries(dirs), warnings];
  };

  it('starts relative paths at the folder of gateway.yaml, and knows the home', () => {
    expect(read({ a: '/srv/a', b: 'data/b', c: '~/c', d: '~', e: '../e', f: '~other/f' })).to.eql([
      {
        a: '/srv/a',
        b: '/etc/gateway/data/b',
        c: `${homedir()}/c`,
        d: homedir(),
        e: '/etc/e',
        f: '/etc/gateway/~other/f',
      },
      [],
    ]);
  });

  it('takes the variable of the environment where the options name none', () => {
    expect(read({}, '{"a":"/srv/a"}')).to.eql([{ a: '/srv/a' }, []]);
    expect(read({}, `'{"a":"~/a"}'`), 'with the quotes that a script left around it').to.eql([
      { a: `${homedir()}/a` },
      [],
    ]);
    expect(read({ b: '/srv/b' }, '{"a":"/srv/a"}')).to.eql([{ b: '/srv/b' }, []]);
    for (const nothing of [undefined, '', ' ', '{}']) expect(read({}, nothing)).to.eql([{}, []]);
  });

  for (const wrong of ['{', '[]', '"x"', '{"a":1}', '{"a":""}', 'null']) {
    it(`takes nothing from ${wrong}, and says so without quoting it`, () => {
      const [dirs, [warning]] = read({}, wrong);
      expect(dirs).to.eql({});
      expect(warning).to.equal(
        'AGENT_SESSION_DIRS is not taken: it must be JSON such as {"coder": "/path/to/sessions"}',
      );
    });
  }
});
