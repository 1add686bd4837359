import {
  type AnswerReader,
  asList,
  asObject,
  type Draft,
  type EventFrame,
  type JsonMembers,
  type JsonObject,
  membersOf,
  mergeUsage,
  nameOf,
  type SseEvent,
} from '../../src/adapter.ts';
import { frameError } from './_bedrock-error.ts';
import { bedrockModel } from './_bedrock-model.ts';
import { bedrockStop } from './_bedrock-stop.ts';
import { readConverseUsage } from './_bedrock-usage.ts';

/** What JSON answers and the metadata of streams have in common. */
const TOLD = ['usage', 'serviceTier', 'performanceConfig', 'trace'];
/** Events that tell something, most frequent first. */
const EVENTS = ['contentBlockDelta', 'contentBlockStart', 'messageStop', 'metadata'];

/**
 * Reads Converse: one JSON object, or a stream of messages whose last, `metadata`, has the usage.
 *
 * An answer does not name its model, unless a prompt router chose it: that is the id in the path.
 */
export class ConverseReader implements AnswerReader {
  readonly members = [...TOLD, 'output', 'stopReason'];
  readonly #asked: string | null;
  #usage: JsonObject | null = null;

  constructor(asked: string | null) {
    this.#asked = asked;
  }

  /** Amazon Nova's own streams, by InvokeModel: the same events, each in a member of its name. */
  event(event: SseEvent, draft: Draft): void {
    if (event.data === null) return;
    const members = membersOf(event.data);
    for (const name of EVENTS) {
      const inner = members.within(name);
      if (inner !== null) this.#event(name, inner, draft);
    }
  }

  frame(frame: EventFrame, draft: Draft): void {
    draft.error ??= frameError(frame);
    if (frame.kind === 'event' && EVENTS.includes(frame.name)) {
      this.#event(frame.name, membersOf(frame.payload), draft);
    }
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#stop(body, draft);
    this.#told(body, draft);
    const output = body.get('output');
    const content = asList(asObject(asObject(output)?.message)?.content);
    for (const block of content) addBlock(asObject(block), draft);
    if (output === undefined) draft.addOutput(body.size('output'));
  }

  finish(draft: Draft): void {
    draft.usage = readConverseUsage(this.#usage, draft.note);
    draft.model ??= bedrockModel(this.#asked);
  }

  #event(name: string, members: JsonMembers, draft: Draft): void {
    if (name === 'contentBlockDelta') addDelta(asObject(members.get('delta')), draft);
    else if (name === 'messageStop') this.#stop(members, draft);
    else if (name === 'metadata') {
      draft.ended = true;
      this.#told(members, draft);
    } else addStart(asObject(members.get('start')), draft);
  }

  #stop(members: JsonMembers, draft: Draft): void {
    const raw = nameOf(members.get('stopReason'));
    if (raw !== null) draft.stop(bedrockStop(raw));
  }

  #told(members: JsonMembers, draft: Draft): void {
    const merged = mergeUsage(this.#usage, members.get('usage'));
    if (merged !== this.#usage) {
      this.#usage = merged;
      draft.keepRawUsage(members.text('usage'));
      draft.usageIsFinal = true;
    }
    draft.serviceTier = nameOf(asObject(members.get('serviceTier'))?.type) ?? draft.serviceTier;
    draft.speed = nameOf(asObject(members.get('performanceConfig'))?.latency) ?? draft.speed;
    const router = asObject(asObject(members.get('trace'))?.promptRouter);
    draft.model = bedrockModel(nameOf(router?.invokedModelId)) ?? draft.model;
  }
}

function addStart(start: JsonObject | null, draft: Draft): void {
  if (start === null) return;
  draft.started = true;
  addCall(asObject(start.toolUse), draft);
}

/** Tools with a type run at the provider. */
function addCall(call: JsonObject | null, draft: Draft): void {
  if (call !== null && call.type !== 'server_tool_use') draft.called(call.name);
}

function addDelta(delta: JsonObject | null, draft: Draft): void {
  if (delta === null) return;
  const text = delta.text ?? asObject(delta.toolUse)?.input ?? asObject(delta.reasoningContent)?.text;
  if (typeof text === 'string') draft.addText(text);
  else draft.started = true;
}

/** One block of a whole message. */
function addBlock(block: JsonObject | null, draft: Draft): void {
  if (block === null) return;
  draft.started = true;
  const call = asObject(block.toolUse);
  addCall(call, draft);
  const reasoning = asObject(asObject(block.reasoningContent)?.reasoningText)?.text;
  const text = block.text ?? reasoning ?? (call && JSON.stringify(call.input ?? {}));
  if (typeof text === 'string') draft.addText(text);
}
