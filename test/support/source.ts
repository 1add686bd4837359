/** Reads our own sources, so that tests can hold the rules of the house. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const top = join(import.meta.dirname, '..', '..');

export const read = (path: string): string => readFileSync(join(top, path), 'utf8');

/** Paths from the repository's top, sorted; folders that begin with a dot are passed over. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(top, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : filesIn(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}

/** One import or re-export. */
export interface ImportLine {
  file: string;
  /** A path from the top for a file of ours, else the package: `koa`, `@koa/router`, `node:fs`. */
  target: string;
  ours: boolean;
  typesOnly: boolean;
}

// The formatter puts each import at the start of a line; the clause holds nothing but names.
const STATIC = /^(?:import|export)\s+(type\s+)?(?:([\w\s{},*$]*?)\s*from\s+)?'([^'\n]+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^'\n]+)'\s*\)/g;

export function importsOf(file: string): ImportLine[] {
  const text = read(file);
  const made = (name: string, typesOnly: boolean): ImportLine => ({ file, ...targetOf(file, name), typesOnly });
  return [
    ...[...text.matchAll(STATIC)].map(([, type, names, name]) => made(name!, type !== undefined || onlyTypes(names))),
    ...[...text.matchAll(DYNAMIC)].map(([, name]) => made(name!, false)),
  ];
}

/** `{ type A, type B }`, all of them marked. */
function onlyTypes(names: string | undefined): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names?.trim() ?? '')?.[1];
  const each = inner?.split(',').map((name) => name.trim());
  return each?.filter((name) => name !== '').every((name) => name.startsWith('type ')) ?? false;
}

function targetOf(file: string, name: string): { target: string; ours: boolean } {
  if (name.startsWith('.')) return { target: relative(top, join(top, dirname(file), name)), ours: true };
  if (name.startsWith('node:')) return { target: name, ours: false };
  return { target: name.split('/', name.startsWith('@') ? 2 : 1).join('/'), ours: false };
}

export interface Func {
  file: string;
  line: number;
  lines: number;
}

const HEAD =
  /^(?:export )?(?:default )?(?:async )?function\b|= (?:async )?\($|^(?:(?:static|async|get|set|override|private|protected) )*#?[\w$]+(?:<.*>)?\(|=> \(?\{$/;
const NO_FUNCTION = /^(?:if|for|while|switch|return|throw|await|new|super)\b/;

/**
 * Finds functions, methods and arrow functions with a body of several lines.
 *
 * It trusts the formatter: what begins on a line ends on the first later one with the
 * same indentation and a closing brace.
 */
export function functionsIn(file: string): Func[] {
  const lines = read(file).split('\n');
  return lines.flatMap((text, at) => {
    const indent = /^ */.exec(text)![0];
    const body = text.slice(indent.length);
    if (!HEAD.test(body) || (NO_FUNCTION.test(body) && !body.endsWith('=> {'))) return [];
    const opens = bodyFrom(lines, at, indent);
    const end = opens === -1 ? -1 : lines.findIndex((line, i) => i > opens && line.startsWith(`${indent}}`));
    return end === -1 ? [] : [{ file, line: at + 1, lines: end - at + 1 }];
  });
}

/** The line whose brace opens the body: the head's own, or the one where its parameters end; -1 for a call. */
function bodyFrom(lines: readonly string[], at: number, indent: string): number {
  if (lines[at]!.endsWith('{')) {
    // `f({` opens an argument or a pattern; only the line that closes it tells which.
    if (!/\(\{$/.test(lines[at]!) || lines[at]!.endsWith('=> ({')) return at;
  } else if (!/[([<]$/.test(lines[at]!)) return -1;
  const closed = lines.findIndex(
    (line, i) => i > at && line.startsWith(indent) && /^[)}\]>]/.test(line.slice(indent.length)),
  );
  return closed !== -1 && lines[closed]!.endsWith('{') ? closed : -1;
}

/** What stands in fences of one language in a Markdown file. */
export function fences(markdown: string, language: string): string[] {
  const found = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'));
  return [...found].map(([, text]) => text!);
}

/** Rows of the table below a heading, cells without their padding; the head and its rule left out. */
export function tableBelow(markdown: string, heading: string): string[][] {
  const at = markdown.indexOf(`${heading}\n`);
  if (at === -1) throw new Error(`there is no heading ${heading}`);
  const lines = markdown.slice(at + heading.length).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const after = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  const rows = lines.slice(first + 2, after);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

export const exists = (path: string): boolean => existsSync(join(top, path));
