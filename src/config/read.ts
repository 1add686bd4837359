/**
 * Text to document: bounds, YAML, variables, overrides. What the document means is
 * decided by validate.ts; here it only becomes plain data that knows its lines.
 */
import { LineCounter, parseDocument } from 'yaml';
import { refuseText } from './bounds.ts';
import { type Walked, walkDocument } from './document.ts';
import { type Branch, origins, override } from './overrides.ts';
import { inFileOrder, type Path, type Problem, pathText, pointer } from './problem.ts';
import type { Environment } from './variables.ts';

export interface Source {
  text: string;
  /** Name for messages, such as gateway.yaml. */
  file: string;
  /** The environment; only here is it ever seen. Its TOKEN_SPY__ variables are laid over the document when `overrides` is set. */
  env: Environment;
  overrides?: boolean;
}

/** A document that was read and not yet checked. */
export interface Draft {
  readonly file: string;
  readonly data: Branch;
  /** Text of scalars whose type was guessed because they came from the environment, by JSON pointer. */
  readonly guessed: ReadonlyMap<string, string>;
  /** Tells whether the scalar at a path holds something of the environment: such a value is never shown. */
  isForeign(path: Path): boolean;
  /** Makes a problem of what is wrong at a path; `key` points at the name, `value` at what it holds. */
  problem(path: Path, message: string, at?: 'key' | 'value'): Problem;
}

export type ReadResult = { ok: true; draft: Draft } | { ok: false; problems: Problem[] };

/** Reads a YAML text into a draft. Bounded in time and memory whatever the text is; never throws. */
export function readConfig(source: Source): ReadResult {
  const { text, file, env } = source;
  const refused = refuseText(text);
  if (refused !== null) return { ok: false, problems: [{ file, path: '', ...refused }] };

  const lines = new LineCounter();
  const document = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const broken = firstError(document);
  if (broken !== null) {
    const at = place(broken.offset);
    const message = hasBareVariable(text, broken.offset, broken.code) ? BARE_VARIABLE : sayError(broken.code);
    return { ok: false, problems: [{ file, ...at, path: '', message }] };
  }

  const walked = walkDocument(document, env, (offset) => place(offset).line);
  if (!isBranch(walked.data) && walked.complaints.length === 0) {
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message: sayRoot(walked.data) }] };
  }
  return lay(source, walked, place);
}

const YAML_OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  // Compared in the walk instead: the library compares each key with each other one.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

function lay(source: Source, walked: Walked, place: (offset: number) => { line: number; column: number }): ReadResult {
  const { file, env } = source;
  const laid = source.overrides && isBranch(walked.data) ? override(walked.data, env) : { done: [], failed: [] };
  const variables = origins(laid.done);
  // A variable that is not set does no harm where an override has the last word.
  const complaints = walked.complaints.filter(({ path }) => !variables.has(pointer(path)));
  const problems: Problem[] = [
    ...complaints.map(({ offset, path, message }) => ({ file, ...place(offset), path: pathText(path), message })),
    ...laid.failed.map(({ variable, path, message }) => ({ file: variable, line: null, column: null, path, message })),
  ];
  if (problems.length > 0) return { ok: false, problems: inFileOrder(problems) };

  const problem = (path: Path, message: string, at: 'key' | 'value' = 'value'): Problem => {
    const variable = nearest(path, variables);
    if (variable !== undefined) return { file: variable, line: null, column: null, path: pathText(path), message };
    const mark = nearest(path, walked.marks);
    // Of what is not there, the thing it is missing from is shown.
    const offset = walked.marks.has(pointer(path)) ? mark?.[at] : mark?.value;
    return { file, ...place(offset ?? 0), path: pathText(path), message };
  };
  const guessed = new Map(walked.guessed);
  for (const { path, text } of laid.done) guessed.set(pointer(path), text);
  const foreign = new Set([...walked.expanded, ...variables.keys()]);
  return {
    ok: true,
    draft: { file, data: walked.data as Branch, guessed, isForeign: (path) => foreign.has(pointer(path)), problem },
  };
}

/** What is remembered of a path, or else of the closest thing around it. */
function nearest<T>(path: Path, memory: ReadonlyMap<string, T>): T | undefined {
  for (let length = path.length; length > 0; length--) {
    const found = memory.get(pointer(path.slice(0, length)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isBranch(data: unknown): data is Branch {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function sayRoot(data: unknown): string {
  if (data === null) return 'is empty; write at least one section, or {} for the defaults';
  const what = Array.isArray(data) ? 'a list' : 'a single value';
  return `is ${what}; it must be a map of sections such as listen, providers and plugins`;
}

/** Only the first error is told: where YAML is lost, the rest is noise. */
function firstError({
  errors,
  warnings,
  directives,
}: ReturnType<typeof parseDocument>): { code: string; offset: number } | null {
  if (directives?.yaml.explicit) return { code: 'DIRECTIVE', offset: 0 };
  const found = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0])[0];
  return found === undefined ? null : { code: found.code, offset: found.pos[0] };
}

/** `{ key: ${KEY} }`: the brace of the variable opens a map of its own there. */
function hasBareVariable(text: string, offset: number, code: string): boolean {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const before = [text.lastIndexOf('\n', Math.max(0, start - 2)) + 1, start];
  return (
    code in FLOW &&
    before.some((from) => /[{[,][^"'#\n]*[^"'{\n]\$\{/.test(text.slice(from, text.indexOf('\n', from) >>> 0)))
  );
}

const FLOW = { UNEXPECTED_TOKEN: true, MISSING_CHAR: true, BAD_INDENT: true, COMMA_IN_FLOW: true };
const BARE_VARIABLE = `has a variable inside { } or [ ]; put it in quotes there: "\${NAME}"`;

/** The library's own words may quote the text, and the text may be a key. */
function sayError(code: string): string {
  return SYNTAX[code] ?? 'is no valid YAML from here on; look at quotes, colons and indentation';
}

const SYNTAX: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'has an alias with an anchor or a tag; remove one of them',
  BAD_ALIAS: 'has an alias without a name; write *name, or put the text in quotes',
  BAD_COLLECTION_TYPE: 'has a tag (!) that does not fit; remove it',
  BAD_DIRECTIVE: 'has a line that begins with %; remove it',
  BAD_DQ_ESCAPE: 'has a \\ in double quotes that means nothing; use single quotes, or write \\\\',
  BAD_INDENT: 'is indented wrongly here, or misses a closing ] or } above; align it with its neighbours, with spaces',
  BAD_PROP_ORDER: 'has an anchor or a tag in the wrong place; it stands before the value',
  BAD_SCALAR_START: 'has a value that begins with a reserved character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'has a second colon in one line; put the value in quotes, or start a new line',
  BLOCK_IN_FLOW: 'has a block inside { } or [ ]; keep it in one style',
  COMMA_IN_FLOW: 'has a comma too many',
  DIRECTIVE: 'has a line that begins with %; remove it',
  IMPOSSIBLE: 'is no valid YAML from here on; look at quotes, colons and indentation',
  KEY_OVER_1024_CHARS: 'has a key of more than 1024 characters; a line end or a quote is missing',
  MISSING_CHAR:
    'misses something here: a colon, a comma, a closing quote or bracket, or the indentation of its neighbours',
  MULTILINE_IMPLICIT_KEY: 'has a line without a colon, or a key of two lines; write key: value',
  MULTIPLE_ANCHORS: 'has two anchors on one value; keep one',
  MULTIPLE_DOCS: 'holds a second document (---); keep one',
  MULTIPLE_TAGS: 'has two tags on one value; remove them',
  TAB_AS_INDENT: 'is indented with a tab; use spaces',
  TAG_RESOLVE_FAILED: 'has a tag (!) that is not supported; remove it, or put the text in quotes',
  UNEXPECTED_TOKEN: 'has something here that does not belong; look at quotes, brackets and indentation',
};
