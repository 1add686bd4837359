/** One thing that is wrong with a file, said so that its author can mend it. Holds no value that could be a secret. */
export interface Problem {
  /** Name of the file, or of the environment variable that brought the value. */
  readonly file: string;
  /** Counted from 1; null when the whole file, or the environment, is meant. */
  readonly line: number | null;
  readonly column: number | null;
  /** `providers.openai.base_url`; '' for the whole file. */
  readonly path: string;
  /** What is wrong and how to mend it; reads on from the path. */
  readonly message: string;
}

/** A step on the way to a value: the key of a map, the index of a list. */
export type Path = readonly (string | number)[];

const MAX_LINES = 15;
const MAX_LINE_LENGTH = 400;

/** Says that a configuration cannot be used. Its message has at most 15 lines, one for each problem. */
export class ConfigError extends Error {
  readonly code = 'config_invalid';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(listProblems(problems));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Renders problems one a line, in the order of the file, at most 15 lines. */
export function listProblems(problems: readonly Problem[]): string {
  const lines = [...new Set(problems.map(problemLine))];
  if (lines.length <= MAX_LINES) return lines.join('\n');
  const shown = lines.slice(0, MAX_LINES - 1);
  return [...shown, `and ${lines.length - shown.length} more problems`].join('\n');
}

/** Renders one problem: `gateway.yaml:12:7 providers.openai.bass_url is not known; did you mean base_url?` */
export function problemLine({ file, line, column, path, message }: Problem): string {
  const place = line === null ? `${file}:` : `${file}:${line}:${column}`;
  const text = [place, path, message].filter((part) => part !== '').join(' ');
  return text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH - 3)}...` : text;
}

/** Puts problems in the order of the file, each once; those without a line come first. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [problemLine(problem), problem]));
  return [...once.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** Writes a path as people say it: `listen[0].port`, `providers.openai.models["a b"]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w*/:@.-]{1,64}$/.test(step) && !looksSecret(step)) text += text === '' ? step : `.${step}`;
    else text += `[${nameText(step)}]`;
  }
  return text;
}

/** Shows a name that stands in the file, unless it could be a key that slipped into the wrong place. */
export function nameText(name: string): string {
  if (looksSecret(name)) return '"***"';
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 61)}...` : name);
}

/** Tells text that has the looks of a credential: a known prefix, or a long mix of letters and digits. */
export function looksSecret(text: string): boolean {
  if (/(^|[^A-Za-z])(sk|pk|gw|rk|ghp|gsk|xai|xox[a-z]|glpat|hf)[-_][\w-]{8}|AIza|AKIA|eyJ|Bearer /.test(text))
    return true;
  const run = /[A-Za-z0-9+/=]{24,}/.exec(text)?.[0];
  return run !== undefined && /\d/.test(run) && /[A-Za-z]/.test(run);
}

/** The key under which a path is remembered: a JSON pointer, as ajv writes it. */
export function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
