import {
  type AnswerHead,
  type AnswerReader,
  addUsage,
  asObject,
  type Draft,
  hasValue,
  type JsonMembers,
  type JsonObject,
  marker,
  membersOf,
  mergeUsage,
  nameOf,
  readError,
  type SseEvent,
  valueAfter,
} from '../../src/adapter.ts';
import { chatStop } from './_openai-stop.ts';
import { readChatUsage, reportedCost } from './_openai-usage.ts';

const TYPE = marker('type');
const USAGE = marker('usage');
const ERROR = marker('error');
/** Where pieces of a transcript stand: OpenAI's, Mistral's, those of servers that stream it like a chat. */
const TEXTS = ['delta', 'text', 'content'].map(marker);
const DONE = '[DONE]';
/** The last event of a transcript, of speech, of each image. */
const LAST = /\.(?:done|completed)$/;
const READABLE = new Set(['', 'application/json', 'text/json', 'text/event-stream']);

/**
 * Reads what is answered about sounds and images: transcripts, speech, pictures.
 *
 * Usage is in tokens or in seconds, behind a megabyte of base64 perhaps, and in the last
 * event of a stream. Sounds, subtitles and plain transcripts tell nothing: they are good
 * answers of which nothing is known.
 */
export class MediaReader implements AnswerReader {
  readonly members = ['usage', 'svg_usage', 'model', 'text', 'duration', 'finish_reason'];
  readonly #head: AnswerHead;
  #usage: JsonObject | null = null;
  #usageText: string | undefined;
  /** What another model used to draw the picture as text, which `usage` leaves out. */
  #drawing: JsonObject | null = null;

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  isOpaque(contentType: string): boolean {
    return !READABLE.has(contentType);
  }

  event(event: SseEvent, draft: Draft): void {
    const { raw, data } = event;
    if (data === null) return;
    if (raw.length < 64 && data.toString('latin1').trim() === DONE) {
      draft.ended = true;
      draft.usageIsFinal = this.#usage !== null;
      return;
    }
    const type = typeOf(event);
    if (hasValue(raw, USAGE) || hasValue(raw, ERROR)) {
      const members = membersOf(data);
      draft.error ??= readError(members);
      this.#take(members, draft);
    }
    if (draft.error !== null) return;
    draft.started = true;
    const isLast = LAST.test(type);
    if (!type.startsWith('image') && !(isLast && draft.outputChars > 0)) addText(raw, draft);
    if (!isLast) return;
    draft.ended = true;
    draft.usageIsFinal = this.#usage !== null;
  }

  body(body: JsonMembers, draft: Draft): void {
    draft.model = nameOf(body.get('model')) ?? draft.model;
    draft.started = true;
    const text = body.get('text');
    if (typeof text === 'string') draft.addText(text);
    const reason = nameOf(body.get('finish_reason'));
    if (reason !== null) draft.stop(chatStop(reason));
    this.#take(body, draft);
    this.#drawing = asObject(body.get('svg_usage'));
    // Whisper of old, and Groq's, says how long the sound was and nothing else.
    if (this.#usage === null) this.#usage = mergeUsage(null, { seconds: secondsOf(body.get('duration')) });
    draft.usageIsFinal = true;
  }

  finish(draft: Draft): void {
    draft.usage = readChatUsage(this.#usage, draft.note);
    draft.reportedCostUsd = reportedCost(this.#usageText, draft.note);
    draft.serviceTier ??= nameOf(this.#usage?.service_tier);
    const drawn = readChatUsage(this.#drawing, draft.note);
    const by = nameOf(this.#drawing?.model);
    if (draft.usage === null || drawn === null || by === null) return;
    draft.parts = [
      { model: draft.model ?? this.#head.model ?? 'unknown', usage: draft.usage },
      { model: by, usage: drawn },
    ];
    draft.usage = { ...draft.usage };
    addUsage(draft.usage, drawn);
  }

  #take(members: JsonMembers, draft: Draft): void {
    const merged = mergeUsage(this.#usage, members.get('usage'));
    if (merged === this.#usage) return;
    this.#usage = merged;
    this.#usageText = members.text('usage');
    draft.keepRawUsage(this.#usageText);
  }
}

/** Keeps and counts the first of the texts that is there. */
function addText(raw: Buffer, draft: Draft): void {
  for (const name of TEXTS) if (draft.addTextIn(raw, name) > 0) return;
}

/** The event's name, or the `type` of its data; '' when there is neither. */
function typeOf({ name, data }: SseEvent): string {
  if (name !== null) return name;
  const at = data === null ? -1 : valueAfter(data, TYPE);
  const end = at === -1 ? -1 : data!.indexOf('"', at + 1);
  return end === -1 || end - at > 100 ? '' : data!.toString('latin1', at + 1, end);
}

/** Some servers write it as text. */
function secondsOf(duration: unknown): number | null {
  const seconds = typeof duration === 'string' && /^\d+(?:\.\d+)?$/.test(duration) ? Number(duration) : duration;
  return typeof seconds === 'number' ? seconds : null;
}
