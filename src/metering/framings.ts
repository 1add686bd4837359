import { type EventFrame, FrameCutter } from '../bytes/event-frames.ts';
import { JsonBody } from '../bytes/json-body.ts';
import { type JsonMembers, membersOf } from '../bytes/json-members.ts';
import { JsonSequence } from '../bytes/json-sequence.ts';
import { SseCutter, type SseEvent } from '../bytes/sse.ts';
import type { Draft } from './draft.ts';
import { readError } from './error-member.ts';
import type { Reading } from './usage.ts';

/** What an adapter knows of its format. It may keep state: one reader reads one answer. */
export interface AnswerReader {
  /** Members of a JSON answer that `body` asks for; others may be passed over. */
  readonly members: readonly string[];
  /** JSON may come as one object behind the other, so even a single one is an `object`. */
  readonly lines?: boolean;
  /** Answers of this content type (`''`: of none) are texts or sounds for the client alone: good as they are, and not read. */
  isOpaque?(contentType: string): boolean;
  /** One block of an event stream; comments come too, with `data` null. */
  event(event: SseEvent, draft: Draft): void;
  /** A whole JSON answer that is no error. */
  body(body: JsonMembers, draft: Draft): void;
  /** One object of a JSON array, or one line of NDJSON, where the format streams that way. */
  object?(object: JsonMembers, draft: Draft): void;
  /** One message of an AWS event stream, where the format streams that way. */
  frame?(frame: EventFrame, draft: Draft): void;
  /** Called once at the end, before the reading is made. */
  finish(draft: Draft): void;
}

type End = Reading['ending'];

/** One way to put an answer on the wire: takes its bytes, gives its parts to a reader, and tells how it ended. */
export interface Framing {
  push(bytes: Uint8Array): void;
  /** `whole` is false when the transport broke. */
  end(whole: boolean): End;
}

/** How a stream ended, as far as its own words tell. */
function endOf(draft: Draft, closed = true): End {
  if (draft.error !== null) return 'error';
  return draft.ended && closed ? 'complete' : 'truncated';
}

/** Server-sent events. */
export class Events implements Framing {
  readonly #cutter = new SseCutter();
  readonly #draft: Draft;
  readonly #onEvent: (event: SseEvent) => void;

  constructor(reader: AnswerReader, draft: Draft) {
    this.#draft = draft;
    this.#onEvent = (event) => reader.event(event, draft);
  }

  push(bytes: Uint8Array): void {
    this.#cutter.push(bytes, this.#onEvent);
  }

  end(): End {
    this.#cutter.end(this.#onEvent);
    if (this.#cutter.overflow) this.#draft.note('an event is too long to be read');
    return endOf(this.#draft);
  }
}

const ERROR_MEMBERS = ['error', 'object', 'type', 'code'];

/** One JSON object. */
export class Body implements Framing {
  readonly #body: JsonBody;
  readonly #reader: AnswerReader;
  readonly #draft: Draft;
  readonly #answers: boolean;

  constructor(reader: AnswerReader, draft: Draft, answers: boolean) {
    this.#body = new JsonBody([...ERROR_MEMBERS, ...reader.members]);
    this.#reader = reader;
    this.#draft = draft;
    this.#answers = answers;
  }

  push(bytes: Uint8Array): void {
    this.#body.push(bytes);
  }

  end(whole: boolean): End {
    const body = this.#body.end();
    if (body.problem !== null) return whole ? 'bad_payload' : 'truncated';
    this.#draft.error = readError(body);
    if (this.#answers) this.#reader.body(body, this.#draft);
    return this.#draft.error === null ? 'complete' : 'error';
  }
}

/** Objects of a JSON array, or lines of NDJSON. */
export class Objects implements Framing {
  readonly #cutter = new JsonSequence();
  readonly #draft: Draft;
  readonly #onObject: (object: Buffer) => void;
  /** Its brackets match, and it is no JSON for all that. */
  #malformed = false;

  constructor(reader: AnswerReader, draft: Draft, answers: boolean) {
    this.#draft = draft;
    this.#onObject = (bytes) => {
      const object = membersOf(bytes);
      if (object.problem !== null) {
        this.#malformed = true;
        return;
      }
      draft.error ??= readError(object);
      if (answers) reader.object?.(object, draft);
    };
  }

  push(bytes: Uint8Array): void {
    this.#cutter.push(bytes, this.#onObject);
  }

  end(whole: boolean): End {
    const { broken, overflow, isWhole } = this.#cutter;
    if (overflow) this.#draft.note('an object is too large to be read');
    const isBad = broken || this.#malformed;
    return isBad && whole ? 'bad_payload' : endOf(this.#draft, isWhole && !isBad);
  }
}

/** Messages of an AWS event stream. */
export class Frames implements Framing {
  readonly #cutter = new FrameCutter();
  readonly #draft: Draft;
  readonly #onFrame: (frame: EventFrame) => void;

  constructor(reader: AnswerReader, draft: Draft) {
    this.#draft = draft;
    this.#onFrame = (frame) => reader.frame?.(frame, draft);
  }

  push(bytes: Uint8Array): void {
    this.#cutter.push(bytes, this.#onFrame);
  }

  end(whole: boolean): End {
    const { broken, isWhole } = this.#cutter;
    return broken && whole ? 'bad_payload' : endOf(this.#draft, isWhole);
  }
}
