import type { Dispatcher, Pool } from 'undici';

/** What happens to a call, in the order of time. After `headers` returned false or `data` did, the provider waits for `resume`. */
export interface Listening {
  headers(status: number, raw: Buffer[], statusText: string): boolean;
  data(chunk: Buffer): boolean;
  complete(): void;
  failed(error: unknown): void;
}

/** Connections that a pool has opened so far: a call during which none was opened had a used one. */
const opened = new WeakMap<Pool, { count: number }>();

/**
 * One call to a provider, heard through undici's own callbacks: raw headers, no streams.
 *
 * After `cancel` the connection is dropped and nothing of the call is heard any more.
 */
export class Attempt {
  readonly #listening: Listening;
  readonly #pool: Pool;
  readonly #openedBefore: number;
  #over = false;
  #connected = false;
  #abort: ((reason?: Error) => void) | null = null;
  #resume: () => void = () => {};

  constructor(pool: Pool, listening: Listening) {
    this.#pool = pool;
    this.#listening = listening;
    this.#openedBefore = openedBy(pool).count;
  }

  send(options: Dispatcher.DispatchOptions): void {
    try {
      this.#pool.dispatch(options, this as unknown as Dispatcher.DispatchHandler);
    } catch (error) {
      this.onError(error);
    }
  }

  /** The provider has taken the connection, and the request is on its way. */
  get connected(): boolean {
    return this.#connected;
  }

  resume(): void {
    if (!this.#over) this.#resume();
  }

  cancel(): void {
    this.#over = true;
    const abort = this.#abort;
    this.#abort = null;
    abort?.();
  }

  /**
   * True when an error came from a pooled connection that the provider had closed already:
   * nothing was answered on it, so the request may go again. Errors of the system do not
   * say which connection they are about; then it counts that no new one was opened.
   */
  isStale(error: unknown): boolean {
    const { code, socket } = (error ?? {}) as { code?: unknown; socket?: { bytesRead?: number } };
    if (code === 'UND_ERR_SOCKET') return (socket?.bytesRead ?? 0) > 0;
    const broken = code === 'ECONNRESET' || code === 'EPIPE';
    return broken && this.#connected && openedBy(this.#pool).count === this.#openedBefore;
  }

  /** For undici. */
  onConnect(abort: (reason?: Error) => void): void {
    this.#connected = true;
    if (this.#over) abort();
    else this.#abort = abort;
  }

  /** For undici. */
  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.#over) return false;
    if (status < 200) return true;
    this.#resume = resume;
    return this.#listening.headers(status, raw, statusText);
  }

  /** For undici. */
  onData(chunk: Buffer): boolean {
    return this.#over ? false : this.#listening.data(chunk);
  }

  /** For undici. */
  onComplete(): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort = null;
    this.#listening.complete();
  }

  /** For undici. */
  onError(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort = null;
    this.#listening.failed(error);
  }
}

function openedBy(pool: Pool): { count: number } {
  let counter = opened.get(pool);
  if (!counter) {
    const made = { count: 0 };
    pool.on('connect', () => made.count++);
    opened.set(pool, made);
    counter = made;
  }
  return counter;
}
