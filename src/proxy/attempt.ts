import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Dispatcher, Pool } from 'undici';

/** What happens to a call, in the order of time. After `headers` returned false or `data` did, the provider waits for `resume`. */
export interface Listening {
  headers(status: number, raw: Buffer[], statusText: string): boolean;
  data(chunk: Buffer): boolean;
  complete(): void;
  failed(error: unknown): void;
}

/** undici names a request's socket in its diagnostics only: right after `onConnect`, within the same call. */
let leaving: Attempt | null = null;
subscribe('undici:client:sendHeaders', (message) => {
  leaving?.leavesBy((message as { socket: Socket }).socket);
  leaving = null;
});

/**
 * One call to a provider, heard through undici's own callbacks: raw headers, no streams.
 *
 * After `cancel` the connection is dropped and nothing of the call is heard any more.
 */
export class Attempt {
  readonly #listening: Listening;
  readonly #pool: Pool;
  #over = false;
  #connected = false;
  #socket: Socket | null = null;
  /** Bytes that earlier calls had read from the connection: more than none on a used one. */
  #readBefore = 0;
  #abort: ((reason?: Error) => void) | null = null;
  #resume: () => void = () => {};

  constructor(pool: Pool, listening: Listening) {
    this.#pool = pool;
    this.#listening = listening;
  }

  /** A promise is waited for; what is cancelled meanwhile does not leave. */
  send(options: Dispatcher.DispatchOptions | Promise<Dispatcher.DispatchOptions>): void {
    if (options instanceof Promise) {
      options.then(
        (ready) => this.send(ready),
        (error: unknown) => this.onError(error),
      );
      return;
    }
    if (this.#over) return;
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
    const abort = this.#abort;
    this.#over = true;
    this.#abort = null;
    if (abort === null) return;
    // undici's own abort opens a connection in place of the one it closes, for nobody.
    if (this.#socket) this.#socket.destroy(new Error('cancelled'));
    else abort();
  }

  /**
   * True when an error came from a pooled connection that the provider had closed already:
   * it was used before, and nothing was answered on it now, so the request may go again.
   */
  isStale(error: unknown): boolean {
    const { code } = (error ?? {}) as { code?: unknown };
    const broken = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
    return broken && this.#readBefore > 0 && this.#socket?.bytesRead === this.#readBefore;
  }

  /** For the diagnostics of undici. */
  leavesBy(socket: Socket): void {
    this.#socket = socket;
    this.#readBefore = socket.bytesRead;
  }

  /** For undici. */
  onConnect(abort: (reason?: Error) => void): void {
    this.#connected = true;
    if (this.#over) {
      abort();
      return;
    }
    this.#abort = abort;
    leaving = this;
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
