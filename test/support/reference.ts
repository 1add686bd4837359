/** Writes docs/configuration.md's tables from the schemas, so that the document says what the code does. */
import { configSchema } from '../../src/config/schema.ts';
import { reservedSchema } from '../../src/config/sections/plugins.ts';
import { priceEntrySchema, rateNames } from '../../src/metering/price-entry.ts';
import type { PluginDefinition } from '../../src/plugin.ts';

/** What of JSON Schema our sections use. */
interface Node {
  type?: string | readonly string[];
  format?: string;
  enum?: readonly unknown[];
  default?: unknown;
  description?: string;
  properties?: Readonly<Record<string, Node>>;
  additionalProperties?: boolean | Node;
  items?: Node;
}

const HEAD = '| Key | Value | Without it | What it does |\n|---|---|---|---|\n';
const PRICE = priceEntrySchema as unknown as Node;
const PRICE_WORDS =
  'What a model costs: under `models` of a provider, under `pricing.models` and in price files. A rate is a number, or ' +
  'its text to keep every digit. Tiers, speeds and hours take all rates of this table.';

/** One chapter for each section, one for prices, one for the options of each plugin. */
export function reference(plugins: ReadonlyMap<string, PluginDefinition>): string {
  const { properties = {} } = configSchema as unknown as Node;
  const entries = [...plugins].map(([name, { options = {}, summary }]) => {
    const list = below('', { properties: options as unknown as Record<string, Node> }, []);
    return `### ${name}\n\n${summary}\n\n${list.length > 0 ? HEAD + list.join('') : 'It has no options.\n'}`;
  });
  return [
    ...Object.entries(properties).map(([name, node]) => chapter(name, node)),
    `## Prices\n\n${PRICE_WORDS}\n\n${HEAD}${below('', PRICE, []).join('')}`,
    '## Options of the plugins\n',
    ...entries,
  ].join('\n');
}

function chapter(name: string, node: Node): string {
  const shown =
    name === 'plugins' ? { items: { properties: reservedSchema as unknown as Record<string, Node> } } : node;
  const list = inside(name, shown, []);
  const usual = usualOf(node);
  const value = list.length === 0 ? `Value: ${kindOf(node)}. ` : '';
  const line = value + (usual === '' ? '' : `Without it: ${usual}.`);
  return [
    `## ${name}\n`,
    `${plain(node.description ?? '')}\n`,
    line && `${line}\n`,
    list.length > 0 && HEAD + list.join(''),
  ]
    .filter(Boolean)
    .join('\n');
}

/** A price, or a price with more beside it. */
const isPrice = (node: Node): boolean =>
  node.properties?.tiers !== undefined && node.properties.tiers === PRICE.properties!.tiers;

/** Rows of what stands below a node: its members, those of its list, those of each of its names. */
function inside(path: string, node: Node, seen: readonly string[]): string[] {
  const each = typeof node.additionalProperties === 'object' ? node.additionalProperties : {};
  return [
    ...below(path, node, seen),
    ...below(`${path}[]`, node.items ?? {}, seen),
    ...below(`${path}.NAME`, each, isPrice(each) ? Object.keys(PRICE.properties!) : seen),
  ];
}

/** Rows of a node's members. `seen` are names of a level above that are not told again: rates within a price. */
function below(path: string, { properties = {} }: Node, seen: readonly string[]): string[] {
  const rates = properties.input_audio && !seen.includes('input_audio') ? rateNames : seen;
  return Object.entries(properties).flatMap(([name, child]) => {
    if (seen.includes(name)) return [];
    const full = path === '' ? name : `${path}.${name}`;
    return [row(full, child), ...(name === 'same_as' ? [] : inside(full, child, rates))];
  });
}

const row = (path: string, node: Node): string =>
  `| \`${path}\` | ${kindOf(node)} | ${usualOf(node)} | ${plain(node.description ?? '')} |\n`;

function usualOf({ default: usual }: Node): string {
  const empty = usual === undefined || (typeof usual === 'object' && Object.keys(usual ?? {}).length === 0);
  return empty ? '' : `\`${JSON.stringify(usual).replace(/^"|"$/g, '')}\``;
}

/** Signs of Markdown as themselves, outside of code. */
const plain = (words: string): string =>
  words
    .split('`')
    .map((part, i) => (i % 2 === 0 ? part.replace(/[<|*]/g, '\\$&') : part.replaceAll('|', '\\|')))
    .join('`');

function kindOf(node: Node): string {
  if (node.enum) return node.enum.map((one) => `\`${one}\``).join(', ');
  if (node.format === 'time-span') return 'time';
  if (node.format === 'size') return 'size';
  if (typeof node.additionalProperties === 'object' && isPrice(node.additionalProperties))
    return `${[node.type].flat().includes('array') ? 'list of names, or ' : ''}map of [prices](#prices)`;
  const kinds = [node.type ?? 'string'].flat().map((type) => WORDS[type] ?? type);
  return [...new Set(kinds)].join(' or ');
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'map',
  array: 'list',
  integer: 'number',
  string: 'text',
  boolean: '`true`, `false`',
};
