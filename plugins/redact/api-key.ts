import type { Recogniser } from './recogniser.ts';

/**
 * Keys by what their makers let them begin with. Each alternative is one run of characters behind a fixed
 * beginning, and none begins inside another run, so that a search is linear.
 */
const KEYS = new RegExp(
  `(?<![A-Za-z0-9_-])(?:${[
    'sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_-]{20,}',
    '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])',
    'gh[oprsu]_[A-Za-z0-9]{36,}',
    'github_pat_[A-Za-z0-9_]{22,}',
    'xox[abeoprs]-[A-Za-z0-9-]{10,}',
    'xapp-[A-Za-z0-9-]{20,}',
    'AIza[A-Za-z0-9_-]{35,}',
    'glpat-[A-Za-z0-9_.-]{20,}',
    '(?:hf|gsk|sbp|dop_v1|pypi|tsk)[_-][A-Za-z0-9_-]{30,}',
    'npm_[A-Za-z0-9]{36,}',
    '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}',
    'whsec_[A-Za-z0-9+/]{24,}=*',
    'xai-[A-Za-z0-9]{40,}',
    'eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}(?:\\.[A-Za-z0-9_-]*)?',
  ].join('|')})`,
  'g',
);
const BEGIN = '-----BEGIN ';
const END = '-----END ';
const FIRST_LINE = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
const LAST_LINE = /-----END [A-Z0-9 ]{0,50}-----/y;
/** The text of a key whose end is cut off. */
const BODY = /[A-Za-z0-9+/=\r\n]*/y;
/** Characters of the largest key in use, twice. */
const LONGEST = 32_768;

/** Keys of well-known makers, JSON web tokens, and private keys in PEM. */
export const API_KEY: Recogniser = {
  kind: 'api_key',
  find(text, found) {
    const spans = [...text.matchAll(KEYS)]
      .filter(([key]) => isLikely(key))
      .map(({ index, 0: key }) => [index, index + key.length] as const);
    if (text.includes(BEGIN)) spans.push(...pemKeys(text));
    for (const [start, end] of spans.sort((one, other) => one[0] - other[0])) found(start, end);
  },
};

/** Names of classes and tasks begin with sk-, too; they have no figures in them. */
const isLikely = (key: string): boolean => !key.startsWith('sk-') || /\d/.test(key);

function pemKeys(text: string): [start: number, end: number][] {
  const spans: [number, number][] = [];
  let next = -1;
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at)) {
    const body = endOf(FIRST_LINE, text, at);
    if (body === -1) {
      at += BEGIN.length;
      continue;
    }
    // Looked for once for all that begin before it.
    if (next !== Number.POSITIVE_INFINITY && next < body) next = indexOr(text, END, body, Number.POSITIVE_INFINITY);
    const end = next - body < LONGEST ? endOf(LAST_LINE, text, next) : -1;
    spans.push([at, end === -1 ? endOf(BODY, text, body) : end]);
    at = spans.at(-1)![1];
  }
  return spans;
}

function indexOr(text: string, words: string, from: number, otherwise: number): number {
  const at = text.indexOf(words, from);
  return at === -1 ? otherwise : at;
}

/** Where the match ends that begins there; -1 where none does. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
