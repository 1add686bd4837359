/** The page of redactions: what was found, whose it was, and what is looked for. */
import type { Lent, PageQuestion } from '../../src/plugin.ts';
import { controlsOf, pageQuestion } from '../shared/controls.ts';
import { RANGES } from '../shared/question.ts';
import type { Entry, EntryFacts } from './entries.ts';
import { redactionsView } from './view.ts';

const PATH = '/dashboard/redactions';

/** What the kinds are called. */
const NAMES: Readonly<Record<string, string>> = {
  email: 'E-mail addresses',
  card: 'Payment cards',
  us_ssn: 'Social security numbers (US)',
  iban: 'Bank accounts (IBAN)',
  api_key: 'Keys and tokens of APIs',
  phone: 'Phone numbers',
  ip: 'IP addresses',
};

export async function pageOf(
  records: Lent['records'],
  entry: Entry,
  asked: Pick<PageQuestion, 'query' | 'principal'>,
): Promise<Record<string, unknown>> {
  const question = pageQuestion(asked);
  const [view, all] = await Promise.all([
    redactionsView(records, question),
    question.agent === undefined ? null : redactionsView(records, { ...question, agent: undefined }),
  ]);
  const agents = [...new Set((all ?? view).sums.flatMap(({ agent }) => agent ?? []))].sort();
  const controls = controlsOf(PATH, question, { agents, models: [] });
  const { title } = RANGES[question.range ?? '24h'];
  return {
    controls: { ...controls, menus: (controls.menus as { name: string }[]).filter(({ name }) => name === 'agent') },
    title,
    empty: view.count === 0,
    cards: [
      { title: 'Found', count: view.count, detail: `in ${title}` },
      { title: 'Kinds', count: view.kinds.length, detail: 'of what is looked for' },
      { title: 'Agents', count: new Set(view.sums.map(({ agent }) => agent)).size, detail: 'whose requests had some' },
    ],
    kinds: view.kinds.map((sum) => ({ ...sum, name: nameOf(sum.kind), share: sum.count / view.count })),
    sums: view.sums.map((sum) => ({ ...sum, name: nameOf(sum.kind) })),
    entries: entry.all.map(({ facts }) => entryRow(facts)),
  };
}

const nameOf = (kind: string): string => (Object.hasOwn(NAMES, kind) ? NAMES[kind]! : kind);

const entryRow = ({ find, words, patterns, action, block, restore, unreadable }: EntryFacts) => ({
  kinds: [
    ...find.map((kind) => ({ kind, name: nameOf(kind), blocks: action === 'block' || block.includes(kind) })),
    ...words.map(({ name, count }) => ({
      kind: name,
      name,
      detail: `${count} ${count === 1 ? 'word' : 'words'}`,
      blocks: action === 'block' || block.includes(name),
    })),
    ...patterns.map((name) => ({
      kind: name,
      name,
      detail: 'a pattern',
      blocks: action === 'block' || block.includes(name),
    })),
  ],
  restore,
  refusesUnread: unreadable === 'refuse',
});
