import { expect } from 'chai';
import { Desk, type Said } from './talk.ts';

/** A generator of numbers from a seed, so that what fails can be played again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % sides;
  };
}

/** A conversation as the generator knows it. */
interface Talk {
  readonly name: number;
  said: Said[];
  /** What the answer to it will be; null: none came. */
  answer: string | null;
  session: string | null;
}

const FIRST_WORDS = ['u:Hello', 'u:Fix the tests', 'u:Good morning'] as const;
const MOST_TALKS = 20;
const STEPS = 400;

describe('conversations in a random order', () => {
  for (let seed = 1; seed <= 25; seed++)
    it(`are told apart, with retries, branches and compactions: seed ${seed}`, () => play(seed));
});

function play(seed: number): void {
  const roll = dice(seed);
  const desk = new Desk();
  const talks: Talk[] = [];
  let words = 0;
  /** Never said before, and of a length of its own: answers are what first words are told apart by. */
  const something = (): string => `${++words} ${'.'.repeat(words * 3)}`;

  /** Asks what a talk says by now, and holds what the book says of it against what the generator knows. */
  const ask = (talk: Talk, relation: string, parents: readonly (string | null)[] = [null]): void => {
    const isAnswered = roll(10) > 0;
    const answer = something();
    const { session, turn } = desk.ask(talk.said, { ends: isAnswered ? 'answered' : 'failed', says: answer });
    talk.answer = isAnswered ? answer : null;
    const where = `talk ${talk.name}, ${talk.said.length} messages`;
    if (talk.session === null) {
      const taken = talks.find((other) => other !== talk && other.session === session.id);
      expect(taken?.name, `${where} took the session of`).to.equal(undefined);
      talk.session = session.id;
    }
    expect(session.id, where).to.equal(talk.session);
    expect(turn.relation, where).to.equal(relation);
    expect(parents, where).to.include(turn.parent);
  };

  const begin = (): void => {
    const failedAlike = (word: Said): boolean =>
      talks.some(({ said, answer }) => said.length === 1 && said[0] === word && answer === null);
    const word = FIRST_WORDS[roll(FIRST_WORDS.length)]!;
    // What failed and comes again with the same words is a retry, by whomever.
    if (failedAlike(word)) return;
    const talk: Talk = { name: talks.length, said: [word], answer: null, session: null };
    talks.push(talk);
    ask(talk, 'start');
  };

  const goOn = (talk: Talk): void => {
    talk.said = [...talk.said, `a:${talk.answer}`, `u:${something()}`];
    ask(talk, 'next');
  };

  /** Whether what comes at this place may as well be the last words of another talk, edited. */
  const isAnothers = (talk: Talk, beginning: readonly Said[]): boolean =>
    talks.some(
      ({ said, name }) =>
        name !== talk.name && said.length === beginning.length + 1 && beginning.every((one, at) => said[at] === one),
    );

  const branch = (talk: Talk): void => {
    const own = talk.said.length;
    if (own < 7) return;
    const shared = talk.said.slice(0, 2 + 2 * roll((own - 5) / 2));
    if (!shared.some((one) => one.startsWith('a:')) || isAnothers(talk, shared)) return;
    const beginsSo = ({ said }: Talk): boolean => shared.every((one, at) => said[at] === one);
    const parents = talks.filter(beginsSo).map(({ session }) => session);
    const other = { ...talk, name: talks.length, said: [...shared, `u:${something()}` as Said], session: null };
    talks.push(other);
    ask(other, 'branch', parents);
  };

  const compact = (talk: Talk): void => {
    if (talk.said.length < 9) return;
    const kept = talk.said.slice(-3 - roll(3));
    talk.said = [`u:summary ${something()}`, ...kept, `a:${talk.answer}`, `u:${something()}`];
    ask(talk, 'compacted');
  };

  const edit = (talk: Talk): void => {
    if (talk.said.length < 3 || isAnothers(talk, talk.said.slice(0, -1))) return;
    talk.said = [...talk.said.slice(0, -1), `u:${something()}`];
    ask(talk, 'branch');
  };

  for (let step = 0; step < STEPS; step++) {
    if (talks.length < MOST_TALKS && (talks.length === 0 || roll(8) === 0)) begin();
    const talk = talks[roll(talks.length)];
    if (!talk) continue;
    const kind = roll(20);
    if (talk.answer === null) ask(talk, 'retry');
    else if (kind === 0) branch(talk);
    else if (kind === 1) compact(talk);
    else if (kind === 2) edit(talk);
    else if (kind === 3 && talk.said.length > 1) ask(talk, 'retry');
    else goOn(talk);
  }
}
