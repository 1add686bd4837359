import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { composeSchema, type PluginShape, publishSchema } from '../../src/config/compose.ts';
import { ConfigError, listProblems } from '../../src/config/problem.ts';
import { configSchema } from '../../src/config/schema.ts';
import { optionsFault } from '../../src/config/validate.ts';
import { check, good, known, refusal } from './known.ts';

describe('a gateway.yaml that cannot be used', () => {
  const table = readFileSync(new URL('refusals.txt', import.meta.url), 'utf8').replace(/^.*\n/, '');
  for (const one of table.split(/^===\n/m)) {
    const [yaml = '', lines = ''] = one.split(/^---\n/m);
    it(`is refused with ${lines.split('\n')[0]}`, () => {
      expect(refusal(yaml).join('\n')).to.equal(lines.trimEnd());
    });
  }

  it('is refused in at most 15 lines', () => {
    const text = Array.from({ length: 40 }, (_, i) => `wrong${i}: 1`).join('\n');
    const result = check(text);
    if (result.ok) throw new Error('it was taken');
    const { message } = new ConfigError(result.problems);
    expect(message.split('\n')).to.have.length(15);
    expect(message).to.match(/and 26 more problems$/);
    expect(listProblems(result.problems)).to.equal(message);
  });

  it('is refused without a word of any secret in it', () => {
    const secret = 'sk-ant-0123456789abcdefghij';
    const texts = [
      `providers: { openai: { api_key: [${secret}] } }`,
      `providers: { openai: ${secret} }`,
      `providers: { openai: { ${secret}: 1 } }`,
      `providers: { ${secret}: 1 }`,
      `providers: { openai: { headers: { x: [${secret}] } } }`,
      `providers: { openai: { adapter: ${secret} } }`,
      `keys: [{ name: ${secret}, key: x }]`,
      `keys: [{ name: a, key: ${secret}, kee: ${secret} }]`,
      `database: mysql://${secret}`,
      `plugins: [${secret}]`,
      `plugins: [{ plugin: simulator, port: ${secret} }]`,
      `listen: [{ port: 1, provider: ${secret} }]`,
      `api_key: ${secret}\n  x`,
      `api_key: ${secret}: ${secret}`,
      `api_key: "${secret}" ${secret}`,
      `api_key: !${secret} x`,
      `api_key: *${secret}`,
      `log: { level: \${SECRET_LEVEL} }`,
      `${secret}`,
    ];
    for (const text of texts) {
      const lines = refusal(text, { SECRET_LEVEL: secret }).join('\n');
      expect(lines, text).to.not.equal('');
      expect(lines, text).to.not.match(/sk-ant|0123456789|abcdefghij/);
    }
  });

  it('shows no value that came from the environment', () => {
    expect(refusal('log: { level: "${LEVEL}" }', { LEVEL: 'hunter2' })).to.eql([
      'gateway.yaml:1:15 log.level must be debug, info, warn, error or silent',
    ]);
  });

  it('names the file of a plugin that could not be loaded', () => {
    const failed = new Map([['hello', 'SyntaxError: Unexpected end of input']]);
    const text = 'plugins:\n  - history\n  - hello\n';
    const result = check(text, {}, { failed });
    if (result.ok) throw new Error('it was taken');
    expect(listProblems(result.problems)).to.equal(
      'gateway.yaml:3:5 plugins[1] cannot load plugins/hello: SyntaxError: Unexpected end of input',
    );
    expect(check('plugins: [{ plugin: hello, enabled: false }]', {}, { failed }).ok).to.equal(true);
  });

  it('names the plugin whose options are no schema', () => {
    const plugins = [{ name: 'odd', summary: 'Odd.', options: { a: { typ: 'string', description: 'A.' } } }];
    const result = check('{}', {}, { plugins });
    if (result.ok) throw new Error('it was taken');
    expect(listProblems(result.problems)).to.match(/^plugins\/odd: options are no valid JSON Schema: .*"typ"/);
    expect(optionsFault({ name: 'x', summary: 'X.', section: 'providers' })).to.match(
      /cannot live in section "providers"/,
    );
  });
});

describe('a gateway.yaml that is good', () => {
  it('comes out complete, counted and frozen', () => {
    const { config } = good(
      'listen: [{ port: 80 }]\nlimits: { idle: 3m, body: 1MB, total: 5000 }\nroutes: [{ provider: openai }]',
    );
    expect(config.listen).to.eql([{ host: '127.0.0.1', port: 80, name: '127.0.0.1:80' }]);
    expect(config.limits).to.include({ idle: 180_000, body: 1_000_000, total: 5000, connect: 10_000, headers: 32_768 });
    expect(config.routes).to.eql([
      {
        name: 'routes[0]',
        match: {},
        strategy: 'fallback',
        sticky: 'state',
        targets: [{ provider: 'openai' }],
        retry: { attempts: 6, retries: 1, backoff: 250, max_backoff: 5000, max_wait: 5000, deadline: 120_000 },
        restart: false,
      },
    ]);
    expect(config.breaker).to.eql({ window: 20, share: 50, least: 5, probe: 5000 });
    expect(config).to.include({ database: 'sqlite:data/token-spy.db', durability: 'normal', on_disconnect: 'cancel' });
    expect(() => Object.assign(config.limits, { idle: 1 })).to.throw(TypeError);
    expect(() => Object.assign(config.listen[0]!, { port: 1 })).to.throw(TypeError);
  });

  it('may say nothing at all', () => {
    const { config } = good('{}');
    expect(config.listen).to.eql([{ host: '127.0.0.1', port: 9110, name: '127.0.0.1:9110' }]);
    expect(config.plugins).to.eql([]);
  });

  it('counts the times and sizes of plugins, wherever their options stand', () => {
    const time = { type: ['string', 'number'], format: 'time-span', description: 'Time.' };
    const rule = { type: 'object', properties: { wait: time } };
    const plugins: PluginShape[] = [
      { name: 'line', summary: 'Waits.', options: { wait: { ...time, default: '30s' } } },
      { name: 'rules', summary: 'Rules.', section: 'rules', options: { rules: { type: 'array', items: rule } } },
      {
        name: 'box',
        summary: 'Holds.',
        section: 'box',
        options: { size: { ...time, format: 'size', default: '1KiB' } },
      },
    ];
    const text = 'plugins: [line, { plugin: line, as: two, wait: 2m }, rules, box]\nrules: [{ wait: 1h }]\nbox: {}';
    const result = check(text, {}, { plugins });
    expect(result.ok && result.config.plugins.map(({ options }) => options)).to.eql([
      { wait: 30_000 },
      { wait: 120_000 },
      { rules: [{ wait: 3_600_000 }] },
      { size: 1024 },
    ]);
    const wrong = check('plugins: [{ plugin: line, wait: soon }, rules]\nrules: [{ wait: -1 }]', {}, { plugins });
    expect(wrong.ok ? [] : wrong.problems.map(({ path }) => path)).to.eql(['plugins[0].wait', 'rules[0].wait']);
  });

  it('gives a plugin its options with defaults, from its entry or from its section', () => {
    const { config } = good(
      [
        'plugins:',
        '  - simulator',
        '  - { plugin: simulator, as: two, port: 4 }',
        '  - alerts',
        '  - budgets',
        '  - { plugin: gone, enabled: false, x: 1 }',
        'budgets: [{ name: a }]',
      ].join('\n'),
    );
    const options = Object.fromEntries(config.plugins.map((entry) => [entry.name, entry.options]));
    expect(options).to.eql({
      simulator: { port: 9119, pace: 25 },
      two: { port: 4, pace: 25 },
      alerts: { every: 60 },
      budgets: { budgets: [{ name: 'a' }] },
      gone: { x: 1 },
    });
    expect(config.plugins[1]).to.include({
      plugin: 'simulator',
      enabled: true,
      onError: 'refuse',
      place: 'gateway.yaml:3:5',
    });
  });

  it('has a version that only its meaning changes', () => {
    const { version } = good('log: { level: warn }\nplugins: [history]');
    expect(version).to.match(/^[0-9a-f]{12}$/);
    expect(good('# a word\n\nlog:\n  level:   "warn"   # loud\nplugins:\n  - plugin: history\n').version).to.equal(
      version,
    );
    expect(good('log: { level: "${L}" }\nplugins: [history]', { L: 'warn' }).version).to.equal(version);
    expect(good('log: { level: error }\nplugins: [history]').version).to.not.equal(version);
    expect(good('log: { level: warn }\nplugins: []').version).to.not.equal(version);
  });

  it('hands over what the scrubber must hide', () => {
    const { secrets } = good(
      [
        'database: postgres://me:p%40ssw0rd!@localhost/x',
        'keys: [{ name: a, key: gateway-key-0001 }]',
        'providers:',
        '  openai: { api_key: "${KEY}", headers: { authorization: "Bearer upstream-token", x-team: research-department } }',
        '  aws: { base_url: "https://a.example", auth: { type: aws_sigv4, region: eu-central-1, access_key_id: AKIA0001, secret_access_key: "${KEY}/2", session_token: session-1 } }',
      ].join('\n'),
      { KEY: 'sk-upstream' },
    );
    expect(secrets).to.have.members([
      'gateway-key-0001',
      'sk-upstream',
      'Bearer upstream-token',
      'upstream-token',
      'AKIA0001',
      'sk-upstream/2',
      'session-1',
      'p%40ssw0rd!',
      'p@ssw0rd!',
    ]);
  });

  it('is commented on where it may surprise', () => {
    const { notes } = good(
      'listen:\n  - { host: 0.0.0.0, port: 1 }\n  - { host: "::", port: 2, auth: none }\nproviders:\n  openai: { free: true, models: { a: { input: 3 } } }\nbudgets: []\n',
    );
    expect(notes).to.eql([
      'gateway.yaml:2:5 listen[0] can be reached by other machines, so a key is needed; one is made if keys has none',
      'gateway.yaml:3:5 listen[1] can be reached by other machines, and its proxy asks nobody for a key',
      'gateway.yaml:5:19 providers.openai.free is true, so the prices of its models are not used',
      'gateway.yaml:6:10 budgets does nothing while plugins does not list budgets',
    ]);
  });
});

describe('the published schema', () => {
  it('describes every key, plugin options and sections included', () => {
    const schema = composeSchema(configSchema, known.plugins, known.adapters);
    const undescribed: string[] = [];
    visit(schema, '', undescribed);
    expect(undescribed).to.eql([]);
    expect(JSON.stringify(schema))
      .to.include('"const":"simulator"')
      .and.to.include('"alerting"')
      .and.to.include('anthropic_messages');
  });

  it('lets editors accept a variable where a number belongs', () => {
    const schema = publishSchema(known.plugins, known.adapters) as {
      properties: { listen: { items: { properties: { port: object } } } };
    };
    expect(schema).to.include({ $schema: 'http://json-schema.org/draft-07/schema#' });
    expect(schema.properties.listen.items.properties.port).to.have.nested.property('anyOf[1].pattern');
  });

  function visit(schema: unknown, path: string, undescribed: string[]): void {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, items, additionalProperties } = schema as Record<
      string,
      Record<string, { description?: string }>
    >;
    for (const [name, member] of Object.entries(properties ?? {})) {
      if (member.description === undefined) undescribed.push(`${path}.${name}`);
      visit(member, `${path}.${name}`, undescribed);
    }
    if (typeof items === 'object') visit(items, `${path}[]`, undescribed);
    if (typeof additionalProperties === 'object') visit(additionalProperties, `${path}.*`, undescribed);
  }
});
