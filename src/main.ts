/** The command line: what to do, with which file, and how to end. */
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';

import { Drafting, schemaOf } from './blueprint.ts';
import { ConfigError } from './config/problem.ts';
import { Gateway } from './gateway.ts';
import { type GatewayLog, openLog } from './log.ts';
import { Scrubber } from './scrub.ts';
import { StoreError } from './store/store-error.ts';

// Objects of one place in the code that mostly survive a collection are soon made in the old generation right away: V8's
// guess for data that stays. Here it meets what an exchange is made of while many are under way, and each such object
// keeps its whole exchange from dying young. Metering costs twice as much then, and memory grows to 200 MB and back.
setFlagsFromString('--no-allocation-site-pretenuring');

const USAGE = `token-spy [command] [--config FILE]

  start     serve (the default)
  check     read the configuration, say what is wrong with it, and end
  schema    print the JSON Schema of gateway.yaml for editors
  version   print the version

The configuration is gateway.yaml in the current folder unless --config names another.
`;

const here = dirname(fileURLToPath(import.meta.url));
/** The package's folder: `src` lies in it, `dist/src` one deeper. */
const root = existsSync(join(here, '..', 'package.json')) ? join(here, '..') : join(here, '..', '..');

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const command = values.help ? 'help' : (positionals[0] ?? 'start');
  const file = resolve(values.config ?? 'gateway.yaml');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  if (command === 'start') return start(file, values.config === undefined, version);
  if (command === 'check') return check(file);
  if (command === 'schema') return print(`${JSON.stringify(await drafting(file).schema(), null, 2)}\n`);
  if (command === 'version') return print(`${version}\n`);
  if (command === 'help') return print(USAGE);
  throw new Error(`there is no command ${command}\n\n${USAGE}`);
}

function readArguments() {
  const options = { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

const drafting = (file: string): Drafting => new Drafting({ file, folder: dirname(file), root, env: process.env });

async function check(file: string): Promise<void> {
  const { version, notes, config, broken } = await drafting(file).draw();
  for (const { file: name, error } of broken) print(`${basename(name)}: ${error}\n`);
  for (const note of notes) print(`note: ${note}\n`);
  print(`${basename(file)} is good: ${config.plugins.length} plugins, version ${version}\n`);
  if (broken.length > 0) process.exitCode = 1;
}

async function start(file: string, byDefault: boolean, packageVersion: string): Promise<void> {
  if (byDefault && !existsSync(file)) {
    await copyFile(join(root, 'gateway.yaml'), file);
    print(`Wrote ${basename(file)}: it runs as it is, and its comments say what can be changed.\n`);
  }
  const scrubber = new Scrubber();
  const log = openLog(scrubber);
  const gateway = new Gateway({ file, root, env: process.env, log, scrubber, packageVersion });
  await gateway.start();
  greet(gateway, file);
  watchSignals(gateway, log);
  await writeSchema(file, schemaOf(gateway.current.blueprint));
}

/** Lays the schema beside gateway.yaml, whose first line leads editors there. A folder that takes no files goes without. */
async function writeSchema(file: string, schema: object): Promise<void> {
  const beside = join(dirname(file), 'gateway.schema.json');
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  const before = await readFile(beside, 'utf8').catch(() => '');
  if (text !== before) await writeFile(beside, text).catch(() => {});
}

/** What a newcomer needs next: where the dashboard is, how to point an SDK here, where the data lies. */
function greet(gateway: Gateway, file: string): void {
  const { all } = gateway.ports;
  const main = all.find(({ dashboard }) => dashboard) ?? all[0]!;
  const { config, version } = gateway.current.blueprint;
  const others = all
    .filter((port) => port !== main)
    .map(({ url, agent }) => `            ${url}${agent ? ` (agent ${agent})` : ''}\n`);
  print(`
Token Spy is running.

  Dashboard ${main.url}/dashboard
  OpenAI    base URL ${main.url}/v1
  Anthropic base URL ${main.url}
  Gemini    base URL ${main.url}
${others.length > 0 ? `  Also on\n${others.join('')}` : ''}  Data      ${gateway.store.dialect === 'sqlite' ? resolve(gateway.folder, config.database.replace(/^sqlite:/, '')) : 'PostgreSQL'}, journal in ${resolve(gateway.folder, config.data)}
  Settings  ${file} (version ${version}, read again when saved)

`);
}

function watchSignals(gateway: Gateway, log: GatewayLog): void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1); // asked twice: now
    stopping = true;
    log.info('stopping: open answers finish first', { signal, in_flight: gateway.inFlight });
    const whole = await gateway.stop();
    if (!whole) log.warn('the drain limit is over: open answers were cut');
    await log.flush();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  process.on('SIGHUP', () => void gateway.reload());
  // What nobody caught left the program in a state nobody knows: say it, keep the rows, end.
  const die = async (error: unknown): Promise<void> => {
    log.error('an error that nobody caught; the gateway ends', { error });
    await Promise.race([gateway.store.close(), new Promise((done) => setTimeout(done, 2000))]).catch(() => {});
    await log.flush();
    process.exit(1);
  };
  process.on('uncaughtException', (error) => void die(error));
  process.on('unhandledRejection', (error) => void die(error));
}

function print(text: string): void {
  process.stdout.write(text);
}

process.stdout.on('error', () => {}); // nobody reads any more; requests go on

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || error instanceof StoreError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${known || error instanceof Error ? message : 'failed'}\n`);
  process.exit(1);
});
