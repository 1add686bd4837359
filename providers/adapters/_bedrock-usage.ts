import { asList, asObject, checkUsage, count, type JsonObject, type Note, put, type Usage } from '../../src/adapter.ts';

/** Tokens as AWS tells them: what was read from or written to a cache stands beside the input. */
interface Told {
  input: number | undefined;
  output: number | undefined;
  read: number | undefined;
  written: number | undefined;
}

/**
 * Normalises `usage` of Converse, and of Amazon Nova's own bodies, which call the cache's
 * counters `...TokenCount`. Null when it holds no number.
 */
export function readConverseUsage(raw: JsonObject | null, note: Note): Usage | null {
  const split = splitOf(raw, note);
  const usage = inclusive({
    input: count(raw, 'inputTokens', note),
    output: count(raw, 'outputTokens', note),
    read: count(raw, 'cacheReadInputTokens', note) ?? count(raw, 'cacheReadInputTokenCount', note),
    written: count(raw, 'cacheWriteInputTokens', note) ?? count(raw, 'cacheWriteInputTokenCount', note) ?? split.total,
  });
  if (usage === null) return null;
  put(usage, 'cache_creation.5m.input_tokens', split['5m']);
  put(usage, 'cache_creation.1h.input_tokens', split['1h']);
  checkUsage(usage, note);
  const total = count(raw, 'totalTokens', note);
  const { input_tokens: input, output_tokens: output } = usage;
  if (total !== undefined && input !== undefined && output !== undefined && total !== input + output) {
    note('totalTokens is not input + cache + output');
  }
  return usage;
}

/** Cache writes by how long they are kept: `cacheDetails`, an entry for each time to live. */
function splitOf(raw: JsonObject | null, note: Note): { total?: number; '5m'?: number; '1h'?: number } {
  const split: { total?: number; '5m'?: number; '1h'?: number } = {};
  for (const each of asList(raw?.cacheDetails)) {
    const detail = asObject(each);
    const tokens = count(detail, 'inputTokens', note);
    if (tokens === undefined) continue;
    split.total = (split.total ?? 0) + tokens;
    const ttl = detail?.ttl;
    if (ttl === '5m' || ttl === '1h') split[ttl] = (split[ttl] ?? 0) + tokens;
    else note('cacheDetails has an unknown time to live');
  }
  return split;
}

/** Normalises `amazon-bedrock-invocationMetrics`, which Bedrock adds to the last chunk of a stream. */
export function readMetrics(raw: JsonObject | null, note: Note): Usage | null {
  return inclusive({
    input: count(raw, 'inputTokenCount', note),
    output: count(raw, 'outputTokenCount', note),
    read: count(raw, 'cacheReadInputTokenCount', note),
    written: count(raw, 'cacheWriteInputTokenCount', note),
  });
}

/** Normalises the headers in which Bedrock counts a JSON answer of InvokeModel. */
export function readCountHeaders(header: (name: string) => string | undefined): Usage | null {
  const counted = (what: string): number | undefined => {
    const text = header(`x-amzn-bedrock-${what}-token-count`);
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  return inclusive({
    input: counted('input'),
    output: counted('output'),
    read: counted('cache-read-input'),
    written: counted('cache-write-input'),
  });
}

/**
 * Fills what the vendor left out from Bedrock's own count of the same tokens; nothing is
 * added up. Input and cache go together: they were counted by one of the two.
 */
export function fillUsage(said: Usage | null, counted: Usage | null): Usage | null {
  if (said === null || counted === null) return said ?? counted;
  const { output_tokens: output, ...input } = counted;
  const filled: Usage = said.input_tokens === undefined ? { ...said, ...input } : { ...said };
  if (filled.output_tokens === undefined) put(filled, 'output_tokens', output);
  return filled;
}

function inclusive({ input, output, read, written }: Told): Usage | null {
  const usage: Usage = {};
  put(usage, 'input_tokens', input === undefined ? undefined : input + (read ?? 0) + (written ?? 0));
  put(usage, 'output_tokens', output);
  put(usage, 'cache_read.input_tokens', read);
  put(usage, 'cache_creation.input_tokens', written);
  return Object.keys(usage).length > 0 ? usage : null;
}
