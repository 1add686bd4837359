/** Names that other price tables give to rates, so that a pasted entry is refused with the word and the unit that are meant. */

const PER_TOKEN = 'Here it is US dollars per million tokens: a price per token times 1,000,000.';
const PER_MILLION = 'Here as there it is US dollars per million tokens.';
const PER_SECOND = 'Here as there it is US dollars per second of audio.';
const APART = 'Rates are US dollars per million tokens: a price per token times 1,000,000.';

/** LiteLLM's and OpenRouter's tables, which are per token. */
const TOKEN_PRICES: Readonly<Record<string, string>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cache_read',
  cache_creation_input_token_cost: 'cache_write',
  cache_creation_input_token_cost_above_1hr: 'cache_write_1h',
  cache_creation_input_token_cost_above_30m: 'cache_write_30m',
  input_cost_per_audio_token: 'input_audio',
  cache_read_input_audio_token_cost: 'cache_read_audio',
  output_cost_per_audio_token: 'output_audio',
  input_cost_per_image_token: 'input_image',
  output_cost_per_image_token: 'output_image',
  output_cost_per_reasoning_token: 'output_reasoning',
  prompt: 'input',
  completion: 'output',
  input_cache_read: 'cache_read',
  input_cache_write: 'cache_write',
  internal_reasoning: 'output_reasoning',
};
/** The tables of genai-prices and of models.dev, which are per million. */
const MILLION_PRICES: Readonly<Record<string, string>> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cache_read',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  input_audio_mtok: 'input_audio',
  output_audio_mtok: 'output_audio',
  input_per_million: 'input',
  output_per_million: 'output',
  reasoning: 'output_reasoning',
};
const SECOND_PRICES: Readonly<Record<string, string>> = {
  input_cost_per_second: 'audio_per_second',
  input_cost_per_audio_per_second: 'audio_per_second',
};

/** Tells which rate of ours a name of another table is, and in which unit ours stands; null for any other name. */
export function rateMeant(name: string): { name: string; unit: string } | null {
  const lower = name.toLowerCase();
  for (const [table, unit] of [
    [TOKEN_PRICES, PER_TOKEN],
    [MILLION_PRICES, PER_MILLION],
    [SECOND_PRICES, PER_SECOND],
  ] as const)
    if (Object.hasOwn(table, lower)) return { name: table[lower] ?? '', unit };
  if (!/_cost(_|$)/.test(lower)) return null;
  if (/_above_\d+k?_tokens/.test(lower)) return { name: 'tiers', unit: APART };
  return /_(flex|priority|fast|batch|batches)$/.test(lower) ? { name: 'service_tiers', unit: APART } : null;
}
