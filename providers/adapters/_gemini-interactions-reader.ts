import {
  type AnswerReader,
  asList,
  asObject,
  count,
  type Draft,
  type JsonMembers,
  type JsonObject,
  membersOf,
  mergeUsage,
  type Note,
  nameOf,
  readError,
  type SseEvent,
  type StopKind,
  type Usage,
} from '../../src/adapter.ts';
import { isChargedByPrompt } from './_gemini-grounding.ts';
import { geminiTier, readGeminiUsage } from './_gemini-usage.ts';

const DONE = '[DONE]';
/** It goes on, or has not begun: its end comes by another request. */
const OPEN = new Set(['queued', 'in_progress']);

const STOPS: ReadonlyMap<string, StopKind> = new Map([
  ['completed', 'stop'],
  ['requires_action', 'tool_calls'],
  ['incomplete', 'length'],
  ['requires_continuation', 'length'],
  ['failed', 'error'],
  ['cancelled', 'error'],
]);

/** Calls of the client's tools, or of a server that the client named. */
const CALLS = new Set<unknown>(['function_call', 'mcp_server_tool_call']);
/** Where deltas carry text: words, thoughts and the arguments of calls. */
const TEXTS = ['text', 'arguments', 'partial_arguments'];

/**
 * Reads the Interactions API of Gemini: usage of the interaction, or of the event that
 * ends it; some events before that carry what was used so far.
 *
 * The numbers mean what those of generateContent mean under other names: thoughts stand
 * beside the output, tools beside the input, the cache inside it. Source: @google/genai 2.32.
 */
export class InteractionsReader implements AnswerReader {
  readonly members = ['usage', 'model', 'agent', 'id', 'status', 'service_tier', 'steps', 'outputs'];
  #usage: JsonObject | null = null;
  #tier: string | null = null;
  /** Ids of calls: a step and a delta of it may both have the name. */
  readonly #called = new Set<string>();

  event(event: SseEvent, draft: Draft): void {
    if (event.data === null || event.data.toString('latin1', 0, DONE.length) === DONE) return;
    const said = membersOf(event.data);
    draft.error ??= readError(said) ?? (event.name === 'error' ? { type: null, code: null } : null);
    const interaction = said.within('interaction');
    if (interaction !== null) this.#interaction(interaction, draft);
    // A change of status names the interaction and is none.
    this.#state(said, draft);
    const metadata = said.within('metadata');
    if (metadata !== null) this.#used(metadata, 'total_usage', draft);
    const delta = asObject(said.get('delta'));
    this.#content(delta, draft);
    for (const part of [asObject(said.get('step')), asObject(said.get('content')), delta]) this.#call(part, draft);
    draft.usageIsFinal = draft.ended;
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#interaction(body, draft);
    const steps = body.get('steps') ?? body.get('outputs');
    for (const step of asList(steps)) this.#step(asObject(step), draft);
    // Too large to be looked through: pictures.
    if (steps === undefined && body.size('steps') > 0) draft.started = true;
    draft.usageIsFinal = draft.ended;
  }

  finish(draft: Draft): void {
    const usage = readGeminiUsage(this.#usage && inGeminisWords(this.#usage), draft.note);
    if (usage !== null) putSearches(usage, this.#usage, draft.model, draft.note);
    draft.usage = usage;
    draft.serviceTier = geminiTier({ serviceTier: this.#tier }, undefined);
  }

  #interaction(interaction: JsonMembers, draft: Draft): void {
    draft.model = nameOf(interaction.get('model')) ?? nameOf(interaction.get('agent')) ?? draft.model;
    draft.responseId = nameOf(interaction.get('id')) ?? draft.responseId;
    this.#tier = nameOf(interaction.get('service_tier')) ?? this.#tier;
    this.#state(interaction, draft);
  }

  #state(members: JsonMembers, draft: Draft): void {
    this.#used(members, 'usage', draft);
    const raw = nameOf(members.get('status'));
    if (raw === null || OPEN.has(raw)) return;
    draft.stop({ raw, normalized: STOPS.get(raw) ?? null });
    draft.ended = true;
    if (raw === 'failed') draft.error ??= { type: null, code: null };
  }

  #used(members: JsonMembers, name: string, draft: Draft): void {
    const merged = mergeUsage(this.#usage, members.get(name));
    if (merged === this.#usage) return;
    this.#usage = merged;
    draft.keepRawUsage(members.text(name));
  }

  #step(step: JsonObject | null, draft: Draft): void {
    if (step === null || step.type === 'user_input') return;
    draft.started = true;
    this.#call(step, draft);
    this.#content(step, draft);
    if (asObject(step.arguments) !== null) draft.addText(JSON.stringify(step.arguments));
    for (const part of [...asList(step.content), ...asList(step.summary)]) this.#content(asObject(part), draft);
  }

  #call(part: JsonObject | null, draft: Draft): void {
    if (part === null || !CALLS.has(part.type)) return;
    const id = nameOf(part.id);
    if (id !== null && this.#called.has(id)) return;
    if (id !== null) this.#called.add(id);
    draft.called(part.name);
  }

  #content(part: JsonObject | null, draft: Draft): void {
    if (part === null) return;
    const inner = asObject(part.content);
    if (inner !== null) this.#content(inner, draft);
    for (const name of TEXTS) if (typeof part[name] === 'string') draft.addText(part[name]);
    if (typeof part.data === 'string') draft.started = true;
  }
}

function inGeminisWords(usage: JsonObject): JsonObject {
  return {
    promptTokenCount: usage.total_input_tokens,
    cachedContentTokenCount: usage.total_cached_tokens,
    toolUsePromptTokenCount: usage.total_tool_use_tokens,
    candidatesTokenCount: usage.total_output_tokens,
    thoughtsTokenCount: usage.total_thought_tokens,
    totalTokenCount: usage.total_tokens,
    promptTokensDetails: details(usage.input_tokens_by_modality),
    cacheTokensDetails: details(usage.cached_tokens_by_modality),
    toolUsePromptTokensDetails: details(usage.tool_use_tokens_by_modality),
    candidatesTokensDetails: details(usage.output_tokens_by_modality),
  };
}

function details(list: unknown): JsonObject[] {
  return asList(list).map((each) => {
    const { modality, tokens } = asObject(each) ?? {};
    return { modality: typeof modality === 'string' ? modality.toUpperCase() : null, tokenCount: tokens };
  });
}

function putSearches(usage: Usage, raw: JsonObject | null, model: string | null, note: Note): void {
  let searches = 0;
  for (const tool of asList(raw?.grounding_tool_count).map(asObject)) {
    const times = count(tool, 'count', note) ?? 0;
    if (tool?.type === 'google_search') searches += times;
    else if (times > 0) note(`grounding with ${nameOf(tool?.type) ?? 'a tool'} is charged, and not counted`);
  }
  if (searches > 0) usage['web_search.requests'] = isChargedByPrompt(model) ? 1 : searches;
}
