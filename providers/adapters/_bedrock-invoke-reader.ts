import {
  type AnswerHead,
  type AnswerReader,
  asList,
  asObject,
  type Draft,
  type EventFrame,
  type JsonMembers,
  marker,
  membersOf,
  nameOf,
  SseEvent,
  type Usage,
  valueAfter,
} from '../../src/adapter.ts';
import { AnthropicReader } from './_anthropic-reader.ts';
import { ConverseReader } from './_bedrock-converse-reader.ts';
import { frameError } from './_bedrock-error.ts';
import { bedrockModel } from './_bedrock-model.ts';
import { PlainReader } from './_bedrock-plain-reader.ts';
import { bedrockStop } from './_bedrock-stop.ts';
import { fillUsage, readCountHeaders, readMetrics } from './_bedrock-usage.ts';
import { ChatReader } from './_openai-chat-reader.ts';

const QUOTE = 34;
const BYTES = marker('bytes');
const METRICS = 'amazon-bedrock-invocationMetrics';
const METRICS_MARKER = marker(METRICS);
/** Members by which the protocol of Converse is known, as Nova's own bodies have it too. */
const CONVERSE = ['output', 'messageStart', 'contentBlockStart', 'contentBlockDelta', 'messageStop', 'metadata'];

/** Every reader's members: which of them it will be shows only when they are here. */
const MEMBERS = [
  ...new Set(
    [new AnthropicReader(), new ChatReader(false), new ConverseReader(null), new PlainReader()].flatMap(
      ({ members }) => members,
    ),
  ),
];

/**
 * Reads InvokeModel, whose bodies are the vendor's own; in a stream each chunk wraps one of
 * its events in base64.
 *
 * The vendor is known by the shape of its answer: an application profile or an imported
 * model does not show it in its id. Bedrock counts the same tokens once more, in headers
 * of a JSON answer and in the last chunk of a stream: that fills what the vendor leaves out.
 */
export class InvokeReader implements AnswerReader {
  readonly members = MEMBERS;
  readonly #head: AnswerHead;
  #inner: AnswerReader | null = null;
  #counted: Usage | null = null;
  #countedText: string | undefined;
  /** All that is to be counted was. */
  #isWhole = false;

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  /** Bedrock has no event streams in text; what stands in its place may. */
  event(event: SseEvent, draft: Draft): void {
    if (event.data !== null) this.#event(event.data, draft);
  }

  frame(frame: EventFrame, draft: Draft): void {
    draft.error ??= frameError(frame);
    const data = frame.kind === 'event' ? unwrap(frame.payload) : null;
    if (data !== null) this.#event(data, draft);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#inner = readerOf(body);
    this.#inner?.body(body, draft);
    this.#stop(body, draft);
    this.#isWhole = true;
  }

  finish(draft: Draft): void {
    const { header, model } = this.#head;
    // Prices are those of the id that was asked for: the vendor's own name tells no region.
    draft.model = bedrockModel(model) ?? draft.model;
    this.#inner?.finish(draft);
    if (draft.usage === null) draft.keepRawUsage(this.#countedText);
    draft.usage = fillUsage(draft.usage, this.#counted ?? readCountHeaders(header));
    if (this.#isWhole) draft.usageIsFinal = true;
    draft.serviceTier = nameOf(header('x-amzn-bedrock-service-tier')) ?? draft.serviceTier;
    draft.speed = nameOf(header('x-amzn-bedrock-performanceconfig-latency')) ?? draft.speed;
    // That a refusal is free is said for Anthropic's own API, not for Bedrock.
    draft.isUnbilled = false;
  }

  #event(data: Buffer, draft: Draft): void {
    const last = valueAfter(data, METRICS_MARKER) !== -1;
    const members = last || this.#inner === null || this.#inner instanceof ChatReader ? membersOf(data) : null;
    if (members !== null) this.#inner ??= readerOf(members);
    this.#inner?.event(SseEvent.of(data), draft);
    if (members === null) return;
    this.#stop(members, draft);
    const metrics = asObject(members.get(METRICS));
    if (metrics === null) return;
    this.#counted = readMetrics(metrics, draft.note);
    this.#countedText = members.text(METRICS);
    draft.ended = true;
    this.#isWhole = true;
  }

  /** Mistral and DeepSeek answer in the shape of a chat, and call its end by another name. */
  #stop(members: JsonMembers, draft: Draft): void {
    if (draft.stopReason !== null || !(this.#inner instanceof ChatReader)) return;
    const raw = nameOf(asObject(asList(members.get('choices'))[0])?.stop_reason);
    if (raw !== null) draft.stop(bedrockStop(raw));
  }
}

/** The reader of a vendor, by the shape of an answer or of the first event that shows it. */
function readerOf(members: JsonMembers): AnswerReader | null {
  const has = (name: string): boolean => members.size(name) > 0;
  if (/^(message|content_block|ping|error)/.test(nameOf(members.get('type')) ?? '')) return new AnthropicReader();
  if (has('choices')) return new ChatReader(false);
  if (CONVERSE.some(has)) return new ConverseReader(null);
  const plain = new PlainReader();
  return plain.members.some(has) ? plain : null;
}

/** The vendor's event in a chunk; null when it holds none. */
function unwrap(payload: Buffer): Buffer | null {
  const at = valueAfter(payload, BYTES);
  const end = payload[at] === QUOTE ? payload.indexOf(QUOTE, at + 1) : -1;
  return end === -1 ? null : Buffer.from(payload.toString('latin1', at + 1, end), 'base64');
}
