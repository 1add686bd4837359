export interface Vocabulary {
  encoding: 'o200k_base' | 'cl100k_base';
  /** It is the model's own: its counts of plain text are exact. */
  isOwn: boolean;
  /** What a chat adds to its texts is documented for this model. */
  isFramed: boolean;
  /** The model embeds: it reads its input as it is, and writes nothing. */
  embeds: boolean;
  /** The model's tokens for each token of this encoding. */
  factor: number;
}

const STRANGER: Vocabulary = { encoding: 'o200k_base', isOwn: false, isFramed: false, embeds: false, factor: 1 };

/**
 * OpenAI's models and their encodings, as tiktoken's model.py lists them. The framing of a
 * chat is documented for those that do not think ("How to count tokens with tiktoken" in
 * OpenAI's cookbook); the others answer with a token less, and gpt-oss has a template of
 * its own.
 */
const OWN: readonly [RegExp, Vocabulary['encoding'], Partial<Vocabulary>][] = [
  [/^text-embedding-/, 'cl100k_base', { embeds: true }],
  [/^(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5)(?![a-z0-9])/, 'o200k_base', { isFramed: true }],
  [/^(gpt-5|gpt-oss|o1|o3|o4|codex-mini)(?![a-z0-9])/, 'o200k_base', {}],
  [/^(gpt-4|gpt-3\.5|gpt-35)(?![a-z0-9.])/, 'cl100k_base', { isFramed: true }],
  [/^(davinci|babbage)-002/, 'cl100k_base', {}],
];

/**
 * Claude's tokenizer is not public. Up to 4.6 it makes about a fifth more tokens of prose than
 * o200k (measured by several people against count_tokens); Anthropic says of the one that came
 * with Opus 4.7 that it makes 1.0 to 1.35 times as many again.
 */
const CLAUDE_FACTOR = 1.2;
const CLAUDE_FACTOR_FROM_4_7 = 1.5;

/** Tells which tokenizer fits a model best. Gemini, Llama, Mistral and the rest go by o200k as it is, and are never called exact. */
export function vocabularyOf(model: string | null): Vocabulary {
  const name = plainName(model ?? '');
  for (const [pattern, encoding, more] of OWN) {
    if (pattern.test(name)) return { ...STRANGER, encoding, isOwn: true, ...more };
  }
  if (!name.includes('claude')) return STRANGER;
  return { ...STRANGER, factor: versionOf(name) >= 4.7 ? CLAUDE_FACTOR_FROM_4_7 : CLAUDE_FACTOR };
}

/** Without what resellers put around it: `openai/gpt-4o:free`, `us.openai.gpt-oss-20b-1:0`, `ft:gpt-4o-mini:org::id`. */
function plainName(model: string): string {
  const name = model.toLowerCase().replace(/^ft:/, '');
  return name.slice(name.lastIndexOf('/') + 1).replace(/^([a-z-]+\.)?openai\./, '');
}

/** `claude-opus-4-7` is 4.7, `claude-3-5-sonnet-20241022` 3.5, `claude-sonnet-4-20250514` 4; a name without a number is old. */
function versionOf(name: string): number {
  const [, major = '0', minor = '0'] = /claude-(?:[a-z]+-)*(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?!\d)/.exec(name) ?? [];
  return Number(`${major}.${minor}`);
}
