import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { PluginShape } from '../../src/config/compose.ts';
import { problemLine } from '../../src/config/problem.ts';
import { type CheckResult, checkConfig } from '../../src/config/validate.ts';
import { orderPlugins } from '../../src/loader/order.ts';
import { loadCatalogue } from '../../src/loader/providers.ts';
import type { PluginDefinition } from '../../src/plugin.ts';

const top = new URL('../../', import.meta.url);
const shipped = readFileSync(new URL('gateway.yaml', top), 'utf8');

describe('the gateway.yaml that we ship', () => {
  const definitions = new Map<string, PluginDefinition>();
  let check: (text: string) => CheckResult;

  before(async () => {
    for (const name of modules('plugins/')) {
      const { default: definition } = (await import(new URL(`plugins/${name}.ts`, top).href)) as {
        default: PluginDefinition;
      };
      definitions.set(name, definition);
    }
    const adapters = modules('providers/adapters/').map((name) => name.replaceAll('-', '_'));
    const catalogue = await loadCatalogue(new URL('providers', top).pathname, adapters, {});
    const plugins: PluginShape[] = [...definitions].map(([name, { summary, options, section, check }]) => ({
      name,
      summary,
      options,
      section,
      check,
    }));
    check = (text) => checkConfig({ text, file: 'gateway.yaml', env: {} }, { plugins, adapters, catalogue });
  });

  it('is good on a machine where nothing is set', () => {
    const { config } = taken(check(shipped));
    expect(config.listen).to.eql([{ host: '127.0.0.1', port: 9110, name: '127.0.0.1:9110' }]);
    expect(config.plugins.map(({ plugin }) => plugin)).to.eql([
      'history',
      'late-usage',
      'receipts',
      'identity',
      'sessions',
      'settings',
      'pauses',
      'session-limits',
      'trim',
      'cache-breaks',
      'prompts',
      'prediction',
      'rate-limits',
      'budgets',
      'unpriced',
      'include-usage',
      'usage',
      'session-files',
      'ingest',
      'alerts',
      'channels',
      'simulator',
    ]);
    expect(() => orderPlugins(config.plugins, definitions)).to.not.throw();
  });

  it('is good with all of its examples', () => {
    const { config } = taken(check(shipped.replace(/^#(?! \S|$)/gm, '')));
    expect(config.listen).to.have.length(4);
    expect(config.routes).to.have.length(3);
    expect(config.keys).to.have.length(1);
    expect(config.limits.concurrent).to.equal(1000);
    const sections = Object.assign({}, ...config.plugins.map(({ options }) => options)) as Record<string, unknown>;
    expect(sections.budgets).to.have.length(3);
    expect(sections.rate_limits).to.have.length(2);
    expect(sections.alerts).to.have.length(4);
    expect(sections.channels).to.have.keys('ops', 'oncall', 'mail', 'own');
    expect(config.plugins.map(({ plugin }) => plugin)).to.include('roles');
    expect(() => orderPlugins(config.plugins, definitions)).to.not.throw();
  });

  it('says the defaults where it says that it does', () => {
    const { config } = taken(check(shipped));
    const limits = /^#limits:\n(#.*\n)+/m
      .exec(shipped)![0]
      .replace(/^#/gm, '')
      .replace(/^ *(concurrent|keepalive).*\n/gm, '');
    expect(taken(check(limits)).config.limits).to.eql(config.limits);
  });

  /** Files that are no helpers of others. */
  function modules(folder: string): string[] {
    const files = readdirSync(new URL(folder, top)).filter((file) => /^[^_.].*\.ts$/.test(file));
    return files.map((file) => file.replace(/\.ts$/, ''));
  }

  function taken(result: CheckResult): Extract<CheckResult, { ok: true }> {
    if (!result.ok) throw new Error(result.problems.map(problemLine).join('\n'));
    return result;
  }
});
