/** Providers: the catalogue in providers/*.yaml, what gateway.yaml lays over it, and what both come to. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { countProviderUnits } from '../config/finish.ts';
import { ConfigError, inFileOrder, type Path, type Problem } from '../config/problem.ts';
import { keysOf } from '../config/provider-keys.ts';
import { readConfig, type Source } from '../config/read.ts';
import { checkProvider } from '../config/references.ts';
import type { Config, Limits, ProviderEntry } from '../config/schema.ts';
import { providerValidator, validateDraft } from '../config/validate.ts';
import type { Environment } from '../config/variables.ts';
import type { Provider, Signing, Timeouts } from '../pipeline/provider.ts';

/** Entries by name, in the order of their file names. */
export type Catalogue = ReadonlyMap<string, ProviderEntry>;

const DEFAULT_ADAPTER = 'openai_chat';
const DEFAULT_AUTH = { header: 'authorization', prefix: 'Bearer ' } as const;

/**
 * Reads providers/*.yaml: the file's name is the provider's. A folder that is not there is an empty catalogue.
 * Throws a ConfigError that names file and line of everything that is wrong.
 */
export async function loadCatalogue(folder: string, adapters: readonly string[], env: Environment): Promise<Catalogue> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  const validate = providerValidator(adapters);
  const catalogue = new Map<string, ProviderEntry>();
  const problems: Problem[] = [];
  // All at once: one after the other, each would wait for its turn on a busy loop, and a save for all of them.
  const texts = await Promise.all(
    files.map((file) => readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => error)),
  );
  for (const [at, file] of files.entries()) {
    const shown = `${basename(folder)}/${file}`;
    const text = texts[at]!;
    const entry =
      typeof text === 'string'
        ? entryOf({ text, file: shown, env }, validate, join(folder, file))
        : [unreadable(shown, text)];
    if (Array.isArray(entry)) problems.push(...entry);
    else catalogue.set(file.replace(/\.ya?ml$/, ''), entry);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return catalogue;
}

type Validate = ReturnType<typeof providerValidator>;

const good = new Map<string, { source: Source; validate: Validate; entry: ProviderEntry }>();

/** Reads an entry, once for each text: a save of gateway.yaml does not change forty other files. */
function entryOf(source: Source, validate: Validate, path: string): ProviderEntry | Problem[] {
  const known = good.get(path);
  const isSame = known?.source.text === source.text && known.source.env === source.env && known.validate === validate;
  if (known && isSame) return known.entry;
  const entry = checkEntry(source, validate);
  if (Array.isArray(entry)) good.delete(path);
  else good.set(path, { source, validate, entry });
  return entry;
}

function unreadable(file: string, { code }: NodeJS.ErrnoException): Problem {
  return { file, line: null, column: null, path: '', message: `cannot be read (${code})` };
}

function checkEntry(source: Source, validate: Validate): ProviderEntry | Problem[] {
  const read = readConfig(source);
  if (!read.ok) return read.problems;
  const checked = validateDraft(read.draft, validate);
  if (!checked.ok) return checked.problems;
  const problems: Problem[] = [];
  const report = (path: Path, message: string | null, at?: 'key' | 'value') => {
    if (message !== null) problems.push(read.draft.problem(path, message, at));
  };
  countProviderUnits(checked.data, report);
  checkProvider(report, [], checked.data, null);
  return problems.length > 0 ? inFileOrder(problems) : checked.data;
}

/**
 * Lays gateway.yaml's providers over the catalogue and returns the entries: those of gateway.yaml first, in
 * its order, then the rest of the catalogue. Prices are read from here.
 */
export function layProviders(config: Config, catalogue: Catalogue): Map<string, ProviderEntry> {
  const laid = new Map<string, ProviderEntry>();
  for (const [name, entry] of Object.entries(config.providers)) laid.set(name, lay(catalogue.get(name) ?? {}, entry));
  for (const [name, entry] of catalogue) if (!laid.has(name)) laid.set(name, entry);
  return laid;
}

/** Resolves all providers of a checked configuration. `folder` is that of gateway.yaml, where relative files start. */
export function resolveProviders(config: Config, catalogue: Catalogue, folder: string): Map<string, Provider> {
  const resolved = new Map<string, Provider>();
  for (const [name, entry] of layProviders(config, catalogue))
    resolved.set(name, resolveProvider(name, entry, config, folder));
  return resolved;
}

function resolveProvider(name: string, entry: ProviderEntry, config: Config, folder: string): Provider {
  // Validation has seen to it; a mistake in the code must not become a request to nowhere.
  if (entry.base_url === undefined) throw new Error(`provider ${name} has no base_url`);
  const { auth = {}, headers = {}, models = [] } = entry;
  return Object.freeze({
    name,
    adapters: Object.freeze([entry.adapter ?? DEFAULT_ADAPTER].flat()),
    baseUrl: entry.base_url.replace(/\/+$/, ''),
    keys: Object.freeze(keysOf(entry).map((key) => Object.freeze(key))),
    auth: Object.freeze(resolveAuth(auth)),
    signing: resolveSigning(auth),
    headers: Object.freeze(
      Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
    ),
    models: Object.freeze(Array.isArray(models) ? [...(models as string[])] : Object.keys(models)),
    free: entry.free ?? false,
    streamUsage: entry.stream_usage ?? 'ask',
    onDisconnect: entry.on_disconnect ?? config.on_disconnect,
    timeouts: Object.freeze(resolveTimeouts(entry.timeouts ?? {}, config.limits)),
    caFile: entry.ca_file === undefined ? null : resolve(folder, entry.ca_file),
  });
}

/** `Bearer ` belongs to the authorization header; any other header takes the key alone unless it says otherwise. */
function resolveAuth({ header, prefix }: NonNullable<ProviderEntry['auth']>): Provider['auth'] {
  const name = header?.toLowerCase() ?? DEFAULT_AUTH.header;
  return { header: name, prefix: prefix ?? (name === DEFAULT_AUTH.header ? DEFAULT_AUTH.prefix : '') };
}

/** Null unless both keys are there: an empty variable of the environment means that nothing is signed. */
function resolveSigning(auth: NonNullable<ProviderEntry['auth']>): Signing | null {
  const { type, region, service = 'bedrock', access_key_id = '', secret_access_key = '', session_token = '' } = auth;
  if (type !== 'aws_sigv4' || region === undefined || access_key_id === '' || secret_access_key === '') return null;
  const sessionToken = session_token === '' ? null : session_token;
  return Object.freeze({
    region,
    service,
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    sessionToken,
  });
}

function resolveTimeouts(own: NonNullable<ProviderEntry['timeouts']>, limits: Limits): Timeouts {
  return {
    connect: own.connect ?? limits.connect,
    responseHeaders: own.response_headers ?? limits.response_headers,
    firstToken: own.first_token ?? limits.first_token,
    idle: own.idle ?? limits.idle,
    total: own.total ?? limits.total,
    keepalive: own.keepalive ?? limits.keepalive ?? 0,
  };
}

/** Member by member; maps of members are laid over each other the same way. A list of models replaces what was there. */
function lay(below: ProviderEntry, above: ProviderEntry): ProviderEntry {
  const laid: Record<string, unknown> = { ...below };
  for (const [member, value] of Object.entries(above)) {
    const under = laid[member];
    laid[member] = isMap(value) && isMap(under) ? { ...under, ...value } : value;
  }
  return laid;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
