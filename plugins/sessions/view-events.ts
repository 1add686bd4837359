/** What happened in a session beside turns that went on from one another. */
import type { ExchangeEntry, Lent, TurnEntry } from '../../src/plugin.ts';
import type { Deed } from './view-resets.ts';
import { hrefOf } from './view-rows.ts';
import type { Numbered } from './view-turns.ts';

/** Seconds without a turn that are worth a word. */
const LONG_REST_S = 3600;
const MOST = 40;

export interface SessionEvent {
  /** UTC ISO. */
  readonly time: string;
  readonly label: string;
  readonly tone: string;
  readonly words: string;
  /** Dollars that it cost; null where it cost nothing, or nobody knows. */
  readonly cost: string | null;
  /** Where more is told of it, and what the link says. */
  readonly href: string | null;
  readonly link: string | null;
}

/** The newest of them, the oldest first; and how many there were. */
export function eventsOf(
  turns: readonly Numbered[],
  deeds: readonly Deed[],
  failures: readonly ExchangeEntry[],
): { events: SessionEvent[]; left: number } {
  const events = [...turns.flatMap((one, at) => eventsOfTurn(one, turns[at - 1]?.turn)), ...failures.map(failureOf)];
  for (const { time, what, by, why } of deeds) {
    const words = [by === null ? 'by the gateway' : `by ${by}`, why].filter((part) => part !== '').join('; ');
    events.push({ time, label: what, tone: 'warn', words, cost: null, href: null, link: null });
  }
  events.sort((one, other) => one.time.localeCompare(other.time));
  return { events: events.slice(-MOST), left: Math.max(0, events.length - MOST) };
}

function eventsOfTurn({ turn, number, gap }: Numbered, before: TurnEntry | undefined): SessionEvent[] {
  const found: Pick<SessionEvent, 'label' | 'tone' | 'words' | 'cost'>[] = [];
  if (gap !== null && gap >= LONG_REST_S)
    found.push({ label: 'rest', tone: 'calm', words: `nothing for ${spanWords(gap)}`, cost: null });
  if (turn.relation === 'compacted')
    found.push({ label: 'compacted', tone: 'info', words: lengthWords(before, turn), cost: null });
  if (before !== undefined && before.model !== null && turn.model !== null && before.model !== turn.model)
    found.push({ label: 'model', tone: 'calm', words: `${before.model} to ${turn.model}`, cost: null });
  if (turn.cache_break !== null) {
    const cost = turn.cache_break.cost_usd;
    found.push({ label: 'cache break', tone: 'cache', words: breakWords(turn.cache_break), cost });
  }
  const href = `${hrefOf(turn.session ?? '')}&turn=${number}#turn`;
  return found.map((one) => ({ ...one, time: turn.time, href, link: `turn ${number}` }));
}

/** What came to nothing: the newest that failed, and the newest that were refused. */
export async function failuresOf(
  records: Lent['records'],
  session: string,
  tenant: string | undefined,
): Promise<ExchangeEntry[]> {
  const outcomes = ['upstream_error', 'refused'] as const;
  const pages = await Promise.all(
    outcomes.map((outcome) => records.list({ filters: { session, tenant, outcome }, limit: MOST })),
  );
  // A refusal after an answer had begun is a turn, and stands among them.
  return pages.flatMap(({ entries }) => entries).filter(({ usage_status: status }) => status === 'not_applicable');
}

function failureOf({ id, time, outcome, status, error_code: code, error_type: type }: ExchangeEntry): SessionEvent {
  const isRefused = outcome === 'refused';
  const words = [status === null ? 'no answer' : `status ${status}`, code ?? type].filter((part) => part !== null);
  return {
    time,
    label: isRefused ? 'refused' : 'failed',
    tone: isRefused ? 'warn' : 'bad',
    words: words.join(', '),
    cost: null,
    href: `/dashboard/requests/${id}`,
    link: 'its request',
  };
}

const CAUSES: Readonly<Record<NonNullable<TurnEntry['cache_break']>['cause'], string>> = {
  prefix_change: 'the prompt changed',
  ttl_lapse: 'the cache had lapsed',
  model: 'another model or provider answered',
  provider: 'the provider’s cache did not hold',
};

/** `the prompt changed at file AGENTS.md; 12,000 tokens paid again`. */
export function breakWords({ cause, part, tokens }: NonNullable<TurnEntry['cache_break']>): string {
  const where = part === null ? '' : ` at ${[part.kind, part.name].filter((word) => word !== '').join(' ')}`;
  return `${CAUSES[cause]}${where}; ${tokens.toLocaleString('en-US')} tokens paid again`;
}

function lengthWords(before: TurnEntry | undefined, turn: TurnEntry): string {
  const [was, is] = [before?.history_chars ?? null, turn.history_chars];
  if (was === null || is === null) return 'the client shortened its history';
  return `history from ${was.toLocaleString('en-US')} to ${is.toLocaleString('en-US')} characters`;
}

function spanWords(seconds: number): string {
  const hours = seconds / 3600;
  return hours < 48 ? `${hours.toFixed(1).replace(/\.0$/, '')} hours` : `${Math.round(hours / 24)} days`;
}
