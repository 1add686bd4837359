import type { ExchangeRecord } from '../pipeline/record.ts';
import type { MeasureOf, MeasuresQuestion } from './queries/measure-shapes.ts';
import type { Calibration, KnownOutput } from './queries/prediction-shapes.ts';
import type {
  Breaks,
  BreaksQuestion,
  GrowthPoint,
  GrowthQuestion,
  PromptSums,
  PromptsQuestion,
  RedactionSum,
  RedactionsQuestion,
} from './queries/prompt-shapes.ts';
import type {
  SessionEntry,
  SessionsPage,
  SessionsQuestion,
  TurnEntry,
  TurnsQuestion,
} from './queries/session-shapes.ts';
import type { ListPage, ListQuestion, Sums, SumsQuestion } from './queries/shapes.ts';

/** The rows of exchanges, as plugins take part in them. */
export interface Records {
  /** Takes a finished record: to the journal at once, to the database when it answers. Never throws, never waits. False: it is lost. */
  append(record: ExchangeRecord): boolean;
  /** Whether all that was taken so far would survive a crash of the gateway; waits for the journal. */
  kept(): Promise<boolean>;
  /** Which of these ids are taken already, in the database or on their way to it. Rejects when the database does not answer. */
  has(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The exchange of an answer whose usage its provider had not told, by the provider's id of the answer.
   * The rows of the stretch of time are read one by one: keep it short, and ask seldom.
   */
  unsettled(question: {
    api: string;
    provider: string;
    responseId: string;
    from: Date;
    to: Date;
  }): Promise<ExchangeRecord | null>;
  /**
   * Lists exchanges, newest first, a page at a time. What was taken before is among them,
   * unless the database needs more than half a second for it. Rejects when it does not answer.
   */
  list(question: ListQuestion): Promise<ListPage>;
  /** Sums exchanges up, with the same promise. */
  sums(question: SumsQuestion): Promise<Sums>;
  /** One figure of a stretch of time, of all of it or of each group. What was taken before is among them, as in `list`. */
  measures(question: MeasuresQuestion): Promise<MeasureOf[]>;
  /** What the newest answers had, the newest first: so many of them at most. */
  outputs(limit: number): Promise<KnownOutput[]>;
  /** What was predicted, held against what it came to. */
  calibration(range: { from: Date; to: Date }): Promise<Calibration>;
  /** Sessions with rows in a stretch of time, the last used first. What was taken before is among them, as in `list`. */
  sessions(question: SessionsQuestion): Promise<SessionsPage>;
  /** One session; null where no row names it. */
  session(id: string, tenant?: string): Promise<SessionEntry | null>;
  /** The newest turns of a session or an agent, the oldest of them first. */
  turns(question: TurnsQuestion): Promise<TurnEntry[]>;
  /** What the parts of prompts came to; rows of the last seconds may be missing. */
  prompts(question: PromptsQuestion): Promise<PromptSums>;
  growth(question: GrowthQuestion): Promise<GrowthPoint[]>;
  cacheBreaks(question: BreaksQuestion): Promise<Breaks>;
  /** What was taken out of requests in a stretch of time, by its kind and by agent, the most first. */
  redactions(question: RedactionsQuestion): Promise<RedactionSum[]>;
  /** So many rows wait for the database that no more are taken: what happens now will have no row. */
  readonly full: boolean;
}
