/**
 * The grammar of one JSON object as a table: state and kind of byte give the next step.
 * Strings and literals are single steps; what is inside them is the scanner's business.
 */
export const State = {
  start: 0,
  keyOrClose: 1,
  key: 2,
  colon: 3,
  value: 4,
  valueOrClose: 5,
  afterMember: 6,
  afterElement: 7,
  done: 8,
} as const;

export const Step = {
  unexpected: 0,
  skip: 1,
  comma: 2,
  colon: 3,
  key: 4,
  string: 5,
  number: 6,
  word: 7,
  openObject: 8,
  openArray: 9,
  close: 10,
} as const;

const Kind = {
  other: 0,
  space: 1,
  openBrace: 2,
  closeBrace: 3,
  openBracket: 4,
  closeBracket: 5,
  colon: 6,
  comma: 7,
  quote: 8,
  number: 9,
  word: 10,
} as const;

/** Row length of STEPS. */
export const KINDS = 11;

/** Kind of each byte, as the start of a token. */
export const CLASSES = classes();

/** 1 for the bytes a number may go on with. */
export const NUMERIC = numeric();

/** `STEPS[state * KINDS + CLASSES[byte]]`. */
export const STEPS = steps();

/** Says what stands where an object should begin, without quoting it. */
export function insteadOfObject(byte: number): string {
  if (byte === 0xef || byte === 0xfe || byte === 0xff) return 'begins with a byte order mark';
  const names: Readonly<Record<number, string>> = {
    [Kind.openBracket]: 'an array',
    [Kind.quote]: 'a string',
    [Kind.number]: 'a number',
    [Kind.word]: 'a literal',
  };
  const name = names[CLASSES[byte]!];
  return name === undefined ? 'is not JSON' : `is not a JSON object but ${name}`;
}

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  const set = (characters: string, kind: number) => {
    for (const character of characters) table[character.charCodeAt(0)] = kind;
  };
  set(' \t\r\n', Kind.space);
  set('{', Kind.openBrace);
  set('}', Kind.closeBrace);
  set('[', Kind.openBracket);
  set(']', Kind.closeBracket);
  set(':', Kind.colon);
  set(',', Kind.comma);
  set('"', Kind.quote);
  set('-0123456789', Kind.number);
  set('tfn', Kind.word);
  return table;
}

function numeric(): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of '0123456789.eE+-') table[character.charCodeAt(0)] = 1;
  return table;
}

function steps(): Uint8Array {
  const table = new Uint8Array(9 * KINDS);
  const set = (state: number, kind: number, step: number) => {
    table[state * KINDS + kind] = step;
  };
  for (let state = 0; state < 9; state++) set(state, Kind.space, Step.skip);
  set(State.start, Kind.openBrace, Step.openObject);
  for (const state of [State.keyOrClose, State.key]) set(state, Kind.quote, Step.key);
  for (const state of [State.keyOrClose, State.afterMember]) set(state, Kind.closeBrace, Step.close);
  for (const state of [State.valueOrClose, State.afterElement]) set(state, Kind.closeBracket, Step.close);
  for (const state of [State.afterMember, State.afterElement]) set(state, Kind.comma, Step.comma);
  set(State.colon, Kind.colon, Step.colon);
  for (const state of [State.value, State.valueOrClose]) {
    set(state, Kind.openBrace, Step.openObject);
    set(state, Kind.openBracket, Step.openArray);
    set(state, Kind.quote, Step.string);
    set(state, Kind.number, Step.number);
    set(state, Kind.word, Step.word);
  }
  return table;
}
