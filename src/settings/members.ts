/** Members of what was sent, looked at one by one. */
import { closest } from '../config/suggest.ts';
import type { SettingsProblem } from './settings.ts';

export type Members = Readonly<Record<string, unknown>>;

/** Thrown while a change is read, and caught where it began. */
export class Wrong extends Error {
  readonly problem: SettingsProblem;

  constructor(field: string, message: string) {
    super(`${field} ${message}`);
    this.name = 'Wrong';
    this.problem = { field, message };
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SHOWN = 60;

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isLine = (text: string): boolean => !CONTROL.test(text) && text.isWellFormed();

/** The members of an object of which all are known. */
export function membersOf(value: unknown, at: string, known: readonly string[]): Members {
  if (!isMembers(value)) throw new Wrong(at === '' ? 'The body' : at, 'must be an object');
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    throw new Wrong(
      join(at, name),
      meant === null
        ? `is not known; known are ${known.filter((one) => !one.startsWith('_')).join(', ')}`
        : `is not known; did you mean ${meant}?`,
    );
  }
  return value;
}

/** Path of a member, as people write it: `agents.coder.filters`, `agents["my agent"]`. */
export function join(at: string, name: string): string {
  if (/^[\w@:-]{1,64}$/.test(name)) return at === '' ? name : `${at}.${name}`;
  const short = name.length > SHOWN ? `${name.slice(0, SHOWN)}...` : name;
  return at === '' ? JSON.stringify(short) : `${at}[${JSON.stringify(short)}]`;
}
