import {
  type AnswerReader,
  asList,
  asObject,
  count,
  type Draft,
  type JsonMembers,
  membersOf,
  nameOf,
  put,
  type SseEvent,
  type Usage,
} from '../../src/adapter.ts';
import { bedrockStop } from './_bedrock-stop.ts';

/** Where the text stands: in a member of its own, or in each entry of a list. */
const TEXTS = ['generation', 'outputText', 'text', 'completion'];
const LISTS = ['results', 'outputs', 'generations'];
const STOPS = ['stop_reason', 'completionReason', 'finish_reason'];
const INPUT = ['prompt_token_count', 'inputTextTokenCount'];
const OUTPUT = ['generation_token_count', 'totalOutputTextTokenCount'];
const VECTORS = ['embedding', 'embeddings', 'embeddingsByType'];

/**
 * Reads the bodies of vendors that have no protocol of events: Llama, Titan, Cohere, and
 * Mistral's and Claude's text completions. A chunk of a stream looks like a whole answer;
 * counters grow from chunk to chunk, and the last one counts.
 */
export class PlainReader implements AnswerReader {
  readonly members = [...TEXTS, ...LISTS, ...STOPS, ...INPUT, ...OUTPUT, ...VECTORS, 'meta', 'tool_calls'];
  readonly #usage: Usage = {};

  event(event: SseEvent, draft: Draft): void {
    if (event.data !== null) this.#read(membersOf(event.data), draft);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#read(body, draft);
    // A vector is input only.
    if (VECTORS.some((name) => body.size(name) > 0)) this.#usage.output_tokens ??= 0;
  }

  finish(draft: Draft): void {
    draft.usage = Object.keys(this.#usage).length > 0 ? this.#usage : null;
  }

  #read(members: JsonMembers, draft: Draft): void {
    const entries = LISTS.flatMap((name) => asList(members.get(name))).map(asObject);
    for (const name of TEXTS) {
      for (const text of [members.get(name), ...entries.map((entry) => entry?.[name])]) {
        if (typeof text === 'string') draft.addText(text);
      }
    }
    // Cohere's, each whole.
    for (const call of asList(members.get('tool_calls'))) draft.called(asObject(call)?.name);
    const reasons = STOPS.flatMap((name) => [members.get(name), entries[0]?.[name]]).map(nameOf);
    const stop = reasons.find((reason) => reason !== null);
    if (stop) draft.stop(bedrockStop(stop));
    this.#count(members, draft);
    for (const entry of entries) {
      const tokens = count(entry, 'tokenCount', draft.note);
      if (tokens !== undefined) this.#usage.output_tokens = (this.#usage.output_tokens ?? 0) + tokens;
    }
  }

  #count(members: JsonMembers, draft: Draft): void {
    const { note } = draft;
    const billed = asObject(asObject(members.get('meta'))?.billed_units);
    const told = (names: readonly string[]): number | undefined =>
      names.map((name) => count({ [name]: members.get(name) }, name, note)).find((tokens) => tokens !== undefined);
    put(this.#usage, 'input_tokens', told(INPUT) ?? count(billed, 'input_tokens', note));
    put(this.#usage, 'output_tokens', told(OUTPUT) ?? count(billed, 'output_tokens', note));
  }
}
