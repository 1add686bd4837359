import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { viewsFolder } from './folder.ts';
import { ago, bytes, compact, duration, minute, moment, money, percent, span, whole } from './format.ts';

const FOLDERS = { partials: '', panels: 'panels/' } as const;

/**
 * Turns views into HTML.
 *
 * Every value is escaped: no view has a way around it. A view is compiled when it is first
 * needed and stays; values come from own members of plain objects only.
 */
export class Renderer {
  readonly #bars = Handlebars.create();
  readonly #folder: string;
  readonly #pages = new Map<string, HandlebarsTemplateDelegate>();

  constructor(folder = viewsFolder) {
    this.#folder = folder;
    this.#bars.registerHelper(helpers);
    this.#bars.registerPartial('layout', this.#read('layout'));
    for (const [name, prefix] of Object.entries(FOLDERS)) {
      for (const file of viewsIn(join(folder, name))) {
        const view = file.slice(0, -4);
        this.#bars.registerPartial(prefix + view, this.#read(`${name}/${view}`));
      }
    }
  }

  /** Renders views/pages/NAME.hbs. */
  page(name: string, data: object): string {
    let template = this.#pages.get(name);
    if (!template) {
      template = this.#bars.compile(this.#read(`pages/${name}`), { preventIndent: true });
      this.#pages.set(name, template);
    }
    return template(data, { allowProtoMethodsByDefault: false, allowProtoPropertiesByDefault: false });
  }

  /** Whether a plugin's panel has a view. */
  hasPanel(name: string): boolean {
    return Object.hasOwn(this.#bars.partials, `panels/${name}`);
  }

  /** Whether there is a views/pages/NAME.hbs. */
  hasPage(name: string): boolean {
    return /^[\w-]+$/.test(name) && existsSync(join(this.#folder, 'pages', `${name}.hbs`));
  }

  #read(view: string): string {
    return readFileSync(join(this.#folder, `${view}.hbs`), 'utf8');
  }
}

/** Files of views; none where the folder is not there: no plugin has to bring a panel, and git keeps no empty folder. */
function viewsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.hbs')) : [];
}

/** Handlebars passes its own options last; ours look at what they were given before. */
const helpers = {
  money: (dollars: string | null) => money(dollars),
  compact: (count: number | null) => compact(count),
  amount: (value: string | null, unit: unknown) => (unit === 'usd' ? money(value) : compact(value)),
  whole: (count: number | null) => whole(count),
  duration: (milliseconds: number | null) => duration(milliseconds),
  span: (seconds: number) => span(seconds),
  percent: (share: number | null) => percent(share),
  bytes: (count: number | null) => bytes(count),
  ago: (time: string | null) => ago(time),
  moment: (time: string | null, zone: unknown) => moment(time, typeof zone === 'string' ? zone : 'UTC'),
  minute: (time: string | null, zone: unknown) => minute(time, typeof zone === 'string' ? zone : 'UTC'),
  json: (value: unknown) => JSON.stringify(value),
  known: (value: unknown) => value !== null && value !== undefined,
  /** `{{#is a b}}` as a block, `(is a b)` as a value. */
  is(this: unknown, one: unknown, other: unknown, options: Handlebars.HelperOptions): unknown {
    if (typeof options.fn !== 'function') return one === other;
    return one === other ? options.fn(this) : options.inverse(this);
  },
  uri: (text: string) => encodeURIComponent(text),
  thousandths: (share: number) => Math.round(share * 1000),
  panel: (name: string) => `panels/${name}`,
};
