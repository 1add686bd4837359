import type { CacheBreak, PromptPart, TurnRelation } from '../../pipeline/prompt.ts';
import type { ExchangeRecord } from '../../pipeline/record.ts';
import type { ExchangeEntry } from './shapes.ts';

/** A session: all rows that name it, whenever they were. */
export interface SessionEntry {
  id: string;
  /** How the id was found, of its newest turn: `header:session-id`, `chain`, ... */
  source: string;
  confidence: NonNullable<ExchangeRecord['session']>['confidence'];
  /** Of its newest row. */
  tenant: string | null;
  agent: string | null;
  project: string | null;
  user: string | null;
  /** The session it branched from. */
  parent: string | null;
  /** UTC ISO: its first and its newest row. */
  started: string;
  last: string;
  /** Rows that a provider answered. `errors` are those that failed: an answer that broke off is a turn and an error. */
  turns: number;
  errors: number;
  refused: number;
  /** Exact sum of what has a price; null when nothing has. */
  cost_usd: string | null;
  /** Rows that may be billed and whose cost is unknown. */
  unpriced: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  /** Of the newest turn that tells it, and the most there was. */
  history_chars: number | null;
  peak_history_chars: number | null;
  tool_results: number | null;
  last_cost_usd: string | null;
  /** The models that answered, the most used first; 5 at most. */
  models: string[];
  compactions: number;
  cache_breaks: number;
  /** What these cost; null where none is priced. */
  cache_break_usd: string | null;
  /** Its first and its newest turns, five each at most; of a short session they overlap. */
  first_turns: TurnsTogether;
  newest_turns: TurnsTogether;
}

/** A few turns together. */
export interface TurnsTogether {
  /** How many rows: failed ones included, refused ones not. */
  rows: number;
  errors: number;
  /** Average of those that were answered; null without any. */
  duration_ms: number | null;
  output_tokens: number;
  input_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  /** Average of what has a price, US dollars; null without any. */
  cost_usd: string | null;
}

export interface SessionsQuestion {
  /** Sessions with a row in this stretch. */
  from: Date;
  to: Date;
  tenant?: string | undefined;
  agent?: string | undefined;
  /** Sessions of one turn at most whose relation is `start`: calls on their own, mostly. Left out unless asked for. */
  singles?: boolean | undefined;
  /** 1 to 200, 50 unless told. */
  limit?: number | undefined;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

export interface SessionsPage {
  /** The last used first. */
  sessions: SessionEntry[];
  next: string | null;
  /** Sessions of one turn that were left out, by agent; the most first, 50 at most. */
  singles: { agent: string | null; sessions: number; cost_usd: string | null }[];
}

/** An exchange as a turn of its session. */
export interface TurnEntry extends ExchangeEntry {
  relation: TurnRelation | null;
  parent: string | null;
  session_source: string | null;
  session_confidence: NonNullable<ExchangeRecord['session']>['confidence'] | null;
  system_chars: number | null;
  history_chars: number | null;
  tools_chars: number | null;
  messages: number | null;
  tool_results: number | null;
  tools_called: Record<string, number> | null;
  cache_break: CacheBreak | null;
  /** Null where the prompt was not taken apart, or its parts are not kept any more. */
  parts: PromptPart[] | null;
}

export interface TurnsQuestion {
  session?: string | undefined;
  /** `agent: null` asks for rows that name none. */
  agent?: string | null | undefined;
  tenant?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** The newest so many, 1 to 2000, 200 unless told. */
  limit?: number | undefined;
  /** With `parts`; they are left null unless asked for. */
  parts?: boolean | undefined;
}
