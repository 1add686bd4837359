import { escaped } from './text.ts';
import { LONGEST, type Scope, type TokenMaker } from './token.ts';

/** A token in an answer: as it was sent, or with its brackets as encoders of JSON write them for the sake of HTML. */
const SPELT = /(?:<|(?<!\\)(\\u003[cC]))([A-Z][A-Z0-9_]{0,31}_[0-9a-f]{12})(?:>|\\u003[eE])/g;
const OPENING = '\\u003c';
const PART_OF_CLOSING = /\\(?:u(?:0(?:03?)?)?)?$/;
/** Characters of the longest token with both brackets spelt out. */
const LONGEST_SPELT = LONGEST + 10;

/**
 * What stands for what in one exchange: in memory, and gone with it. A conversation brings its originals
 * again with each request, so nothing need be kept between them.
 */
export class Vault {
  readonly #maker: TokenMaker;
  readonly #scope: Scope;
  /** By kind and value. */
  readonly #tokens = new Map<string, string>();
  readonly #values = new Map<string, string>();
  /** All tokens in order, for the search for beginnings; null when one was added since. */
  #sorted: string[] | null = null;

  constructor(maker: TokenMaker, scope: Scope) {
    this.#maker = maker;
    this.#scope = scope;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** The token of a value: the same each time. */
  tokenOf(kind: string, value: string): string {
    const key = `${kind} ${value}`;
    const known = this.#tokens.get(key);
    if (known !== undefined) return known;
    let token = this.#maker.token(this.#scope, kind, value);
    for (let nth = 1; this.#values.has(token); nth++) token = this.#maker.token(this.#scope, kind, value, nth);
    this.#tokens.set(key, token);
    this.#values.set(token, value);
    this.#sorted = null;
    return token;
  }

  /** A value has characters that JSON escapes: it matters whether a text is JSON itself. */
  get needsCare(): boolean {
    return [...this.#values.values()].some((value) => escaped(value) !== value);
  }

  /**
   * A text with the originals in place of tokens; those of others stay.
   *
   * @param isJson the text is JSON itself, so what is put into it has to be escaped
   */
  restore(text: string, isJson: boolean, restored: () => void): string {
    return text.replace(SPELT, (spelt, opening: string | undefined, name: string) => {
      const value = this.#values.get(`<${name}>`);
      if (value === undefined) return spelt;
      restored();
      return isJson || opening !== undefined ? escaped(value) : value;
    });
  }

  /** Where a token begins whose end is not here yet; the text's length where none does. */
  openAt(text: string): number {
    for (let at = Math.max(0, text.length - LONGEST_SPELT); at < text.length; at++) {
      const first = text[at];
      if ((first === '<' || first === '\\') && this.#mayBegin(text.slice(at))) return at;
    }
    return text.length;
  }

  #mayBegin(text: string): boolean {
    if (text[0] === '<') return this.#begins(text.replace(PART_OF_CLOSING, ''));
    const opening = text.slice(0, OPENING.length).toLowerCase();
    if (!OPENING.startsWith(opening)) return false;
    return (
      opening.length < OPENING.length || this.#begins(`<${text.slice(OPENING.length).replace(PART_OF_CLOSING, '')}`)
    );
  }

  /** Whether one of the tokens begins so, and goes on. */
  #begins(text: string): boolean {
    if (text.length >= LONGEST) return false;
    this.#sorted ??= [...this.#values.keys()].sort();
    const list = this.#sorted;
    let low = 0;
    for (let high = list.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (list[middle]! < text) low = middle + 1;
      else high = middle;
    }
    const next = list[low];
    return next !== undefined && next.length > text.length && next.startsWith(text);
  }
}
