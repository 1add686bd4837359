import type { Context } from 'koa';
import { Problem } from './problem.ts';

/** An idle feed says something this often, milliseconds, so that proxies and browsers keep it. */
const HEARTBEAT_MS = 15_000;
const MAX_FEEDS = 200;

/** One open event stream. */
export interface Feed {
  /** Sends and, when the reader is slow, waits for him; false when he is gone. */
  send(event: { id?: number; name?: string; data: unknown }): Promise<boolean>;
  readonly signal: AbortSignal;
}

export interface FeedOptions {
  /** Ends the feed from outside: a logout. */
  ended: AbortSignal | null;
  /** Asked at every heartbeat. */
  mayGoOn: () => boolean;
}

/**
 * Opens event streams and ends them all at the end.
 *
 * Nothing is queued for a slow reader: its feed reads on from the database when the
 * socket takes more, so memory stays flat however long it sleeps.
 */
export class Feeds {
  readonly #open = new Set<AbortController>();

  /** Takes the answer over as an event stream and runs `work` until the reader leaves. */
  async open(ctx: Context, { ended, mayGoOn }: FeedOptions, work: (feed: Feed) => Promise<void>): Promise<void> {
    if (this.#open.size >= MAX_FEEDS) throw new Problem(503, 'too_many_feeds', 'Too many event feeds are open.');
    ctx.set({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    ctx.status = 200;
    if (ctx.method === 'HEAD') return;
    const end = new AbortController();
    const stop = (): void => end.abort();
    this.#open.add(end);
    ctx.respond = false;
    const { res } = ctx;
    res.on('close', stop);
    res.on('error', stop);
    ended?.addEventListener('abort', stop);
    res.flushHeaders();
    res.write(': here\n\n');
    const heartbeat = setInterval(() => {
      if (!mayGoOn()) stop();
      else if (!res.writableNeedDrain) res.write(': still here\n\n');
    }, HEARTBEAT_MS);
    end.signal.addEventListener('abort', () => res.end());
    try {
      await work({ send: (event) => send(res, event, end.signal), signal: end.signal });
    } finally {
      clearInterval(heartbeat);
      ended?.removeEventListener('abort', stop);
      this.#open.delete(end);
      stop();
    }
  }

  /** Ends every feed. */
  close(): void {
    for (const end of this.#open) end.abort();
  }
}

async function send(
  res: Context['res'],
  { id, name, data }: { id?: number; name?: string; data: unknown },
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false;
  const head = `${id === undefined ? '' : `id: ${id}\n`}${name === undefined ? '' : `event: ${name}\n`}`;
  if (!res.write(`${head}data: ${JSON.stringify(data)}\n\n`)) await drained(res, signal);
  return !signal.aborted;
}

function drained(res: Context['res'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    res.once('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** A bell that is rung while nobody waits is not lost. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves when the bell was rung since the last time, or when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = (): void => {
          // A feed waits thousands of times in its life: each wait takes its listener back.
          signal.removeEventListener('abort', this.#wake!);
          resolve();
        };
        signal.addEventListener('abort', this.#wake);
      });
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}
