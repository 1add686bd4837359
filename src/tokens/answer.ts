import { type Counted, type CountTokens, countingTexts } from './bpe.ts';
import { tokensByLength } from './length.ts';
import { mostOf } from './most.ts';
import { mostByLength } from './most-by-length.ts';
import { type Prompt, readPrompt } from './prompt.ts';
import { Remembered } from './remembered.ts';
import { MOST_JSON, thin } from './thin.ts';
import type { Question, TokenCount } from './token-count.ts';
import { type Vocabulary, vocabularyOf } from './vocabulary.ts';

const NOTHING: TokenCount = { tokens: 0, most: 0, hasUnseen: false, source: 'counted', confidence: 'high' };

/**
 * Counts what is asked; runs in the counter's thread. Throws where the body is no JSON object.
 *
 * @param pause lets others go first; without it all is done in one go
 */
export async function answer(question: Question, pause: (() => Promise<void>) | null = null): Promise<TokenCount> {
  if ('warm' in question) {
    await tokenizer('o200k_base');
    return NOTHING;
  }
  const vocabulary = vocabularyOf(question.model);
  if ('texts' in question) return count(bare(question.texts), vocabulary, pause);
  const body = thin(bytesOf(question));
  if (body.length > MOST_JSON) return byLength(body, question.model);
  return count(readPrompt(parse(body), question.model, vocabulary), vocabulary, pause);
}

const bare = (texts: readonly string[]): Prompt => ({
  texts,
  tokens: 0,
  most: 0,
  framing: 'none',
  hasUnseen: false,
  isRough: false,
});

function bytesOf(question: { json: string } | { body: Uint8Array<ArrayBuffer> }): Buffer {
  if ('json' in question) return Buffer.from(question.json);
  const { buffer, byteOffset, byteLength } = question.body;
  return Buffer.from(buffer, byteOffset, byteLength);
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> {
  const body: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new TypeError('no JSON object');
  return body as Readonly<Record<string, unknown>>;
}

async function count(prompt: Prompt, vocabulary: Vocabulary, pause: (() => Promise<void>) | null): Promise<TokenCount> {
  const { countTokens, remembered, forget } = await tokenizer(vocabulary.encoding);
  const counting = countingTexts(prompt.texts, countTokens, remembered);
  const counted = await finish(counting, pause);
  forget();
  const isKnown = vocabulary.isOwn && isFramed(prompt, vocabulary);
  const isCounted = isKnown && counted.isExact && !prompt.hasUnseen && !prompt.isRough;
  const tokens = Math.min(counted.bytes, Math.ceil(counted.tokens * vocabulary.factor)) + prompt.tokens;
  return {
    tokens,
    most: Math.max(tokens, mostOf(counted, prompt, vocabulary)),
    hasUnseen: prompt.hasUnseen,
    source: isCounted ? 'counted' : 'estimated',
    confidence: isCounted ? 'high' : prompt.hasUnseen || prompt.isRough ? 'low' : 'medium',
  };
}

async function finish(counting: Generator<undefined, Counted>, pause: (() => Promise<void>) | null): Promise<Counted> {
  for (;;) {
    const { done, value } = counting.next();
    if (done) return value;
    if (pause !== null) await pause();
  }
}

function byLength(body: Uint8Array, model: string | null): TokenCount {
  const { tokens: most, hasUnseen } = mostByLength(body, model);
  return { tokens: tokensByLength(body), most, hasUnseen, source: 'estimated', confidence: 'low' };
}

/** Whether what stands around the texts is documented for the model. */
function isFramed({ framing }: Prompt, vocabulary: Vocabulary): boolean {
  return framing === 'none' || (framing === 'chat' && vocabulary.isFramed);
}

/** Words such as `<|endoftext|>` are text like any other where a user writes them. */
const OPTIONS = { disallowedSpecial: new Set<string>() };

interface Tokenizer {
  countTokens: CountTokens;
  remembered: Remembered;
  forget(): void;
}

const tokenizers = new Map<Vocabulary['encoding'], Tokenizer>();

/** Loads the ranks of one encoding: 40 MB, so each only when a model needs it. */
async function tokenizer(encoding: Vocabulary['encoding']): Promise<Tokenizer> {
  const known = tokenizers.get(encoding);
  if (known !== undefined) return known;
  const { countTokens, clearMergeCache } =
    encoding === 'o200k_base'
      ? await import('gpt-tokenizer/encoding/o200k_base')
      : await import('gpt-tokenizer/encoding/cl100k_base');
  const loaded: Tokenizer = {
    countTokens: (text) => countTokens(text, OPTIONS),
    remembered: new Remembered(encoding),
    // What it remembers itself are pieces of prompts, each of which keeps the whole prompt in memory.
    forget: clearMergeCache,
  };
  tokenizers.set(encoding, loaded);
  return loaded;
}
