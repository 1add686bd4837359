import {
  type AnswerHead,
  type AnswerReader,
  asList,
  asObject,
  type Draft,
  type JsonMembers,
  type JsonObject,
  membersOf,
  mergeUsage,
  nameOf,
  readError,
  type SseEvent,
  type StopKind,
  type StopReason,
} from '../../src/adapter.ts';
import { Grounding } from './_gemini-grounding.ts';
import { geminiTier, readGeminiUsage } from './_gemini-usage.ts';

const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Members of a part that hold no content of their own, or text, which is looked at. */
const BARE = new Set(['text', 'thought', 'thoughtSignature', 'partMetadata']);
/** Says that nothing is said: the candidate goes on. */
const UNSPECIFIED = /_UNSPECIFIED$/;

const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['CONTINUATION', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['LANGUAGE', 'content_filter'],
  ['UNEXPECTED_TOOL_CALL', 'error'],
  ['TOO_MANY_TOOL_CALLS', 'error'],
  ['MISSING_THOUGHT_SIGNATURE', 'error'],
  ['NO_IMAGE', 'error'],
  ['OTHER', 'error'],
]);

/**
 * Reads generateContent, its streams as events or as a JSON array, and embeddings.
 *
 * Usage comes with every event and counts from the beginning, so the last word is the
 * right one. Nothing marks the end of a stream: an answer is whole when each of its
 * candidates has a finish reason, or when the prompt was blocked.
 */
export class GeminiReader implements AnswerReader {
  readonly members = ['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'promptFeedback'];
  readonly #head: AnswerHead;
  readonly #inputOnly: boolean;
  readonly #grounding = new Grounding();
  #usage: JsonObject | null = null;
  /** Where usage was said last: its words are wanted once, and every event has some. */
  #said: JsonMembers | null = null;
  /** Candidates by index. */
  readonly #begun = new Set<number>();
  readonly #finished = new Set<number>();
  #called = false;

  constructor(head: AnswerHead, inputOnly = false) {
    this.#head = head;
    this.#inputOnly = inputOnly;
  }

  event(event: SseEvent, draft: Draft): void {
    const json = objectIn(event.data ?? event.raw);
    if (json === null) return;
    const members = membersOf(json);
    draft.error ??= readError(members);
    this.object(members, draft);
  }

  object(answer: JsonMembers, draft: Draft): void {
    this.#answer(answer, draft);
    draft.usageIsFinal = draft.ended;
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#answer(body, draft);
    draft.usageIsFinal = true;
  }

  finish(draft: Draft): void {
    const usage = readGeminiUsage(this.#usage, draft.note, this.#inputOnly);
    const requests = this.#grounding.requests(draft.model ?? this.#head.model);
    if (usage !== null && requests > 0) usage['web_search.requests'] = requests;
    draft.usage = usage;
    draft.keepRawUsage(this.#said?.text('usageMetadata'));
    draft.serviceTier = geminiTier(this.#usage, this.#head.header('x-gemini-service-tier'));
    if (this.#called && draft.stopReason?.raw === 'STOP') draft.stopReason.normalized = 'tool_calls';
  }

  #answer(answer: JsonMembers, draft: Draft): void {
    draft.model = nameOf(answer.get('modelVersion')) ?? draft.model;
    draft.responseId = nameOf(answer.get('responseId')) ?? draft.responseId;
    const candidates = answer.get('candidates');
    for (const candidate of asList(candidates)) this.#candidate(asObject(candidate), draft);
    if (candidates === undefined && answer.size('candidates') > 0) this.#largeCandidates(answer, draft);
    this.#feedback(asObject(answer.get('promptFeedback')), draft);
    const merged = mergeUsage(this.#usage, answer.get('usageMetadata'));
    if (merged === this.#usage) return;
    this.#usage = merged;
    this.#said = answer;
  }

  #candidate(candidate: JsonObject | null, draft: Draft): void {
    if (candidate === null) return;
    for (const part of asList(asObject(candidate.content)?.parts)) this.#part(asObject(part), draft);
    this.#grounding.read(candidate.groundingMetadata, draft);
    this.#end(typeof candidate.index === 'number' ? candidate.index : 0, nameOf(candidate.finishReason), draft);
  }

  #part(part: JsonObject | null, draft: Draft): void {
    if (part === null) return;
    if (typeof part.text === 'string') draft.addText(part.text);
    const call = asObject(part.functionCall);
    if (call !== null) {
      this.#called = true;
      // Arguments may come in pieces, of which the first has the name.
      draft.called(call.name);
      draft.addText(JSON.stringify(call.args ?? {}));
    }
    const code = asObject(part.executableCode)?.code;
    if (typeof code === 'string') draft.addText(code);
    // Images and audio are content, and no text.
    if (Object.keys(part).some((name) => !BARE.has(name))) draft.started = true;
  }

  /** Images in base64 pass by; what a candidate says about itself stands behind its content. */
  #largeCandidates(answer: JsonMembers, draft: Draft): void {
    const tail = answer.tail('candidates');
    draft.started = true;
    draft.note('the candidates are too large to be read');
    if (/"functionCall"\s*:\s*\{/.test(tail)) this.#called = true;
    const reasons = [...tail.matchAll(/"finishReason"\s*:\s*"(\w{1,64})"/g)];
    this.#end(0, reasons.at(-1)?.[1] ?? null, draft);
  }

  #end(index: number, reason: string | null, draft: Draft): void {
    this.#begun.add(index);
    if (reason !== null && !UNSPECIFIED.test(reason)) {
      this.#finished.add(index);
      if (index === 0 || draft.stopReason === null) draft.stop(stopOf(reason));
    }
    draft.ended = this.#begun.size === this.#finished.size;
  }

  #feedback(feedback: JsonObject | null, draft: Draft): void {
    const raw = nameOf(feedback?.blockReason);
    if (raw === null || UNSPECIFIED.test(raw)) return;
    draft.stop({ raw, normalized: 'content_filter' });
    draft.ended = true;
  }
}

function stopOf(raw: string): StopReason {
  if (raw.startsWith('IMAGE_')) return { raw, normalized: 'content_filter' };
  if (raw.startsWith('MALFORMED_')) return { raw, normalized: 'error' };
  return { raw, normalized: STOPS.get(raw) ?? null };
}

/**
 * The JSON object in the data of an event. Where Google gives up in the middle of a stream
 * it writes the error without `data:`, and some servers write it in an array: that block
 * is an object as well. Null for comments, pings and anything else.
 */
function objectIn(bytes: Buffer): Buffer | null {
  if (bytes[0] === OPEN_BRACE) return bytes;
  let at = 0;
  while (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 10 || bytes[at] === 13) at++;
  if (bytes[at] === OPEN_BRACE) return bytes.subarray(at);
  if (bytes[at] !== OPEN_BRACKET) return null;
  const start = bytes.indexOf(OPEN_BRACE, at);
  return start === -1 ? null : bytes.subarray(start, bytes.lastIndexOf(CLOSE_BRACE) + 1);
}
