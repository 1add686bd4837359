import { claudeVersion, plainName } from './model-name.ts';

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
  /** The most of them, in texts that are mostly ASCII, and in others. */
  mostFactor: number;
  mostFactorAbroad: number;
  /** Tokens that the vendor puts before the tools of a request, and the most of them; 0 where nobody has said so. */
  toolPrelude: number;
  mostToolPrelude: number;
  /** What the documented framing of functions begins with, tokens; OpenAI's cookbook again. */
  perFunction: number;
}

/**
 * Of vendors who keep their tokenizers to themselves, or whose tokenizer is not here. Of prose
 * they make up to a quarter more than o200k; of code and of tables the older ones half as many
 * again, and of languages that they were not made for up to four times as many.
 */
const STRANGER: Vocabulary = {
  encoding: 'o200k_base',
  isOwn: false,
  isFramed: false,
  embeds: false,
  factor: 1,
  mostFactor: 1.6,
  mostFactorAbroad: 4,
  toolPrelude: 0,
  mostToolPrelude: 0,
  perFunction: 7,
};

const OURS: Partial<Vocabulary> = { isOwn: true, mostFactor: 1, mostFactorAbroad: 1 };

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
  [/^(gpt-4|gpt-3\.5|gpt-35)(?![a-z0-9.])/, 'cl100k_base', { isFramed: true, perFunction: 10 }],
  [/^(davinci|babbage)-002/, 'cl100k_base', {}],
];

/**
 * Claude's tokenizer is not public. Up to 4.6 it makes about a fifth more tokens of prose than
 * o200k (measured by several people against count_tokens); Anthropic says of the one that came
 * with Opus 4.7 that it makes 1.0 to 1.35 times as many again. What it puts before tools is in
 * its documentation of tool use: 313 to 589 up to 4.6, then 290 to 804.
 */
const CLAUDE: Partial<Vocabulary> = { factor: 1.2, mostFactor: 2, toolPrelude: 496, mostToolPrelude: 804 };
const CLAUDE_FROM_4_7: Partial<Vocabulary> = { ...CLAUDE, factor: 1.5, mostFactor: 2.5, toolPrelude: 410 };

/** Tells which tokenizer fits a model best. Gemini, Llama, Mistral and the rest go by o200k as it is, and are never called exact. */
export function vocabularyOf(model: string | null): Vocabulary {
  const name = plainName(model ?? '');
  for (const [pattern, encoding, more] of OWN) {
    if (pattern.test(name)) return { ...STRANGER, ...OURS, encoding, ...more };
  }
  if (!name.includes('claude')) return STRANGER;
  return { ...STRANGER, ...(claudeVersion(name) >= 4.7 ? CLAUDE_FROM_4_7 : CLAUDE) };
}
