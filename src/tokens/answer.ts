import { type CountTokens, countTexts } from './bpe.ts';
import { type Prompt, readPrompt } from './prompt.ts';
import type { Question, TokenCount } from './token-count.ts';
import { type Vocabulary, vocabularyOf } from './vocabulary.ts';

/** Counts what is asked; runs in the counter's thread. Throws where the body is no JSON object. */
export async function answer(question: Question): Promise<TokenCount> {
  const vocabulary = vocabularyOf(question.model);
  const prompt = 'body' in question ? promptOf(question.body, vocabulary) : bare(question.texts);
  const { countTokens, forget } = await tokenizer(vocabulary.encoding);
  const { tokens, isExact } = countTexts(prompt.texts, countTokens);
  forget();
  const isKnown = vocabulary.isOwn && isFramed(prompt, vocabulary);
  const isCounted = isKnown && isExact && !prompt.hasUnseen;
  return {
    tokens: Math.ceil(tokens * vocabulary.factor) + prompt.tokens,
    source: isCounted ? 'counted' : 'estimated',
    confidence: isCounted ? 'high' : prompt.hasUnseen ? 'low' : 'medium',
  };
}

const bare = (texts: readonly string[]): Prompt => ({ texts, tokens: 0, framing: 'none', hasUnseen: false });

function promptOf(bytes: Uint8Array<ArrayBuffer>, { embeds }: Vocabulary): Prompt {
  const body: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new TypeError('no JSON object');
  return readPrompt(body as Readonly<Record<string, unknown>>, embeds);
}

/** Whether what stands around the texts is documented for the model. */
function isFramed({ framing }: Prompt, vocabulary: Vocabulary): boolean {
  return framing === 'none' || (framing === 'chat' && vocabulary.isFramed);
}

/** Words such as `<|endoftext|>` are text like any other where a user writes them. */
const OPTIONS = { disallowedSpecial: new Set<string>() };

/** Loads the ranks of one encoding: 40 MB, so each only when a model needs it. */
async function tokenizer(encoding: Vocabulary['encoding']): Promise<{ countTokens: CountTokens; forget: () => void }> {
  const { countTokens, clearMergeCache } =
    encoding === 'o200k_base'
      ? await import('gpt-tokenizer/encoding/o200k_base')
      : await import('gpt-tokenizer/encoding/cl100k_base');
  // What it remembers are pieces of prompts, each of which keeps the whole prompt in memory.
  return { countTokens: (text) => countTokens(text, OPTIONS), forget: clearMergeCache };
}
