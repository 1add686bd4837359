/** The API of sessions: the same numbers and judgements as on their pages. */
import type Router from '@koa/router';
import {
  type HealthState,
  healthOf,
  type Lent,
  type Quality,
  qualityOf,
  type RouteState,
  type SessionEntry,
} from '../../src/plugin.ts';
import { type Context, refuse, strangerIn } from '../shared/answer.ts';
import { type Fault, readQuestion } from '../shared/question.ts';
import { newestAgent, statusOf } from './status.ts';

type Shelf = Pick<Lent, 'records' | 'settings' | 'log'>;

/** A session with what is thought of it. */
interface Judged extends SessionEntry {
  state: HealthState;
  /** Null where no turn was answered. */
  quality: Quality | null;
  session_char_limit: number;
}

const STATUS = '/api/session-status';
const SESSIONS = '/api/v1/sessions';
const LIST = ['range', 'from', 'to', 'agent', 'tenant', 'singles', 'limit', 'cursor'];
const ONE = ['limit', 'parts'];
const PAGE = { usual: 50, most: 200 };
const TURNS = { usual: 200, most: 2000 };
const LONGEST = 512;
/** Who says nothing about itself is this agent, as `identity` has it unless told. */
const NOBODY = 'default';

export function addRoutes(router: Router, shelf: Shelf): void {
  router.get(STATUS, (ctx, next) => status(ctx, shelf, next));
  router.get(SESSIONS, (ctx) => list(ctx, shelf));
  router.get(`${SESSIONS}/:id`, (ctx) => one(ctx, shelf));
}

/** Of an agent without turns others may know more: who reads its sessions' files. */
async function status(ctx: Context, shelf: Shelf, next: () => Promise<unknown>): Promise<void> {
  const { principal, listener } = ctx.state as RouteState;
  const asked = ctx.query.agent;
  if (isWrongText(asked)) return refuse(ctx, TOO_LONG('agent'));
  await answer(ctx, shelf, async () => {
    const named = asked || principal?.agent || listener.agent;
    const agent = named || (await newestAgent(shelf, principal?.tenant)) || NOBODY;
    return statusOf(shelf, { agent: String(agent), tenant: principal?.tenant });
  });
  if (ctx.body && (ctx.body as { recommendation?: string }).recommendation === 'no_data') await next();
}

async function list(ctx: Context, shelf: Shelf): Promise<void> {
  const stranger = strangerIn(ctx, LIST);
  if (stranger !== null) return refuse(ctx, stranger);
  const question = readQuestion(ctx.query, (ctx.state as RouteState).principal);
  if ('rule' in question) return refuse(ctx, question);
  const { from, to, agent, tenant } = question;
  const { cursor, singles = 'false' } = ctx.query;
  if (singles !== 'true' && singles !== 'false')
    return refuse(ctx, { field: 'singles', rule: 'must be true or false' });
  if (isWrongText(cursor)) return refuse(ctx, { field: 'cursor', rule: NO_CURSOR });
  const limit = countOf(ctx.query.limit, PAGE);
  if (typeof limit !== 'number') return refuse(ctx, limit);
  await answer(ctx, shelf, async () => {
    const page = await shelf.records.sessions({
      from,
      to,
      agent,
      tenant,
      singles: singles === 'true',
      limit,
      cursor: cursor === undefined || cursor === '' ? undefined : String(cursor),
    });
    return {
      from,
      to,
      data: page.sessions.map((session) => judged(shelf, session)),
      next_cursor: page.next,
      singles: page.singles,
    };
  });
}

async function one(ctx: Context, shelf: Shelf): Promise<void> {
  const stranger = strangerIn(ctx, ONE);
  if (stranger !== null) return refuse(ctx, stranger);
  const { parts = 'false' } = ctx.query;
  if (parts !== 'true' && parts !== 'false') return refuse(ctx, { field: 'parts', rule: 'must be true or false' });
  const limit = countOf(ctx.query.limit, TURNS);
  if (typeof limit !== 'number') return refuse(ctx, limit);
  const id = String(ctx.params.id);
  const tenant = (ctx.state as RouteState).principal?.tenant;
  await answer(ctx, shelf, async () => {
    const session = isWrongText(id) ? null : await shelf.records.session(id, tenant);
    if (session === null) return null;
    const turns = await shelf.records.turns({ session: id, tenant, limit, parts: parts === 'true' });
    return { ...judged(shelf, session), data: turns };
  });
}

function judged({ settings }: Shelf, session: SessionEntry): Judged {
  const limit = settings.of(session.agent).sessionCharLimit;
  const { turns, history_chars: historyChars, tool_results: toolResults, newest_turns: newest } = session;
  const cache = { cacheRead: newest.cache_read_tokens, cacheWrite: newest.cache_write_tokens };
  return {
    ...session,
    state: healthOf({ turns, historyChars, limit, toolResults, ...cache }),
    quality: qualityOf(session, limit),
    session_char_limit: limit,
  };
}

const NO_CURSOR = 'is not one that a page has given';
const TOO_LONG = (field: string): Fault => ({ field, rule: `may be given once, with at most ${LONGEST} characters` });

/** PostgreSQL takes no text with a zero byte. */
const isWrongText = (value: string | string[] | undefined): boolean =>
  value !== undefined && (typeof value !== 'string' || value.length > LONGEST || value.includes('\0'));

function countOf(value: string | string[] | undefined, { usual, most }: typeof PAGE): number | Fault {
  if (value === undefined || value === '') return usual;
  const count = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : 0;
  return count >= 1 && count <= most ? count : { field: 'limit', rule: `must be a whole number from 1 to ${most}` };
}

/** Answers with what is found: 404 where it is null, 503 while the database does not answer. */
async function answer(ctx: Context, { log }: Shelf, work: () => Promise<object | null>): Promise<void> {
  try {
    const body = await work();
    if (body === null) return problem(ctx, 404, { code: 'not_found', message: 'There is no session of this id.' });
    ctx.body = body;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
    if ((error as { code?: unknown }).code === 'bad_question') return refuse(ctx, { field: 'cursor', rule: NO_CURSOR });
    log.warn('sessions wait for the database', { error: (error as Error).name });
    problem(ctx, 503, { code: 'database_unavailable', message: 'The database does not answer now.' });
  }
}

function problem(ctx: Context, status: number, error: { code: string; message: string }): void {
  ctx.status = status;
  ctx.body = { error };
}
