/** What a caller is told whose session is at its limit. It is an agent mostly: it is told what to do. */
import type { Exchange, Verdict } from '../../src/plugin.ts';
import { amountOf, type Reached } from './judge.ts';
import type { Word } from './limit.ts';

/** What makes a session fit again. */
const RESETS: Readonly<Record<Word, string>> = {
  chars: 'a shorter history, or a new session',
  repeats: 'another step than this tool call',
  turns: 'a new session',
  tokens: 'a new session',
  usd: 'a new session',
};

/** @param tool the one that is called again and again, where that is it */
export function refusalOf(exchange: Exchange, reached: Reached, tool: string | null): Verdict {
  const { limit, word, value, bound } = reached;
  const details = {
    limit: limit.name,
    measure: word,
    spent: amountOf(word, value),
    hard: amountOf(word, bound),
    session: exchange.state.session?.id ?? null,
    resets: RESETS[word],
    ...(word === 'repeats' && { tool }),
  };
  return exchange.refuse(limit.rule.status, 'session_limit_exceeded', wordsOf(reached, tool), {
    details,
    headers: { 'x-should-retry': 'false' },
  });
}

function wordsOf({ limit, word, value, bound }: Reached, tool: string | null): string {
  const [is, most] = [grouped(word, value), grouped(word, bound)];
  const by = `(session limit ${limit.name})`;
  const anew = 'Start a new session; if it needs what was said here, begin it with a short summary.';
  switch (word) {
    case 'chars':
      return `This session has ${is} of ${most} characters of history ${by}. Compact or summarise the conversation, or start a new session; the same request again is refused again.`;
    case 'repeats':
      return `The tool ${tool} was called ${is} times with the same arguments since the user spoke last, of ${most} ${by}. Once more will not help: do something else, or tell the user what is missing.`;
    case 'turns':
      return `This session has had ${is} of ${most} requests ${by}. ${anew}`;
    case 'tokens':
      return `This session has used ${is} of ${most} tokens ${by}. ${anew}`;
    case 'usd':
      return `This session has cost ${is} of ${most} US dollars ${by}. ${anew}`;
  }
}

const grouped = (word: Word, value: bigint): string =>
  word === 'usd' ? amountOf(word, value) : value.toLocaleString('en-US');
