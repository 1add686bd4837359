import type { ExchangeRequest } from '../../src/plugin.ts';

/** Output tokens of one picture of GPT Image 1, 1 mini and 1.5, by quality and size: OpenAI's guide to image generation. */
const TOKENS: readonly (readonly [quality: string, size: string, tokens: number])[] = [
  ['low', '1024x1024', 272],
  ['low', '1024x1536', 408],
  ['low', '1536x1024', 400],
  ['medium', '1024x1024', 1056],
  ['medium', '1024x1536', 1584],
  ['medium', '1536x1024', 1568],
  ['high', '1024x1024', 4160],
  ['high', '1024x1536', 6240],
  ['high', '1536x1024', 6208],
];
/** Each picture that is shown before it is finished. */
const PARTIAL = 100;
const MOST_PARTIALS = 3;
const KNOWN = /(?:^|\/)gpt-image-1(?:-mini|\.5)?(?:-20\d\d-\d\d-\d\d)?$/;

/** Tokens of each picture that a request asks for, at most; null for models that go by the picture, or by no table. */
export function imageTokens(request: ExchangeRequest): number | null {
  if (!KNOWN.test(request.model ?? '') || request.body === null) return null;
  const ofQuality = narrowed(TOKENS, 0, request.text('quality'));
  const each = Math.max(...narrowed(ofQuality, 1, request.text('size')).map(([, , tokens]) => tokens));
  const partials = request.length('partial_images') === null ? 0 : MOST_PARTIALS;
  return each + partials * PARTIAL;
}

/** The rows with that word; all of them where it is none of the table's, such as `auto`. */
function narrowed(rows: typeof TOKENS, column: 0 | 1, word: string | undefined): typeof TOKENS {
  const fitting = rows.filter((row) => row[column] === word);
  return fitting.length > 0 ? fitting : rows;
}
