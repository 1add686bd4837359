import {
  type AnswerReader,
  asList,
  asObject,
  type Draft,
  type JsonMembers,
  type JsonObject,
  marker,
  membersOf,
  mergeUsage,
  nameOf,
  readError,
  type SseEvent,
  type StopKind,
  valueAfter,
} from '../../src/adapter.ts';
import { readAnthropicUsage } from './_anthropic-usage.ts';
import { isCloudModel } from './_ollama-cloud.ts';

const TYPE = marker('type');
/** Where deltas carry text, most frequent first. */
const TEXTS = ['text', 'partial_json', 'thinking'].map(marker);
const TYPES = new Set([
  'message_start',
  'message_delta',
  'message_stop',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'ping',
  'error',
]);

/** Blocks that call a tool of the client's, or of a server that the client named. The provider's own are `server_tool_use`. */
const CALLS = new Set<unknown>(['tool_use', 'mcp_tool_use']);
/** Blocks that begin without content: their deltas bring it. */
const EMPTY_STARTS = new Set(['text', 'thinking', 'fallback']);

const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['compaction', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'refusal'],
]);

/**
 * Reads the Messages API: usage is a state that message_start opens and message_delta replaces, field by field.
 *
 * What message_delta says last is right even where it is less than before: compatible
 * vendors put the whole prompt into message_start and the true split into message_delta.
 */
export class AnthropicReader implements AnswerReader {
  readonly members = ['usage', 'model', 'id', 'stop_reason', 'content'];
  #usage: JsonObject | null = null;
  /** The model that took over, as a fallback block names it. */
  #servedBy: string | null = null;

  event(event: SseEvent, draft: Draft): void {
    if (event.data === null) return;
    const type = eventType(event, event.data);
    if (type === 'content_block_delta') keepDelta(event.data, draft);
    else if (type === 'message_stop') {
      draft.ended = true;
      draft.usageIsFinal = this.#usage !== null;
    } else if (type === 'message_start') {
      const message = membersOf(event.data).within('message');
      if (message !== null) this.#message(message, draft);
    } else if (type === 'message_delta') this.#delta(membersOf(event.data), draft);
    else if (type === 'content_block_start') {
      const block = asObject(membersOf(event.data).get('content_block'));
      this.#block(block, draft);
      if (typeof block?.type === 'string' && !EMPTY_STARTS.has(block.type)) draft.started = true;
    } else if (type === 'error') draft.error ??= readError(membersOf(event.data)) ?? { type: null, code: null };
    else if (type === '') draft.error ??= readError(membersOf(event.data));
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#message(body, draft);
    draft.usageIsFinal = true;
    const content = body.get('content');
    for (const each of asList(content)) {
      const block = asObject(each);
      this.#block(block, draft);
      if (block?.type !== 'fallback') draft.started = true;
      draft.addText(textOf(block));
    }
    if (content === undefined) draft.addOutput(body.size('content'));
  }

  finish(draft: Draft): void {
    const model = this.#servedBy ?? draft.model;
    const { usage, parts, servedBy } = readAnthropicUsage(this.#usage, model, draft.note);
    draft.usage = usage;
    draft.parts = parts;
    draft.model = servedBy ?? model;
    draft.isPaid = isCloudModel(draft.model);
    draft.serviceTier = nameOf(this.#usage?.service_tier);
    draft.speed = nameOf(this.#usage?.speed);
    draft.geo = nameOf(this.#usage?.inference_geo);
    // A refusal before the first word is counted and not charged.
    draft.isUnbilled = draft.stopReason?.normalized === 'refusal' && !draft.started;
  }

  #message(message: JsonMembers, draft: Draft): void {
    draft.model = nameOf(message.get('model')) ?? draft.model;
    draft.responseId = nameOf(message.get('id')) ?? draft.responseId;
    this.#state(message, draft);
    this.#stop(message.get('stop_reason'), draft);
  }

  #delta(delta: JsonMembers, draft: Draft): void {
    this.#stop(asObject(delta.get('delta'))?.stop_reason, draft);
    if (this.#state(delta, draft) && draft.finishing) draft.usageIsFinal = true;
  }

  /** Returns true when usage was said. */
  #state(members: JsonMembers, draft: Draft): boolean {
    const merged = mergeUsage(this.#usage, members.get('usage'));
    if (merged === this.#usage) return false;
    this.#usage = merged;
    draft.keepRawUsage(members.text('usage'));
    return true;
  }

  #stop(reason: unknown, draft: Draft): void {
    const raw = nameOf(reason);
    if (raw !== null) draft.stop({ raw, normalized: STOPS.get(raw) ?? null });
  }

  #block(block: JsonObject | null, draft: Draft): void {
    if (block === null) return;
    if (block.type === 'fallback') this.#servedBy = nameOf(asObject(block.to)?.model) ?? this.#servedBy;
    else if (CALLS.has(block.type)) draft.called(block.name);
  }
}

/** The event's name, or the `type` of its data where a vendor sends no names; '' when neither is known. */
function eventType(event: SseEvent, data: Buffer): string {
  const { name } = event;
  if (name !== null && TYPES.has(name)) return name;
  const at = valueAfter(data, TYPE);
  const end = at === -1 ? -1 : data.indexOf('"', at + 1);
  const first = end === -1 || end - at > 100 ? '' : data.toString('latin1', at + 1, end);
  if (TYPES.has(first)) return first;
  const type = nameOf(membersOf(data).get('type'));
  return type !== null && TYPES.has(type) ? type : '';
}

function keepDelta(data: Buffer, draft: Draft): void {
  for (const name of TEXTS) if (draft.addTextIn(data, name) > 0) return;
}

function textOf(block: JsonObject | null): string {
  if (block === null) return '';
  const text = [block.text, block.thinking].find((value) => typeof value === 'string');
  if (typeof text === 'string') return text;
  return block.type === 'tool_use' ? JSON.stringify(block.input ?? {}) : '';
}
