import { JsonWalk, Words } from '../../src/plugin.ts';

const QUOTE = 34;
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;

/** What a member is by its name. */
const AS = { text: 0, fixed: 1, name: 2, free: 3, signature: 4, data: 5 } as const;
const NAMES = new Words({
  // Names of things, not text: another value of these would be another model, or no request at all.
  ...numbered(
    'model role type id object status detail index item_id call_id tool_call_id tool_use_id toolUseId',
    AS.fixed,
  ),
  ...numbered('previous_response_id response_id container_id media_type mimeType mime_type finish_reason', AS.fixed),
  // What only its maker can read, and only as it was.
  ...numbered('encrypted_content encrypted_index thoughtSignature thought_signature', AS.fixed),
  ...numbered('name', AS.name),
  ...numbered('signature', AS.signature),
  ...numbered('data b64_json file_data bytes url image_url input_audio', AS.data),
  // Below these, names of members are the caller's own.
  ...numbered('input args arguments response parameters json metadata variables labels', AS.free),
});

/** Where a string stands that is text. */
export interface TextAt {
  readonly start: number;
  readonly end: number;
  readonly hasEscapes: boolean;
}

interface Level {
  readonly isObject: boolean;
  readonly isFree: boolean;
  /** Of an array: what its elements are. */
  readonly as: number;
  /** Texts that were seen before it. */
  readonly mark: number;
  isSigned: boolean;
}

/** Hears of the texts of a body in their order. */
export interface TextListener {
  text(at: TextAt): void;
  /** How many texts were heard of that matter; `back` takes those after so many away: they must stay as they are. */
  mark(): number;
  back(mark: number): void;
}

/**
 * Walks through the texts of a JSON body: all string values but ids, names and what is not to be read.
 *
 * An object with a signature is signed as it is, so its texts do not count. Where a member is an object of the
 * caller's own (arguments of a call, what a tool gave back), all of its strings are text, whatever they are called.
 */
export class StringWalk {
  readonly #walk: JsonWalk;
  readonly #levels: Level[] = [];
  #as: number = AS.text;
  #isFree = false;

  constructor(bytes: Buffer) {
    this.#walk = new JsonWalk(bytes);
  }

  /** Goes on for about so many bytes; false when the end was reached. */
  go(most: number, listener: TextListener): boolean {
    const walk = this.#walk;
    for (const until = walk.at + most; walk.at < until; ) {
      const first = walk.peek();
      if (first === -1) return false;
      if (first === QUOTE) this.#string(listener);
      else if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#enter(first === OPEN_BRACE, listener);
      else walk.skip();
      if (!this.#next(listener)) return false;
    }
    return true;
  }

  #enter(isObject: boolean, listener: TextListener): void {
    const isFree = this.#isFree || (isObject && this.#as === AS.free);
    this.#levels.push({ isObject, isFree, as: this.#as, mark: listener.mark(), isSigned: false });
    this.#walk.at++;
  }

  /** Goes to the next value; false when there is none. */
  #next(listener: TextListener): boolean {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      this.#isFree = level.isFree;
      this.#as = level.isObject ? this.#walk.nextMember(NAMES) : level.as;
      if (level.isObject ? this.#as !== -1 : this.#walk.nextElement()) return true;
      if (level.isSigned) listener.back(level.mark);
      this.#levels.pop();
    }
    return false;
  }

  #string(listener: TextListener): void {
    const walk = this.#walk;
    walk.string();
    const { textStart: start, textEnd: end } = walk;
    if (end === start) return;
    if (!this.#isFree && this.#as !== AS.text && this.#as !== AS.free && !this.#isText(start, end)) return;
    // Whatever takes more bytes than it has characters has escapes, or is not ASCII.
    const hasEscapes = walk.chars + walk.continued < end - start;
    listener.text({ start, end, hasEscapes });
  }

  /** Whether a member of a name that is known is text all the same. */
  #isText(start: number, end: number): boolean {
    const { bytes } = this.#walk;
    if (this.#as === AS.name) return !isIdentifier(bytes, start, end);
    if (this.#as === AS.data) return !isBase64(bytes, start, end);
    if (this.#as === AS.signature) this.#levels.at(-1)!.isSigned = true;
    return false;
  }
}

/** Names of tools and of those who speak: anything else in there is text. */
const isIdentifier = (bytes: Buffer, start: number, end: number): boolean =>
  end - start <= 256 && /^[\w.:/-]+$/.test(bytes.toString('latin1', start, end));

/** Shorter ones are looked at like texts. */
const LEAST_BASE64 = 256;
const LOOKED_AT = 128;

/** Files and pictures, also as a data URL: told by their beginning, middle and end. */
function isBase64(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < LEAST_BASE64) return false;
  const url = /^data:[\w.+/;=-]{0,100},/.exec(bytes.toString('latin1', start, start + LOOKED_AT))?.[0].length ?? 0;
  const middle = (start + end) >> 1;
  return [start + url, middle, end - LOOKED_AT].every((at) =>
    /^[\w+/-]+={0,2}$/.test(bytes.toString('latin1', at, Math.min(end, at + LOOKED_AT))),
  );
}

function numbered(names: string, number: number): Record<string, number> {
  return Object.fromEntries(names.split(' ').map((name) => [name, number]));
}
