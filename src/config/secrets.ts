/** Which values of a configuration must never be seen again: for the scrubber of logs and errors. */
import { SECRET_NAMES } from './complaint.ts';
import type { Config } from './schema.ts';

/** Shorter text would hide half of every log line. */
const LEAST = 8;
const SECRET_HEADER = /auth|key|token|secret|cookie|passw|cred/i;

/** Returns all secret values of a configuration, longest first. */
export function secretsOf(config: Config): string[] {
  const found = new Set<string>();
  const add = (value: unknown) => {
    if (typeof value !== 'string') return;
    // `Bearer abc`: the scheme is no secret, what follows is.
    for (const part of [value, value.trim().split(/\s+/).at(-1)!]) if (part.length >= LEAST) found.add(part);
  };
  for (const { key } of config.keys) add(key);
  for (const { api_key, headers } of Object.values(config.providers)) {
    add(api_key);
    for (const [name, value] of Object.entries(headers ?? {})) if (SECRET_HEADER.test(name)) add(value);
  }
  addPassword(config.database, add);
  for (const { options } of config.plugins) addOptions(options, false, add);
  return [...found].sort((a, b) => b.length - a.length);
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

function addOptions(value: unknown, secret: boolean, add: (value: unknown) => void): void {
  if (typeof value !== 'object' || value === null) {
    if (secret) add(value);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    addOptions(member, secret || (!Array.isArray(value) && SECRET_NAMES.test(name)), add);
  }
}
