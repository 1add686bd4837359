import { Draft } from './draft.ts';
import { readErrorHeader } from './error-member.ts';
import { type AnswerReader, Body, Events, Frames, type Framing, Objects } from './framings.ts';
import type { KeptText } from './kept-text.ts';
import type { AnswerHead, Meter } from './meter.ts';
import type { Reading } from './usage.ts';

/** First bytes of an event stream's lines: data, event, id, retry, a comment. */
const EVENT_STARTS = new Set([...'deir:'].map((character) => character.charCodeAt(0)));
/** Space, line ends and the bytes of a byte order mark may come before any text format. */
const PREAMBLE = new Set([32, 9, 10, 13, 0xef, 0xbb, 0xbf]);
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;
const EVENTS = 'text/event-stream';
const STREAMS = new Set([EVENTS, 'application/vnd.amazon.eventstream', 'application/x-ndjson']);

/**
 * Reads one answer with an adapter's reader, in the framing that its first bytes show.
 *
 * A request for a stream may be answered with JSON, an event stream may come under a
 * wrong content type, and a 200 may carry an error: only the bytes are believed. What an
 * endpoint without a bill answers is not read at all.
 */
export class AnswerMeter implements Meter {
  readonly #head: AnswerHead;
  readonly #reader: AnswerReader;
  readonly #bills: boolean;
  readonly #draft = new Draft();
  #framing: Framing | null = null;
  /** Any bytes are a good answer. */
  readonly #opaque: boolean;
  /** What comes is of no known format, or of no interest. */
  #unread: boolean;
  #failed = false;

  constructor(head: AnswerHead, reader: AnswerReader, bills: boolean) {
    this.#head = head;
    this.#reader = reader;
    this.#bills = bills;
    this.#opaque = reader.isOpaque?.(head.contentType) === true;
    this.#unread = head.status < 400 && (!bills || this.#opaque);
    this.#draft.text.isCut = this.#opaque;
  }

  get started(): boolean {
    return this.#draft.started || this.#unread || this.#framing instanceof Body;
  }

  get finishing(): boolean {
    return this.#draft.finishing;
  }

  get problem(): Reading['error'] {
    return this.#draft.error;
  }

  get text(): KeptText {
    return this.#draft.text;
  }

  push(chunk: Uint8Array): void {
    if (this.#unread) return;
    try {
      if (this.#framing !== null) this.#framing.push(chunk);
      else this.#begin(chunk);
    } catch {
      this.#fail();
    }
  }

  end(whole: boolean): Reading {
    const fallback = whole ? 'complete' : 'truncated';
    const answers = this.#answers;
    let ending: Reading['ending'] = fallback;
    try {
      if (this.#framing !== null && !this.#unread) ending = this.#framing.end(whole);
      else if (this.#isEmptyStream()) ending = 'truncated';
      else if (whole && !this.#failed && !this.#opaque) ending = 'bad_payload';
      if (answers) this.#reader.finish(this.#draft);
    } catch {
      this.#fail();
    }
    if (this.#head.status >= 400) this.#draft.error ??= readErrorHeader(this.#head.header('x-amzn-errortype'));
    return this.#draft.reading(answers ? ending : fallback, answers);
  }

  /** Generates something, as far as the status tells. */
  get #answers(): boolean {
    return this.#bills && this.#head.status < 400;
  }

  /** Looks for the first byte that means something, and reads from there on. */
  #begin(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && PREAMBLE.has(chunk[at]!)) at++;
    const first = chunk[at];
    if (first === undefined) return;
    this.#framing = this.#choose(first);
    if (this.#framing === null) this.#unread = true;
    else this.#framing.push(chunk.subarray(at));
  }

  #choose(first: number): Framing | null {
    const reader = this.#reader;
    const draft = this.#draft;
    // A message begins with its length, whose first byte is 0: none is 16 MiB long.
    if (reader.frame && first === 0) return new Frames(reader, draft);
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
      return EVENT_STARTS.has(first) || this.#head.contentType === EVENTS ? new Events(reader, draft) : null;
    }
    const answers = this.#answers;
    // An error may stand in an array, as Google's do, whatever was asked for.
    const isMany = first === OPEN_BRACKET ? reader.object || !answers : reader.object && reader.lines;
    return isMany ? new Objects(reader, draft, answers) : new Body(reader, draft, answers);
  }

  /** A stream that closed before its first event. */
  #isEmptyStream(): boolean {
    return this.#framing === null && !this.#unread && STREAMS.has(this.#head.contentType);
  }

  /** Metering may fail, forwarding may not. */
  #fail(): void {
    this.#failed = true;
    this.#unread = true;
    this.#draft.note('the meter failed on this answer');
  }
}
