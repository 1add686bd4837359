import { expect } from 'chai';

import { draw } from './support/drafts.ts';
import { HELD_ELSEWHERE, HOMES, inHome, ROOMS } from './support/rooms.ts';
import { filesIn, functionsIn, type ImportLine, importsOf, read } from './support/source.ts';

const src = filesIn('src', '.ts');
const plugins = filesIn('plugins', '.ts');
const adapters = filesIn('providers/adapters', '.ts');
const code = [...src, ...plugins, ...adapters];
const imports = code.flatMap(importsOf);

const MAX_FILE = 300;
const MAX_FUNCTION = 40;

/** Runtime packages that no import names: who names them. */
const USED_BY_NAME: Readonly<Record<string, () => boolean>> = {
  sqlite3: () => read('src/store/driver.ts').includes("'sqlite3'"),
  '@appthreat/sqlite3': () => read('src/store/driver.ts').includes("'@appthreat/sqlite3'"),
  pg: () => read('src/store/connect.ts').includes("dialect: 'postgres'"), // Sequelize loads it
  'htmx.org': () => read('src/web/assets.ts').includes('htmx.org'),
  typescript: () => read('package.json').includes('"build": "tsc '), // `npm start` in a clone builds first
};

const LICENCES = new Set([
  'MIT-0',
  'MIT',
  'ISC',
  '0BSD',
  'BSD-0-Clause',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
]);

interface Manifest {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  engines: { node: string };
}

interface Locked {
  dev?: boolean;
  license?: string;
}

describe('the house', () => {
  describe('who may import what', () => {
    it('a plugin knows only its door, its own parts, and packages', () => {
      const strangers = from('plugins/').filter((one) => one.ours && !isPart(one) && one.target !== 'src/plugin.ts');
      expect(strangers.map(say)).to.eql([]);
    });

    it('an adapter knows only its door and parts of adapters', () => {
      const strangers = from('providers/').filter((one) => one.ours && !isPart(one) && one.target !== 'src/adapter.ts');
      expect(strangers.map(say)).to.eql([]);
    });

    it('nothing in src imports a plugin or a provider', () => {
      expect(
        from('src/')
          .filter(({ target }) => /^(plugins|providers)\//.test(target))
          .map(say),
      ).to.eql([]);
    });

    for (const [room, rule] of Object.entries(ROOMS)) {
      it(`${room}/ imports ${rule.said}`, () => {
        const strangers = from(`src/${room}/`).filter((one) => one.ours && !rule.may(one.target, one.typesOnly));
        expect(strangers.map(say)).to.eql([]);
      });
    }

    for (const [name, homes] of Object.entries(HOMES)) {
      it(`${name} is used in ${homes.map(({ at }) => at).join(' and ')} only`, () => {
        const users = from('src/').filter(({ target }) => target === name);
        const strangers = users.filter((one) => !homes.some((home) => inHome(home, one)));
        expect(strangers.map(say)).to.eql([]);
        expect(users, 'nobody uses it: take it out of HOMES').to.not.eql([]);
      });
    }

    it('every package that src uses has a home', () => {
      const packages = from('src/').filter(({ ours, target }) => !ours && !target.startsWith('node:'));
      expect([...new Set(packages.map(({ target }) => target))].sort()).to.eql(Object.keys(HOMES).sort());
    });

    it('there is no circle, not even of types', () => {
      expect(circles()).to.eql([]);
    });

    it('there is no index that only passes on', () => {
      expect(code.filter((file) => /(^|\/)index\.ts$/.test(file))).to.eql([]);
    });
  });

  describe('sizes', () => {
    it(`no file has more than ${MAX_FILE} lines`, () => {
      const long = code.map((file) => [file, read(file).split('\n').length - 1] as const);
      expect(long.filter(([, lines]) => lines > MAX_FILE).map((found) => found.join(' '))).to.eql([]);
    });

    it(`no function has more than ${MAX_FUNCTION} lines`, () => {
      const long = code.flatMap(functionsIn).filter(({ lines }) => lines > MAX_FUNCTION);
      expect(long.map(({ file, line, lines }) => `${file}:${line} ${lines}`)).to.eql([]);
    });

    it('are counted right', () => {
      const found = functionsIn('src/keyring.ts');
      const text = read('src/keyring.ts').split('\n');
      expect(found.length).to.be.greaterThan(2);
      for (const { line, lines } of found) expect(text[line + lines - 2]).to.match(/^ *\}/);
    });
  });

  describe('plugins', () => {
    for (const file of plugins.filter((name) => name.split('/').length === 2)) {
      it(`${file} has a manual page with an example that is good`, async () => {
        const page = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export default definePlugin/.exec(read(file))?.[1] ?? '';
        const [words = '', example = ''] = page.replace(/^ *\* ?/gm, '').split('@example\n');
        expect(words.trim()).to.match(/^[A-Z][^\n]*[^.]*\.(\s|$)/);
        const name = file.slice('plugins/'.length, -'.ts'.length);
        const { config } = await draw(await amongThoseItNeeds(name, example));
        expect(config.plugins.map(({ plugin }) => plugin)).to.include(name);
      });
    }

    it('say in their summary what their manual page begins with', async () => {
      const { plugins: loaded } = await draw('{}');
      for (const [name, { value }] of loaded) expect(read(`plugins/${name}.ts`)).to.include(` * ${value.summary}\n`);
    });
  });

  describe('tests', () => {
    const tests = new Set(filesIn('test', '.test.ts'));
    const own = (file: string): string =>
      `test/${file
        .replace(/^src\//, '')
        .replace('/_', '/')
        .replace(/\.ts$/, '.test.ts')}`;
    const heldBy = (file: string): boolean => HELD_ELSEWHERE.some(({ modules }) => modules.test(file));

    it('every module has one of its name, or one that holds it together with others', () => {
      expect(code.filter((file) => !tests.has(own(file)) && !isTypes(file) && !heldBy(file))).to.eql([]);
    });

    for (const { modules, by, why } of HELD_ELSEWHERE) {
      it(`${by} holds ${modules.source.replaceAll('\\', '')}: ${why}`, () => {
        const held = code.filter((file) => !tests.has(own(file)) && !isTypes(file) && modules.test(file));
        expect(tests.has(by), 'the test is not there').to.equal(true);
        expect(held, 'it holds for nothing any more: take it out').to.not.eql([]);
        // Plugins, adapters and the program itself are known by their path.
        const reached = reachedFrom(by);
        const imported = held.filter((file) => file.startsWith('src/') && file !== 'src/main.ts');
        expect(imported.filter((file) => !reached.has(file))).to.eql([]);
      });
    }
  });

  describe('the package', () => {
    const { dependencies, optionalDependencies, engines } = JSON.parse(read('package.json')) as Manifest;
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies });

    it('brings nothing that nobody uses', () => {
      const imported = new Set(imports.map(({ target }) => target));
      const idle = wanted.filter((name) => !imported.has(name) && !(USED_BY_NAME[name] ?? unused)());
      expect(idle).to.eql([]);
    });

    it('pins what it brings', () => {
      const loose = Object.entries({ ...dependencies, ...optionalDependencies }).filter(
        ([, v]) => !/^\d+\.\d+\.\d+$/.test(v),
      );
      expect(loose).to.eql([]);
    });

    it('brings only licences that anybody can live with', () => {
      const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
      const brought = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
      const strange = brought.filter(
        ([, { license = '' }]) =>
          !license
            .replace(/[()]/g, '')
            .split(' OR ')
            .some((one) => LICENCES.has(one)),
      );
      expect(strange.map(([path, { license }]) => `${path} ${license}`)).to.eql([]);
    });

    it('runs on the Node it promises', () => {
      expect(engines.node).to.equal('>=20.19');
    });
  });

  describe('words', () => {
    it('no `any` stands in for a type', () => {
      const found = code.filter((file) => /(?::|<|\bas|\|)\s*any\b(?!\w|\s+\w)/.test(withoutComments(read(file))));
      expect(found).to.eql([]);
    });

    it('nothing is left to do', () => {
      const words = new RegExp(['TO', 'DO|FIX', 'ME|X', 'XX'].join(''));
      const texts = [...code, ...filesIn('views', '.hbs'), ...filesIn('test', '.ts'), ...filesIn('docs', '.md')];
      expect(texts.filter((file) => words.test(read(file)))).to.eql([]);
    });

    it('no view has a way around escaping', () => {
      expect(filesIn('views', '.hbs').filter((file) => /\{\{\{|\{\{&/.test(read(file)))).to.eql([]);
    });
  });
});

/** An example as a whole gateway.yaml: its entries stand between those that the plugin needs, at its right side. */
async function amongThoseItNeeds(name: string, example: string): Promise<string> {
  const { needs = [], requires = {} } = (await shipped).plugins.get(name)!.value;
  const on = (side: 'above' | 'below'): string =>
    needs.map((other) => ((requires[other] ?? 'above') === side ? `  - ${other}\n` : '')).join('');
  const end = /^\S/m.exec(example)?.index ?? example.trimEnd().length + 1;
  return `plugins:\n${on('above')}${example.slice(0, end)}${on('below')}${example.slice(end)}`;
}

const shipped = draw('{}');
const unused = (): boolean => false;

/** All of our files that a test imports, through others too. */
function reachedFrom(test: string): Set<string> {
  const reached = new Set<string>([test]);
  for (const file of reached) for (const { ours, target } of importsOf(file)) if (ours) reached.add(target);
  return reached;
}

/** Nothing is left of it when the types are gone. */
function isTypes(file: string): boolean {
  return !/^(?:export )?(?:default |async )*(?:const|let|function|class|default)\b|^for /m.test(
    withoutComments(read(file)),
  );
}

const from = (folder: string): ImportLine[] => imports.filter(({ file }) => file.startsWith(folder));
const say = ({ file, target }: ImportLine): string => `${file} imports ${target}`;

/** Of an adapter: a helper beside it, `_` in front. Of a plugin: the folder of its name, and what plugins share. */
function isPart({ file, target }: ImportLine): boolean {
  if (file.startsWith('providers/')) return /^providers\/adapters\/_[^/]*$/.test(target);
  const [, plugin] = /^plugins\/([^/]+?)(?:\.ts|\/.*)$/.exec(file)!;
  const [, folder] = /^plugins\/([^/]+)\//.exec(target) ?? [];
  return folder !== undefined && (folder === plugin || folder === 'shared');
}

/** Each circle once, from its first file in the order of the alphabet. */
function circles(): string[] {
  const next = new Map(code.map((file) => [file, imports.filter((one) => one.file === file && one.ours)]));
  const found = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) return void found.add([...way.slice(at), file].join(' > '));
    if (done.has(file)) return;
    for (const { target } of next.get(file) ?? []) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of code) walk(file, []);
  return [...found];
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
