import type { CutPrompt } from '../pipeline/prompt.ts';

/**
 * Tells how many of the tokens that a provider counted each piece of a prompt took.
 *
 * Providers count a prompt as a whole. Its pieces get whole tokens in proportion to their weights, what is left over
 * by the largest remainder, the earlier piece first: so the sum is the provider's number, to the token.
 *
 * @param inputTokens all of them, cache included
 * @returns one number for each piece, in their order; null where nobody counted, or where the pieces are not the
 *   whole prompt: then nobody can say how much the rest took
 */
export function sharesOf({ pieces, isWhole }: CutPrompt, inputTokens: number | null | undefined): Float64Array | null {
  if (inputTokens === null || inputTokens === undefined) return null;
  if (!isWhole || pieces.length === 0 || !Number.isSafeInteger(inputTokens) || inputTokens < 0) return null;
  const weights = Float64Array.from(pieces, ({ weight }) => (weight > 0 ? weight : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Where nothing weighs anything, the provider counted a frame: it is as much of one piece as of another.
  const shareOf = (weight: number): number => (total > 0 ? weight / total : 1 / pieces.length);
  const exact = weights.map((weight) => shareOf(weight) * inputTokens);
  const shares = exact.map(Math.floor);
  const left = inputTokens - shares.reduce((sum, share) => sum + share, 0);
  handOut(shares, exact, left);
  return shares;
}

/** Gives what rounding left over to the largest remainders, one each; takes it back from the smallest where doubles gave too much. */
function handOut(shares: Float64Array, exact: Float64Array, left: number): void {
  if (left === 0) return;
  const order = Uint32Array.from(shares, (_, at) => at);
  const rest = (at: number): number => exact[at]! - shares[at]!;
  order.sort((one, other) => (left > 0 ? rest(other) - rest(one) : rest(one) - rest(other)) || one - other);
  const step = Math.sign(left);
  let open = Math.abs(left);
  // More than one round is not needed but for numbers that a double does not hold to the unit.
  while (open > 0)
    for (const at of order) {
      if (open === 0) break;
      if (step < 0 && shares[at]! === 0) continue;
      shares[at]! += step;
      open--;
    }
}
