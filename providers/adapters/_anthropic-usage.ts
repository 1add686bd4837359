import {
  addUsage,
  asList,
  asObject,
  checkUsage,
  count,
  type JsonObject,
  type Note,
  nameOf,
  put,
  type Usage,
  type UsagePart,
} from '../../src/adapter.ts';

/** What an Anthropic usage object comes to. */
export interface AnthropicBill {
  usage: Usage | null;
  parts: UsagePart[] | null;
  /** The model to price at, where another than the one asked for served the answer. */
  servedBy: string | null;
}

/**
 * Normalises a merged usage object of the Messages API.
 *
 * The top level leaves out compaction and advisor iterations, so with several iterations
 * their sum is what is billed, and each becomes a part: prices depend on the size of
 * each prompt. With a fallback the top level already is the answer that was served.
 *
 * @param model the model that answered, for iterations that do not name their own
 */
export function readAnthropicUsage(raw: JsonObject | null, model: string | null, note: Note): AnthropicBill {
  const top = raw && tokens(raw, note);
  if (raw === null || top === null) return { usage: null, parts: null, servedBy: null };
  const iterations = asList(raw.iterations)
    .map(asObject)
    .filter((each) => each !== null);
  const fallback = iterations.findLast((each) => each.type === 'fallback_message');
  const servedBy = nameOf(fallback?.model);
  const main = servedBy ?? model ?? 'unknown';
  const sampled = fallback === undefined ? iterations.filter((each) => !isBeside(each)) : [];
  const parts = sampled.length > 1 ? partsOf(sampled, main, note) : [{ model: main, usage: top }];
  if (sampled.length > 1) checkSampled(top, parts, note);
  parts.push(...partsOf(iterations.filter(isBeside), main, note));
  const usage = parts.length > 1 ? sumOf(parts) : { ...top };
  putTools(usage, asObject(raw.server_tool_use), note);
  checkUsage(usage, note);
  return { usage, parts: parts.length > 1 ? parts : null, servedBy };
}

/** Iterations that the top level does not include. */
function isBeside(iteration: JsonObject): boolean {
  return iteration.type === 'compaction' || iteration.type === 'advisor_message';
}

function partsOf(iterations: readonly JsonObject[], main: string, note: Note): UsagePart[] {
  const parts: UsagePart[] = [];
  for (const each of iterations) {
    const usage = tokens(each, note);
    if (usage !== null) parts.push({ model: nameOf(each.model) ?? main, usage });
  }
  return parts;
}

/** Tokens of one usage object or iteration, inclusive; null when it holds no number. */
function tokens(raw: JsonObject, note: Note): Usage | null {
  const uncached = count(raw, 'input_tokens', note);
  const read = count(raw, 'cache_read_input_tokens', note);
  const split = asObject(raw.cache_creation);
  let hour = count(split, 'ephemeral_1h_input_tokens', note);
  let minutes = count(split, 'ephemeral_5m_input_tokens', note);
  const written = count(raw, 'cache_creation_input_tokens', note) ?? sum(minutes, hour);
  const unsplit = split === null ? 0 : (written ?? 0) - (minutes ?? 0) - (hour ?? 0);
  // The split of message_start is not repeated; writes of later turns are for five minutes.
  if (unsplit > 0) minutes = (minutes ?? 0) + unsplit;
  if (unsplit < 0) {
    note('cache_creation is less than its split');
    minutes = undefined;
    hour = undefined;
  }
  const usage: Usage = {};
  put(usage, 'input_tokens', uncached === undefined ? undefined : uncached + (read ?? 0) + (written ?? 0));
  put(usage, 'output_tokens', count(raw, 'output_tokens', note));
  put(usage, 'cache_read.input_tokens', read);
  put(usage, 'cache_creation.input_tokens', written);
  put(usage, 'cache_creation.5m.input_tokens', minutes);
  put(usage, 'cache_creation.1h.input_tokens', hour);
  put(usage, 'reasoning.output_tokens', count(asObject(raw.output_tokens_details), 'thinking_tokens', note));
  return Object.keys(usage).length > 0 ? usage : null;
}

function putTools(usage: Usage, tools: JsonObject | null, note: Note): void {
  put(usage, 'web_search.requests', count(tools, 'web_search_requests', note));
  put(usage, 'web_fetch.requests', count(tools, 'web_fetch_requests', note));
  put(usage, 'code_execution.requests', count(tools, 'code_execution_requests', note));
}

/** The top level is the sum of the sampling iterations; when it is not, the iterations are billed and it is said. */
function checkSampled(top: Usage, parts: readonly UsagePart[], note: Note): void {
  const sum = sumOf(parts);
  if (sum.input_tokens !== top.input_tokens) note('iterations do not add up to input_tokens');
  if (sum.output_tokens !== top.output_tokens) note('iterations do not add up to output_tokens');
}

function sumOf(parts: readonly UsagePart[]): Usage {
  const total: Usage = {};
  for (const part of parts) addUsage(total, part.usage);
  return total;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}
