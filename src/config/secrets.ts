/** Which values of a configuration must never be seen again: for the scrubber of logs and errors. */
import { SECRET_NAMES } from './complaint.ts';
import type { Config, ProviderEntry } from './schema.ts';

/** Shorter text would hide half of every log line. */
const LEAST = 8;
/** Parts of paths are as long where they are made by machines. */
const LEAST_PART = 16;
const SECRET_HEADER = /auth|key|token|secret|cookie|passw|cred/i;

/** Returns all secret values of a configuration, longest first. */
export function secretsOf(config: Config): string[] {
  const found = new Set(secretsOfProviders(Object.values(config.providers)));
  const add = adderTo(found);
  for (const { key } of config.keys) add(key);
  addPassword(config.database, add);
  for (const { options } of config.plugins) addOptions(options, false, add);
  return [...found].sort((a, b) => b.length - a.length);
}

/** The secret values of providers, those of the catalogue too: its files may name variables of the environment. */
export function secretsOfProviders(entries: Iterable<ProviderEntry>): string[] {
  const found = new Set<string>();
  const add = adderTo(found);
  for (const { api_key, api_keys = [], headers, auth = {} } of entries) {
    for (const key of api_keys) add(typeof key === 'string' ? key : (key as { key: string }).key);
    for (const value of [api_key, auth.access_key_id, auth.secret_access_key, auth.session_token]) add(value);
    for (const [name, value] of Object.entries(headers ?? {})) if (SECRET_HEADER.test(name)) add(value);
  }
  return [...found];
}

function adderTo(found: Set<string>): (value: unknown) => void {
  return (value) => {
    if (typeof value !== 'string') return;
    // `Bearer abc`: the scheme is no secret, what follows is.
    for (const part of [value, value.trim().split(/\s+/).at(-1)!]) if (part.length >= LEAST) found.add(part);
  };
}

function addPassword(url: string, add: (value: string) => void): void {
  if (!URL.canParse(url)) return;
  const { password } = new URL(url);
  add(password);
  try {
    add(decodeURIComponent(password));
  } catch {
    // Not percent-encoded after all: the plain form is enough.
  }
}

/** Of an address that is a secret: its password, and what in its path nobody would choose by hand. */
function addParts(url: string, add: (value: string) => void): void {
  addPassword(url, add);
  if (!URL.canParse(url)) return;
  const parts = new URL(url).pathname.split('/');
  for (const part of parts) if (part.length >= LEAST_PART && /\d/.test(part)) add(part);
}

function addOptions(value: unknown, secret: boolean, add: (value: unknown) => void): void {
  if (typeof value !== 'object' || value === null) {
    if (!secret) return;
    add(value);
    if (typeof value === 'string') addParts(value, add);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    addOptions(member, secret || (!Array.isArray(value) && SECRET_NAMES.test(name)), add);
  }
}
