/** Says an error of the schema in words a person can act on. */
import type { ErrorObject } from 'ajv';
import { NAMES } from './compile.ts';
import { looksSecret, nameText, type Path, type Problem } from './problem.ts';
import type { Draft } from './read.ts';
import { mend } from './suggest.ts';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  null: 'nothing',
};

/** Keywords that only say that something inside them failed, which is told by itself. */
const ECHOES = new Set(['if', 'allOf', 'propertyNames']);

/** Turns errors of ajv (made with `verbose`) into problems at their lines. */
export function complaints(draft: Draft, errors: readonly ErrorObject[]): Problem[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  return errors.flatMap((error) => {
    if (ECHOES.has(error.keyword)) return [];
    // What is wrong with each branch says less than that none of them fits.
    if (choices.some((choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/`))) return [];
    return [complaint(draft, error)];
  });
}

function complaint(draft: Draft, error: ErrorObject): Problem {
  const path = pathOf(draft, error.instancePath);
  if (error.propertyName !== undefined) {
    return draft.problem(
      [...path, error.propertyName],
      `is a name that cannot be used: it ${say(draft, path, error)}`,
      'key',
    );
  }
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(error.params.additionalProperty);
      const known = (error.parentSchema?.[NAMES] as string[] | undefined) ?? [];
      return draft.problem([...path, name], `is not known${mend(name, known, 'known here')}`, 'key');
    }
    case 'required':
      return draft.problem(path, `has no ${error.params.missingProperty}; add it`);
    default:
      return draft.problem(path, say(draft, path, error));
  }
}

function say(draft: Draft, path: Path, error: ErrorObject): string {
  const limit = error.params.limit as number | undefined;
  switch (error.keyword) {
    case 'type':
      return sayType(error);
    case 'enum':
      return sayEnum(draft, path, error);
    case 'minimum':
    case 'exclusiveMinimum':
      return `must be ${error.keyword === 'minimum' ? 'at least' : 'more than'} ${limit}${not(draft, path, error.data)}`;
    case 'maximum':
    case 'exclusiveMaximum':
      return `must be ${error.keyword === 'maximum' ? 'at most' : 'less than'} ${limit}${not(draft, path, error.data)}`;
    case 'minLength':
      return error.data === ''
        ? 'is empty; give it a value or remove the key'
        : `is too short; ${limit} characters are the least`;
    case 'maxLength':
      return `is too long; ${limit} characters are the most`;
    case 'minItems':
    case 'minProperties':
      return `is empty; write at least ${limit === 1 ? 'one entry' : `${limit} entries`} or remove the key`;
    case 'maxItems':
    case 'maxProperties':
      return `has too many entries; ${limit} are the most`;
    case 'uniqueItems':
      return 'names something twice; remove one of them';
    case 'pattern':
      return String(error.parentSchema?.patternErrorMessage ?? `must match ${error.params.pattern}`);
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`;
    case 'anyOf':
    case 'oneOf':
      return 'fits none of the shapes it may have; look at its description';
    default:
      return error.message ?? 'is not valid';
  }
}

function sayType({ params, data }: ErrorObject): string {
  if (data === null) return 'has no value; give it one or remove the key';
  const wanted = [params.type as string | string[]].flat();
  const is = Array.isArray(data)
    ? 'array'
    : typeof data === 'number' && Number.isInteger(data)
      ? 'integer'
      : typeof data;
  const words = [...new Set(wanted.map((type) => KINDS[type] ?? type))].join(' or ');
  return `must be ${words}, but is ${KINDS[is] ?? is}${typeMend(wanted, is, data)}`;
}

function typeMend(wanted: string[], is: string, data: unknown): string {
  if (wanted.includes('string') && ['number', 'integer', 'boolean'].includes(is)) return '; put it in quotes';
  if (is === 'string' && /^(-?\d+(\.\d+)?|true|false)$/.test(data as string)) return '; remove the quotes';
  if (wanted.includes('array') && is === 'object') return '; begin each entry with a dash';
  if (wanted.includes('object') && is === 'array') return '; write names instead of dashes';
  return '';
}

function sayEnum(draft: Draft, path: Path, { params, data }: ErrorObject): string {
  const allowed = (params.allowedValues as unknown[]).map(String).filter((value) => value !== '');
  if (typeof data === 'string' && path.at(-1) === 'plugin') return sayPlugin(data, allowed);
  const wanted =
    allowed.length > 1 ? `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}` : (allowed[0] ?? 'left out');
  const shown = not(draft, path, data);
  const meant = typeof data === 'string' && shown !== '' && allowed.length > 3 ? mend(data, allowed, '') : '';
  return `must be ${wanted}${shown}${meant.includes('did you mean') ? meant : ''}`;
}

function sayPlugin(name: string, files: string[]): string {
  return `${nameText(name)} is not in plugins/${mend(name, files, 'there are')}`;
}

/** `, not 70000`: only values that nobody would keep secret, and never what the environment brought. */
function not(draft: Draft, path: Path, value: unknown): string {
  if (typeof value === 'number') return hidden(draft, path) ? '' : `, not ${value}`;
  if (typeof value !== 'string' || hidden(draft, path)) return '';
  return /^[\w .*/:-]{1,24}$/.test(value) && !looksSecret(value) ? `, not ${value}` : '';
}

function hidden(draft: Draft, path: Path): boolean {
  return draft.isForeign(path) || path.some((step) => typeof step === 'string' && SECRET_NAMES.test(step));
}

/** Names of members that may hold a secret. */
export const SECRET_NAMES = /key|secret|token|passw|auth|header|database|url|smtp|cred|cookie|dsn/i;

/** Follows a JSON pointer down the data, where numbers are indexes only inside lists. */
function pathOf(draft: Draft, at: string): Path {
  let here: unknown = draft.data;
  return at
    .split('/')
    .slice(1)
    .map((part) => {
      const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const index = Array.isArray(here) ? Number(step) : step;
      here = typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[step] : undefined;
      return index;
    });
}
