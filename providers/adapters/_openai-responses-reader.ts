import {
  type AnswerReader,
  asList,
  asObject,
  codeOf,
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
import { isCloudModel } from './_ollama-cloud.ts';
import { readResponsesUsage, reportedCost } from './_openai-usage.ts';

const TYPE = marker('type');
const DELTA = marker('delta');
const CALL = Buffer.from('_call"');
const CALL_ENDING = '_call';
const OPENING = new Set(['response.created', 'response.queued', 'response.in_progress']);
const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);
/** Kinds of items that leave the next step to the client. */
const CLIENT_CALLS = new Set([
  'function_call',
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
]);
/** A call of a server that the client named; OpenAI makes it, and goes on. */
const MCP_CALL = 'mcp_call';
/** Where a shell runs that is not the client's. */
const HOSTED = 'container_reference';

/** What a status means; `incomplete` has its reason instead. */
const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['completed', 'stop'],
  ['max_output_tokens', 'length'],
  ['max_messages', 'length'],
  ['content_filter', 'content_filter'],
  ['failed', 'error'],
  ['cancelled', 'error'],
]);

/**
 * Reads the Responses API: usage of the answer, or of the event that ends it.
 *
 * That event repeats the whole output in one line, so its members are found by a scan
 * and only the small ones are parsed. Hosted tools are charged per call and are not in
 * the usage: their items are counted once by id, wherever they appear. So are calls of the
 * client's tools: when an item is done, and not again when the whole output is told.
 */
export class ResponsesReader implements AnswerReader {
  readonly members = ['usage', 'model', 'id', 'status', 'service_tier', 'incomplete_details', 'output'];
  #usage: JsonObject | null = null;
  #usageText: string | undefined;
  #items = 0;
  #clientCall = false;
  readonly #searches = new Set<string>();
  readonly #fileSearches = new Set<string>();
  readonly #containers = new Set<string>();
  readonly #calls = new Set<string>();

  event(event: SseEvent, draft: Draft): void {
    const type = eventType(event);
    if (type.endsWith('.delta')) {
      // Audio deltas are base64, not text.
      if (!type.includes('audio.delta')) draft.addTextIn(event.raw, DELTA);
      draft.started = true;
    } else if (OPENING.has(type)) {
      const response = draft.model === null ? this.#members(event)?.within('response') : null;
      if (response) this.#identify(response, draft);
    } else if (type === 'response.output_item.done') {
      draft.started = true;
      if (!event.raw.includes(CALL)) return;
      const members = this.#members(event);
      this.#item(asObject(members?.get('item')), members?.get('output_index'), draft);
    } else if (TERMINAL.has(type)) {
      const response = this.#members(event)?.within('response');
      draft.ended = true;
      if (response) this.#response(response, draft);
    } else if (type === 'error' || type === '') this.#error(event, draft);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#response(body, draft);
    for (const item of asList(body.get('output'))) keepItem(asObject(item), draft);
    if (body.size('output') > 0 && body.get('output') === undefined) {
      draft.addOutput(body.size('output'));
      draft.note('the output is too large to count its tool calls');
    }
  }

  finish(draft: Draft): void {
    const usage = readResponsesUsage(this.#usage, draft.note);
    draft.usage = usage;
    draft.isPaid = isCloudModel(draft.model);
    draft.reportedCostUsd = reportedCost(this.#usageText, draft.note);
    if (this.#clientCall && draft.stopReason?.raw === 'completed') draft.stopReason.normalized = 'tool_calls';
    if (usage === null) return;
    if (this.#searches.size > 0) usage['web_search.requests'] = this.#searches.size;
    if (this.#fileSearches.size > 0) usage['file_search.requests'] = this.#fileSearches.size;
    if (this.#containers.size > 0) usage['code_execution.requests'] = this.#containers.size;
  }

  #members(event: SseEvent): JsonMembers | null {
    return event.data === null ? null : membersOf(event.data);
  }

  #response(response: JsonMembers, draft: Draft): void {
    this.#identify(response, draft);
    const merged = mergeUsage(this.#usage, response.get('usage'));
    if (merged !== this.#usage) {
      this.#usage = merged;
      this.#usageText = response.text('usage');
      draft.keepRawUsage(this.#usageText);
      draft.usageIsFinal = true;
    }
    draft.error ??= readError(response);
    this.#status(response, draft);
    asList(response.get('output')).forEach((item, at) => void this.#item(asObject(item), at, draft));
  }

  #status(response: JsonMembers, draft: Draft): void {
    const status = nameOf(response.get('status'));
    // An answer that is queued or in progress has not stopped: its end comes by another request.
    draft.isDeferred = status === 'queued' || status === 'in_progress';
    if (status === null || draft.isDeferred) return;
    const details = asObject(response.get('incomplete_details'));
    const raw = status === 'incomplete' ? (nameOf(details?.reason) ?? status) : status;
    draft.stop({ raw, normalized: STOPS.get(raw) ?? null });
    if (status === 'failed') draft.error ??= { type: null, code: null };
  }

  #identify(response: JsonMembers, draft: Draft): void {
    draft.model = nameOf(response.get('model')) ?? draft.model;
    draft.responseId = nameOf(response.get('id')) ?? draft.responseId;
    draft.serviceTier = nameOf(response.get('service_tier')) ?? draft.serviceTier;
  }

  #item(item: JsonObject | null, place: unknown, draft: Draft): void {
    if (item === null) return;
    this.#items++;
    const id = nameOf(item.id) ?? `item ${this.#items}`;
    const action = asObject(item.action);
    if (item.type === 'web_search_call' && (action === null || action.type === 'search')) this.#searches.add(id);
    else if (item.type === 'file_search_call') this.#fileSearches.add(id);
    else if (item.type === 'code_interpreter_call') this.#containers.add(nameOf(item.container_id) ?? id);
    else if (isClientCall(item)) {
      this.#clientCall = true;
      this.#called(item, place, draft);
    } else if (item.type === MCP_CALL) this.#called(item, place, draft);
  }

  /** Notes a call once, by its id or else by its place in the output. What has no name is called by its kind. */
  #called(item: JsonObject, place: unknown, draft: Draft): void {
    const key = nameOf(item.call_id) ?? nameOf(item.id) ?? `place ${place}`;
    if (this.#calls.has(key)) return;
    this.#calls.add(key);
    draft.called(item.name ?? String(item.type).slice(0, -CALL_ENDING.length));
  }

  /** `{type:"error",code,...}`, or the same nested under `error` in older captures. */
  #error(event: SseEvent, draft: Draft): void {
    const members = this.#members(event);
    if (members === null) return;
    const nested = readError(members);
    if (nested !== null) draft.error ??= nested;
    else if (members.get('type') === 'error') draft.error ??= { type: null, code: codeOf(members.get('code')) };
  }
}

/** The type of an event: its name, or the `type` of its data where a server sends no names; '' when neither is one. */
function eventType(event: SseEvent): string {
  if (event.data === null) return '-';
  const { name } = event;
  if (name !== null && isType(name)) return name;
  const at = valueAfter(event.data, TYPE);
  const end = at === -1 ? -1 : event.data.indexOf('"', at + 1);
  const first = end === -1 || end - at > 100 ? '' : event.data.toString('latin1', at + 1, end);
  if (isType(first)) return first;
  const type = nameOf(membersOf(event.data).get('type'));
  return type !== null && isType(type) ? type : '';
}

function isType(name: string): boolean {
  return name.startsWith('response.') || name === 'error';
}

function isClientCall({ type, environment }: JsonObject): boolean {
  return typeof type === 'string' && CLIENT_CALLS.has(type) && asObject(environment)?.type !== HOSTED;
}

function keepItem(item: JsonObject | null, draft: Draft): void {
  if (item === null) return;
  const texts = [...asList(item.content), ...asList(item.summary)].map(asObject);
  const inline = [item.arguments, item.input, item.code, ...texts.flatMap((part) => [part?.text, part?.refusal])];
  for (const text of inline) if (typeof text === 'string') draft.addText(text);
}
