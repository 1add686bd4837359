import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

import { tokensByLength } from './length.ts';
import type { Answer, Bytes, Question, TokenCount, Tokens } from './token-count.ts';

/** Larger questions go by length, bytes or UTF-16 units. */
const MOST_SIZE = 2 * 1024 * 1024;
/** What may wait at a time; what comes then goes by length. */
const MOST_WAITING = 64;
const MOST_WAITING_SIZE = 8 * 1024 * 1024;
/** How long a question waits for its turn, and again for its answer, milliseconds. Nobody waits for it but a row. */
const PATIENCE_MS = 5000;
/** A thread that has nothing to do keeps its 70 MB for so long, milliseconds. */
const IDLE_MS = 60_000;
/** After a thread that died none is started for so long, milliseconds. */
const REST_MS = 10_000;

/** `.ts` when the gateway runs from its sources, `.js` when it runs built. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const WORKER = new URL(`./worker${EXTENSION}`, import.meta.url);
const THREAD: WorkerOptions = {
  // Two encodings and the largest question fit; what needs more ends the thread, not the gateway.
  resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 },
  // Sources need the loader that the program was started with; nothing else of that is wanted twice.
  ...(EXTENSION === '.js' && { execArgv: [] }),
};

export interface CounterOptions {
  /** Where to say that something could not be counted: the kind of a trouble, never a text. */
  log?(): { warn(message: string, facts: Record<string, unknown>): void };
  patience?: number;
  idle?: number;
  /** What the thread runs. */
  worker?: URL;
}

/** A question before its turn: of a body nothing is copied yet. */
type Queued = { model: string | null; texts: readonly string[] } | { model: string | null; body: Bytes };

interface Waiting {
  question: Queued;
  size: number;
  settle(count: TokenCount): void;
  timer: NodeJS.Timeout;
}

/**
 * Counts tokens in a thread of its own, one question after the other.
 *
 * The thread is started by the first question and stopped when none has come for a while.
 * Whatever goes wrong - too much, too long, a thread that dies - is answered by length.
 */
export class TokenCounter implements Tokens {
  readonly #options: CounterOptions;
  readonly #waiting: Waiting[] = [];
  #waitingSize = 0;
  #asked: Waiting | null = null;
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  #restsUntil = 0;
  #closed = false;

  constructor(options: CounterOptions = {}) {
    this.#options = options;
  }

  count(model: string | null, texts: readonly string[]): Promise<TokenCount> {
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    if (size === 0) return Promise.resolve({ tokens: 0, source: 'counted', confidence: 'high' });
    return this.#ask({ model, texts }, size);
  }

  prompt(model: string | null, body: Bytes): Promise<TokenCount> {
    return this.#ask({ model, body }, body.length);
  }

  byLength(text: string | Bytes): TokenCount {
    return { tokens: tokensByLength(text), source: 'estimated', confidence: 'low' };
  }

  /** Whether its thread runs. */
  get isAwake(): boolean {
    return this.#worker !== null;
  }

  /** Answers what waits by length, and all that is asked from now on. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) this.#giveUp(waiting);
    await this.#stop();
  }

  #ask(question: Queued, size: number): Promise<TokenCount> {
    const isFull = this.#waiting.length >= MOST_WAITING || this.#waitingSize + size > MOST_WAITING_SIZE;
    const rests = performance.now() < this.#restsUntil;
    if (this.#closed || rests || isFull || size > MOST_SIZE) return Promise.resolve(this.#lengthOf(question));
    return new Promise((settle) => {
      const waiting: Waiting = { question, size, settle, timer: this.#later(() => this.#late(waiting)) };
      this.#waiting.push(waiting);
      this.#waitingSize += size;
      this.#next();
    });
  }

  /** Sends the next question, if the thread has answered the one before. */
  #next(): void {
    if (this.#asked !== null) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#rest();
    else this.#put(next);
  }

  #put(next: Waiting): void {
    this.#waitingSize -= next.size;
    this.#asked = next;
    clearTimeout(next.timer);
    clearTimeout(this.#idle);
    next.timer = this.#later(() => this.#late(next));
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#send(this.#worker, next.question);
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      this.#died(this.#worker, code ?? name);
    }
  }

  #send(worker: Worker, question: Queued): void {
    if (!('body' in question)) {
      worker.postMessage(question);
      return;
    }
    // A copy that is handed over: posting a view would copy all the memory that it looks into.
    const body = new Uint8Array(question.body.slice(0, question.body.length));
    const asked: Question = { model: question.model, body };
    worker.postMessage(asked, [body.buffer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.worker ?? WORKER, THREAD);
    worker.on('message', (answer: Answer) => this.#answered(worker, answer));
    worker.on('error', ({ code, name }: NodeJS.ErrnoException) => this.#died(worker, code ?? name));
    worker.on('exit', () => this.#died(worker, 'exit'));
    return worker;
  }

  #answered(worker: Worker, answer: Answer): void {
    const asked = this.#asked;
    if (worker !== this.#worker || asked === null) return;
    this.#asked = null;
    clearTimeout(asked.timer);
    if ('problem' in answer) {
      this.#warn(answer.problem);
      asked.settle(this.#lengthOf(asked.question));
    } else asked.settle(answer);
    this.#next();
  }

  /** A question waited too long. One that is being answered has stopped the thread, which nothing else can interrupt. */
  #late(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at !== -1) {
      this.#waiting.splice(at, 1);
      this.#waitingSize -= waiting.size;
      this.#giveUp(waiting);
      return;
    }
    this.#warn('timeout');
    void this.#stop();
    this.#next();
  }

  #died(worker: Worker | null, what: string): void {
    if (worker !== this.#worker) return;
    this.#warn(what);
    this.#restsUntil = performance.now() + REST_MS;
    for (const waiting of this.#waiting.splice(0)) this.#giveUp(waiting);
    this.#waitingSize = 0;
    void this.#stop();
  }

  /** Ends the thread; what it was asked goes by length. */
  async #stop(): Promise<void> {
    const worker = this.#worker;
    const asked = this.#asked;
    this.#worker = null;
    this.#asked = null;
    clearTimeout(this.#idle);
    if (asked !== null) this.#giveUp(asked);
    await worker?.terminate();
  }

  #warn(what: string): void {
    this.#options.log?.().warn('tokens could not be counted and were estimated by length', { what });
  }

  #giveUp(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.settle(this.#lengthOf(waiting.question));
  }

  /** Nothing is asked: the thread does not keep the program alive, and ends after a while. */
  #rest(): void {
    this.#worker?.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#stop(), this.#options.idle ?? IDLE_MS).unref();
  }

  #later(work: () => void): NodeJS.Timeout {
    return setTimeout(work, this.#options.patience ?? PATIENCE_MS);
  }

  #lengthOf(question: Queued): TokenCount {
    if ('body' in question) return this.byLength(question.body);
    const tokens = question.texts.reduce((sum, text) => sum + tokensByLength(text), 0);
    return { tokens, source: 'estimated', confidence: 'low' };
  }
}
