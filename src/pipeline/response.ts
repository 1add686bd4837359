/** One event of a stream as a mapper gets it. */
export interface StreamEvent {
  /** The event's bytes with its blank line. */
  readonly raw: Uint8Array;
  /** The text after `data:`; several lines joined with LF; null for comments. */
  readonly data: Uint8Array | null;
}

/** Returns true to let the event pass as it is, false to hold it back, bytes (one event or several) to send those instead. */
export interface EventMapper {
  (event: StreamEvent): boolean | Uint8Array;
  /** Gives what it still holds back when the stream has ended. */
  end?(): Uint8Array;
}

/** Makes other bytes of a body on its way: what may leave now, and at the end what is left. Chunks are split anywhere. */
export interface BodyMapper {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

/** An error inside an answer with a good status, in the provider's own words for it. */
export interface TroubleTold {
  readonly type: string | null;
  readonly code: string | null;
}

/** Takes note of a throw and tells whether to go on without the stage. */
export type StageFailed = (stage: string, error: unknown) => 'refuse' | 'skip';

/** Makes a function of one that may throw: `without` is what becomes of the answer when that happened. */
type Guard = <A extends readonly unknown[], T>(
  work: (...args: A) => T,
  without: (...args: A) => T,
) => (...args: A) => T;

const NOTHING = new Uint8Array(0);

/**
 * The upstream's answer, from its headers on. Listening never changes the bytes; only `mapEvents`
 * and `mapBody` do. After a retry a new response takes the place of this one.
 */
export class ExchangeResponse {
  readonly status: number;
  /** Lower case, without parameters; '' when absent. */
  readonly contentType: string;
  readonly taps: ((chunk: Uint8Array) => void)[] = [];
  /** In the order in which the body passes them. */
  readonly mappers: (EventMapper | BodyMapper)[] = [];
  /** Headers added to the answer, lower-case name to value. */
  readonly added: [string, string][] = [];
  /** Headers behind the body: name, and what tells the value once the body is whole. */
  readonly trailers: [string, () => string | null][] = [];

  readonly #headers: ReadonlyMap<string, string>;
  readonly #peek: (limit: number) => Promise<Buffer>;
  #finishing: () => boolean = () => false;
  #begun: () => boolean = () => true;
  #problem: () => TroubleTold | null = () => null;
  #stage = '';
  #failed: StageFailed = () => 'refuse';

  constructor(status: number, headers: ReadonlyMap<string, string>, peek: (limit: number) => Promise<Buffer>) {
    this.status = status;
    this.#headers = headers;
    this.#peek = peek;
    this.contentType = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  }

  /** A header of the upstream's by its lower-case name; several of one name are joined with a comma. */
  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** Hears every chunk of the body, decoded, split anywhere, after it has left for the client. */
  tap(listener: (chunk: Uint8Array) => void): void {
    const stage = this.#stage;
    let well = true;
    this.taps.push((chunk) => {
      if (!well) return;
      try {
        listener(chunk);
      } catch (error) {
        // It only listened: the answer goes on, and nobody asks it again.
        well = false;
        this.#failed(stage, error);
      }
    });
  }

  /**
   * Sees each event of a stream before the client does. The answer loses its content encoding and its length.
   *
   * @param end gives what is still held back when the stream has ended
   */
  mapEvents(mapper: (event: StreamEvent) => boolean | Uint8Array, end?: () => Uint8Array): void {
    const guard = this.#guard();
    const guarded: EventMapper = guard(mapper, () => true);
    if (end) guarded.end = guard(end, () => NOTHING);
    this.mappers.push(guarded);
  }

  /** The same for a body that is no event stream, decoded. An answer in an encoding that nobody here reads passes as it is. */
  mapBody(mapper: BodyMapper): void {
    const guard = this.#guard();
    const pass = (chunk: Uint8Array): Uint8Array => chunk;
    this.mappers.push({
      push: guard((chunk) => mapper.push(chunk), pass),
      end: guard(
        () => mapper.end(),
        () => NOTHING,
      ),
    });
  }

  /** What would have been taken out must not leave: a throw breaks the answer off, unless its entry says to go on without it. */
  #guard(): Guard {
    const stage = this.#stage;
    const failed = this.#failed;
    let well = true;
    return (work, without) =>
      (...args) => {
        if (!well) return without(...args);
        try {
          return work(...args);
        } catch (error) {
          if (failed(stage, error) !== 'skip') throw error;
          well = false;
          return without(...args);
        }
      };
  }

  /** For the pipeline: which stage subscribes now, and who hears of its throws. */
  enter(stage: string, failed: StageFailed): void {
    this.#stage = stage;
    this.#failed = failed;
  }

  /** Waits for the first `limit` decoded bytes of the body, or all of a shorter one. They still reach the client. For error answers. */
  peek(limit: number): Promise<Buffer> {
    return this.#peek(limit);
  }

  setHeader(name: string, value: string): void {
    this.added.push([name, value]);
  }

  /**
   * Sends a header behind the body, to clients that said `TE: trailers`. Not behind a body whose
   * length was announced. `value` is asked when all of the body is out; null leaves it away.
   */
  setTrailer(name: string, value: () => string | null): void {
    const stage = this.#stage;
    this.trailers.push([
      name,
      () => {
        try {
          return value();
        } catch (error) {
          // The body is out: what would have been said behind it is no reason to break it.
          this.#failed(stage, error);
          return null;
        }
      },
    ]);
  }

  /** Says when the rest of the body is only the bill: a client that leaves then does not cancel the upstream. */
  drainWhen(finishing: () => boolean): void {
    this.#finishing = finishing;
  }

  get finishing(): boolean {
    return this.#finishing();
  }

  /** Says when content has begun: until then the limit for the first token runs. */
  beginsWhen(begun: () => boolean): void {
    this.#begun = begun;
  }

  get begun(): boolean {
    return this.#begun();
  }

  /** Tells the error that an answer with a good status has told of so far; null for none. */
  tellsOf(problem: () => TroubleTold | null): void {
    this.#problem = problem;
  }

  get problem(): TroubleTold | null {
    return this.#problem();
  }
}
