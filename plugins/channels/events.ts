/** What plugins and the gateway publish, as notices. */
import { createHash } from 'node:crypto';
import type { Notice, Severity } from '../shared/notice.ts';

/** What one kind of event comes to; the rest of a notice is the same for all. */
interface Told {
  readonly event: string;
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The incident. */
  readonly key: readonly unknown[];
  /** What tells this happening from others of the incident: the same in all processes that tell it. */
  readonly mark: readonly unknown[];
  readonly resolves?: boolean;
  readonly at?: unknown;
  readonly tenant?: unknown;
}

type Facts = Readonly<Record<string, unknown>>;

/** One refusal of gateway.yaml is seen by all processes within so long, milliseconds. */
const TOGETHER_MS = 60_000;
const DAY_MS = 86_400_000;
const MOST_LINES = 15;

/** What was refused and is not mended; outlives a change of the configuration. */
export interface RefusalState {
  /** The notice of it. */
  open: Notice | null;
  /** The gateway tells that it goes on right after it told of a refusal. */
  justNow: boolean;
}

export const newRefusalState = (): RefusalState => ({ open: null, justNow: false });

/** The notice of an event; null: it is none that people are told. Events have any shape. */
export function noticeFrom(event: string, data: unknown, refusal: RefusalState, now = Date.now()): Notice | null {
  if (event === 'config') return mended(refusal, now);
  const tell = Object.hasOwn(TELLERS, event) ? TELLERS[event] : undefined;
  if (tell === undefined || typeof data !== 'object' || data === null) return null;
  const told = tell(data as Facts, now);
  if (told === null) return null;
  const notice = noticeOf(told, now);
  if (event === 'config_refused') Object.assign(refusal, { open: notice, justNow: true });
  return notice;
}

/** A configuration is in force: if one was refused before, that is over. */
function mended(refusal: RefusalState, now: number): Notice | null {
  const { open, justNow } = refusal;
  refusal.justNow = false;
  if (open === null || justNow) return null;
  refusal.open = null;
  return {
    ...open,
    id: `${open.id}:mended`,
    resolves: true,
    title: 'gateway.yaml is good again',
    text: 'The configuration is in force.',
    at: new Date(now).toISOString(),
    data: {},
  };
}

function noticeOf(
  { event, severity, title, text, data, key, mark, resolves = false, at, tenant }: Told,
  now: number,
): Notice {
  const isTime = typeof at === 'string' && !Number.isNaN(Date.parse(at));
  return {
    id: `${event}:${hash([...key, ...mark])}`,
    event,
    severity,
    resolves,
    key: `${event}:${hash(key)}`,
    title,
    text,
    at: isTime ? at : new Date(now).toISOString(),
    data,
    notify: [],
    tenant: typeof tenant === 'string' ? tenant : null,
  };
}

const hash = (names: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 24);

/** A name as it stands in a sentence. */
const name = (value: unknown, other = 'nobody'): string => (typeof value === 'string' && value !== '' ? value : other);

const TELLERS: Readonly<Record<string, (facts: Facts, now: number) => Told | null>> = {
  budget: ofBudget,
  session_reset: ofReset,
  session_limit: ofLimit,
  unpriced: ofUnpriced,
  config_refused: ofRefusal,
  pause: ofPause,
  cache_break: ofBreak,
};

function ofBudget(facts: Facts): Told | null {
  const { kind, budget, id, subject, percent, action, measure, spent, limit, resets_at } = facts;
  if (kind !== 'exceeded' && kind !== 'threshold') return null;
  const whose = typeof subject === 'object' && subject !== null ? Object.entries(subject) : [];
  const of = whose.length === 0 ? '' : ` of ${whose.map(([dimension, value]) => `${dimension} ${value}`).join(', ')}`;
  const until = typeof resets_at === 'string' ? ` It begins anew at ${resets_at}.` : '';
  const unit = measure === 'usd' ? 'US dollars' : name(measure, '');
  const isOver = kind === 'exceeded';
  const does = action === 'warn' ? 'Requests pass all the same.' : 'Requests for which it has no room are refused.';
  return {
    event: isOver ? 'budget_exceeded' : 'budget_threshold',
    severity: isOver && action !== 'warn' ? 'critical' : 'warning',
    title: isOver
      ? `Budget ${name(budget)}${of} is used up`
      : `${percent}% of the budget ${name(budget)}${of} are spent`,
    text: `${spent} of ${limit} ${unit} are spent.${isOver ? ` ${does}` : ''}${until}`,
    data: facts,
    key: [id, subject],
    // Of the same limit in the same window each mark is told once.
    mark: [percent, limit, resets_at],
  };
}

function ofReset(facts: Facts): Told {
  const { agent, session, cause, size_bytes } = facts;
  return {
    event: 'session_reset',
    severity: 'info',
    title: `The session of ${name(agent)} was reset`,
    text: `Session ${name(session)} was taken away (${name(cause)}); the agent begins a new one.`,
    data: facts,
    key: [agent, session],
    mark: [size_bytes],
  };
}

function ofLimit(facts: Facts): Told {
  const { limit, tenant, agent, session, state, measure, value, bound, action, time } = facts;
  return {
    event: 'session_limit',
    severity: state === 'hard' ? 'warning' : 'info',
    title: `A session of ${name(agent)} is at its limit ${name(limit)}`,
    text: `Session ${name(session, 'without a name')} has ${value} ${name(measure)}; the ${name(state)} limit is ${bound}. What is done: ${name(action)}.`,
    data: facts,
    key: [limit, tenant, agent, session],
    mark: [state],
    at: time,
    tenant,
  };
}

function ofUnpriced(facts: Facts, now: number): Told {
  const { provider, model, reason, missing } = facts;
  const what = reason === 'no_rate' ? `has no rate for ${name(missing, 'all of it')}` : 'has no price';
  return {
    event: 'model_unpriced',
    severity: 'warning',
    title: `${name(model)} of ${name(provider)} ${what}`,
    text: 'Its cost is unknown, so no budget counts it. The page of prices shows what to add to gateway.yaml.',
    data: facts,
    key: [provider, model],
    // Nobody heeded it: it comes again the next day.
    mark: [reason, missing, Math.floor(now / DAY_MS)],
  };
}

function ofRefusal({ at, lines }: Facts, now: number): Told {
  const shown = Array.isArray(lines) ? lines.filter((line) => typeof line === 'string').slice(0, MOST_LINES) : [];
  const time = typeof at === 'string' ? Date.parse(at) : now;
  return {
    event: 'config_refused',
    severity: 'warning',
    title: 'gateway.yaml was refused',
    text: `The configuration before it goes on.\n${shown.join('\n')}`,
    data: { lines: shown },
    key: [],
    mark: [shown, Math.floor(time / TOGETHER_MS)],
    at,
  };
}

const PAUSED: Readonly<Record<string, string>> = {
  paused: 'is paused',
  slowed: 'is slowed down',
  resumed: 'is resumed',
};

function ofPause(facts: Facts, now: number): Told | null {
  const { kind, id, scope, reason, since, until, by } = facts;
  // Open pages are told that something has changed, in all processes; people once, by the one that did it.
  if (typeof kind !== 'string' || !Object.hasOwn(PAUSED, kind) || typeof scope !== 'object' || scope === null)
    return null;
  const what = Object.entries(scope)
    .map(([dimension, value]) => `${dimension} ${value}`)
    .join(' of ');
  const who = typeof by === 'string' ? ` by ${by}` : '';
  const why = typeof reason === 'string' && reason !== '' ? ` Reason: ${reason}` : '';
  const end = typeof until === 'string' && kind !== 'resumed' ? ` until ${until}` : '';
  return {
    event: 'pause',
    severity: 'info',
    title: `The ${what} ${PAUSED[kind]}`,
    text: `The ${what} ${PAUSED[kind]}${who}${end}.${why}`,
    data: { kind, scope, reason, since, until, by },
    key: [id],
    mark: [kind, since, now],
    resolves: kind === 'resumed',
  };
}

function ofBreak(facts: Facts, now: number): Told {
  const { tenant, agent, session, cause, tokens, cost_usd, time } = facts;
  const cost = typeof cost_usd === 'string' ? `, ${cost_usd} US dollars` : '';
  return {
    event: 'cache_break',
    severity: 'info',
    title: `The prompt cache of ${name(agent)} broke: ${name(cause)}`,
    text: `${tokens} tokens that were in the cache had to be paid again${cost}. Session ${name(session, 'without a name')}.`,
    data: facts,
    key: [tenant, agent, cause],
    // Each cause once for a session: one that breaks with every request is no news each time.
    mark: [session, session === null ? Math.floor(now / DAY_MS) : null],
    at: time,
    tenant,
  };
}
