import type { LateHead, LateMeter, TakeShare } from '../metering/late.ts';
import type { AnswerHead, Meter } from '../metering/meter.ts';

/** A failure that the gateway itself has to tell a client. */
export interface Problem {
  status: number;
  /** Stable, snake case: `upstream_unreachable`, `invalid_json`. */
  code: string;
  message: string;
  /** The gateway's id of the exchange. */
  requestId: string;
  /** Members added beside the message, for codes that define them. */
  details?: Readonly<Record<string, unknown>>;
}

/** What the pipeline needs of the adapter that speaks an exchange's API. */
export interface Dialect {
  /** The family whose SDKs understand it: `openai`, `anthropic`, `gemini`. */
  readonly dialect: string;
  meter(head: AnswerHead): Meter;
  /** Reads an answer that may tell what something else has used; null for any other. */
  late?(head: LateHead, take: TakeShare): LateMeter | null;
  /** The body of an error answer, JSON text. */
  error(problem: Problem): string;
  /** The same inside a stream that has already begun: whole SSE text with its blank line. */
  errorEvent(problem: Problem): string;
}
