/** The live feeds: every turn for programs, a nudge for open pages. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Gate, WebState } from '../access.ts';
import { stampOf } from '../desk.ts';
import { Bell, type Feed, type FeedOptions, type Feeds } from '../feed.ts';
import type { House } from '../house.ts';
import { integer, text } from '../parameters.ts';
import { badParameter } from '../problem.ts';

/** Turns read from the database at a time. */
const PAGE = 100;
/** Open pages are told at most this often, milliseconds. */
const NUDGE_MS = 1000;
/** What an open page fetches itself anew for: rows, the configuration, what budgets are set, what is paused, which session was reset, what was delivered, which alert changed. */
const NEWS: ReadonlySet<string> = new Set(['turn', 'config', 'budget', 'pause', 'session_reset', 'delivery', 'alert']);
/** Alerts that wait for a slow reader. */
const MOST_ALERTS = 100;
/** How long a feed waits after the database has failed, milliseconds. */
const RETRY_MS = 2000;

/** Adds `/token_events` and `/api/v1/events`. */
export function addEvents(router: Router<WebState>, gate: Gate, feeds: Feeds): void {
  const { house } = gate;
  router.get('/token_events', async (ctx) => {
    const last = lastSeen(ctx);
    const from = last ?? (await house.store.queries.newestSeq());
    await feeds.open(ctx, optionsOf(ctx, gate), (feed) => tellTurns(feed, house, from));
  });
  router.get('/api/v1/events', (ctx) => {
    const known = { seen: integer(ctx.query, 'seen', 0, Number.MAX_SAFE_INTEGER), config: text(ctx.query, 'config') };
    return feeds.open(ctx, optionsOf(ctx, gate), (feed) => nudge(feed, house, known));
  });
}

function optionsOf(ctx: Context, { house, sessions }: Gate): FeedOptions {
  const { viewer } = ctx.state as WebState;
  const session = viewer.kind === 'session' ? viewer.session : null;
  return {
    ended: session?.ended ?? null,
    mayGoOn: () => !house.draining() && (session === null || sessions.find(session.id) !== null),
  };
}

/** The place after which a reader that comes back wants to read on. */
function lastSeen(ctx: Context): number | null {
  const header = ctx.get('last-event-id');
  const value = header !== '' ? header : ctx.query.last_event_id;
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value))
    throw badParameter('last_event_id', 'must be an id of this feed');
  return Number(value);
}

/** Sends each turn once, in the order of arrival. The bell only says that there may be more: the database is what is read. */
async function tellTurns(feed: Feed, house: House, from: number): Promise<void> {
  const bell = new Bell();
  const stop = house.subscribe((event) => event === 'turn' && bell.ring());
  let seq = from;
  try {
    bell.ring(); // what arrived since `from` has rung before
    while (!feed.signal.aborted) {
      await bell.wait(feed.signal);
      seq = await tellSince(feed, house, seq, bell);
    }
  } finally {
    stop();
  }
}

async function tellSince(feed: Feed, house: House, from: number, bell: Bell): Promise<number> {
  let seq = from;
  try {
    for (;;) {
      const turns = await house.store.queries.eventsAfter(seq, PAGE);
      for (const { seq: id, ...data } of turns) {
        if (!(await feed.send({ id, data }))) return seq;
        seq = id;
      }
      if (turns.length < PAGE) return seq;
    }
  } catch (error) {
    house.log.warn('an event feed waits for the database', { error: (error as Error).name });
    await sleep(RETRY_MS, undefined, { signal: feed.signal }).catch(() => {});
    bell.ring();
    return seq;
  }
}

/** What a page knew when it was made. */
interface Known {
  seen: number | undefined;
  config: string | undefined;
}

/** Tells an open page that something is new, and the page asks for what it shows; and of each model that has no price. */
async function nudge(feed: Feed, house: House, known: Known): Promise<void> {
  const bell = new Bell();
  const news = new Set<string>();
  let alerts: unknown[] = [];
  const stop = house.subscribe((event, data) => {
    if (event === 'unpriced') {
      if (alerts.length < MOST_ALERTS) alerts.push(data);
    } else if (NEWS.has(event)) news.add(event);
    else return;
    bell.ring();
  });
  try {
    // Also for a page that comes back after a pause: it still says what it knew at first.
    if (known.config !== undefined && known.config !== stampOf(house.configuration())) news.add('config');
    if (known.seen !== undefined && (await house.store.queries.newestSeq()) > known.seen) news.add('turn');
    if (news.size > 0) bell.ring();
    while (!feed.signal.aborted) {
      await bell.wait(feed.signal);
      const names = [...news];
      news.clear();
      for (const name of names) await feed.send({ name, data: {} });
      const told = alerts;
      alerts = [];
      for (const data of told) await feed.send({ name: 'unpriced', data });
      await sleep(NUDGE_MS, undefined, { signal: feed.signal }).catch(() => {});
    }
  } finally {
    stop();
  }
}
