/** The API of pauses. */
import type Router from '@koa/router';
import type { Lent, RouteState } from '../../src/plugin.ts';
import type { Complaint } from '../shared/fields.ts';
import { readJson } from '../shared/json-body.ts';
import type { PauseBook } from './book.ts';
import type { Lanes } from './lane.ts';
import { type Pause, readPause, scopeWords } from './pause.ts';
import { throttleWords } from './throttle.ts';

export type Context = Parameters<Parameters<Router['post']>[1]>[0];

const PAUSES = '/api/v1/pauses';
const MOST_BYTES = 16 * 1024;

/** What somebody did, as other plugins hear of it; `by` is who did that. */
export type PauseNews = Pause & { readonly kind: 'paused' | 'slowed' | 'resumed' };

/** Pauses and resumes, and says so in the log. Null, and a word in the log, where the database does not answer. */
export class PauseDesk {
  readonly book: PauseBook;
  readonly #lanes: Lanes;
  readonly #log: Lent['log'];
  readonly #tell: (news: PauseNews) => void;

  /** @param tell hears of what is done here, which is done in no other process */
  constructor(book: PauseBook, lanes: Lanes, log: Lent['log'], tell: (news: PauseNews) => void) {
    this.book = book;
    this.#lanes = lanes;
    this.#log = log;
    this.#tell = tell;
  }

  /** A pause with how many requests wait for it in this process. */
  shown(pause: Pause): Pause & { readonly waiting: number } {
    return { ...pause, waiting: this.#lanes.waitingIn(pause.id) };
  }

  async pause(pause: Pause): Promise<Pause | null> {
    const put = await this.#try(() => this.book.put(pause));
    const how = put?.throttle ? `slowed down ${throttleWords(put.throttle)}` : 'paused';
    if (put === null) return put;
    this.#log.info(`${scopeWords(put.scope)} is ${how}`, { by: put.by, until: put.until });
    this.#tell({ ...put, kind: put.throttle ? 'slowed' : 'paused' });
    return put;
  }

  /** False: nothing of this id is paused. */
  async resume(id: string, who: string | null): Promise<boolean | null> {
    const pause = this.book.get(id);
    const gone = await this.#try(() => this.book.delete(id));
    if (!gone || pause === null) return gone;
    this.#log.info(`${scopeWords(pause.scope)} is resumed`, { by: who });
    this.#tell({ ...pause, kind: 'resumed', by: who });
    return gone;
  }

  async #try<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TypeError) throw error;
      this.#log.warn('pauses wait for the database', { error: (error as Error).name });
      return null;
    }
  }
}

export function addRoutes(router: Router, desk: PauseDesk): void {
  router.get(PAUSES, (ctx) => {
    ctx.body = { pauses: desk.book.all().map((pause) => desk.shown(pause)) };
  });
  router.post(PAUSES, (ctx) => create(ctx, desk));
  router.delete(`${PAUSES}/:id`, (ctx) => remove(ctx, desk));
}

async function create(ctx: Context, desk: PauseDesk): Promise<void> {
  const body = await readJson(ctx.req, MOST_BYTES);
  if (!('value' in body)) return refuse(ctx, body.status, body.code, body.message);
  const read = readPause(body.value, (ctx.state as RouteState).who, Date.now());
  if ('complaints' in read) return refuseFields(ctx, read.complaints);
  const isNew = desk.book.get(read.pause.id) === null;
  const pause = await desk.pause(read.pause);
  if (pause === null) return refuseAway(ctx);
  ctx.status = isNew ? 201 : 200;
  ctx.body = desk.shown(pause);
}

async function remove(ctx: Context, desk: PauseDesk): Promise<void> {
  const gone = await desk.resume(String(ctx.params.id), (ctx.state as RouteState).who);
  if (gone === null) return refuseAway(ctx);
  if (!gone) return refuse(ctx, 404, 'not_found', 'Nothing of this id is paused.');
  ctx.status = 204;
}

function refuseFields(ctx: Context, complaints: readonly Complaint[]): void {
  const [first] = complaints;
  const message = `${first?.at || 'The body'} ${first?.message}.`;
  ctx.status = 400;
  ctx.body = { error: { code: 'invalid_parameter', message, field: first?.at, errors: complaints } };
}

export const AWAY = 'The database does not answer now. What was paused stays paused.';

const refuseAway = (ctx: Context): void => refuse(ctx, 503, 'database_unavailable', AWAY);

function refuse(ctx: Context, status: number, code: string, message: string): void {
  ctx.status = status;
  ctx.body = { error: { code, message } };
}
