/** What is wrong with one member, and what it has to be. */
export interface Complaint {
  /** Path within what was sent, such as `usage.input_tokens`; '' for all of it. */
  at: string;
  message: string;
}

export type Members = Readonly<Record<string, unknown>>;

/** One event with twenty mistakes needs no longer list. */
const MOST_COMPLAINTS = 20;
const SHOWN = 60;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** One line that every screen shows as it is. */
export const isLine = (text: string): boolean => !CONTROL.test(text) && text.isWellFormed();

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads the members of an object, each by its name and kind, and collects what is wrong.
 *
 * Nothing is converted: `true` is no number, `"7"` neither. What was asked for and is not
 * there, or wrong, is null. Members that nobody asked for are wrong, too: a misspelt figure
 * must not look like none, and no text of a prompt may be sent along.
 */
export class Fields {
  readonly complaints: Complaint[];
  readonly #members: Members;
  readonly #asked = new Set<string>();
  readonly #at: string;
  readonly #nulls: boolean;

  /** @param more `at`: where these members are; `nulls`: whether null says the same as leaving out */
  constructor(members: Members, more: { at?: string; nulls?: boolean; complaints?: Complaint[] } = {}) {
    this.#members = members;
    this.#at = more.at ?? '';
    this.#nulls = more.nulls ?? true;
    this.complaints = more.complaints ?? [];
  }

  /** A short line. */
  text(name: string, most: number, needed?: 'needed'): string | null {
    const value = this.#take(name, needed);
    if (value === undefined) return null;
    if (typeof value !== 'string') return this.wrong(name, 'must be a text');
    const text = value.trim();
    if (text === '') return needed ? this.wrong(name, 'must not be empty') : null;
    if (text.length > most) return this.wrong(name, `has at most ${most} characters`);
    if (!isLine(text)) return this.wrong(name, 'must be one line of plain characters');
    return text;
  }

  word<W extends string>(name: string, words: readonly W[]): W | null {
    const value = this.#take(name);
    if (value === undefined) return null;
    if ((words as readonly unknown[]).includes(value)) return value as W;
    return this.wrong(name, `must be one of ${words.join(', ')}`);
  }

  /** A whole number from 0, or from `least`. */
  count(name: string, most: number, least = 0): number | null {
    const value = this.#take(name);
    if (value === undefined) return null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.wrong(name, `must be a whole number from ${least} to ${most}`);
  }

  /** A number from 0 that may have a fraction. */
  amount(name: string, most: number): number | null {
    const value = this.#take(name);
    if (value === undefined) return null;
    if (typeof value === 'number' && value >= 0 && value <= most) return value;
    return this.wrong(name, `must be a number from 0 to ${most}`);
  }

  flag(name: string): boolean {
    const value = this.#take(name);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    return this.wrong(name, 'must be true or false') ?? false;
  }

  /** The members of an object. */
  object(name: string): Members | null {
    const value = this.#take(name);
    if (value === undefined) return null;
    return isMembers(value) ? value : this.wrong(name, 'must be an object');
  }

  /** Notes a complaint and gives null. */
  wrong(name: string, message: string): null {
    const at = this.#at === '' ? name : `${this.#at}.${name}`;
    if (this.complaints.length < MOST_COMPLAINTS) this.complaints.push({ at: at.slice(0, SHOWN), message });
    return null;
  }

  /** Complains of members that nobody asked for. */
  end(hint: string): void {
    for (const name of Object.keys(this.#members)) if (!this.#asked.has(name)) this.wrong(name, hint);
  }

  #take(name: string, needed?: 'needed'): unknown {
    this.#asked.add(name);
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    const absent = value === undefined || (value === null && this.#nulls);
    if (absent && needed) this.wrong(name, 'is needed');
    return absent ? undefined : value;
  }
}
