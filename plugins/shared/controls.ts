/** The controls above pages of prompts: each choice is an address. */
import type { PageQuestion } from '../../src/plugin.ts';
import { type Question, RANGES, readQuestion } from './question.ts';

/** Parameters that are shown in the address of a page. */
const KEPT = ['range', 'agent', 'model'] as const;

/** Reads what a page is asked for; a parameter that is wrong is as if it were not there. */
export function pageQuestion({ query, principal }: Pick<PageQuestion, 'query' | 'principal'>): Question {
  const given: Record<string, string> = {};
  for (const name of KEPT) {
    const value = query.get(name);
    if (value !== null) given[name] = value;
  }
  for (;;) {
    const question = readQuestion(given, principal);
    if (!('rule' in question)) return question;
    delete given[question.field];
  }
}

/** What views/partials/prompt-controls.hbs shows. */
export function controlsOf(
  path: string,
  question: Question,
  { agents, models }: { agents: readonly string[]; models: readonly string[] },
): Record<string, unknown> {
  return {
    path,
    range: question.range,
    ranges: Object.keys(RANGES).map((name) => ({
      name,
      here: name === question.range,
      href: addressOf(path, { ...question, range: name }),
    })),
    menus: [
      menuOf('agent', 'All agents', agents, question.agent),
      menuOf('model', 'All models', models, question.model),
    ],
    filtered: question.agent !== undefined || question.model !== undefined,
    unfiltered: addressOf(path, { range: question.range }),
  };
}

/** An address of a page with these parameters. */
export function addressOf(path: string, parameters: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (SHOWN.has(name) && typeof value === 'string') search.set(name, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

const SHOWN: ReadonlySet<string> = new Set([...KEPT, 'kind', 'name']);

/** The chosen name is in the menu even where the stretch has none of it. */
function menuOf(name: string, all: string, names: readonly string[], chosen: string | undefined) {
  const known = chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
  return { name, all, options: known.map((value) => ({ value, chosen: value === chosen })) };
}
