/**
 * Makes genai-prices.json from @pydantic/genai-prices (MIT).
 *
 *   npm run prices:update                  from the installed version
 *   npm run prices:update -- --latest      from the newest on npm, which is fetched beside the installed one
 *   npm run prices:update -- --check       only tell whether the file is what the package gives
 *
 * Its rules match names by their beginning, so that a model of tomorrow silently gets the price
 * of its elder sister. Here a rule becomes the names it spells out; `dated` lets a date follow
 * them. Entries with a charge that is not metered here (pages, messages) are left out: their
 * price would be too low.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('genai-prices.json', import.meta.url));
const PACKAGE = '@pydantic/genai-prices';

const RATES = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cache_read',
  cache_write_mtok: 'cache_write',
  cache_write_5m_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  input_audio_mtok: 'input_audio',
  cache_audio_read_mtok: 'cache_read_audio',
  input_image_mtok: 'input_image',
  input_video_mtok: 'input_video',
  output_audio_mtok: 'output_audio',
  output_image_mtok: 'output_image',
  output_reasoning_mtok: 'output_reasoning',
  audio_hours: 'audio_per_hour',
  input_audio_hours: 'audio_per_hour',
  requests_kcount: 'request_per_1k',
  web_searches_kcount: 'web_search_per_1k',
  storage_searches_kcount: 'file_search_per_1k',
  code_executions_kcount: 'code_execution_per_1k',
};
/** No provider tells how many cached tokens were of an image: they are charged as any cached token. */
const NOT_REPORTED = new Set(['cache_image_read_mtok']);

const require = process.argv.includes('--latest') ? latest() : createRequire(import.meta.url);
const { waitForUpdate } = require(PACKAGE);
const manifest = JSON.parse(await readFile(new URL('../package.json', `file://${require.resolve(PACKAGE)}`), 'utf8'));
const known = JSON.parse(await readFile(FILE, 'utf8').catch(() => '{}'));
const providers = await waitForUpdate();

const head = {
  name: 'genai-prices',
  version: manifest.version,
  // The day a version was taken over first; running this again changes nothing.
  date: known.version === manifest.version ? known.date : new Date().toISOString().slice(0, 10),
  licence: manifest.license,
  source: `${manifest.homepage} (npm ${PACKAGE} ${manifest.version})`,
  fallbacks: Object.fromEntries(
    providers.filter((p) => p.fallback_model_providers).map((p) => [p.id, p.fallback_model_providers]),
  ),
};
/** @type {string[]} */
const leftOut = [];
const entries = providers.flatMap((provider) => provider.models.flatMap((model) => entriesOf(provider.id, model)));
const text = render(head, entries);
console.log(`${entries.length} prices of ${providers.length} providers, @pydantic/genai-prices ${manifest.version}`);
if (leftOut.length > 0)
  console.log(`left out, because their charges are not metered: ${[...new Set(leftOut)].join(', ')}`);
if (!process.argv.includes('--check')) await writeFile(FILE, text);
else if (text !== (await readFile(FILE, 'utf8'))) {
  const behind = known.version === manifest.version ? '' : ` (it is of ${known.version})`;
  console.error(
    `providers/prices/genai-prices.json is not what ${PACKAGE} ${manifest.version} gives${behind}: npm run prices:update`,
  );
  process.exitCode = 1;
}

/** Has npm fetch the newest version into a folder of its own: package.json and node_modules stay as they are. */
function latest() {
  const folder = mkdtempSync(join(tmpdir(), 'genai-prices-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    execFileSync('npm', ['install', ...options, `${PACKAGE}@latest`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    });
  } catch (error) {
    const [, code = error.message] = /npm (?:error|ERR!) code (\w+)/.exec(String(error.stderr)) ?? [];
    console.error(`${PACKAGE} cannot be fetched (${code}): is this machine offline?`);
    console.error('providers/prices/genai-prices.json stays as it is.');
    process.exit(1);
  }
  return createRequire(join(folder, 'package.json'));
}

/** One entry for each period in which a model had one price; the running one has the plain key. */
function entriesOf(provider, model) {
  const { names, dated } = namesOf(provider, model);
  const key = `${provider}/${model.id}`;
  const listed = names.filter((name) => name !== model.id);
  const own = { ...(listed.length > 0 && { match: listed }), ...(dated && { dated }) };
  return periodsOf(model.prices).flatMap(({ prices, starts, ends, hours }) => {
    const rates = ratesOf(model.id, prices);
    const windows = hours.map(({ from, to, prices: other }) => ({ from, to, ...ratesOf(model.id, other) }));
    if (rates === null) {
      leftOut.push(key);
      return [];
    }
    // A period that is over is found by the same names, the model's own included.
    const past = ends ? { match: [...new Set([model.id, ...names])], ...(dated && { dated }) } : own;
    return [
      [
        ends ? `${key} until ${ends}` : key,
        {
          ...past,
          ...rates,
          ...(windows.length > 0 && { hours: windows }),
          ...(starts && { starts }),
          ...(ends && { ends }),
        },
      ],
    ];
  });
}

/** Names a rule spells out. What follows a beginning, or stands around a part, is not guessed. */
function namesOf(provider, model) {
  const names = new Set();
  let dated = false;
  const walk = (rule) => {
    for (const part of rule.or ?? rule.and ?? []) walk(part);
    if (rule.regex) dated ||= /\\d\{(4|8)\}/.test(rule.regex);
    const stem = rule.starts_with ?? rule.contains ?? rule.ends_with;
    if (stem) dated ||= !rule.ends_with;
    // A fine-tuned model's name always goes on, with the organisation and an id.
    if (stem?.startsWith('ft:')) names.add(`${stem}*`);
    for (const name of [rule.equals, stem])
      if (name) for (const full of spellings(provider, name, model.id)) names.add(full);
  };
  walk(model.match);
  // Google's compatible endpoints know their models under longer names.
  if (provider === 'google')
    for (const name of [model.id, ...names])
      if (/^gem/.test(name)) for (const prefix of ['models/', 'google/']) names.add(prefix + name);
  // A stem such as `gpt-5-nano-` is no name.
  return { names: [...names].filter((name) => !/[-@.]$/.test(name)), dated };
}

/**
 * Bedrock's rules name a model without the region before it and the version behind it. Its ids
 * end with `-v1:0`, those of newer models with `-v1` or nothing.
 */
function spellings(provider, name, id) {
  if (provider !== 'aws') return [name];
  const [version = '', minor = ''] = /-v\d+(:\d+)?$/.exec(id) ?? [];
  const major = version.slice(0, version.length - minor.length);
  const stem = minor && name.endsWith(minor) ? name.slice(0, -minor.length) : name;
  const full = stem.endsWith(major) ? [stem, stem + minor] : [stem, stem + major, stem + version];
  const vendor = /^(regional\.)?([a-z]+)\./.exec(id)?.[2];
  if (vendor === undefined || vendor === 'global' || name.startsWith('global.')) return full;
  const bare =
    name.startsWith('claude-') && id.includes('.anthropic.') ? full.flatMap((n) => [n, `anthropic.${n}`]) : full;
  // Profiles of Claude from 4 on are listed one by one: they cost more than the model itself.
  if (id.startsWith('regional.') && !/claude-3/.test(id)) return bare;
  return bare.flatMap((n) => (/^[a-z]+\.[a-z]/.test(n) ? [n, `us.${n}`, `eu.${n}`, `apac.${n}`] : [n]));
}

/** Prices with dates become periods; hours belong to the last of them. */
function periodsOf(prices) {
  if (!Array.isArray(prices)) return [{ prices, hours: [] }];
  const clock = (time) => time.slice(0, 5);
  const hours = prices
    .filter(({ constraint }) => constraint?.type === 'time_of_date')
    .map(({ constraint, prices: p }) => ({
      from: clock(constraint.start_time),
      to: clock(constraint.end_time),
      prices: p,
    }));
  const dated = prices.filter(({ constraint }) => constraint?.type !== 'time_of_date');
  return dated.map((period, at) => ({
    prices: period.prices,
    starts: period.constraint?.start_date,
    ends: dated[at + 1]?.constraint.start_date,
    hours: at === dated.length - 1 ? hours : [],
  }));
}

/** Null when the price cannot be told with what is metered. */
function ratesOf(id, prices) {
  const rates = {};
  const tiers = new Map();
  if (Object.keys(prices).length === 0) return /:free$|moderation|^gemma-/.test(id) ? { free: true } : null;
  for (const [name, value] of Object.entries(prices)) {
    if (NOT_REPORTED.has(name)) continue;
    const rate = RATES[name];
    if (rate === undefined) return null;
    rates[rate] = typeof value === 'number' ? value : value.base;
    for (const { start, price } of value.tiers ?? []) tiers.set(start, { ...tiers.get(start), [rate]: price });
  }
  if (tiers.size > 0) rates.tiers = [...tiers].map(([start, other]) => ({ ...threshold(start), ...other }));
  return rates;
}

/**
 * A tier holds strictly above its start; 199,999 is how "at least 200,000" is written there.
 * OpenAI's own page says "above 272,000", and so do the newer entries: 271,999 is taken as that.
 */
function threshold(start) {
  if (start === 271_999) return { input_over: 272_000 };
  return start % 1000 === 999 ? { input_at_least: start + 1 } : { input_over: start };
}

function render(members, list) {
  const top = Object.entries(members).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  const lines = list.map(([key, entry]) => `    ${JSON.stringify(key)}: ${JSON.stringify(entry)}`);
  return `{\n${top.join('')}  "entries": {\n${lines.join(',\n')}\n  }\n}\n`;
}
