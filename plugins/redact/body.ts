/** What becomes of a request's body. */
import { findIn } from './finder.ts';
import type { Kinds } from './kinds.ts';
import { StringWalk, type TextAt, type TextListener } from './strings.ts';
import { decodeString } from './text.ts';
import type { Vault } from './vault.ts';

/** After so many bytes others have their turn. */
const AT_ONCE = 256 * 1024;

/** A string that is another now. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly kinds: readonly string[];
}

/**
 * Takes out of a body what recognisers find in its texts, and puts tokens in its place. All other bytes
 * stay as they are: numbers, names of members, blanks, and texts in which nothing was found.
 */
export class BodyRedaction implements TextListener {
  readonly #bytes: Buffer;
  readonly #kinds: Kinds;
  readonly #vault: Vault;
  readonly #walk: StringWalk;
  readonly #changes: Change[] = [];

  constructor(bytes: Buffer, kinds: Kinds, vault: Vault) {
    this.#bytes = bytes;
    this.#kinds = kinds;
    this.#vault = vault;
    this.#walk = new StringWalk(bytes);
  }

  /** Looks at all of it, at once where it is small. */
  run(): void | Promise<void> {
    if (this.#walk.go(AT_ONCE, this)) return this.#goOn();
  }

  async #goOn(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#walk.go(AT_ONCE, this));
  }

  /** How often what was found, by kind. */
  get counts(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const { kinds } of this.#changes) for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return Object.fromEntries(counts);
  }

  /** The body with tokens in it; the same one where nothing was found. */
  body(): Buffer {
    if (this.#changes.length === 0) return this.#bytes;
    const pieces: Buffer[] = [];
    let done = 0;
    for (const { start, end, text } of this.#changes) {
      pieces.push(this.#bytes.subarray(done, start), Buffer.from(text));
      done = end;
    }
    pieces.push(this.#bytes.subarray(done));
    return Buffer.concat(pieces);
  }

  text({ start, end, hasEscapes }: TextAt): void {
    const recognisers = this.#kinds.suspects(this.#bytes, start, end);
    if (recognisers.length === 0) return;
    const text = decodeString(this.#bytes, start, end, hasEscapes);
    const findings = findIn(text, recognisers);
    if (findings.length === 0) return;
    let out = '';
    let done = 0;
    for (const finding of findings) {
      out += text.slice(done, finding.start) + this.#vault.tokenOf(finding.kind, finding.value);
      done = finding.end;
    }
    const json = JSON.stringify(out + text.slice(done));
    this.#changes.push({ start: start - 1, end: end + 1, text: json, kinds: findings.map(({ kind }) => kind) });
  }

  mark(): number {
    return this.#changes.length;
  }

  back(mark: number): void {
    this.#changes.length = mark;
  }
}
