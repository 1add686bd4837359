import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

import { copyOf } from './copy.ts';
import { bytesOfText, tokensByLength } from './length.ts';
import { Line, type Queued, SHORT, type Waiting } from './line.ts';
import { mostByLength } from './most-by-length.ts';
import { MOST_JSON } from './thin.ts';
import type { Answer, Bytes, MostTokens, Numbered, Question, TokenCount, Tokens } from './token-count.ts';

/** Larger questions go by length, bytes or UTF-16 units: bodies may be full of pictures, texts may not. */
const MOST_BODY = 32 * 1024 * 1024;
const MOST_TEXT = 4 * 1024 * 1024;
/** How long a question waits for its turn, and again for its answer, milliseconds. */
const PATIENCE_MS = 5000;
/** A thread that has nothing to do keeps its 70 MB for so long, milliseconds, unless it is kept warm. */
const IDLE_MS = 60_000;
/** After a thread that died none is started for so long, milliseconds. */
const REST_MS = 10_000;
/** Bodies up to this size are copied at once, bytes. */
const COPIED_AT_ONCE = 1024 * 1024;

/** `.ts` when the gateway runs from its sources, `.js` when it runs built. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const WORKER = new URL(`./worker${EXTENSION}`, import.meta.url);
const THREAD: WorkerOptions = {
  // Two encodings and the largest question fit; what needs more ends the thread, not the gateway.
  resourceLimits: { maxOldGenerationSizeMb: 160, maxYoungGenerationSizeMb: 16 },
  // Sources need the loader that the program was started with; nothing else of that is wanted twice.
  ...(EXTENSION === '.js' && { execArgv: [] }),
};

const NOTHING: TokenCount = { tokens: 0, most: 0, hasUnseen: false, source: 'counted', confidence: 'high' };

export interface CounterOptions {
  /** Where to say that something could not be counted: the kind of a trouble, never a text. */
  log?(): { warn(message: string, facts: Record<string, unknown>): void };
  patience?: number;
  idle?: number;
  /** After a thread that died. */
  rest?: number;
  /** What the thread runs. */
  worker?: URL;
}

/**
 * Counts tokens in a thread of its own, short questions before long ones.
 *
 * The thread is started by the first question and stopped when none has come for a while, or
 * kept ready for those who count each request. Whatever goes wrong - too much, too long, a
 * thread that dies - is answered by length.
 */
export class TokenCounter implements Tokens {
  readonly #options: CounterOptions;
  readonly #line = new Line();
  readonly #asked = new Map<number, Waiting>();
  /** What the thread gets at the end of this turn of the loop: to wake it costs more than to count a short prompt. */
  #outbox: Numbered<Question>[] = [];
  #handedOver: ArrayBuffer[] = [];
  #id = 0;
  #worker: Worker | null = null;
  #warm = 0;
  #idle: NodeJS.Timeout | undefined;
  #resting: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: CounterOptions = {}) {
    this.#options = options;
  }

  count(model: string | null, texts: readonly string[]): Promise<TokenCount> {
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    if (size === 0) return Promise.resolve(NOTHING);
    return this.#ask({ model, texts }, size, MOST_TEXT);
  }

  prompt(model: string | null, body: Bytes): Promise<TokenCount> {
    // What is left without its pictures would be too much to be parsed: then it need not be copied.
    if (body.length > MOST_JSON && bytesOfText(body) > MOST_JSON)
      return Promise.resolve(this.#lengthOf({ model, body }));
    return this.#ask({ model, body }, body.length, MOST_BODY);
  }

  byLength(text: string | Bytes): TokenCount {
    const tokens = tokensByLength(text);
    const { tokens: most, hasUnseen } =
      typeof text === 'string' ? { tokens: Buffer.byteLength(text), hasUnseen: false } : mostByLength(text);
    return { tokens, most: Math.max(tokens, most), hasUnseen, source: 'estimated', confidence: 'low' };
  }

  mostByLength(body: Bytes, model: string | null = null): MostTokens {
    return mostByLength(body, model);
  }

  warm(): () => void {
    this.#warm++;
    this.#heat();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#warm === 0 && this.#asked.size === 0) this.#rest();
    };
  }

  /** Whether its thread runs. */
  get isAwake(): boolean {
    return this.#worker !== null;
  }

  /** Answers what waits by length, and all that is asked from now on. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#resting !== null) clearTimeout(this.#resting);
    for (const waiting of this.#line.clear()) this.#giveUp(waiting);
    await this.#stop();
  }

  #ask(question: Queued, size: number, most: number): Promise<TokenCount> {
    const isNo = this.#closed || this.#resting !== null || size > most || !this.#line.hasRoomFor(size);
    if (isNo) return Promise.resolve(this.#lengthOf(question));
    return new Promise((settle) => {
      const waiting: Waiting = { question, size, settle, timer: this.#later(() => this.#late(waiting)) };
      this.#line.add(waiting);
      this.#next();
    });
  }

  /** Starts the thread before anybody asks. */
  #heat(): void {
    if (this.#warm > 0 && this.#worker === null) void this.#ask({ warm: true }, 0, 0);
  }

  /** Sends what the thread may have now. */
  #next(): void {
    for (let next = this.#line.next(); next !== undefined; next = this.#line.next()) this.#put(next);
    if (this.#asked.size === 0 && this.#line.isEmpty) this.#rest();
  }

  #put(next: Waiting): void {
    const id = ++this.#id;
    this.#asked.set(id, next);
    clearTimeout(next.timer);
    clearTimeout(this.#idle);
    next.timer = this.#later(() => this.#late(next));
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#send(this.#worker, id, next.question);
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      this.#died(this.#worker, code ?? name);
    }
  }

  #send(worker: Worker, id: number, question: Queued): void {
    if (!('body' in question)) {
      this.#post(id, question);
      return;
    }
    const { model, body } = question;
    const hand = (copy: Uint8Array<ArrayBuffer>): void => {
      if (worker !== this.#worker) return;
      this.#handedOver.push(copy.buffer);
      this.#post(id, { model, body: copy });
    };
    if (body.length <= SHORT) this.#post(id, { model, json: textOf(body) });
    else if (body.length <= COPIED_AT_ONCE) hand(new Uint8Array(body.slice(0, body.length)));
    else void copyOf(body).then(hand);
  }

  #post(id: number, asked: Question): void {
    this.#outbox.push({ id, asked });
    if (this.#outbox.length === 1) setImmediate(() => this.#hand());
  }

  #hand(): void {
    const [questions, handedOver] = [this.#outbox, this.#handedOver];
    [this.#outbox, this.#handedOver] = [[], []];
    if (questions.length > 0) this.#worker?.postMessage(questions, handedOver);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.worker ?? WORKER, THREAD);
    worker.on('message', (answers: readonly Numbered<Answer>[]) => {
      for (const answer of answers) this.#answered(worker, answer);
      if (worker === this.#worker) this.#next();
    });
    worker.on('error', ({ code, name }: NodeJS.ErrnoException) => this.#died(worker, code ?? name));
    worker.on('exit', () => this.#died(worker, 'exit'));
    return worker;
  }

  #answered(worker: Worker, { id, asked: answer }: Numbered<Answer>): void {
    const waiting = this.#asked.get(id);
    if (worker !== this.#worker || waiting === undefined) return;
    this.#asked.delete(id);
    this.#line.done(waiting);
    clearTimeout(waiting.timer);
    if ('problem' in answer) {
      this.#warn(answer.problem);
      waiting.settle(this.#lengthOf(waiting.question));
    } else waiting.settle(answer);
  }

  /** A question waited too long. One that is being answered has stopped the thread, which nothing else can interrupt. */
  #late(waiting: Waiting): void {
    if (this.#line.remove(waiting)) {
      this.#giveUp(waiting);
      return;
    }
    this.#warn('timeout');
    void this.#stop();
    this.#next();
    this.#heat();
  }

  #died(worker: Worker | null, what: string): void {
    if (worker !== this.#worker) return;
    this.#warn(what);
    this.#resting = setTimeout(() => {
      this.#resting = null;
      this.#heat();
    }, this.#options.rest ?? REST_MS).unref();
    for (const waiting of this.#line.clear()) this.#giveUp(waiting);
    void this.#stop();
  }

  /** Ends the thread; what it was asked goes by length. */
  async #stop(): Promise<void> {
    const worker = this.#worker;
    const asked = [...this.#asked.values()];
    this.#worker = null;
    this.#asked.clear();
    [this.#outbox, this.#handedOver] = [[], []];
    clearTimeout(this.#idle);
    for (const waiting of asked) {
      this.#line.done(waiting);
      this.#giveUp(waiting);
    }
    await worker?.terminate();
  }

  #warn(what: string): void {
    this.#options.log?.().warn('tokens could not be counted and were estimated by length', { what });
  }

  #giveUp(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.settle(this.#lengthOf(waiting.question));
  }

  /** Nothing is asked: the thread does not keep the program alive, and ends after a while, unless it is kept warm. */
  #rest(): void {
    this.#worker?.unref();
    clearTimeout(this.#idle);
    if (this.#warm > 0) return;
    this.#idle = setTimeout(() => void this.#stop(), this.#options.idle ?? IDLE_MS).unref();
  }

  #later(work: () => void): NodeJS.Timeout {
    return setTimeout(work, this.#options.patience ?? PATIENCE_MS);
  }

  #lengthOf(question: Queued): TokenCount {
    if ('warm' in question) return NOTHING;
    if ('body' in question) {
      const { tokens: most, hasUnseen } = mostByLength(question.body, question.model);
      return { ...this.byLength(''), tokens: tokensByLength(question.body), most, hasUnseen };
    }
    return this.byLength(question.texts.join(''));
  }
}

function textOf(body: Bytes): string {
  const { buffer, byteOffset, byteLength } = body.slice(0, body.length);
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
}
