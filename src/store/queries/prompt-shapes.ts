import type { CacheBreak, Fate, PartKind } from '../../pipeline/prompt.ts';

/** What a stretch of time is asked for. Hours are the smallest unit: `from` is cut to its hour. */
export interface PromptsQuestion {
  from: Date;
  to: Date;
  tenant?: string | undefined;
  agent?: string | undefined;
  model?: string | undefined;
}

/** A part of prompts over a stretch of time. */
export interface PartSum extends Fate {
  kind: PartKind;
  name: string;
  /** Requests that had it. */
  turns: number;
  /** All turns together. */
  chars: number;
  tokens: number;
  /** US dollars, exact; null when nothing of it has a price. */
  cost_usd: string | null;
  /** Turns whose cost is unknown; in no sum. */
  unpriced: number;
  /** Characters in the newest turn, and when that was, UTC ISO. */
  newest_chars: number;
  newest: string;
  /** Of a tool: how often answers called it. */
  called: number;
}

export interface PromptSums {
  /** The dearest first; 500 at most. */
  parts: PartSum[];
  /** Requests whose prompt was taken apart, with the agents they came from. */
  turns: number;
  agents: string[];
  models: string[];
}

/** How a part grew: one point for each stretch with turns. */
export interface GrowthPoint {
  /** UTC ISO: the beginning of the stretch. */
  time: string;
  turns: number;
  /** Average of a turn. */
  chars: number;
  tokens: number;
  /** All turns together; null when nothing has a price. */
  cost_usd: string | null;
}

export interface GrowthQuestion extends PromptsQuestion {
  kind: PartKind;
  name: string;
  /** Whole hours; raised until there are at most 400 stretches. */
  bucketMs: number;
}

/** A break of the cache, with its exchange. */
export interface BreakEntry extends CacheBreak {
  seq: number;
  id: string;
  time: string;
  agent: string | null;
  session: string | null;
  provider: string | null;
  model: string | null;
}

export interface BreaksQuestion extends PromptsQuestion {
  session?: string | undefined;
  /** 1 to 500, 100 unless told. */
  limit?: number | undefined;
}

export interface Breaks {
  /** The newest first. */
  breaks: BreakEntry[];
  /** All of the stretch, by cause and first part; the dearest first, 200 at most. */
  sums: {
    cause: CacheBreak['cause'];
    part: CacheBreak['part'];
    breaks: number;
    tokens: number;
    cost_usd: string | null;
    /** UTC ISO. */
    newest: string;
  }[];
}

export interface RedactionsQuestion {
  from: Date;
  to: Date;
  tenant?: string | undefined;
  agent?: string | undefined;
}

/** What was taken out of the requests of one agent. */
export interface RedactionSum {
  /** Such as `email`: a detector's name, or a rule's. */
  kind: string;
  /** Null: of those that name none. */
  agent: string | null;
  /** How many had it, and how often all together. */
  requests: number;
  count: number;
}
