import {
  type AnswerHead,
  type AnswerReader,
  asList,
  asObject,
  count,
  type Draft,
  type JsonMembers,
  nameOf,
  put,
  type StopKind,
  type Usage,
} from '../../src/adapter.ts';
import { isCloudModel } from './_ollama-cloud.ts';

const COUNTS = ['prompt_eval_count', 'eval_count'];
const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
]);
/** A model was loaded or put away, and nothing was asked of it. */
const IDLE = new Set(['load', 'unload']);

/**
 * Reads Ollama's own API: one object, or one a line, of which the one with `done` carries the counts.
 *
 * A count of zero is left out there, and old versions leave the prompt out when all of it was
 * cached, so a count that is absent is unknown. `remote_host` shows a model of Ollama's cloud,
 * which is charged, though this Ollama passed it on.
 */
export class OllamaReader implements AnswerReader {
  readonly members = ['model', 'remote_model', 'remote_host', ...COUNTS];
  /** Vectors come as one object, which may be large and passes by. */
  readonly lines: boolean;
  readonly #asksCloud: boolean;
  readonly #usage: Usage = {};
  #calls = false;

  constructor(head: AnswerHead) {
    this.lines = head.api !== 'ollama.embed';
    this.#asksCloud = isCloudModel(head.model);
  }

  /** Ollama has no events of its own; what else comes that way is not for this format to read. */
  event(): void {}

  object(object: JsonMembers, draft: Draft): void {
    this.#identify(object, draft);
    const message = asObject(object.get('message'));
    for (const text of [message?.thinking, message?.content, object.get('thinking'), object.get('response')])
      if (typeof text === 'string') draft.addText(text);
    for (const call of asList(message?.tool_calls)) {
      this.#calls = true;
      draft.started = true;
      const called = asObject(asObject(call)?.function);
      draft.called(called?.name);
      draft.addText(JSON.stringify(called?.arguments ?? {}));
    }
    // Of the models that paint.
    if (object.get('image') !== undefined) draft.started = true;
    if (object.get('done') === true) this.#last(object, draft);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#identify(body, draft);
    draft.started = true;
    draft.usageIsFinal = true;
    if (this.#count(body, draft)) put(this.#usage, 'output_tokens', 0);
  }

  finish(draft: Draft): void {
    draft.usage = Object.keys(this.#usage).length > 0 ? this.#usage : null;
    draft.isPaid ||= this.#asksCloud;
  }

  #identify(members: JsonMembers, draft: Draft): void {
    draft.model = nameOf(members.get('model')) ?? draft.model;
    if (nameOf(members.get('remote_model')) !== null || nameOf(members.get('remote_host')) !== null)
      draft.isPaid = true;
  }

  #last(object: JsonMembers, draft: Draft): void {
    const raw = nameOf(object.get('done_reason'));
    const counted = this.#count(object, draft);
    draft.isUnbilled = raw !== null && IDLE.has(raw) && !counted;
    const normalized = raw === null ? null : (STOPS.get(raw) ?? null);
    if (raw !== null) draft.stop({ raw, normalized: normalized === 'stop' && this.#calls ? 'tool_calls' : normalized });
    draft.finishing = true;
    draft.ended = true;
    draft.usageIsFinal = true;
  }

  /** Returns true when a count was said. */
  #count(members: JsonMembers, draft: Draft): boolean {
    const said = COUNTS.map((name) => [name, members.get(name)] as const).filter(([, value]) => value !== undefined);
    if (said.length === 0) return false;
    const counts = Object.fromEntries(said);
    draft.keepRawUsage(JSON.stringify(counts));
    put(this.#usage, 'input_tokens', count(counts, 'prompt_eval_count', draft.note));
    put(this.#usage, 'output_tokens', count(counts, 'eval_count', draft.note));
    return true;
  }
}
