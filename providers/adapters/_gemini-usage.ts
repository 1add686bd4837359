import {
  asList,
  asObject,
  checkUsage,
  count,
  type JsonObject,
  type Note,
  nameOf,
  put,
  type Usage,
} from '../../src/adapter.ts';

/**
 * Normalises a merged `usageMetadata` of Gemini; null when it holds no number.
 *
 * The cache is inside the prompt; thoughts stand beside the candidates, and what tools
 * brought back beside the prompt. Google leaves zeros out, so a part that is missing is
 * what the total leaves for it.
 *
 * @param inputOnly the endpoint has no output: embeddings
 */
export function readGeminiUsage(raw: JsonObject | null, note: Note, inputOnly = false): Usage | null {
  if (raw === null) return null;
  const usage: Usage = {};
  const prompt = count(raw, 'promptTokenCount', note);
  const tools = count(raw, 'toolUsePromptTokenCount', note);
  const input = prompt === undefined ? undefined : prompt + (tools ?? 0);
  put(usage, 'input_tokens', input);
  if (inputOnly) put(usage, 'output_tokens', input === undefined ? undefined : 0);
  else putOutput(usage, raw, note);
  put(usage, 'cache_read.input_tokens', count(raw, 'cachedContentTokenCount', note));
  put(usage, 'tool_use.input_tokens', tools);
  putModalities(usage, raw, note);
  if (Object.keys(usage).length === 0) return null;
  checkUsage(usage, note);
  return usage;
}

function putOutput(usage: Usage, raw: JsonObject, note: Note): void {
  const visible = count(raw, 'candidatesTokenCount', note);
  let thoughts = count(raw, 'thoughtsTokenCount', note);
  const total = count(raw, 'totalTokenCount', note);
  let output = visible === undefined && thoughts === undefined ? undefined : (visible ?? 0) + (thoughts ?? 0);
  if (total !== undefined && usage.input_tokens !== undefined) {
    const gap = total - usage.input_tokens - (output ?? 0);
    if (gap < 0) note('totalTokenCount is less than its parts');
    else if (visible === undefined) output = (output ?? 0) + gap;
    else if (gap > 0) {
      note('totalTokenCount is more than its parts');
      // Some models have counted their thoughts in the total alone.
      if (thoughts === undefined) output = visible + gap;
      thoughts ??= gap;
    }
  }
  put(usage, 'output_tokens', output);
  put(usage, 'reasoning.output_tokens', thoughts);
}

function putModalities(usage: Usage, raw: JsonObject, note: Note): void {
  // Embeddings spell it in the singular.
  const inputs = [raw.promptTokensDetails, raw.promptTokenDetails, raw.toolUsePromptTokensDetails];
  const of = (modality: string, ...lists: unknown[]) => tokensOf(lists.flatMap(asList), modality, note);
  put(usage, 'audio.input_tokens', of('AUDIO', ...inputs));
  put(usage, 'image.input_tokens', of('IMAGE', ...inputs));
  put(usage, 'video.input_tokens', of('VIDEO', ...inputs));
  put(usage, 'cache_read.audio.input_tokens', of('AUDIO', raw.cacheTokensDetails));
  put(usage, 'audio.output_tokens', of('AUDIO', raw.candidatesTokensDetails));
  put(usage, 'image.output_tokens', of('IMAGE', raw.candidatesTokensDetails));
}

function tokensOf(details: readonly unknown[], modality: string, note: Note): number | undefined {
  let sum: number | undefined;
  for (const each of details) {
    const detail = asObject(each);
    if (detail?.modality !== modality) continue;
    const tokens = count(detail, 'tokenCount', note);
    if (tokens !== undefined) sum = (sum ?? 0) + tokens;
  }
  return sum;
}

/** Words for what is not said, for the ordinary rate, and for a tier that is the same in both of Google's APIs. */
const TIERS: ReadonlyMap<string, string | null> = new Map([
  ['unspecified', null],
  ['traffic_type_unspecified', null],
  ['on_demand', 'standard'],
  ['on_demand_flex', 'flex'],
]);

/**
 * The tier that served the answer: `serviceTier` of the Gemini API, `trafficType` of Vertex.
 *
 * Vertex's priority keeps its name, `on_demand_priority`: it does not cost what priority
 * costs in the Gemini API. So does what Google sells by capacity, `provisioned_throughput`,
 * which no price list knows: what it costs is unknown, and not the ordinary rate.
 *
 * @param header `x-gemini-service-tier`, where the body says nothing
 */
export function geminiTier(raw: JsonObject | null, header: string | undefined): string | null {
  const said = nameOf(raw?.serviceTier) ?? nameOf(raw?.trafficType) ?? nameOf(header);
  if (said === null) return null;
  const word = said.toLowerCase().replace(/^service_tier_/, '');
  const known = TIERS.get(word);
  return known === undefined ? word : known;
}
