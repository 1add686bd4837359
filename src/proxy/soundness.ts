import { SseCutter, type SseEvent } from '../bytes/sse.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { ExchangeResponse } from '../pipeline/response.ts';
import { type Failure, INCOMPLETE, SAID_ERROR, UNREADABLE } from './problems.ts';

/** What is wrong with a stream that has ended before its first content; null where it may end so. */
export function emptiness({ begun, finishing, problem }: ExchangeResponse): Failure | null {
  if (problem !== null) return SAID_ERROR;
  // A finish reason without content is an answer: a filter, or nothing to say.
  return begun || finishing ? null : INCOMPLETE;
}

/**
 * Tells whether an answer that was held to its end is whole and makes sense, before any of
 * it reaches the client.
 *
 * A stream that has told why it finished is whole, also without the last mark of its
 * protocol: some servers leave it away. Events are looked at one by one as they come, so
 * that a long answer does not hold the loop at its end.
 */
export class Soundness {
  #isMalformed = false;

  constructor(response: ExchangeResponse) {
    if (response.contentType !== 'text/event-stream') return;
    const cutter = new SseCutter();
    response.tap((chunk) => cutter.push(chunk, this.#look));
  }

  /** What is wrong with it; null for nothing. Once, when all of it was heard. */
  flawOf(exchange: Exchange, response: ExchangeResponse): Failure | null {
    if (this.#isMalformed) return UNREADABLE;
    if (exchange.state.readNow?.() !== true) return emptiness(response);
    const ending = exchange.state.reading?.ending;
    if (ending === 'error') return SAID_ERROR;
    if (ending === 'bad_payload') return UNREADABLE;
    return ending === 'truncated' && !response.finishing ? INCOMPLETE : null;
  }

  readonly #look = ({ data }: SseEvent): void => {
    // `[DONE]` and its like are words of the protocol; all that any provider says is an object.
    if (this.#isMalformed || data === null || data.length === 0 || data[0] === OPEN_BRACKET) return;
    try {
      JSON.parse(data.toString('utf8'));
    } catch {
      this.#isMalformed = true;
    }
  };
}

const OPEN_BRACKET = 0x5b;
