import {
  add,
  asObject,
  checkUsage,
  count,
  formatDecimal,
  type JsonObject,
  membersOf,
  mergeUsage,
  type Note,
  parseDecimal,
  put,
  shift,
  type Usage,
} from '../../src/adapter.ts';

/** Numbers as a vendor wrote them, before they are reconciled with its total. */
interface Counted {
  input: number | undefined;
  output: number | undefined;
  total: number | undefined;
  cached: number | undefined;
  written: number | undefined;
  reasoning: number | undefined;
}

/** Names of the details, the one that wins last: Mistral has two, transcriptions and images have their own. */
const INPUT_DETAILS = ['input_token_details', 'input_tokens_details', 'prompt_token_details', 'prompt_tokens_details'];
const OUTPUT_DETAILS = ['output_tokens_details', 'completion_tokens_details'];

/**
 * Normalises `usage` of Chat Completions, Completions, Embeddings, audio and images, with
 * the habits of compatible servers. Null when it holds no number.
 *
 * @param inputOnly the endpoint has no output: embeddings
 */
export function readChatUsage(raw: JsonObject | null, note: Note, inputOnly = false): Usage | null {
  if (raw === null) return null;
  const inputs = detailsOf(raw, INPUT_DETAILS);
  const outputs = detailsOf(raw, OUTPUT_DETAILS);
  const counted: Counted = {
    input: count(raw, 'prompt_tokens', note) ?? count(raw, 'input_tokens', note) ?? hitsAndMisses(raw, note),
    output: count(raw, 'completion_tokens', note) ?? count(raw, 'output_tokens', note),
    total: count(raw, 'total_tokens', note),
    cached: cachedTokens(raw, inputs, note),
    written: count(inputs, 'cache_write_tokens', note) ?? count(raw, 'cache_creation_input_tokens', note),
    reasoning: count(outputs, 'reasoning_tokens', note) ?? count(raw, 'reasoning_tokens', note),
  };
  const heard = secondsOf(raw, note);
  const beside = heard === undefined ? undefined : takeAudio(counted);
  if (inputOnly) {
    counted.input ??= counted.total;
    counted.output ??= 0;
  } else reconcileChat(counted, note);
  const usage = usageOf(counted);
  put(usage, 'audio.input_tokens', beside);
  put(usage, 'audio.seconds', heard);
  putModalities(usage, inputs, outputs, note);
  return finished(usage, note);
}

function detailsOf(raw: JsonObject, names: readonly string[]): JsonObject | null {
  return names.reduce<JsonObject | null>((merged, name) => mergeUsage(merged, raw[name]), null);
}

/** DeepSeek's two halves of a prompt, for servers that repeat only those. */
function hitsAndMisses(raw: JsonObject, note: Note): number | undefined {
  const missed = count(raw, 'prompt_cache_miss_tokens', note);
  return missed === undefined ? undefined : missed + (count(raw, 'prompt_cache_hit_tokens', note) ?? 0);
}

/** Seconds that were listened to: of a transcription billed by time, or of audio in a prompt of Mistral's, where 0 is none. */
function secondsOf(raw: JsonObject, note: Note): number | undefined {
  const seconds = raw.seconds ?? raw.prompt_audio_seconds ?? undefined;
  if (seconds === undefined || seconds === 0) return undefined;
  if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0) return seconds;
  note('the seconds of audio are no number');
  return undefined;
}

/** Mistral's total has the tokens of the audio, and its prompt has not: they are taken into the prompt. */
function takeAudio(counted: Counted): number | undefined {
  const { input, output, total } = counted;
  if (input === undefined || output === undefined || total === undefined || total <= input + output) return undefined;
  counted.input = total - output;
  return total - output - input;
}

/** Normalises `usage` of the Responses API; null when it holds no number. */
export function readResponsesUsage(raw: JsonObject | null, note: Note): Usage | null {
  if (raw === null) return null;
  const inputs = asObject(raw.input_tokens_details);
  const outputs = asObject(raw.output_tokens_details);
  const split = asObject(inputs?.cache_write_tokens_details);
  const counted: Counted = {
    input: count(raw, 'input_tokens', note),
    output: count(raw, 'output_tokens', note),
    total: count(raw, 'total_tokens', note),
    cached: count(inputs, 'cached_tokens', note),
    written: count(inputs, 'cache_write_tokens', note),
    reasoning: count(outputs, 'reasoning_tokens', note),
  };
  const { input, output, total } = counted;
  if (input !== undefined && output !== undefined && total !== undefined && total !== input + output) {
    note('total_tokens is not input + output');
  }
  const usage = usageOf(counted);
  put(usage, 'cache_creation.30m.input_tokens', count(split, 'ttl_30m_tokens', note));
  put(usage, 'cache_creation.12h.input_tokens', count(split, 'ttl_12h_tokens', note));
  putModalities(usage, inputs, outputs, note);
  return finished(usage, note);
}

/** The charge that a vendor reports in its usage, US dollars: xAI's ticks, OpenRouter's credits, Perplexity's sum. */
export function reportedCost(rawUsage: string | undefined, note: Note): string | null {
  if (rawUsage === undefined || !rawUsage.includes('"cost')) return null;
  const usage = membersOf(Buffer.from(rawUsage));
  const ticks = decimalOf(usage.text('cost_in_usd_ticks'), 'cost_in_usd_ticks', note);
  if (ticks !== null) return formatDecimal(shift(ticks, 10));
  const sum = usage.within('cost')?.text('total_cost');
  const cost = decimalOf(usage.text('cost'), 'cost', note) ?? decimalOf(sum, 'total_cost', note);
  if (cost === null || usage.get('is_byok') !== true) return cost && formatDecimal(cost);
  // With the caller's own key the router charges a fee and the model's provider the rest.
  const text = usage.within('cost_details')?.text('upstream_inference_cost');
  const upstream = decimalOf(text, 'upstream_inference_cost', note);
  return upstream && formatDecimal(add(cost, upstream));
}

function decimalOf(text: string | undefined, name: string, note: Note) {
  // Some servers have an object of this name: it is not the vendor's figure we know.
  if (text === undefined || !/^[-\d]/.test(text)) return null;
  try {
    const value = parseDecimal(text);
    if (value.digits >= 0n) return value;
  } catch {
    // Named below.
  }
  note(`${name} is not an amount`);
  return null;
}

function cachedTokens(raw: JsonObject, details: JsonObject | null, note: Note): number | undefined {
  return (
    count(details, 'cached_tokens', note) ??
    count(raw, 'cached_tokens', note) ??
    count(raw, 'num_cached_tokens', note) ??
    count(raw, 'prompt_cache_hit_tokens', note) ??
    count(raw, 'cache_read_input_tokens', note)
  );
}

/**
 * Makes input and output inclusive where the vendor's total says that something stands beside them.
 *
 * xAI counts reasoning beside the completion, some servers count the cache beside the
 * prompt, and Gemini's compatible endpoint leaves thinking out of the completion.
 */
function reconcileChat(counted: Counted, note: Note): void {
  const { input, total, cached = 0, written = 0, reasoning = 0 } = counted;
  if (input === undefined) return;
  if (total === undefined) {
    if (cached > input) counted.input = input + cached + written;
    if (counted.output !== undefined && reasoning > counted.output) counted.output += reasoning;
    return;
  }
  if (counted.output === undefined) {
    if (total >= input) counted.output = total - input;
    return;
  }
  const gap = total - input - counted.output;
  if (gap < 0) note('total_tokens is less than input + output');
  else if (gap > 0) closeGap(counted, input, gap, note);
  else if (cached > input) {
    note('cached tokens exceed the prompt');
    counted.input = input + cached;
  }
}

function closeGap(counted: Counted, input: number, gap: number, note: Note): void {
  const { output = 0, cached = 0, written = 0, reasoning = 0 } = counted;
  const beside = cached + written;
  if (beside > input && gap === beside + reasoning) {
    counted.input = input + beside;
    counted.output = output + reasoning;
  } else if (gap === reasoning) counted.output = output + reasoning;
  else if (gap === beside) counted.input = input + beside;
  else {
    if (counted.reasoning !== undefined && reasoning > 0) note('total_tokens is more than its parts');
    counted.output = output + gap;
    counted.reasoning ??= gap;
  }
}

function usageOf(counted: Counted): Usage {
  const usage: Usage = {};
  put(usage, 'input_tokens', counted.input);
  put(usage, 'output_tokens', counted.output);
  put(usage, 'cache_read.input_tokens', counted.cached);
  put(usage, 'cache_creation.input_tokens', counted.written);
  put(usage, 'reasoning.output_tokens', counted.reasoning);
  return usage;
}

function putModalities(usage: Usage, inputs: JsonObject | null, outputs: JsonObject | null, note: Note): void {
  put(usage, 'audio.input_tokens', count(inputs, 'audio_tokens', note));
  put(usage, 'image.input_tokens', count(inputs, 'image_tokens', note));
  put(usage, 'video.input_tokens', count(inputs, 'video_tokens', note));
  put(usage, 'audio.output_tokens', count(outputs, 'audio_tokens', note));
  put(usage, 'image.output_tokens', count(outputs, 'image_tokens', note));
}

function finished(usage: Usage, note: Note): Usage | null {
  if (Object.keys(usage).length === 0) return null;
  checkUsage(usage, note);
  return usage;
}
