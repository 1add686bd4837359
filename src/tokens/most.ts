import type { Counted } from './bpe.ts';
import type { Prompt } from './prompt.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Around a chat whose template nobody documents, tokens. */
const SLACK = 4;
/** Schemas and calls become something that is mostly shorter than their JSON; of the words beside it a few tokens in a hundred. */
const UNDOCUMENTED = 1.05;

/**
 * What the truth will hardly exceed. With a model's own tokenizer that is its count, with a few
 * more where the framing is not documented; with another's, the count times what the vocabulary
 * states; of what was not looked at, its bytes. Never more than all bytes, since no byte is more
 * than one token in any tokenizer in use.
 */
export function mostOf(counted: Counted, prompt: Prompt, vocabulary: Vocabulary): number {
  const seen = counted.bytes === 0 ? 0 : 1 - counted.unseenBytes / counted.bytes;
  const abroad = counted.abroad * seen;
  const plain = counted.tokens * seen - abroad;
  const texts = plain * vocabulary.mostFactor + abroad * vocabulary.mostFactorAbroad + counted.unseenBytes;
  const isLoose = vocabulary.isOwn && prompt.framing === 'other';
  const most = Math.min(
    Math.ceil(texts * (isLoose ? UNDOCUMENTED : 1) - 1e-6),
    Math.max(counted.bytes, counted.tokens),
  );
  // Exact where it can be: who sets a budget for ten calls means ten.
  const isDocumented = prompt.framing === 'none' || (prompt.framing === 'chat' && vocabulary.isFramed);
  return most + prompt.most + (isDocumented ? 0 : SLACK);
}
