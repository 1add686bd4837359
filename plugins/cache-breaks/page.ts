/** The page of cache breaks: what broke it, what that cost, and what helps. */
import type { CacheBreak, Lent, PageQuestion } from '../../src/plugin.ts';
import { controlsOf, pageQuestion } from '../shared/controls.ts';
import { partWords } from '../shared/part-words.ts';
import { RANGES } from '../shared/question.ts';
import { breaksView, type Change } from './view.ts';

const PATH = '/dashboard/cache-breaks';
const SHOWN = 100;

type Cause = CacheBreak['cause'];

/** What each cause is called, how it is told, and what helps. */
const CAUSES: Readonly<Record<Cause, { title: string; tone: string; why: string; help: string }>> = {
  prefix_change: {
    title: 'prompt changed',
    tone: 'bad',
    why: 'A part changed that stands before the end of what was cached, or its cache mark is gone. Providers cache prefixes: all that follows the change had to be paid again.',
    help: 'Move what changes (times, ids, counters, memories) behind the last cache mark or into the newest message, keep tools in one order, and shorten a history seldom and by much.',
  },
  ttl_lapse: {
    title: 'paused too long',
    tone: 'warn',
    why: 'The session went on after its cache had ended: 5 minutes after its last use, an hour where it was written for one.',
    help: 'For sessions that pause, write the prefix for an hour (Anthropic: "ttl": "1h"; it costs twice the input price once, and each break it avoids saves nine tenths), or keep it longer (OpenAI: "prompt_cache_retention": "24h").',
  },
  model: {
    title: 'another model',
    tone: 'warn',
    why: 'Another model or provider answered than before. Each has a cache of its own.',
    help: 'Keep a session with its model; switch at its beginning, or after its history was shortened. Routes that spread requests should keep a session together.',
  },
  provider: {
    title: 'provider',
    tone: 'calm',
    why: 'Nothing here explains it: the prompt, the model and the time were as they should be. Providers drop caches early, or ask a machine that has none.',
    help: 'OpenAI: a "prompt_cache_key" keeps like requests together. Anthropic: set a mark at least every 20 blocks. Otherwise there is nothing to mend here.',
  },
};

export async function pageOf(
  records: Lent['records'],
  asked: Pick<PageQuestion, 'query' | 'principal'>,
): Promise<Record<string, unknown>> {
  const question = pageQuestion(asked);
  const [view, seen] = await Promise.all([
    breaksView(records, question, { limit: SHOWN }),
    records.prompts({ ...question, agent: undefined, model: undefined }),
  ]);
  return {
    controls: controlsOf(PATH, question, seen),
    title: RANGES[question.range ?? '24h'].title,
    empty: view.count === 0,
    looked: seen.turns,
    cards: [
      { title: 'Breaks', count: view.count, detail: `in ${RANGES[question.range ?? '24h'].title}` },
      { title: 'Tokens paid again', count: view.tokens, detail: 'that were in the cache' },
      { title: 'Lost', money: view.cost_usd, detail: 'beyond the price of reading them' },
    ],
    changes: view.changes.map(changeRow),
    sums: view.sums.map((sum) => ({ ...sum, ...wordsOf(sum) })),
    breaks: view.breaks.map((entry) => ({ ...entry, ...wordsOf(entry) })),
    more: Math.max(0, view.count - view.breaks.length),
    causes: Object.values(CAUSES),
  };
}

const wordsOf = ({ cause, part }: Pick<CacheBreak, 'cause' | 'part'>) => ({
  title: CAUSES[cause].title,
  tone: CAUSES[cause].tone,
  words: part && partWords(part),
});

const changeRow = (change: Change) => ({
  ...change,
  words: partWords(change.part),
  isRate: change.usd_per_day !== null,
  hasRates: change.hit_rate_before !== null && change.hit_rate_after !== null,
});
