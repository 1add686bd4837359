/** What all channels say of a notice, each in its own form. */
import { kindOf, type Notice } from '../shared/notice.ts';

const MOST_FACTS = 10;
const LONGEST_NAME = 60;
const LONGEST_VALUE = 200;

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** `Critical: Cost of web`, and `Resolved: Cost of web` when it is over. */
export function headlineOf({ severity, resolves, title }: Notice): string {
  const word = resolves ? 'resolved' : severity;
  return `${word[0]!.toUpperCase()}${word.slice(1)}: ${title.replace(/\s+/g, ' ')}`;
}

/** The facts of a notice that are worth a line: short ones, the first ten; what is unknown is left out. */
export function factsOf({ data }: Notice): Fact[] {
  const facts = Object.entries(data).flatMap(([name, value]) => {
    const text = textOf(value);
    return text === ''
      ? []
      : [{ name: short(name.replaceAll('_', ' '), LONGEST_NAME), value: short(text, LONGEST_VALUE) }];
  });
  return facts.slice(0, MOST_FACTS);
}

/** `agent coder, key ci` of an object; a list is no short fact. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || Array.isArray(value)) return '';
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).map(([name, inner]) => `${name} ${textOf(inner)}`);
  return members.join(', ');
}

/** At most so many UTF-16 units, never half of a character. */
export function short(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

const PAGES: Readonly<Record<string, string>> = {
  alert: 'alerts',
  budget_exceeded: 'budgets',
  budget_threshold: 'budgets',
  session_reset: 'sessions',
  session_limit: 'sessions',
  model_unpriced: 'prices',
  config_refused: 'config',
  pause: 'pauses',
  cache_break: 'cache-breaks',
};

/** Where the dashboard tells more of it. */
export function linkOf({ event }: Notice, dashboard: string | null): string | null {
  if (dashboard === null) return null;
  const kind = kindOf(event);
  return `${dashboard.replace(/\/+$/, '')}/dashboard/${Object.hasOwn(PAGES, kind) ? PAGES[kind] : 'channels'}`;
}
