/** What the simulated model says: the same words for the same prompt, today and tomorrow. */

const OPENINGS = [
  'Here is what I found.',
  'Short answer first, details after.',
  'I looked at this from two sides.',
  'Good question, and the answer is less obvious than it seems.',
  'Let me walk through it.',
  'Yes, with one condition.',
];

const SENTENCES = [
  'The request spends most of its time waiting for the upstream, not in our own code.',
  'A cache helps only when the beginning of the prompt stays the same from turn to turn.',
  'Moving the timestamp out of the system prompt would keep the prefix stable.',
  'I would start with the smallest change that can be measured.',
  'The tool definitions are sent with every turn, so a tool nobody calls still costs money.',
  'Two of the five steps can run at the same time without any risk.',
  'The error is raised in the second branch, after the connection has already been returned to the pool.',
  'A longer timeout would hide the problem for a week and then bring it back.',
  'The numbers for Tuesday look different because the batch job ran twice.',
  'If the file is missing, the function returns early and nobody is told.',
  'It is worth writing a test for the empty list before touching anything else.',
  'The retry has no upper bound, which explains the burst at noon.',
  'Reading the log from the end is faster here, because the last line names the cause.',
  'Most readers only need the first paragraph, so put the decision there.',
  'The history of the conversation is now larger than the question itself.',
  'A smaller model answers this kind of question just as well for a fraction of the price.',
  'The index on the time column is used; the one on the name is not.',
  'Nothing in the specification forbids an empty body, so both sides have to expect one.',
  'You can keep the old name for a release and print a warning when it is used.',
  'The difference between the two results is rounding, not logic.',
  'Streaming makes it feel faster, although the total time is unchanged.',
  'I checked the three most likely causes and could rule out two of them.',
  'The remaining one is a race between the flush and the shutdown.',
  'A lock would work, but an idempotent write is simpler and survives a crash.',
  'The naïve approach – reading everything into memory – fails at about two gigabytes.',
  'Users in other time zones see the day start at a different hour, so store UTC and convert late.',
  'The budget for this month is half used, with ten days to go.',
  'One slow consumer is enough to stall the whole queue.',
  'Renaming the column is safe once the last reader has been deployed.',
  'It compiles, but the comparison is always true because both sides are strings.',
  'The second paragraph repeats the first; I would cut it.',
  'Percentiles tell you more than the average, because a few calls are very slow.',
];

const CLOSINGS = [
  'Tell me which part you would like to see in more detail.',
  'I can write the change if you agree with the direction.',
  'That should be enough to decide.',
  'If you share the log, I can narrow it down further.',
  'I would try it on one agent first and compare the cost after a day.',
];

const SHORTEST = 3;
const LONGEST = 11;
/** Characters of one token, the usual rule of thumb for English. */
const CHARS_PER_TOKEN = 4;

/** Returns a 32-bit FNV-1a hash; `from` continues an earlier one. */
export function hash(text: string, from = 0x811c9dc5): number {
  let h = from;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Returns a repeatable source of whole numbers from 0 up to its argument. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Writes the answer that belongs to a seed: an opening, some sentences without repetition, a closing. */
export function answerText(seed: number): string {
  const roll = dice(seed);
  const left = [...SENTENCES];
  const said = [OPENINGS[roll(OPENINGS.length)]!];
  for (let n = SHORTEST + roll(LONGEST - SHORTEST); n > 0; n -= 1) said.push(...left.splice(roll(left.length), 1));
  said.push(CLOSINGS[roll(CLOSINGS.length)]!);
  return said.join(' ');
}

/** Cuts a text into the pieces a model would stream, one token each: whole short words, parts of long ones. */
export function pieces(text: string): string[] {
  return text.match(/\s?[^\s]{1,5}|\s+/gu) ?? [];
}

/** Counts the tokens of a text that is read, not written: a quarter of its characters, rounded up. */
export const tokensOf = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN);
