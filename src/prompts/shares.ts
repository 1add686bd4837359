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
  const exact = new Float64Array(pieces.length);
  let total = 0;
  for (const [at, { weight }] of pieces.entries()) total += exact[at] = weight > 0 ? weight : 0;
  // Where nothing weighs anything, the provider counted a frame: it is as much of one piece as of another.
  if (total === 0) total = exact.fill(1).length;
  const shares = new Float64Array(pieces.length);
  let left = inputTokens;
  for (let at = 0; at < shares.length; at++) {
    exact[at]! *= inputTokens / total;
    shares[at] = Math.floor(exact[at]!);
    left -= shares[at]!;
  }
  handOut(shares, exact, left);
  return shares;
}

/** Gives what rounding left over to the largest remainders, one each; takes it back from the smallest where doubles gave too much. */
function handOut(shares: Float64Array, exact: Float64Array, left: number): void {
  if (left === 0) return;
  const step = Math.sign(left);
  // A remainder and the place of its piece as one number each: numbers sort without a call for each two of them.
  const order = new Float64Array(shares.length);
  for (let at = 0; at < order.length; at++) {
    const rest = Math.round((exact[at]! - shares[at]!) * FINE);
    order[at] = (step > 0 ? FINE - rest : rest) * MOST_PIECES + at;
  }
  order.sort();
  let open = Math.abs(left);
  // More than one round is not needed but for numbers that a double does not hold to the unit.
  while (open > 0)
    for (const one of order) {
      const at = one % MOST_PIECES;
      if (open === 0) break;
      if (step < 0 && shares[at]! === 0) continue;
      shares[at]! += step;
      open--;
    }
}

/** How finely remainders are told apart; with the places of pieces, of which a prompt has fewer than these, 53 bits. */
const FINE = 2 ** 31;
const MOST_PIECES = 2 ** 20;
