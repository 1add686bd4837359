import {
  type AnswerHead,
  type AnswerReader,
  addUsage,
  asList,
  asObject,
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
  type Usage,
  type UsagePart,
} from '../../src/adapter.ts';
import { isCloudModel } from './_ollama-cloud.ts';
import { ChatCalls } from './_openai-calls.ts';
import { fireworksUsage, timingsUsage } from './_openai-hints.ts';
import { isNothing, messageTexts, textsOf } from './_openai-message.ts';
import { chatStop } from './_openai-stop.ts';
import { readChatUsage, reportedCost } from './_openai-usage.ts';

const USAGE = marker('usage');
const FINISH_REASON = marker('finish_reason');
const ERROR = marker('error');
const REFUSAL = marker('refusal');
const NAME = marker('name');
/** Both words for a call have it, and text hardly ever. */
const CALL = Buffer.from('_call');
/** Where deltas carry text, most frequent first; `transcript` is what an audio answer says. */
const TEXTS = ['content', 'arguments', 'reasoning_content', 'reasoning', 'text', 'refusal', 'transcript'].map(marker);
const DONE = '[DONE]';
const COLON = 58;
/** After so many events a stream has no model to tell. */
const OPENING = 16;

/**
 * Reads Chat Completions, Completions and Embeddings, of OpenAI and of everyone who speaks like it.
 *
 * Only the events up to the first content, and later those with usage, a finish reason, the
 * name of a tool that is called or an error, are parsed; in the others the text is counted where
 * it lies.
 */
export class ChatReader implements AnswerReader {
  readonly members = [
    'usage',
    'model',
    'id',
    'service_tier',
    'system_fingerprint',
    'choices',
    'x_groq',
    'usage_breakdown',
    'timings',
    'perf_metrics',
  ];
  readonly #inputOnly: boolean;
  readonly #head: AnswerHead | null;
  /** A model of Ollama's cloud was asked for, if it is Ollama that answers. */
  readonly #asksCloud: boolean;
  #usage: JsonObject | null = null;
  #usageText: string | undefined;
  /** llama.cpp's and Fireworks' measures. */
  #timings: unknown;
  #metrics: unknown;
  #textMarker = TEXTS[0]!;
  #parsed = 0;
  #refused = false;
  readonly #calls = new ChatCalls();
  /** The stop reason of the first choice was seen; those of other choices do not replace it. */
  #stopIsFirst = false;

  /**
   * @param inputOnly the endpoint has no output: embeddings
   * @param head for what servers tell outside the body
   */
  constructor(inputOnly: boolean, head: AnswerHead | null = null) {
    this.#inputOnly = inputOnly;
    this.#head = head;
    this.#asksCloud = isCloudModel(head?.model ?? null);
  }

  event(event: SseEvent, draft: Draft): void {
    const { raw } = event;
    // A comment may say anything.
    if (raw[0] === COLON && event.data === null) return;
    if (raw.length < 64 && event.data?.toString('latin1').trim() === DONE) {
      draft.ended = true;
      if (draft.error === null) draft.usageIsFinal = true;
      return;
    }
    const opening = !draft.started || (draft.model === null && this.#parsed < OPENING);
    const chars = this.#text(raw, draft);
    const tells =
      opening ||
      hasValue(raw, USAGE) ||
      hasValue(raw, FINISH_REASON) ||
      (raw.includes(CALL) && charsOf(raw, NAME) > 0) ||
      (chars === 0 && hasValue(raw, ERROR));
    if (!tells || event.data === null) return;
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
    this.#measures(body);
    draft.usageIsFinal = true;
    draft.parts = breakdown(body.get('usage_breakdown')) ?? breakdown(asObject(body.get('x_groq'))?.usage_breakdown);
  }

  finish(draft: Draft): void {
    if (this.#usage === null && this.#timings !== undefined) draft.keepRawUsage(JSON.stringify(this.#timings));
    const beside = fireworksUsage(this.#head, this.#metrics);
    const said = this.#usage ?? timingsUsage(this.#timings, draft.note);
    draft.usage = readChatUsage(mergeUsage(beside, said), draft.note, this.#inputOnly) ?? sumOf(draft.parts);
    // A header that counts the prompt says nothing of the answer.
    if (said === null && draft.parts === null && !this.#inputOnly) draft.usageIsFinal = false;
    draft.reportedCostUsd = reportedCost(this.#usageText, draft.note);
    draft.serviceTier ??= nameOf(this.#usage?.service_tier);
    if (this.#refused && draft.stopReason?.normalized === 'stop') draft.stopReason.normalized = 'refusal';
  }

  /** Keeps and counts an event's text; the place where it was found last is tried first. */
  #text(raw: Buffer, draft: Draft): number {
    const chars = draft.addTextIn(raw, this.#textMarker);
    if (chars > 0) return chars;
    for (const name of TEXTS) {
      if (name === this.#textMarker) continue;
      const found = draft.addTextIn(raw, name);
      if (found === 0) continue;
      this.#textMarker = name;
      return found;
    }
    return 0;
  }

  #chunk(chunk: JsonMembers, draft: Draft): void {
    draft.error ??= readError(chunk);
    this.#identify(chunk, draft);
    this.#measures(chunk);
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
    draft.parts = breakdown(groq?.get('usage_breakdown') ?? chunk.get('usage_breakdown')) ?? draft.parts;
  }

  #measures(members: JsonMembers): void {
    this.#timings = members.get('timings') ?? this.#timings;
    this.#metrics = members.get('perf_metrics') ?? this.#metrics;
  }

  /** Returns true when the choice says usage, as Moonshot's do. */
  #choice(choice: JsonObject | null, draft: Draft): boolean {
    if (choice === null) return false;
    this.#stop(choice, draft);
    if (asObject(choice.error) !== null) draft.error ??= { type: null, code: null };
    const delta = asObject(choice.delta) ?? asObject(choice.message) ?? {};
    this.#calls.read(delta, choice.index, draft);
    if (Object.entries(delta).some(([name, value]) => name !== 'role' && !isNothing(value))) draft.started = true;
    return this.#usageOf(choice.usage, JSON.stringify(choice.usage), draft);
  }

  #message(choice: JsonObject | null, draft: Draft): void {
    if (choice === null) return;
    this.#stop(choice, draft);
    const message = asObject(choice.message);
    if (nameOf(choice.text) !== null || message !== null) draft.started = true;
    if (message !== null) this.#calls.read(message, choice.index, draft);
    // Together writes the text twice, in the manner of completions too.
    for (const text of message === null ? textsOf(choice.text) : messageTexts(message)) draft.addText(text);
    if (typeof message?.refusal === 'string' && message.refusal !== '') this.#refused = true;
    if (asObject(choice.error) !== null) draft.error ??= { type: null, code: null };
    this.#usageOf(choice.usage, JSON.stringify(choice.usage), draft);
  }

  /** Choices too large to parse end with their finish reason. */
  #largeChoices(body: JsonMembers, draft: Draft): void {
    const size = body.size('choices');
    if (size === 0) return;
    draft.addOutput(size);
    draft.text.isCut = true;
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
    if (this.#asksCloud && members.get('system_fingerprint') === 'fp_ollama') draft.isPaid = true;
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
function breakdown(said: unknown): UsagePart[] | null {
  const models = asList(asObject(said)?.models).map(asObject);
  const parts: UsagePart[] = [];
  for (const each of models) {
    const model = nameOf(each?.model);
    const usage = readChatUsage(asObject(each?.usage), () => {});
    if (model !== null && usage !== null) parts.push({ model, usage });
  }
  return parts.length > 0 ? parts : null;
}

function sumOf(parts: readonly UsagePart[] | null): Usage | null {
  if (parts === null) return null;
  const sum: Usage = {};
  for (const part of parts) addUsage(sum, part.usage);
  return sum;
}
