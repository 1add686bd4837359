import { type JsonMember, readJson, scanJson } from './json-scan.ts';
import { asBuffer } from './search.ts';

/** The outermost members of a JSON object, each parsed only when asked for. */
export interface JsonMembers {
  /** Why this is not one whole JSON object; null when it is. */
  readonly problem: string | null;
  /** The parsed value; undefined when there is none, it does not parse, or it is larger than 1 MiB. */
  get(name: string): unknown;
  /** The value as it was written, or undefined. */
  text(name: string): string | undefined;
  /** The members of a value that is an object, or null. */
  within(name: string): JsonMembers | null;
  /** Length of the value, bytes; 0 when there is none. */
  size(name: string): number;
  /** The last 4 KiB of the value as it was written: what a value too large to parse ends with. */
  tail(name: string): string;
}

/** Above this a value is not parsed as a whole, bytes. */
export const MAX_VALUE = 1024 * 1024;
/** How much of the end of a large value is kept, bytes. */
export const TAIL = 4096;

/** Up to here parsing the whole object is quicker than finding the members in it, bytes. */
const SMALL = 64 * 1024;

/** The members of an object that lies whole in memory. */
export function membersOf(bytes: Uint8Array): JsonMembers {
  const buffer = asBuffer(bytes);
  const parsed = buffer.length <= SMALL ? parse(buffer) : null;
  return parsed === null ? new WholeMembers(buffer) : new ParsedMembers(parsed, buffer);
}

type Parsed = Readonly<Record<string, unknown>>;

function parse(bytes: Buffer): Parsed | null {
  try {
    return asMap(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
}

const asMap = (value: unknown): Parsed | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Parsed) : null;

/** Of an object that is small and valid. What only the text tells is looked up when somebody asks. */
class ParsedMembers implements JsonMembers {
  readonly problem = null;
  readonly #values: Parsed;
  readonly #bytes: Buffer;
  #whole: WholeMembers | null = null;

  constructor(values: Parsed, bytes: Buffer) {
    this.#values = values;
    this.#bytes = bytes;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    // Most providers write as JSON.stringify does; then its words are in the bytes and need not be found by structure.
    const words = JSON.stringify(value);
    return this.#bytes.includes(words) ? words : this.#text.text(name);
  }

  within(name: string): JsonMembers | null {
    const inner = asMap(this.get(name));
    return inner === null ? null : this.#text.within(name);
  }

  size(name: string): number {
    return this.#text.size(name);
  }

  tail(name: string): string {
    return this.#text.tail(name);
  }

  get #text(): WholeMembers {
    this.#whole ??= new WholeMembers(this.#bytes);
    return this.#whole;
  }
}

class WholeMembers implements JsonMembers {
  readonly problem: string | null;
  readonly #bytes: Buffer;
  readonly #members: ReadonlyMap<string, JsonMember>;

  constructor(bytes: Buffer) {
    const scan = scanJson(bytes);
    this.problem = scan.problem;
    this.#bytes = bytes;
    this.#members = scan.members;
  }

  get(name: string): unknown {
    return this.size(name) > MAX_VALUE ? undefined : readJson(this.#bytes, this.#members.get(name));
  }

  text(name: string): string | undefined {
    const member = this.#members.get(name);
    return member && this.#bytes.toString('utf8', member.valueStart, member.valueEnd);
  }

  within(name: string): JsonMembers | null {
    const member = this.#members.get(name);
    if (member === undefined) return null;
    const inner = new WholeMembers(this.#bytes.subarray(member.valueStart, member.valueEnd));
    return inner.problem === null ? inner : null;
  }

  size(name: string): number {
    const member = this.#members.get(name);
    return member === undefined ? 0 : member.valueEnd - member.valueStart;
  }

  tail(name: string): string {
    const member = this.#members.get(name);
    if (member === undefined) return '';
    return this.#bytes.toString('utf8', Math.max(member.valueStart, member.valueEnd - TAIL), member.valueEnd);
  }
}
