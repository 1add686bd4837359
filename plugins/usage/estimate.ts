import type { Exchange, KeptText, Reading, TokenCount, Tokens } from '../../src/plugin.ts';

/** What an exchange used by our own reckoning. Null where nothing can be said. */
export interface Reckoning {
  input_tokens: number | null;
  output_tokens: number | null;
  source: TokenCount['source'];
  confidence: TokenCount['confidence'];
}

type Count = Pick<TokenCount, 'tokens' | 'source' | 'confidence'>;
/** What is needed of the counter. */
export type Counting = Pick<Tokens, 'count' | 'prompt'>;

/** Models that think before they write, which is billed as output and never sent. */
const THINKERS = /(?:^|[/.])(?:gpt-5|gpt-oss|o[134]|codex-mini)(?![a-z0-9])/i;
/** What these calls generate is no text. */
const WORDLESS = /image|speech|video|predict/;
/** Of text that was not kept only the length is known. */
const CHARS_PER_TOKEN = 4;
const NONE: Count = { tokens: 0, source: 'counted', confidence: 'high' };
const CONFIDENCES = ['high', 'medium', 'low'] as const;

/** Reckons what the provider did not say; what it did say stands. */
export async function reckon(
  exchange: Exchange,
  reading: Reading | null,
  text: KeptText | null,
  tokens: Counting,
): Promise<Reckoning> {
  const said = reading?.usage ?? {};
  const model = reading?.model ?? exchange.targetModel ?? exchange.request.model;
  const [input, output] = await Promise.all([
    said.input_tokens === undefined ? inputOf(exchange, model, tokens) : { ...NONE, tokens: said.input_tokens },
    outputOf(exchange, reading, text, model, tokens),
  ]);
  const both = [input, isWhole(exchange, reading, model) ? output : unsure(output)];
  return {
    input_tokens: input?.tokens ?? null,
    // Numbers in mid-stream were said of a part.
    output_tokens: output && Math.max(output.tokens, said.output_tokens ?? 0),
    source: both.every((count) => count?.source === 'counted') ? 'counted' : 'estimated',
    confidence: CONFIDENCES[Math.max(...both.map((count) => CONFIDENCES.indexOf(count?.confidence ?? 'low')))]!,
  };
}

/** Counts by length alone. */
export function withoutCounting(tokens: Tokens): Counting {
  return {
    count: async (_model, texts) => tokens.byLength(texts.join('')),
    prompt: async (_model, body) => tokens.byLength(body),
  };
}

/** The request as it left, in the pieces it lies in. Of a form or a recording nothing is known. */
function inputOf({ request }: Exchange, model: string | null, tokens: Counting): Promise<TokenCount> | null {
  if (request.bodyBytes === 0) return null;
  const isPacked = request.header('content-encoding') !== undefined;
  const body = isPacked ? request.body : (request.outgoing()?.bytes ?? request.body);
  return body && tokens.prompt(model, body);
}

async function outputOf(
  { api }: Exchange,
  reading: Reading | null,
  text: KeptText | null,
  model: string | null,
  tokens: Counting,
): Promise<Count | null> {
  if (WORDLESS.test(api ?? '')) return null;
  const chars = reading?.outputChars ?? 0;
  // Subtitles and plain transcripts are not looked at.
  if (chars === 0) return text?.isCut ? null : NONE;
  const kept = text?.read() ?? '';
  if (kept === '') return { tokens: Math.ceil(chars / CHARS_PER_TOKEN), source: 'estimated', confidence: 'low' };
  const count = await tokens.count(model, [kept]);
  const keptChars = charsIn(kept);
  if (chars <= keptChars) return count;
  return unsure({ ...count, tokens: Math.ceil((count.tokens * chars) / keptChars) });
}

/**
 * Whether the text is all that was generated: not where the answer broke off, where tools
 * were called, whose names and framing are no text, where several answers are mixed, or
 * where the model has thought.
 */
function isWhole({ ending, request }: Exchange, reading: Reading | null, model: string | null): boolean {
  const answers = request.member('n') ?? 1;
  const isPlain = reading?.stopReason?.normalized !== 'tool_calls' && answers === 1;
  return ending?.outcome === 'ok' && isPlain && !THINKERS.test(model ?? '');
}

function unsure(count: Count | null): Count | null {
  return count && { ...count, source: 'estimated', confidence: count.confidence === 'low' ? 'low' : 'medium' };
}

/** Code points, as the meter counts them. */
function charsIn(text: string): number {
  let chars = 0;
  for (const _ of text) chars++;
  return chars;
}
