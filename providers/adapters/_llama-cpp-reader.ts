import {
  type AnswerReader,
  addUsage,
  asObject,
  count,
  type Draft,
  type JsonMembers,
  marker,
  membersOf,
  nameOf,
  put,
  readError,
  type SseEvent,
  type StopKind,
  type Usage,
  valueAfter,
} from '../../src/adapter.ts';

const CONTENT = marker('content');
const STOP = marker('stop');
const ERROR = marker('error');
const LETTER_T = 116;
/** Builds of old name the event of an error as a field of its own. */
const ERROR_FIELD = Buffer.from('error:');

/** `stop_type`, and the flags that older builds have instead. */
const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['eos', 'stop'],
  ['word', 'stop'],
  ['limit', 'length'],
  ['stopped_eos', 'stop'],
  ['stopped_word', 'stop'],
  ['stopped_limit', 'length'],
]);
const FLAGS = ['stopped_eos', 'stopped_word', 'stopped_limit'];

/**
 * Reads llama.cpp's own completions: the counts stand in the answer, or in the event with `stop`.
 *
 * `tokens_evaluated` is the whole prompt, whatever its name says; what of it was cached is told
 * by the timings. Several prompts have several completions side by side, which add up.
 */
export class LlamaCppReader implements AnswerReader {
  readonly members = [
    'model',
    'index',
    'content',
    'tokens_evaluated',
    'tokens_predicted',
    'timings',
    'stop_type',
    ...FLAGS,
  ];
  /** By the index of the completion. */
  readonly #usages = new Map<number, Usage>();
  /** The last piece of a stream, which counts as far as it came. */
  #last: Buffer | null = null;

  event(event: SseEvent, draft: Draft): void {
    const { raw, data } = event;
    if (data === null) {
      if (raw.subarray(0, ERROR_FIELD.length).equals(ERROR_FIELD))
        draft.error ??= readError(membersOf(raw.subarray(ERROR_FIELD.length))) ?? { type: null, code: null };
      return;
    }
    const chars = draft.addTextIn(raw, CONTENT);
    this.#last = data;
    if (hasStopped(raw)) this.#whole(membersOf(data), draft);
    else if (chars === 0 && valueAfter(raw, ERROR) !== -1) draft.error ??= readError(membersOf(data));
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#text(body, draft);
    this.#whole(body, draft);
  }

  object(object: JsonMembers, draft: Draft): void {
    this.body(object, draft);
  }

  finish(draft: Draft): void {
    if (!draft.usageIsFinal && this.#last !== null) this.#count(membersOf(this.#last), draft);
    if (this.#usages.size === 0) return;
    draft.usage = {};
    for (const usage of this.#usages.values()) addUsage(draft.usage, usage);
  }

  #text(members: JsonMembers, draft: Draft): void {
    const content = members.get('content');
    if (typeof content === 'string') draft.addText(content);
    draft.started = true;
  }

  #whole(members: JsonMembers, draft: Draft): void {
    draft.model = nameOf(members.get('model')) ?? draft.model;
    const raw = nameOf(members.get('stop_type')) ?? FLAGS.find((flag) => members.get(flag) === true);
    if (raw !== undefined) draft.stop({ raw, normalized: STOPS.get(raw) ?? null });
    this.#count(members, draft);
    draft.ended = true;
    draft.usageIsFinal = true;
  }

  #count(members: JsonMembers, draft: Draft): void {
    const evaluated = members.get('tokens_evaluated');
    const predicted = members.get('tokens_predicted');
    if (evaluated === undefined && predicted === undefined) return;
    const timings = asObject(members.get('timings'));
    const usage: Usage = {};
    put(usage, 'input_tokens', count({ tokens_evaluated: evaluated }, 'tokens_evaluated', draft.note));
    put(usage, 'output_tokens', count({ tokens_predicted: predicted }, 'tokens_predicted', draft.note));
    put(usage, 'cache_read.input_tokens', count(timings, 'cache_n', draft.note));
    const index = members.get('index');
    if (Object.keys(usage).length > 0) this.#usages.set(typeof index === 'number' ? index : 0, usage);
    draft.keepRawUsage(
      JSON.stringify({ tokens_evaluated: evaluated, tokens_predicted: predicted, timings: timings ?? undefined }),
    );
  }
}

/** True where a `stop` is true; the settings have a list of that name. */
function hasStopped(raw: Buffer): boolean {
  for (let at = valueAfter(raw, STOP); at !== -1; at = valueAfter(raw, STOP, at)) if (raw[at] === LETTER_T) return true;
  return false;
}
