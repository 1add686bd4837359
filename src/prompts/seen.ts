import type { Block, Mark, Spoken } from './blocks.ts';

/** A string that was walked over, kept while the rest of its object is read. */
export class Text implements Spoken {
  isThere = false;
  textStart = 0;
  textEnd = 0;
  chars = 0;
  continued = 0;
  unicode = 0;

  keep({ textStart, textEnd, chars, continued, unicode }: Spoken): void {
    this.isThere = true;
    this.textStart = textStart;
    this.textEnd = textEnd;
    this.chars = chars;
    this.continued = continued;
    this.unicode = unicode;
  }
}

/** What the members of a block say, as far as they were read. Of members of one name the last counts. */
export class Seen {
  /** A number of `Kind`, by its `type`; -1: of a type that is not known. */
  type = 0;
  /** The same by the names of its members, and where the value of that member lies. */
  named = 0;
  namedAt = -1;
  isThought = false;
  readonly text = new Text();
  /** The same of a `content` that is a string. */
  readonly body = new Text();
  /** Bytes that only the provider can read. */
  sealed = 0;
  contentAt = -1;
  mark: Mark = null;
  markStart = 0;
  markEnd = 0;
  nameStart = -1;
  nameEnd = -1;
  askedStart = -1;
  askedEnd = -1;

  clear(): void {
    this.type = 0;
    this.named = 0;
    this.namedAt = -1;
    this.isThought = false;
    this.text.isThere = false;
    this.body.isThere = false;
    this.sealed = 0;
    this.contentAt = -1;
    this.mark = null;
    this.nameStart = -1;
    this.askedStart = -1;
  }

  /** What a call is made of. */
  keepName(start: number, end: number): void {
    this.nameStart = start;
    this.nameEnd = end;
  }

  keepAsked(start: number, end: number): void {
    this.askedStart = start;
    this.askedEnd = end;
  }

  handCall(block: Block): void {
    block.nameStart = this.nameStart;
    block.nameEnd = this.nameEnd;
    block.askedStart = this.askedStart;
    block.askedEnd = this.askedEnd;
  }
}
