import {
  type AnswerReader,
  asList,
  asObject,
  charsIn,
  charsOf,
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
  type UsagePart,
} from '../../src/adapter.ts';
import { chatStop } from './_openai-stop.ts';
import { readChatUsage, reportedCost } from './_openai-usage.ts';

const USAGE = marker('usage');
const FINISH_REASON = marker('finish_reason');
const ERROR = marker('error');
const REFUSAL = marker('refusal');
/** Where deltas carry text, most frequent first. */
const TEXTS = ['content', 'arguments', 'reasoning_content', 'reasoning', 'text', 'refusal'].map(marker);
const DONE = '[DONE]';
/** After so many events a stream has no model to tell. */
const OPENING = 16;

/**
 * Reads Chat Completions, Completions and Embeddings, of OpenAI and of everyone who speaks like it.
 *
 * Only the events up to the first content, and later those with usage, a finish reason or
 * an error, are parsed; in the others the text is counted where it lies.
 */
export class ChatReader implements AnswerReader {
  readonly members = ['usage', 'model', 'id', 'service_tier', 'choices', 'x_groq', 'usage_breakdown'];
  readonly #inputOnly: boolean;
  #usage: JsonObject | null = null;
  #usageText: string | undefined;
  #textMarker = TEXTS[0]!;
  #parsed = 0;
  #refused = false;
  /** The stop reason of the first choice was seen; those of other choices do not replace it. */
  #stopIsFirst = false;

  constructor(inputOnly: boolean) {
    this.#inputOnly = inputOnly;
  }

  event(event: SseEvent, draft: Draft): void {
    const { raw } = event;
    if (raw.length < 64 && event.data?.toString('latin1').trim() === DONE) {
      draft.ended = true;
      if (draft.error === null) draft.usageIsFinal = true;
      return;
    }
    const chars = this.#chars(raw);
    const opening = !draft.started || (draft.model === null && this.#parsed < OPENING);
    const tells =
      opening || hasValue(raw, USAGE) || hasValue(raw, FINISH_REASON) || (chars === 0 && hasValue(raw, ERROR));
    if (!tells) {
      draft.addOutput(chars);
      return;
    }
    // A comment may say anything.
    if (event.data === null) return;
    draft.addOutput(chars);
    this.#parsed++;
    if (chars > 0 && charsOf(raw, REFUSAL) > 0) this.#refused = true;
    this.#chunk(membersOf(event.data), draft);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#identify(body, draft);
    const choices = body.get('choices');
    if (choices === undefined) this.#largeChoices(body, draft);
    for (const choice of asList(choices)) this.#message(asObject(choice), draft);
    this.#usageOf(body.get('usage'), body.text('usage'), draft);
    draft.usageIsFinal = true;
    draft.parts = breakdown(body) ?? draft.parts;
  }

  finish(draft: Draft): void {
    draft.usage = readChatUsage(this.#usage, draft.note, this.#inputOnly);
    draft.reportedCostUsd = reportedCost(this.#usageText, draft.note);
    draft.serviceTier ??= nameOf(this.#usage?.service_tier);
    if (this.#refused && draft.stopReason?.normalized === 'stop') draft.stopReason.normalized = 'refusal';
  }

  /** Characters of an event's text; the place where it was found last is tried first. */
  #chars(raw: Buffer): number {
    const chars = charsOf(raw, this.#textMarker);
    if (chars > 0) return chars;
    for (const name of TEXTS) {
      if (name === this.#textMarker) continue;
      const found = charsOf(raw, name);
      if (found === 0) continue;
      this.#textMarker = name;
      return found;
    }
    return 0;
  }

  #chunk(chunk: JsonMembers, draft: Draft): void {
    draft.error ??= readError(chunk);
    this.#identify(chunk, draft);
    const choices = asList(chunk.get('choices')).map(asObject);
    let billed = false;
    for (const choice of choices) if (this.#choice(choice, draft)) billed = true;
    const groq = chunk.within('x_groq');
    if (groq !== null && nameOf(groq.get('error')) !== null) draft.error ??= { type: null, code: null };
    // One and the same where a server says it in several places; the top level has the last word.
    if (groq !== null && this.#usageOf(groq.get('usage'), groq.text('usage'), draft)) billed = true;
    if (this.#usageOf(chunk.get('usage'), chunk.text('usage'), draft)) billed = true;
    // The bill comes with or after the finish reason, or alone. Numbers before that may still grow.
    if (billed) draft.usageIsFinal = draft.finishing || choices.length === 0;
    draft.parts = (groq && breakdown(groq)) ?? draft.parts;
  }

  /** Returns true when the choice says usage, as Moonshot's do. */
  #choice(choice: JsonObject | null, draft: Draft): boolean {
    if (choice === null) return false;
    this.#stop(choice, draft);
    const delta = Object.entries(asObject(choice.delta) ?? {});
    if (delta.some(([name, value]) => name !== 'role' && !isNothing(value))) draft.started = true;
    return this.#usageOf(choice.usage, JSON.stringify(choice.usage), draft);
  }

  #message(choice: JsonObject | null, draft: Draft): void {
    if (choice === null) return;
    this.#stop(choice, draft);
    const message = asObject(choice.message);
    if (nameOf(choice.text) !== null || message !== null) draft.started = true;
    draft.addOutput(textChars(choice.text) + (message === null ? 0 : messageChars(message)));
    if (typeof message?.refusal === 'string' && message.refusal !== '') this.#refused = true;
    if (asObject(choice.error) !== null) draft.error ??= { type: null, code: null };
    this.#usageOf(choice.usage, JSON.stringify(choice.usage), draft);
  }

  /** Choices too large to parse end with their finish reason. */
  #largeChoices(body: JsonMembers, draft: Draft): void {
    const size = body.size('choices');
    if (size === 0) return;
    draft.addOutput(size);
    const [, raw] = /"finish_reason"\s*:\s*"(\w{1,64})"/.exec(body.tail('choices')) ?? [];
    if (raw !== undefined) draft.stop(chatStop(raw));
  }

  #stop(choice: JsonObject, draft: Draft): void {
    const raw = nameOf(choice.finish_reason);
    if (raw === null || this.#stopIsFirst) return;
    draft.stop(chatStop(raw));
    this.#stopIsFirst = choice.index === 0 || choice.index === undefined;
  }

  #identify(members: JsonMembers, draft: Draft): void {
    draft.model = nameOf(members.get('model')) ?? draft.model;
    draft.responseId = nameOf(members.get('id')) ?? draft.responseId;
    draft.serviceTier = nameOf(members.get('service_tier')) ?? draft.serviceTier;
  }

  /** Returns true when something was said. */
  #usageOf(said: unknown, text: string | undefined, draft: Draft): boolean {
    const merged = mergeUsage(this.#usage, said);
    if (merged === this.#usage) return false;
    this.#usage = merged;
    this.#usageText = text;
    draft.keepRawUsage(text);
    return true;
  }
}

/** Groq's compound systems say what each of their models used. */
function breakdown(members: JsonMembers): UsagePart[] | null {
  const models = asList(asObject(members.get('usage_breakdown'))?.models).map(asObject);
  const parts: UsagePart[] = [];
  for (const each of models) {
    const model = nameOf(each?.model);
    const usage = readChatUsage(asObject(each?.usage), () => {});
    if (model !== null && usage !== null) parts.push({ model, usage });
  }
  return parts.length > 0 ? parts : null;
}

function messageChars(message: JsonObject): number {
  const calls = [...asList(message.tool_calls).map((call) => asObject(call)?.function), message.function_call];
  return (
    textChars(message.content) +
    (textChars(message.reasoning_content) || textChars(message.reasoning)) +
    textChars(message.refusal) +
    calls.reduce<number>((sum, call) => sum + textChars(asObject(call)?.arguments), 0)
  );
}

/** A text, or a list of parts with texts. */
function textChars(value: unknown): number {
  if (typeof value === 'string') return charsIn(value);
  return asList(value).reduce<number>((sum, part) => sum + textChars(asObject(part)?.text), 0);
}

function isNothing(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
