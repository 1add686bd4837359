import { answerStrings } from './answer-strings.ts';
import { type Fragment, readEvent } from './fragments.ts';
import { decodeString } from './text.ts';
import type { Vault } from './vault.ts';

const SIGN = '<';
const BACKSLASH = '\\';
/** Members whose text is JSON, in answers that come whole. */
const JSON_TEXTS = new Set(['arguments', 'partial_json']);
const NONE: readonly string[] = [];

/** OpenRouter's pieces of thinking, whose signature comes in a later event. */
const SIGNED_LATER = /^choices\.\d+\.delta\.reasoning_details\./;

/** What becomes of one object of an answer. */
export interface Restored {
  /** Events as JSON that have to stand before it: rests of texts that end here. */
  readonly before: readonly string[];
  /** Null: it stays as it is. */
  readonly json: Buffer | null;
}

const UNTOUCHED: Restored = { before: NONE, json: null };

/** A text that goes on, and what of its end may be the beginning of a token. */
interface Channel {
  fragment: Fragment;
  held: string;
}

export interface RestorerOptions {
  /** Its objects are events of a stream, not whole answers. */
  readonly streams: boolean;
  /** The model was asked for JSON, so its texts are JSON. */
  readonly asJson: boolean;
}

/**
 * Puts originals in place of tokens, in one answer: object by object, as its framing brings them.
 *
 * A token may come in pieces. What may be the beginning of one is held back, all before it leaves, and where its
 * text ends the rest leaves as an event of its own. Texts are edited where they stand: numbers keep their spelling.
 */
export class Restorer {
  readonly #vault: Vault;
  readonly #options: RestorerOptions;
  readonly #restored: () => void;
  readonly #channels = new Map<string, Channel>();

  constructor(vault: Vault, options: RestorerOptions, restored: () => void) {
    this.#vault = vault;
    this.#options = options;
    this.#restored = restored;
  }

  restore(json: Buffer): Restored {
    if (this.#channels.size === 0 && !json.includes(SIGN) && !json.includes(BACKSLASH)) return UNTOUCHED;
    if (!this.#options.streams) return { before: NONE, json: this.#edit(json, new Map()) };
    const event = parse(json);
    // Such as [DONE]: nothing of a text comes behind it.
    if (event === null) return { before: this.rest(), json: null };
    const { fragments, ended, isSigned } = readEvent(event);
    if (isSigned) return UNTOUCHED;
    const edited = this.#edit(json, new Map(fragments.map((fragment) => [fragment.path, fragment])));
    return { before: this.#release(ended), json: edited };
  }

  /** What is still held when the stream is over. */
  rest(): readonly string[] {
    return this.#release(['']);
  }

  #release(beginnings: readonly string[]): readonly string[] {
    if (this.#channels.size === 0 || beginnings.length === 0) return NONE;
    const out: string[] = [];
    for (const [name, { fragment, held }] of this.#channels) {
      if (!beginnings.some((beginning) => name.startsWith(beginning))) continue;
      this.#channels.delete(name);
      out.push(JSON.stringify(fragment.make(held)));
    }
    return out;
  }

  #edit(json: Buffer, fragments: ReadonlyMap<string, Fragment>): Buffer | null {
    const pieces: Buffer[] = [];
    let done = 0;
    for (const { path, name, start, end } of answerStrings(json)) {
      const fragment = fragments.get(path);
      if (fragment === undefined && (!mayHold(json, start, end) || SIGNED_LATER.test(path))) continue;
      const text = decodeString(json, start, end, true);
      const now = fragment
        ? this.#goOn(fragment, text)
        : this.#vault.restore(text, this.#isJson(name, text), this.#restored);
      if (now === text) continue;
      pieces.push(json.subarray(done, start), Buffer.from(JSON.stringify(now).slice(1, -1)));
      done = end;
    }
    return done === 0 ? null : Buffer.concat([...pieces, json.subarray(done)]);
  }

  #isJson(name: string, text: string): boolean {
    return JSON_TEXTS.has(name) || (this.#options.asJson && /^\s*[[{]/.test(text));
  }

  /** What of a text may leave now. */
  #goOn(fragment: Fragment, piece: string): string {
    const { channel, isLast, isJson } = fragment;
    const text = (this.#channels.get(channel)?.held ?? '') + piece;
    const open = isLast ? text.length : this.#vault.openAt(text);
    if (open < text.length) this.#channels.set(channel, { fragment, held: text.slice(open) });
    else this.#channels.delete(channel);
    return this.#vault.restore(text.slice(0, open), isJson || this.#options.asJson, this.#restored);
  }
}

/** A string that has neither a bracket nor an escape for one holds no token. */
function mayHold(json: Buffer, start: number, end: number): boolean {
  const text = json.subarray(start, end);
  return text.includes(SIGN) || text.includes('u003');
}

function parse(json: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
