import { CLASSES, insteadOfObject, KINDS, NUMERIC, STEPS, State, Step } from './json-grammar.ts';
import { asBuffer, closingQuote, endsEscaped } from './search.ts';

/** Where a member of the object lies, in bytes from the first byte that was pushed; ends are exclusive. */
export interface JsonMember {
  /** The opening quote of the key. */
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface JsonScanOptions {
  /** Levels of objects and arrays, the outermost one included. */
  maxDepth?: number;
}

const MAX_DEPTH = 200;
const MAX_MEMBERS = 1000;
const MAX_KEY = 64;
/** A key may be written as nothing but \u escapes, six bytes for one. */
const MAX_RAW_KEY = MAX_KEY * 6;
const QUOTE = 34;
const BRACE = 123;
const WORDS: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' };

type Token = 'none' | 'key' | 'string' | 'number' | 'word';

/**
 * Finds the members of one JSON object without parsing it, in chunks split anywhere.
 *
 * It checks the skeleton (brackets, colons, commas, where literals begin, depth), jumps
 * strings and remembers where the members of the outermost object lie. What it lets
 * through may still fail in JSON.parse: numbers and escapes are not looked into. Nothing
 * in `problem` quotes the text. The first problem is final; later bytes are ignored.
 */
export class JsonScan {
  /** What is wrong, to be read after "the body": `is empty`, `ends in the middle (byte 120)`; null while all is well. */
  problem: string | null = null;
  /** Offset of the object's `{`; -1 before it was seen. */
  objectStart = -1;
  /** Offset after the object's `}`; -1 before it was seen. */
  objectEnd = -1;
  /** Members of the object that are whole so far; the last of a duplicate, as in JSON.parse. At most 1000, keys up to 64 characters. */
  readonly members = new Map<string, JsonMember>();

  readonly #maxDepth: number;
  /** By depth: the state that follows a value there. */
  readonly #after: Uint8Array;
  #depth = 0;
  #state: number = State.start;
  #base = 0;
  #token: Token = 'none';
  #escaped = false;
  #word = '';
  #wordAt = 0;
  #key = '';
  #keyStart = 0;
  #memberIsOpen = false;
  #valueStart = 0;

  constructor(options: JsonScanOptions = {}) {
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH;
    this.#after = new Uint8Array(this.#maxDepth + 1);
    this.#after[0] = State.done;
  }

  /** The member of that name, or undefined. */
  member(name: string): JsonMember | undefined {
    return this.members.get(name);
  }

  /** The outermost member that is not whole yet; its name is undefined while the key itself is cut, or too long. */
  get pending(): { keyStart: number; name: string | undefined } | null {
    if (!this.#memberIsOpen) return null;
    return {
      keyStart: this.#keyStart,
      name: this.#token === 'key' && this.#depth === 1 ? undefined : decodeKey(this.#key),
    };
  }

  /** True once the object is closed and nothing is wrong: `member` will not change any more. */
  get complete(): boolean {
    return this.objectEnd !== -1 && this.problem === null;
  }

  push(chunk: Uint8Array): void {
    if (this.problem !== null) return;
    const bytes = asBuffer(chunk);
    this.#walk(bytes, this.#token === 'none' ? 0 : this.#resume(bytes));
    this.#base += bytes.length;
  }

  /** Says that no more bytes follow. */
  end(): void {
    if (this.problem !== null || this.#state === State.done) return;
    this.problem = this.objectStart === -1 ? 'is empty' : `ends in the middle (byte ${this.#base})`;
  }

  #walk(bytes: Buffer, from: number): void {
    const length = bytes.length;
    let at = from;
    let state = this.#state;
    while (at < length) {
      const byte = bytes[at]!;
      const step = STEPS[state * KINDS + CLASSES[byte]!];
      if (step === Step.skip) at++;
      else if (step === Step.key) {
        state = State.colon;
        at = this.#openString(bytes, at, 'key');
      } else if (step === Step.colon) {
        state = State.value;
        at++;
      } else if (step === Step.comma) {
        state = state === State.afterMember ? State.key : State.value;
        at++;
      } else if (step === Step.close) state = this.#close(++at);
      else if (step === Step.openObject || step === Step.openArray) state = this.#open(byte, at++);
      else if (step === Step.string || step === Step.number || step === Step.word) {
        state = this.#after[this.#depth]!;
        at = this.#openScalar(step, bytes, at);
      } else this.#unexpected(byte, state, at);
      if (this.problem !== null) return;
    }
    this.#state = state;
  }

  #openScalar(step: number, bytes: Buffer, at: number): number {
    if (step === Step.string) return this.#openString(bytes, at, 'string');
    return step === Step.number ? this.#openNumber(bytes, at) : this.#openWord(bytes, at);
  }

  #open(byte: number, at: number): number {
    if (this.#depth === this.#maxDepth) {
      this.problem = `is nested deeper than ${this.#maxDepth} (byte ${this.#base + at})`;
      return State.value;
    }
    if (this.#depth === 1) this.#valueStart = this.#base + at;
    if (this.#depth === 0) this.objectStart = this.#base + at;
    const isObject = byte === BRACE;
    this.#after[++this.#depth] = isObject ? State.afterMember : State.afterElement;
    return isObject ? State.keyOrClose : State.valueOrClose;
  }

  #close(end: number): number {
    this.#depth--;
    if (this.#depth === 1) this.#keep(end);
    if (this.#depth === 0) this.objectEnd = this.#base + end;
    return this.#after[this.#depth]!;
  }

  #openString(bytes: Buffer, at: number, token: Token): number {
    this.#token = token;
    if (this.#depth === 1) {
      if (token === 'key') {
        this.#keyStart = this.#base + at;
        this.#key = '';
        this.#memberIsOpen = true;
      } else this.#valueStart = this.#base + at;
    }
    return this.#string(bytes, at + 1, at + 1);
  }

  /** Goes on in a string; `from` is a place where no escape is open. Returns the offset after its quote or after the chunk. */
  #string(bytes: Buffer, start: number, from: number): number {
    const quote = closingQuote(bytes, from);
    const end = quote === -1 ? bytes.length : quote;
    const isKey = this.#token === 'key';
    if (isKey && this.#depth === 1 && this.#key.length <= MAX_RAW_KEY) {
      this.#key += bytes.toString('latin1', start, Math.min(end, start + MAX_RAW_KEY + 1));
    }
    if (quote === -1) {
      this.#escaped = endsEscaped(bytes, Math.min(from, bytes.length), bytes.length);
      return bytes.length;
    }
    this.#token = 'none';
    if (!isKey && this.#depth === 1) this.#keep(quote + 1);
    return quote + 1;
  }

  #openNumber(bytes: Buffer, at: number): number {
    this.#token = 'number';
    if (this.#depth === 1) this.#valueStart = this.#base + at;
    return this.#number(bytes, at + 1);
  }

  #openWord(bytes: Buffer, at: number): number {
    this.#token = 'word';
    if (this.#depth === 1) this.#valueStart = this.#base + at;
    this.#word = WORDS[bytes[at]!]!;
    this.#wordAt = 1;
    return this.#goOnWord(bytes, at + 1);
  }

  #number(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && NUMERIC[bytes[at]!] === 1) at++;
    // A number that reaches the chunk's end may go on in the next.
    return at === bytes.length ? at : this.#closeLiteral(at);
  }

  #goOnWord(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length && this.#wordAt < this.#word.length; at++, this.#wordAt++) {
      if (bytes[at] === this.#word.charCodeAt(this.#wordAt)) continue;
      this.#unexpected(bytes[at]!, State.value, at);
      return at;
    }
    return this.#wordAt < this.#word.length ? at : this.#closeLiteral(at);
  }

  #closeLiteral(end: number): number {
    this.#token = 'none';
    if (this.#depth === 1) this.#keep(end);
    return end;
  }

  /** Finishes the string or literal that the last chunk cut. */
  #resume(bytes: Buffer): number {
    if (bytes.length === 0) return 0;
    if (this.#token === 'number') return this.#number(bytes, 0);
    if (this.#token === 'word') return this.#goOnWord(bytes, 0);
    const from = this.#escaped ? 1 : 0;
    this.#escaped = false;
    return this.#string(bytes, 0, from);
  }

  #keep(end: number): void {
    this.#memberIsOpen = false;
    const name = decodeKey(this.#key);
    if (name === undefined) return;
    if (this.members.size >= MAX_MEMBERS && !this.members.has(name)) return;
    const member = { keyStart: this.#keyStart, valueStart: this.#valueStart, valueEnd: this.#base + end };
    this.members.set(name, member);
  }

  #unexpected(byte: number, state: number, at: number): void {
    const where = `(byte ${this.#base + at})`;
    if (state === State.start) this.problem = `${insteadOfObject(byte)} ${where}`;
    else if (state === State.done) this.problem = `goes on after its end ${where}`;
    else this.problem = `is not valid JSON ${where}`;
  }
}

/** Scans a whole body at once. */
export function scanJson(bytes: Uint8Array, options?: JsonScanOptions): JsonScan {
  const scan = new JsonScan(options);
  scan.push(bytes);
  scan.end();
  return scan;
}

/** The text of a string member; undefined when there is none or it is not a valid string. */
export function readString(bytes: Uint8Array, member: JsonMember | undefined): string | undefined {
  if (member === undefined || bytes[member.valueStart] !== QUOTE) return undefined;
  const value = readJson(bytes, member);
  return typeof value === 'string' ? value : undefined;
}

/** Parses one member's value and nothing else; undefined when there is none or it does not parse. */
export function readJson(bytes: Uint8Array, member: JsonMember | undefined): unknown {
  if (member === undefined) return undefined;
  try {
    return JSON.parse(asBuffer(bytes).toString('utf8', member.valueStart, member.valueEnd));
  } catch {
    return undefined;
  }
}

/** A key as JSON.parse would name it, from its bytes as Latin-1; undefined when it is too long to be of interest. */
function decodeKey(raw: string): string | undefined {
  if (raw.length > MAX_RAW_KEY) return undefined;
  let name = raw;
  if (!/^[ !#-[\]-~]*$/.test(raw)) {
    const text = Buffer.from(raw, 'latin1').toString('utf8');
    try {
      name = JSON.parse(`"${text}"`) as string;
    } catch {
      return undefined;
    }
  }
  return name.length > MAX_KEY ? undefined : name;
}
