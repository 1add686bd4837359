import type { Usage, UsageName } from '../../src/plugin.ts';
import { Fields, type Members } from '../shared/fields.ts';

/** Every name of a usage, and the total that it is a part of. */
const NAMES: { readonly [name in UsageName]: 'input_tokens' | 'output_tokens' | null } = {
  input_tokens: null,
  output_tokens: null,
  'cache_read.input_tokens': 'input_tokens',
  'cache_creation.input_tokens': 'input_tokens',
  'cache_creation.5m.input_tokens': 'input_tokens',
  'cache_creation.1h.input_tokens': 'input_tokens',
  'cache_creation.30m.input_tokens': 'input_tokens',
  'cache_creation.12h.input_tokens': 'input_tokens',
  'reasoning.output_tokens': 'output_tokens',
  'audio.input_tokens': 'input_tokens',
  'audio.output_tokens': 'output_tokens',
  'image.input_tokens': 'input_tokens',
  'image.output_tokens': 'output_tokens',
  'video.input_tokens': 'input_tokens',
  'cache_read.audio.input_tokens': 'input_tokens',
  'tool_use.input_tokens': 'input_tokens',
  'audio.seconds': null,
  'web_search.requests': null,
  'web_fetch.requests': null,
  'file_search.requests': null,
  'code_execution.requests': null,
};
/** How OpenTelemetry calls the same, and most tracing libraries with it. */
const PREFIX = 'gen_ai.usage.';
const MOST_TOKENS = 1e12;
const MOST_SECONDS = 1e9;
const HINT = `is not a name of usage; names are ${Object.keys(NAMES).join(', ')}`;

/** Reads `usage`: counts by their names, with or without OpenTelemetry's prefix. Null where there is none. */
export function readUsage(fields: Fields): Usage | null {
  const said = fields.object('usage');
  if (said === null) return null;
  const inner = new Fields(plain(said), { at: 'usage', complaints: fields.complaints });
  const usage: Usage = {};
  for (const name of Object.keys(NAMES) as UsageName[]) {
    const value = name === 'audio.seconds' ? inner.amount(name, MOST_SECONDS) : inner.count(name, MOST_TOKENS);
    if (value !== null) usage[name] = value;
  }
  inner.end(HINT);
  checkTotals(usage, inner);
  return Object.keys(usage).length > 0 ? usage : null;
}

function plain(said: Members): Members {
  const entries = Object.entries(said).map(([name, value]) => [
    name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name,
    value,
  ]);
  return Object.fromEntries(entries) as Members;
}

/** Totals hold their parts. Who reports the cache beside the input, as Anthropic does, would be charged too little. */
function checkTotals(usage: Usage, fields: Fields): void {
  const cached = (usage['cache_read.input_tokens'] ?? 0) + (usage['cache_creation.input_tokens'] ?? 0);
  const { input_tokens: input = Number.POSITIVE_INFINITY } = usage;
  if (cached > input) fields.wrong('input_tokens', 'must hold what the cache read and wrote; add both to it');
  for (const [name, total] of Object.entries(NAMES) as [UsageName, keyof Usage | null][]) {
    if (total === null || (usage[name] ?? 0) <= (usage[total] ?? Number.POSITIVE_INFINITY)) continue;
    if (cached <= input || total !== 'input_tokens') fields.wrong(total, `must hold ${name}, which is a part of it`);
  }
}
