import type { Complaint } from './types.ts';

/** The members of an object that somebody wrote, and what is wrong with them. `null` is as good as absent. */
export class Fields {
  readonly complaints: Complaint[] = [];
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(value: unknown, known: readonly string[]) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#members = isObject ? (value as Record<string, unknown>) : {};
    if (!isObject) this.complain('', `must be an object with ${known.join(', ')}`);
    for (const name of Object.keys(this.#members)) {
      if (!known.includes(name)) this.complain(name.slice(0, 64), `is not known; a budget has ${known.join(', ')}`);
    }
  }

  complain(field: string, message: string): void {
    this.complaints.push({ field, message });
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined;
  }

  /** A text of 1 to `most` characters on one line; null where it is absent, or wrong. */
  text(name: string, most: number): string | null {
    const value = this.get(name);
    if (value === undefined) return null;
    if (isLine(value, most)) return value;
    this.complain(name, `must be a text of 1 to ${most} characters without control characters`);
    return null;
  }

  /** One of some words; `usual` where it is absent, or wrong. */
  word<T extends string>(name: string, words: readonly T[], usual: T): T {
    const value = this.get(name);
    if (value === undefined) return usual;
    const found = words.find((word) => word === value);
    if (found === undefined) this.complain(name, `must be ${words.join(' or ')}`);
    return found ?? usual;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Whether something is a text of 1 to `most` characters that fits on one line. */
export function isLine(value: unknown, most: number): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= most &&
    !CONTROL.test(value) &&
    value.isWellFormed()
  );
}
