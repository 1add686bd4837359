import type { ExchangeRecord } from '../pipeline/record.ts';
import type { Database } from './database.ts';
import { cacheBreaks } from './queries/breaks.ts';
import { choices } from './queries/choices.ts';
import { eventsAfter, newestSeq } from './queries/events.ts';
import { type AnswerQuestion, knownIds, unsettled } from './queries/known.ts';
import { byId, list } from './queries/list.ts';
import type { MeasureOf, MeasuresQuestion } from './queries/measure-shapes.ts';
import { measures } from './queries/measures.ts';
import { type SummaryQuestion, summary, type UsageQuestion, usageRows } from './queries/predecessor.ts';
import type { AgentSummary, Report, UsageRow } from './queries/predecessor-shapes.ts';
import type { Calibration, KnownOutput } from './queries/prediction-shapes.ts';
import { calibration, outputs } from './queries/predictions.ts';
import type * as prompt from './queries/prompt-shapes.ts';
import { growth, prompts } from './queries/prompts.ts';
import { redactions } from './queries/redactions.ts';
import { type ReportQuestion, report } from './queries/report.ts';
import { series } from './queries/series.ts';
import type * as of from './queries/session-shapes.ts';
import { session, sessions } from './queries/sessions.ts';
import type * as shape from './queries/shapes.ts';
import { sums, totals } from './queries/totals.ts';
import { turns } from './queries/turns.ts';
import { unpricedModels } from './queries/unpriced.ts';

/** What people and programs ask of the recorded exchanges. The same code asks either dialect. */
export class Queries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists exchanges, newest first, a page at a time; throws `bad_question` for a senseless filter or cursor. */
  list(question: shape.ListQuestion = {}): Promise<shape.ListPage> {
    return list(this.#database, question);
  }

  /** Finds the whole record of an exchange. */
  byId(id: string, tenant?: string): Promise<ExchangeRecord | null> {
    return byId(this.#database, id, tenant);
  }

  /** Tells which of these ids are in the database. */
  knownIds(ids: readonly string[]): Promise<string[]> {
    return knownIds(this.#database, ids);
  }

  /** Finds the exchange of an answer whose usage its provider had not told, within a short stretch of time. */
  unsettled(question: AnswerQuestion): Promise<ExchangeRecord | null> {
    return unsettled(this.#database, question);
  }

  /** Sums a stretch of time up. */
  totals(question: shape.Range & { filters?: shape.Filters | undefined }): Promise<shape.Totals> {
    return totals(this.#database, question);
  }

  /** Sums up what can be added: all of the totals but the latencies, which take longer. */
  sums(question: shape.SumsQuestion): Promise<shape.Sums> {
    return sums(this.#database, question);
  }

  /** Tells one figure of a stretch of time, of all of it or of each group; of 1,000 groups at most. */
  measures(question: MeasuresQuestion): Promise<MeasureOf[]> {
    return measures(this.#database, question);
  }

  /** Lists the models whose cost is unknown, and why; 200 at most. */
  unpricedModels(question: shape.Range & { filters?: shape.Filters | undefined }): Promise<shape.UnpricedModel[]> {
    return unpricedModels(this.#database, question);
  }

  /** Draws a measure over time. */
  series(question: shape.SeriesQuestion): Promise<shape.Series> {
    return series(this.#database, question);
  }

  /** Reads what the newest answers had, for who learns from it. */
  outputs(limit: number): Promise<KnownOutput[]> {
    return outputs(this.#database, limit);
  }

  /** Holds what was predicted against what it came to. */
  calibration(range: shape.Range): Promise<Calibration> {
    return calibration(this.#database, range);
  }

  /** Pages through sessions, the last used first. */
  sessions(question: of.SessionsQuestion): Promise<of.SessionsPage> {
    return sessions(this.#database, question);
  }

  /** Reads one session. */
  session(id: string, tenant?: string): Promise<of.SessionEntry | null> {
    return session(this.#database, id, tenant);
  }

  /** Reads the newest turns of a session or an agent, the oldest of them first. */
  turns(question: of.TurnsQuestion): Promise<of.TurnEntry[]> {
    return turns(this.#database, question);
  }

  /** Tells what the parts of prompts came to, by hours that are summed up already. */
  prompts(question: prompt.PromptsQuestion): Promise<prompt.PromptSums> {
    return prompts(this.#database, question);
  }

  /** Tells how one part of prompts grew. */
  growth(question: prompt.GrowthQuestion): Promise<prompt.GrowthPoint[]> {
    return growth(this.#database, question);
  }

  /** Lists breaks of the provider's cache and sums them up. */
  cacheBreaks(question: prompt.BreaksQuestion): Promise<prompt.Breaks> {
    return cacheBreaks(this.#database, question);
  }

  /** Sums up what was taken out of requests, by its kind and by agent; 1,000 sums at most. */
  redactions(question: prompt.RedactionsQuestion): Promise<prompt.RedactionSum[]> {
    return redactions(this.#database, question);
  }

  /** Answers `GET /api/summary`. */
  summary(question: SummaryQuestion = {}): Promise<AgentSummary[]> {
    return summary(this.#database, question);
  }

  /** Answers `GET /api/usage`. */
  usageRows(question: UsageQuestion = {}): Promise<UsageRow[]> {
    return usageRows(this.#database, question);
  }

  /** Answers `GET /api/report`. */
  report(question: ReportQuestion): Promise<Report> {
    return report(this.#database, question);
  }

  /** Reads the turns that arrived after `seq`, 50 unless told, 1000 at most. */
  eventsAfter(seq: number, limit?: number): Promise<shape.TokenUsageEvent[]> {
    return eventsAfter(this.#database, seq, limit);
  }

  /** Tells the place of the newest row, where a feed begins. */
  newestSeq(): Promise<number> {
    return newestSeq(this.#database);
  }

  /** Names what filter menus offer. */
  choices(question: shape.Range & { tenant?: string | undefined }): Promise<shape.Choices> {
    return choices(this.#database, question);
  }
}
