import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { Blueprint } from '../src/blueprint.ts';
import { draw, drawSnippet } from './support/drafts.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { reference } from './support/reference.ts';
import { shippedOn } from './support/shipped.ts';
import { exists, fences, filesIn, read, tableBelow, top } from './support/source.ts';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];
/** The plugin of the README, which its YAML lists. */
const DROPPED = { 'plugins/no-go.js': fences(read('README.md'), 'js')[0]! };
const MARK = 'npx mocha test/docs.test.ts -->\n\n';

describe('the documents', () => {
  let blueprint: Blueprint;

  before(async () => {
    blueprint = await draw('{}');
  });

  it('link to files and headings that are there', () => {
    const broken = DOCUMENTS.flatMap((file) =>
      [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^https?:/.test(target) && !isThere(file, target))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).to.eql([]);
  });

  for (const file of DOCUMENTS) {
    const snippets = fences(read(file), 'yaml');
    if (snippets.length === 0) continue;
    it(`${file} has only YAML that is good`, async () => {
      for (const snippet of snippets) {
        await drawSnippet(snippet, DROPPED).catch((error: Error) => expect.fail(`${error.message}\n\n${snippet}`));
      }
    });
  }

  it('configuration.md tells every section and option as the schemas do', () => {
    const [head = '', rest = ''] = read('docs/configuration.md').split(MARK);
    const plugins = new Map([...blueprint.plugins].map(([name, { value }]) => [name, value]));
    const written = reference(plugins);
    if (process.env.UPDATE_DOCS) writeFileSync(join(top, 'docs/configuration.md'), head + MARK + written);
    else expect(rest).to.equal(written);
  });

  it('providers.md lists the catalogue and the adapters', () => {
    const catalogue = [...blueprint.providers.values()].map(({ name, baseUrl, adapters }) => [
      `\`${name}\``,
      baseUrl,
      adapters.map((adapter) => `\`${adapter}\``).join(', '),
    ]);
    rewrite('docs/providers.md', '## Known without a line', catalogue);
    expect(tableBelow(read('docs/providers.md'), '## Known without a line')).to.eql(catalogue);
    const adapters = [...blueprint.adapters].map(([name, { value }]) => [
      `\`${name}\``,
      value.summary,
      value.endpoints
        .filter(({ bills }) => bills)
        .map(({ path }) => `\`${path}\``)
        .join(', '),
    ]);
    rewrite('docs/providers.md', '## Adapters', adapters);
    expect(tableBelow(read('docs/providers.md'), '## Adapters')).to.have.deep.members(adapters);
  });

  it('errors.md lists every code that the gateway answers with, and its status', () => {
    const told = tableBelow(read('docs/errors.md'), '## Codes').map(([code, status]) => `${code} ${status}`);
    expect(told).to.eql(codes().map(([code, statuses]) => `\`${code}\` ${statuses}`));
  });

  it('errors.md lists every code that ends the start', () => {
    const kinds = filesIn('src/store', '.ts').flatMap((file) => [
      ...[...read(file).matchAll(/new StoreError\(\s*'([a-z_]+)'/g)].map(([, kind]) => kind!),
      ...(file.endsWith('/faults.ts') ? [...read(file).matchAll(/\['([a-z_]+)', '/g)].map(([, kind]) => kind!) : []),
    ]);
    const told = tableBelow(read('docs/errors.md'), '## At the start').map(([code]) => code!.replaceAll('`', ''));
    expect(told).to.have.members([...new Set(kinds)]);
  });

  it('headers.md names every header that is read or kept', () => {
    const sources = ['plugins/identity.ts', 'src/proxy/credentials.ts', 'src/proxy/headers.ts'].map(read).join('\n');
    const names = [...sources.matchAll(/'((?:x|cf|helicone|sec|api)-[a-z0-9-]+|session[_-]id|traceparent)'/g)];
    const text = read('docs/headers.md');
    const missing = names.map(([, name]) => name!).filter((name) => name !== 'x-gzip' && !text.includes(name));
    expect([...new Set(missing)]).to.eql([]);
    expect(names.length).to.be.greaterThan(30);
  });

  it('plugins.md shows a plugin that loads, in the place it asks for', async () => {
    const [code = ''] = fences(read('docs/plugins.md'), 'js');
    const { order } = await draw('plugins: [identity, shown, usage]', { 'plugins/shown.js': code });
    expect(order.map(({ plugin, options }) => [plugin, options])).to.deep.include(['shown', { minutes: 1 }]);
  });

  it('plugins.md lists every member of a plugin', () => {
    const text = read('src/plugin.ts');
    const members = (name: string): string[] => {
      const body = new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(text)![1]!;
      return [...body.matchAll(/^ {2}(\w+)\??[:(]/gm)].map(([, member]) => member!);
    };
    const document = read('docs/plugins.md');
    const names = ['PluginDefinition', 'Lent', 'Instance'].flatMap(members);
    expect(names.length).to.be.greaterThan(12);
    expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(document))).to.eql([]);
  });

  describe('of a gateway that runs', () => {
    let gateway: TestGateway;
    let id = '';

    before(async () => {
      gateway = await startGateway(await shippedOn());
      const body = { model: 'simulated', max_tokens: 20, messages: [{ role: 'user', content: 'Hello' }] };
      const answer = await fetch(`${gateway.url}/agents/ci/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.text();
      id = answer.headers.get('x-token-spy-id')!;
      await gateway.row(id);
    });
    after(() => gateway.close());

    it('api.md names every route of the API', () => {
      const routes = filesIn('src/web', '.ts').flatMap((file) =>
        [...read(file).matchAll(/router\.(?:get|post)\((?:\w+, )?(?:\[([^\]]*)\]|([^,]*(?:, '\/[^']*')?))/g)].flatMap(
          ([whole]) => [...whole.matchAll(/'(\/[^']*)'/g)].map(([, path]) => path!),
        ),
      );
      expect(routes.length).to.be.greaterThan(15);
      const text = read('docs/api.md');
      expect(routes.filter((path) => path !== '/' && !text.includes(path))).to.eql([]);
    });

    const calls = [...read('docs/api.md').matchAll(/```sh\n(curl [^\n]*)\n```(?:\n\n```(\w+)\n([\s\S]*?)```)?/g)];
    for (const [, line = '', language = '', example = ''] of calls) {
      it(`api.md tells what comes back from ${line}`, async () => {
        const [, path = ''] = /http:\/\/127\.0\.0\.1:9110([^'\s]*)/.exec(line)!;
        const [, name, value] = /-H '([^:]*): ([^']*)'/.exec(line) ?? [];
        const control = new AbortController();
        const answer = await fetch(gateway.url + path.replace(/\/requests\/\w+(?=$|\/receipt$)/, `/requests/${id}`), {
          headers: name ? { [name]: value! } : {},
          signal: control.signal,
        });
        expect(answer.status).to.equal(200);
        if (language === 'json') expect(shape(await answer.json())).to.eql(shape(JSON.parse(example)));
        else if (language === 'text')
          expect(shape(await firstEvent(answer))).to.eql(shape(JSON.parse(/^data: (.*)$/m.exec(example)![1]!)));
        else expect(await answer.text()).to.include('gateway_exchanges_total');
        control.abort();
      });
    }

    it('running.md lists every metric with its labels and words', async () => {
      const { registry } = gateway.gateway.metrics;
      const own = (await registry.getMetricsAsJSON()).filter(({ name }) => /^(gateway|gen_ai)_/.test(name));
      const told = tableBelow(read('docs/running.md'), '## Metrics');
      expect(told.map(([name, , help]) => `${name} ${help}`)).to.have.members(
        own.map(({ name, help }) => `\`${name}\` ${help}`),
      );
      const labels = (name: string): string[] =>
        (registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames.map(
          (label) => `\`${label}\``,
        );
      for (const [name, listed] of told)
        expect(listed).to.equal(labels(name!.replaceAll('`', '')).join(', ') || 'none');
    });
  });
});

function isThere(from: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path === '' ? from : join(from, '..', path);
  if (!exists(file)) return false;
  const slugs = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, words]) =>
    words!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  return heading === undefined || slugs.includes(heading);
}

/** Writes a table's rows when asked to. */
function rewrite(file: string, heading: string, rows: readonly (readonly string[])[]): void {
  if (!process.env.UPDATE_DOCS) return;
  const text = readFileSync(join(top, file), 'utf8');
  const table = rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  writeFileSync(
    join(top, file),
    text.replace(new RegExp(`(${heading}\\n\\n(?:\\|.*\\n){2})(?:\\|.*\\n)*`), `$1${table}`),
  );
}

/** Codes of the gateway's own refusals with their statuses, in the order of the alphabet. */
function codes(): [string, string][] {
  const found = new Map<string, Set<string>>();
  const note = (code: string, status: string): void => void found.set(code, (found.get(code) ?? new Set()).add(status));
  // What the APIs of plugins refuse stands in documents of their own.
  const plugins = filesIn('plugins', '.ts').filter((name) => name.split('/').length === 2);
  for (const file of [...filesIn('src', '.ts'), ...plugins]) {
    const text = read(file);
    for (const [, status, code] of text.matchAll(/\b([45]\d\d),\s*'([a-z][a-z0-9_]*)'/g)) note(code!, status!);
    for (const [, status, code] of text.matchAll(/status: ([45]\d\d),\s*code: '([a-z0-9_]+)'/g)) note(code!, status!);
  }
  // What is refused before there is a request: the statuses stand in words there.
  const listener = read('src/proxy/listener.ts');
  const early = /code: '(invalid_http)'/.exec(listener)![1]!;
  for (const [, status] of listener.matchAll(/'([45]\d\d) [A-Z]/g)) note(early, status!);
  const list = [...found].map(([code, statuses]): [string, string] => [code, [...statuses].sort().join(', ')]);
  return list.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Maps whose names are data. */
const MAPS = new Set(['usage', 'tags', 'rates', 'options', 'service_tiers', 'speeds', 'geo_multiplier', 'same_as']);

/** The names in an answer, and which of them are lists; of a list, its first entry stands for all. */
function shape(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.length === 0 || typeof value[0] !== 'object' ? 'list' : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return 'value';
  if (MAPS.has(name)) return 'map';
  const members = Object.entries(value).map(([key, inner]) => [key, shape(inner, key)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function firstEvent(answer: Response): Promise<unknown> {
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const data = /^data: (.*)\n\n/m.exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data);
  }
  throw new Error(`no event came: ${text}`);
}
