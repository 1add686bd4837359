import { isAssistant, type Tip } from './line.ts';

interface Continuation {
  readonly marks: Float64Array;
  readonly cut: {
    readonly pieces: readonly { message: number; name: string; chars: number }[];
    readonly systemHash: number | null;
  };
}

/** An answer comes back as it was, or with little of it trimmed; another one is seldom as long. */
const AS_LONG = 0.02;

/**
 * Several conversations may have begun with the same words. The one that a list goes on from has the same system
 * prompt, has been answered, and at the length of what the list says was answered; of several such, it is the newest.
 *
 * @param length messages of the list that they are
 * @returns `isSure`: the length of the answer told
 */
export function likeliest(tips: readonly Tip[], asked: Continuation, length: number): { tip: Tip; isSure: boolean } {
  if (tips.length === 1) return { tip: tips[0]!, isSure: true };
  const { systemHash } = asked.cut;
  const alike = among(tips, (tip) => tip.systemHash === systemHash);
  const answered = among(alike, (tip) => tip.answered);
  const chars = answerChars(asked, length);
  const off = ({ outputChars }: Tip): number => Math.abs((outputChars ?? Number.POSITIVE_INFINITY) - chars);
  const least = Math.min(...answered.map(off));
  if (chars === 0 || least > chars * AS_LONG) return { tip: newest(answered), isSure: false };
  const told = answered.filter((tip) => off(tip) === least);
  return { tip: newest(told), isSure: told.length === 1 };
}

/** Those that something holds for; all where it holds for none. */
function among(tips: readonly Tip[], holds: (tip: Tip) => boolean): readonly Tip[] {
  const found = tips.filter(holds);
  return found.length > 0 ? found : tips;
}

const newest = (tips: readonly Tip[]): Tip => tips.reduce((one, other) => (other.at >= one.at ? other : one));

/** Characters that the model said next, by the list. */
function answerChars({ marks, cut }: Continuation, length: number): number {
  let end = length;
  while (isAssistant(marks[end])) end++;
  let chars = 0;
  for (const { message, name, chars: some } of cut.pieces)
    if (message >= length && message < end && name === 'assistant') chars += some;
  return chars;
}
