import { JsonWalk, Words } from '../../src/plugin.ts';

const QUOTE = 34;
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const NO_NAMES = new Words({});

/** A string value of an answer. */
export interface AnswerString {
  /** Names and places from the outermost object down, with dots: `choices.0.delta.content`. */
  readonly path: string;
  readonly name: string;
  /** What stands between its quotes. */
  readonly start: number;
  readonly end: number;
}

interface Level {
  readonly path: string;
  readonly name: string;
  readonly isObject: boolean;
  readonly strings: number;
  index: number;
  isSigned: boolean;
}

/** All string values of one JSON value but those of objects that are signed: a signature covers their text as it is. */
export function answerStrings(bytes: Buffer): AnswerString[] {
  const walk = new JsonWalk(bytes);
  const levels: Level[] = [];
  const strings: AnswerString[] = [];
  let path = '';
  let name = '';
  for (let first = walk.peek(); first !== -1; first = walk.peek()) {
    if (first === QUOTE) {
      walk.string();
      if (name === 'signature' && walk.textEnd > walk.textStart) levels.at(-1)!.isSigned = true;
      else strings.push({ path, name, start: walk.textStart, end: walk.textEnd });
    } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      walk.at++;
      levels.push({ path, name, isObject: first === OPEN_BRACE, strings: strings.length, index: -1, isSigned: false });
    } else walk.skip();
    const level = leave(walk, levels, strings);
    if (level === undefined) break;
    name = level.isObject ? walk.bytes.toString('utf8', walk.textStart, walk.textEnd) : level.name;
    const step = level.isObject ? name : String(++level.index);
    path = level.path === '' ? step : `${level.path}.${step}`;
  }
  return strings;
}

/** Goes to the next value, out of all that has ended; the level it stands on, undefined behind the last one. */
function leave(walk: JsonWalk, levels: Level[], strings: AnswerString[]): Level | undefined {
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    if (level.isObject ? walk.nextMember(NO_NAMES) !== -1 : walk.nextElement()) return level;
    if (level.isSigned) strings.length = level.strings;
    levels.pop();
  }
  return undefined;
}
