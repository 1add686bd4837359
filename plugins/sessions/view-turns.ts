/** The turns of a session, one after the other. */
import { fromPico, type Lent, type SessionEntry, type TurnEntry } from '../../src/plugin.ts';
import { picoOf } from './view-money.ts';
import { sizesOf, stackOf, totalOf } from './view-parts.ts';
import { hrefOf } from './view-rows.ts';
import { RELATIONS } from './view-words.ts';

/** Turns that are asked for at once, and how often. */
const BATCH = 2000;
const BATCHES = 5;

/** A turn with its place in the session. */
export interface Numbered {
  readonly turn: TurnEntry;
  /** From 1 on. */
  readonly number: number;
  /** Seconds since the turn before came; null for the first that is known. */
  readonly gap: number | null;
  /** What the session had cost when it was over, US dollars; null while nothing of it has a price. */
  readonly soFar: string | null;
}

/** The newest 10,000 turns of a session, the oldest first; their parts are left away. */
export async function turnsOf(
  records: Lent['records'],
  session: SessionEntry,
  tenant: string | undefined,
): Promise<Numbered[]> {
  let turns: TurnEntry[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const first = turns[0];
    // Rows of the same millisecond may lie on both sides of the cut.
    const to = first && new Date(Date.parse(first.time) + 1);
    const known = new Set(turns.map(({ id }) => id));
    const some = await records.turns({ session: session.id, tenant, to, limit: BATCH });
    const more = some.filter(({ id }) => !known.has(id));
    turns = [...more, ...turns];
    if (some.length < BATCH || more.length === 0) break;
  }
  return numbered(turns, session);
}

/** Numbers them, and adds up; what was before them is in the sum, and in the numbers. */
export function numbered(turns: readonly TurnEntry[], session: SessionEntry): Numbered[] {
  const before = Math.max(0, session.turns - turns.length);
  const known = turns.reduce((sum, { cost_usd: cost }) => sum + (cost === null ? 0n : picoOf(cost)), 0n);
  const all = session.cost_usd === null ? 0n : picoOf(session.cost_usd);
  let sum = before > 0 && all > known ? all - known : 0n;
  let isPriced = sum > 0n;
  return turns.map((turn, at) => {
    if (turn.cost_usd !== null) {
      sum += picoOf(turn.cost_usd);
      isPriced = true;
    }
    const last = turns[at - 1];
    const gap = last === undefined ? null : (Date.parse(turn.time) - Date.parse(last.time)) / 1000;
    return { turn, number: before + at + 1, gap, soFar: isPriced ? fromPico(sum) : null };
  });
}

/** The parts of some neighbouring turns. */
export async function withParts(
  records: Lent['records'],
  some: readonly Numbered[],
  tenant: string | undefined,
): Promise<Numbered[]> {
  const [first, last] = [some[0], some.at(-1)];
  if (first === undefined || last === undefined || first.turn.session === null) return [...some];
  const to = new Date(Date.parse(last.turn.time) + 1);
  const from = new Date(first.turn.time);
  const limit = Math.min(BATCH, 2 * some.length + 50);
  const turns = await records.turns({ session: first.turn.session, tenant, from, to, limit, parts: true });
  const parts = new Map(turns.map(({ id, parts }) => [id, parts]));
  return some.map((one) => ({ ...one, turn: { ...one.turn, parts: parts.get(one.turn.id) ?? null } }));
}

/** Lines of the table; their bars are to one scale. */
export function turnRows(some: readonly Numbered[], chosen: number | null, zone: string): object[] {
  const sizes = some.map(({ turn }) => sizesOf(turn));
  const longest = Math.max(0, ...sizes.map((size) => (size === null ? 0 : totalOf(size))));
  return some.map((one, at) => {
    const size = sizes[at]!;
    const day = dayOf(one.turn.time, zone);
    const before = some[at - 1];
    return {
      ...turnView(one),
      // A day is told where it begins.
      day: before !== undefined && dayOf(before.turn.time, zone) === day ? null : day,
      clock: new Date(one.turn.time).toLocaleTimeString('en-GB', { timeZone: zone }),
      stack: size === null ? null : stackOf(size, longest),
      here: one.number === chosen,
    };
  });
}

const dayOf = (time: string, zone: string): string =>
  new Date(time).toLocaleDateString('en-GB', { timeZone: zone, day: 'numeric', month: 'short', year: 'numeric' });

/** A turn as the pages show it. */
export function turnView({ turn, number, gap, soFar }: Numbered): Record<string, unknown> {
  const { relation, tools_called: called } = turn;
  const words = relation === null ? null : RELATIONS[relation];
  return {
    ...turn,
    number,
    gap,
    soFar,
    href: `${hrefOf(turn.session ?? '')}&turn=${number}#turn`,
    requestHref: `/dashboard/requests/${turn.id}`,
    relation: words && { label: words[0], hint: words[1], isPlain: relation === 'next' || relation === 'start' },
    end: endOf(turn),
    // Nothing was generated, so nothing is owed: that is known, and not a missing price.
    cost: turn.cost_usd ?? (turn.usage_status === 'not_applicable' ? '0' : null),
    tools: Object.entries(called ?? {}).map(([name, times]) => ({ name, times })),
    cut: turn.cache_break,
  };
}

const ENDS: Readonly<Record<TurnEntry['outcome'], readonly [label: string, tone: string]>> = {
  ok: ['ok', 'good'],
  upstream_error: ['failed', 'bad'],
  stream_error: ['stream error', 'bad'],
  truncated: ['cut off', 'bad'],
  bad_payload: ['bad payload', 'bad'],
  client_aborted: ['client left', 'calm'],
  refused: ['refused', 'warn'],
  cached: ['cached', 'info'],
};

/** How it ended: why the model stopped, or what went wrong. */
function endOf({ outcome, status, stop_reason: stop, stop_raw: raw, error_code: code }: TurnEntry): object {
  const [label, tone] = ENDS[outcome];
  if (outcome === 'ok') return { label: stop ?? label, tone, reason: raw };
  return { label: status === null ? label : `${label} ${status}`, tone, reason: code };
}
