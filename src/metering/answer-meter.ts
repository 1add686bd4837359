import { JsonBody } from '../bytes/json-body.ts';
import type { JsonMembers } from '../bytes/json-members.ts';
import { SseCutter, type SseEvent } from '../bytes/sse.ts';
import { Draft } from './draft.ts';
import { readError } from './error-member.ts';
import type { AnswerHead, Meter } from './meter.ts';
import type { Reading } from './usage.ts';

/** What an adapter knows of its format. It may keep state: one reader reads one answer. */
export interface AnswerReader {
  /** Members of a JSON answer that `body` asks for; others may be passed over. */
  readonly members: readonly string[];
  /** One block of an event stream; comments come too, with `data` null. */
  event(event: SseEvent, draft: Draft): void;
  /** A whole JSON answer that is no error. */
  body(body: JsonMembers, draft: Draft): void;
  /** Called once at the end, before the reading is made. */
  finish(draft: Draft): void;
}

type Format = 'unknown' | 'json' | 'events' | 'unread';

const ERROR_MEMBERS = ['error', 'object', 'type', 'code'];
/** First bytes of an event stream's lines: data, event, id, retry, a comment. */
const EVENT_STARTS = new Set([...'deir:'].map((character) => character.charCodeAt(0)));
/** Space, line ends and the bytes of a byte order mark may come before either format. */
const PREAMBLE = new Set([32, 9, 10, 13, 0xef, 0xbb, 0xbf]);
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;

/**
 * Reads one answer as JSON or as events, as its first bytes say, with an adapter's reader.
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
  #cutter: SseCutter | null = null;
  readonly #onEvent: (event: SseEvent) => void;
  #format: Format = 'unknown';
  #body: JsonBody | null = null;
  #failed = false;

  constructor(head: AnswerHead, reader: AnswerReader, bills: boolean) {
    this.#head = head;
    this.#reader = reader;
    this.#bills = bills;
    this.#onEvent = (event) => reader.event(event, this.#draft);
    if (!bills && head.status < 400) this.#format = 'unread';
  }

  get started(): boolean {
    return this.#draft.started || this.#format === 'json' || this.#format === 'unread';
  }

  get finishing(): boolean {
    return this.#draft.finishing;
  }

  push(chunk: Uint8Array): void {
    if (this.#format === 'unread') return;
    try {
      const bytes = this.#format === 'unknown' ? this.#choose(chunk) : chunk;
      if (this.#format === 'events') this.#events.push(bytes, this.#onEvent);
      else this.#body?.push(bytes);
    } catch {
      this.#fail();
    }
  }

  end(whole: boolean): Reading {
    const fallback = whole ? 'complete' : 'truncated';
    const answers = this.#answers;
    let ending: Reading['ending'] = fallback;
    try {
      if (this.#format === 'events' || this.#isEmptyStream()) ending = this.#endEvents();
      else if (this.#format === 'json') ending = this.#endBody(whole);
      else if (whole && !this.#failed) ending = 'bad_payload';
      if (answers) this.#reader.finish(this.#draft);
    } catch {
      this.#fail();
    }
    return this.#draft.reading(answers ? ending : fallback, answers);
  }

  /** Generates something, as far as the status tells. */
  get #answers(): boolean {
    return this.#bills && this.#head.status < 400;
  }

  /** Looks for the first byte that means something; returns what follows from there on. */
  #choose(chunk: Uint8Array): Uint8Array {
    let at = 0;
    while (at < chunk.length && PREAMBLE.has(chunk[at]!)) at++;
    const first = chunk[at];
    if (first === undefined) return chunk.subarray(at);
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      this.#format = 'json';
      this.#body = new JsonBody([...ERROR_MEMBERS, ...this.#reader.members]);
    } else if (EVENT_STARTS.has(first) || this.#head.contentType === 'text/event-stream') this.#format = 'events';
    else this.#format = 'unread';
    return chunk.subarray(at);
  }

  get #events(): SseCutter {
    this.#cutter ??= new SseCutter();
    return this.#cutter;
  }

  /** A stream that closed before its first event. */
  #isEmptyStream(): boolean {
    return this.#format === 'unknown' && this.#head.contentType === 'text/event-stream';
  }

  #endEvents(): Reading['ending'] {
    this.#events.end(this.#onEvent);
    if (this.#events.overflow) this.#draft.note('an event is too long to be read');
    if (this.#draft.error !== null) return 'error';
    return this.#draft.ended ? 'complete' : 'truncated';
  }

  #endBody(whole: boolean): Reading['ending'] {
    const body = this.#body!.end();
    if (body.problem !== null) return whole ? 'bad_payload' : 'truncated';
    this.#draft.error = readError(body);
    if (this.#answers) this.#reader.body(body, this.#draft);
    return this.#draft.error === null ? 'complete' : 'error';
  }

  /** Metering may fail, forwarding may not. */
  #fail(): void {
    this.#failed = true;
    this.#format = 'unread';
    this.#draft.note('the meter failed on this answer');
  }
}
