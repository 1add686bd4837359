/** The page of prompts: what each part costs a turn and a day, how it grew, and tools that nobody calls. */
import type { GrowthPoint, Lent, PageQuestion, PartKind } from '../../src/plugin.ts';
import { addressOf, controlsOf, pageQuestion } from '../shared/controls.ts';
import { nameWords, partWords } from '../shared/part-words.ts';
import { linePlot, sparkline } from '../shared/plot.ts';
import { type Question, RANGES } from '../shared/question.ts';
import { type Economics, economicsOf, type PartEconomics, toolsOf } from './economics.ts';

const PATH = '/dashboard/prompts';
/** Parts that are listed, and those of them that have a small chart: each is a question to the database. */
const MOST_PARTS = 100;
const MOST_CHARTS = 12;
/** Names of tools in a sentence. */
const MOST_NAMES = 40;
const BAR = 1000;

export async function pageOf(
  records: Lent['records'],
  asked: Pick<PageQuestion, 'query' | 'principal' | 'zone'>,
): Promise<Record<string, unknown>> {
  const question = pageQuestion(asked);
  const economics = await economicsOf(records, question);
  const charts = await chartsOf(records, question, economics.parts.slice(0, MOST_CHARTS));
  const rows = economics.parts.slice(0, MOST_PARTS).map((part, at) => rowOf(part, question, charts[at] ?? null));
  const { tools, never_called: never } = toolsOf(economics);
  return {
    controls: controlsOf(PATH, question, economics),
    title: RANGES[question.range ?? '24h'].title,
    empty: economics.turns === 0,
    hours: hoursIn(economics),
    since: economics.since,
    cards: cardsOf(economics, never.names.length, tools.length, never.usd_per_day),
    dearest: sentenceOf(
      economics.parts.find(({ kind }) => kind !== 'history' && kind !== 'new'),
      economics,
    ),
    rows,
    more: economics.parts.length - rows.length,
    tools,
    never: { ...never, names: never.names.slice(0, MOST_NAMES), more: Math.max(0, never.names.length - MOST_NAMES) },
    part: await chosenPart(records, question, economics, asked),
  };
}

const chartsOf = (records: Lent['records'], question: Question, parts: readonly PartEconomics[]) =>
  Promise.all(
    parts.map(async ({ kind, name }) => sparkline((await growthOf(records, question, kind, name)).map(charsOf))),
  );

const growthOf = (records: Lent['records'], question: Question, kind: PartKind, name: string) =>
  records.growth({ ...question, kind, name });
const charsOf = ({ chars }: GrowthPoint): number => chars;

function rowOf(part: PartEconomics, question: Question, chart: ReturnType<typeof sparkline>) {
  return {
    ...part,
    nameWords: nameWords(part),
    words: partWords(part),
    href: `${addressOf(PATH, { ...question, kind: part.kind, name: part.name })}#part`,
    fates: fatesOf(part),
    chart,
  };
}

/** A bar of what was read, written and neither; null where nobody counted. */
function fatesOf({ read, write, uncached, tokens }: PartEconomics) {
  if (tokens === 0) return null;
  const widths = [
    { kind: 'read', name: 'read from the cache', count: read },
    { kind: 'write', name: 'written to the cache', count: write },
    { kind: 'input', name: 'not cached', count: uncached },
  ];
  let x = 0;
  return widths.flatMap(({ kind, name, count }) => {
    const width = Math.round((count / tokens) * BAR);
    x += width;
    return count === 0 ? [] : [{ kind, name, count, share: count / tokens, x: x - width, width }];
  });
}

/** Over which hours its figures are. */
function hoursIn({ hours }: Economics): string {
  if (hours < 2) return `${Math.max(1, Math.round(hours * 60))} minutes`;
  return `${hours < 10 ? Math.round(hours * 10) / 10 : Math.round(hours)} hours`;
}

function cardsOf(economics: Economics, never: number, tools: number, neverUsd: string | null) {
  return [
    { title: 'Input a day', money: economics.usd_per_day, detail: `at the rate of ${hoursIn(economics)}` },
    { title: 'Turns', count: economics.turns, detail: 'whose prompt was taken apart' },
    {
      title: 'History sent again',
      share: economics.history_share,
      detail: 'of all input tokens; a day of it:',
      money: undefined,
      extra: economics.history_usd_per_day,
    },
    { title: 'Tools nobody called', text: `${never} of ${tools}`, detail: 'a day of them:', extra: neverUsd },
  ];
}

/** `file AGENTS.md: $0.003 × 200 turns = $0.60 in 24 hours, $0.60 a day`; null where it has no price. */
function sentenceOf(part: PartEconomics | undefined, economics: Economics) {
  if (!part || part.usd_per_turn === null) return null;
  return { ...part, words: partWords(part), priced: part.turns - part.unpriced, hours: hoursIn(economics) };
}

/** The part that the address names, with how it grew. */
async function chosenPart(
  records: Lent['records'],
  question: Question,
  economics: Economics,
  { query, zone }: Pick<PageQuestion, 'query' | 'zone'>,
) {
  const [kind, name] = [query.get('kind'), query.get('name') ?? ''];
  if (kind === null) return null;
  const part = economics.parts.find((one) => one.kind === kind && one.name === name);
  const back = addressOf(PATH, question);
  if (!part) return { words: null, back };
  const points = await growthOf(records, question, part.kind, name);
  const at = ({ time }: GrowthPoint): number => Date.parse(time);
  const sizes = [
    { name: 'characters a turn', colour: '0', points: points.map((point) => ({ x: at(point), y: point.chars })) },
    { name: 'tokens a turn', colour: '1', points: points.map((point) => ({ x: at(point), y: point.tokens })) },
  ];
  const dollars = points.map((point) => ({ x: at(point), y: point.cost_usd === null ? null : Number(point.cost_usd) }));
  return {
    words: partWords(part),
    back,
    sentence: sentenceOf(part, economics),
    newest: part.newest,
    newestChars: part.newest_chars,
    size: linePlot({ series: sizes, zone }),
    cost: linePlot({ series: [{ name: 'US dollars', colour: '2', points: dollars }], zone, unit: 'usd' }),
    table: points.slice(-MOST_PARTS).reverse(),
  };
}
