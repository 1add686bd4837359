import { expect } from 'chai';
import { problemLine } from '../../src/config/problem.ts';
import { type Draft, readConfig } from '../../src/config/read.ts';
import { good, refusal } from './known.ts';

function read(text: string, env: Record<string, string> = {}): string[] | Draft['data'] {
  const result = readConfig({ text, file: 'gateway.yaml', env, overrides: true });
  return result.ok ? result.draft.data : result.problems.map(problemLine);
}

/** A refusal that would take minutes, or all memory, if the text were parsed as it is. */
function refusedSoon(text: string): string[] {
  const lines = read(text);
  if (!Array.isArray(lines)) throw new Error('it was taken');
  expect(lines.length).to.be.within(1, 15);
  return lines;
}

describe('reading a text', () => {
  it('refuses more than 1 MiB without parsing it', () => {
    expect(refusedSoon(`log: { level: info } #${' '.repeat(8_000_000)}`)).to.eql([
      'gateway.yaml: is larger than 1 MiB; move prices into files under pricing.files',
    ]);
  });

  it('refuses 100,000 brackets', () => {
    for (const open of ['[', '{', '[{']) {
      expect(refusedSoon(`a: ${open.repeat(100_000)}`)[0]).to.match(
        /^gateway\.yaml:1:\d+ is nested too deeply; 32 levels are the most$/,
      );
    }
  });

  it('refuses depth in every spelling', () => {
    expect(refusedSoon('- '.repeat(300_000))[0]).to.match(/nested too deeply/);
    expect(refusedSoon('? '.repeat(300_000))[0]).to.match(/nested too deeply/);
    const steps = Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    expect(refusedSoon(steps)[0]).to.match(/nested too deeply/);
    expect(refusedSoon(`a: ${'['.repeat(33)}${']'.repeat(33)}`)[0]).to.match(/nested too deeply/);
    expect(refusedSoon('a: &a [*a]')[0]).to.match(/nested too deeply/);
    expect(read(`a: ${'['.repeat(31)}${']'.repeat(31)}`)).to.be.an('object');
  });

  it('refuses a bomb of aliases', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [i, name] of [...'bcdefghi'].entries()) {
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`);
    }
    expect(refusedSoon(bomb.join('\n'))[0]).to.match(/is one alias too many; 50 are the most$/);
    const small = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [i, name] of [...'bcdefghij'].entries()) {
      small.push(`${name}: &${name} [${Array(5).fill(`*${'abcdefghij'[i]}`).join(', ')}]`);
    }
    expect(refusedSoon(small.join('\n'))[0]).to.match(/aliases|alias too many/);
  });

  it('takes a handful of aliases', () => {
    expect(read('a: &a { x: 1 }\nb: *a\nc: [*a, *a]\n')).to.eql({ a: { x: 1 }, b: { x: 1 }, c: [{ x: 1 }, { x: 1 }] });
  });

  it('refuses a text that is made of nothing but parts', () => {
    for (const text of [
      `a: [${'x,'.repeat(300_000)}]`,
      `a: ${'&a '.repeat(300_000)}`,
      '- a\n'.repeat(260_000),
      '""'.repeat(300_000),
      `a: ${']'.repeat(300_000)}`,
      `a: "${'\\x'.repeat(200_000)}`,
      'a: |\n'.repeat(150_000),
      `a${': '.repeat(300_000)}`,
      `a: ${'!!str '.repeat(150_000)}`,
    ]) {
      refusedSoon(text);
    }
  });

  it('finds the one key of 40,000 that is written twice', () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => `key${i}: 1`);
    expect(read([...keys, 'key7: 2'].join('\n'))).to.eql([
      'gateway.yaml:40001:1 key7 is written twice; first on line 8; keep one of them',
    ]);
  });

  it('refuses what is no text', () => {
    for (const text of [
      'log:\n  level: \u0000info',
      '\u007fELF\u0002\u0001',
      'log: { level: "\ufffd" }',
      'a: \ud800',
    ]) {
      expect(refusedSoon(text)[0]).to.match(
        /^gateway\.yaml:\d:\d+ holds a character that no text has; save it as UTF-8 text$/,
      );
    }
    expect(read('\ufefflog: { level: "grüß 🙂" }\r\n')).to.eql({ log: { level: 'grüß 🙂' } });
  });

  it('refuses an empty file', () => {
    for (const text of ['', '\n \n', '   ']) {
      expect(read(text)).to.eql(['gateway.yaml: is empty; write at least one section, or {} for the defaults']);
    }
  });

  it('refuses every torn half of a file, or takes it for what it says', () => {
    const whole = 'listen:\n  - { port: 9110 }\nproviders:\n  openai:\n    api_key: "abc"\nlog: { level: info }\n';
    for (let at = 0; at < whole.length; at++) expect(() => refusal(whole.slice(0, at))).to.not.throw();
    expect(refusal('listen:\n  - { port: 9110 }\nproviders:\n')).to.not.eql([]);
    expect(refusal('listen:\n  - { port: 91')).to.not.eql([]);
  });

  it('leaves the prototype of everything alone', () => {
    read('__proto__: { polluted: true }');
    read('a: { __proto__: { polluted: true } }');
    read('{}', { TOKEN_SPY____PROTO____POLLUTED: 'true' });
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
    expect(read('{}', { TOKEN_SPY__CONSTRUCTOR__X: '1' })).to.eql([
      'TOKEN_SPY__CONSTRUCTOR__X: has a name that is not allowed',
    ]);
  });
});

describe('variables', () => {
  it('are replaced after parsing, in scalars only', () => {
    const text = 'a: ${ONE}\nb: "x ${TWO:-two} y"\nc: [\'${ONE}\', "${THREE:-}"]\n${ONE}: d\n';
    expect(read(text, { ONE: '1: {[', TWO: '' })).to.eql({
      a: '1: {[',
      b: 'x two y',
      c: ['1: {[', ''],
      '${ONE}': 'd',
    });
  });

  it('take the type their text would have, or the one the schema wants', () => {
    const { config } = good(
      'listen: [{ port: "${PORT}", dashboard: "${DASH}", agent: "${AGENT}" }]\nproviders:\n  openai: { api_key: "${KEY}" }\n',
      { PORT: '81', DASH: 'true', KEY: '12345678901234567890', AGENT: '42' },
    );
    expect(config.listen[0]).to.include({ port: 81, dashboard: true, agent: '42' });
    expect(config.providers.openai!.api_key).to.equal('12345678901234567890');
  });

  it('bring no variables of their own', () => {
    expect(read('a: ${ONE}', { ONE: '${TWO}', TWO: 'x' })).to.eql({ a: '${TWO}' });
    expect(read('a: ${ONE:-${TWO}}', {})).to.eql([
      'gateway.yaml:1:4 a has a default of ONE with a variable in it; defaults do not nest',
    ]);
  });

  it('can be written without being one', () => {
    expect(read('a: $${ONE} $ ${TWO}', { ONE: 'x', TWO: 'y' })).to.eql({ a: '${ONE} $ y' });
  });

  it('that are not set are an error with their name, never an empty key', () => {
    const text = 'keys:\n  - name: ci\n    key: ${CI_KEY}\n';
    const line = (state: string) =>
      `gateway.yaml:3:10 keys[0].key needs the environment variable CI_KEY, which is ${state}; set it, or write \${CI_KEY:-} if it may be empty`;
    expect(refusal(text)).to.eql([line('not set')]);
    expect(refusal(text, { CI_KEY: '' })).to.eql([line('empty')]);
    expect(refusal('keys:\n  - name: ci\n    key: ${CI_KEY:-}\n')).to.eql([
      'gateway.yaml:3:10 keys[0].key is empty; give it a value or remove the key',
    ]);
  });
});

describe('overrides', () => {
  const text =
    'listen:\n  - { port: 9110 }\nproviders:\n  llama-cpp: { base_url: "http://127.0.0.1:1", api_key: "${UNSET}" }\n';

  it('reach any scalar, whatever its name looks like', () => {
    const { config } = good(text, {
      TOKEN_SPY__LISTEN__0__PORT: '9200',
      TOKEN_SPY__LISTEN__1__PORT: '9201',
      TOKEN_SPY__providers__Llama_Cpp__API_KEY: '123456',
      TOKEN_SPY__LIMITS__FIRST_TOKEN: '3s',
      TOKEN_SPY__LOG__LEVEL: 'warn',
      TOKEN_SPY__SERVER__ALLOW_HOSTS__0: 'spy.example.org',
      TOKEN_SPY_CONFIG: 'not one of them',
      PORT: '1',
      UNRELATED: 'x',
    });
    expect(config.listen.map(({ port }) => port)).to.eql([9200, 9201]);
    expect(config.providers['llama-cpp']!.api_key).to.equal('123456');
    expect(config.limits.first_token).to.equal(3000);
    expect(config.log.level).to.equal('warn');
    expect(config.server.allow_hosts).to.eql(['spy.example.org']);
  });

  it('are named when they are wrong', () => {
    const lines = (env: Record<string, string>) => refusal('listen: [{ port: 9110 }]\nplugins: [history]\n', env);
    expect(lines({ TOKEN_SPY__LISTEN__0__PORT: 'high' })).to.eql([
      'TOKEN_SPY__LISTEN__0__PORT: listen[0].port must be a whole number, but is text',
    ]);
    expect(lines({ TOKEN_SPY__LOG__LEVL: 'info' })).to.eql([
      'TOKEN_SPY__LOG__LEVL: log.levl is not known; did you mean level?',
    ]);
    expect(lines({ TOKEN_SPY__LISTEN: 'x' })).to.eql([
      'TOKEN_SPY__LISTEN: listen is a map or a list; only single values can be overridden',
    ]);
    expect(lines({ TOKEN_SPY__LISTEN__PORT: '1' })).to.eql([
      'TOKEN_SPY__LISTEN__PORT: listen is a list; go on with the index of an entry, such as __0',
    ]);
    expect(lines({ TOKEN_SPY__LISTEN__7__PORT: '1' })).to.eql([
      'TOKEN_SPY__LISTEN__7__PORT: listen has 1 entries; the next index is 1',
    ]);
    expect(lines({ TOKEN_SPY__PLUGINS__0__ENABLED: 'no' })).to.eql([
      'TOKEN_SPY__PLUGINS__0__ENABLED: plugins[0] is a single value; nothing can be set inside it',
    ]);
    expect(lines({ TOKEN_SPY__LOG____X: '1' })).to.eql(['TOKEN_SPY__LOG____X: has an empty part in its name']);
  });
});
