/** What the parts of prompts come to by turn and by day: the body of `GET /api/v1/prompts`, and what its page shows. */
import type { Lent, PartSum, PromptSums } from '../../src/plugin.ts';
import { perDay, perTurn, sumOf } from '../shared/money.ts';
import type { Question } from '../shared/question.ts';

const HOUR_MS = 3_600_000;

/** A part with what a turn and a day of it come to. */
export interface PartEconomics extends PartSum {
  chars_per_turn: number;
  tokens_per_turn: number;
  /** Of the turns that have a price; null where none has. */
  usd_per_turn: string | null;
  /** At the rate of the hours that are looked at. */
  usd_per_day: string | null;
  /** Of all that the input cost; where nothing has a price, of its tokens. */
  share: number | null;
}

export interface Economics {
  from: string;
  to: string;
  /** Since when there is anything: rates are over the hours from here to `to`. */
  since: string;
  hours: number;
  turns: number;
  tokens: number;
  cost_usd: string | null;
  usd_per_day: string | null;
  /** Earlier messages, sent once more, as a share of all input tokens. */
  history_share: number | null;
  history_usd_per_day: string | null;
  agents: string[];
  models: string[];
  parts: PartEconomics[];
}

/** Asks for a stretch, and works out its rates. Rejects when the database does not answer. */
export async function economicsOf(records: Lent['records'], question: Question): Promise<Economics> {
  const sums = await records.prompts(question);
  const since = await sinceWhen(records, question, sums);
  const milliseconds = Math.max(1, question.to.getTime() - since);
  const cost = sumOf(sums.parts.map(({ cost_usd }) => cost_usd));
  const tokens = sums.parts.reduce((sum, part) => sum + part.tokens, 0);
  const whole = { cost, tokens, milliseconds };
  const history = sums.parts.filter(({ kind }) => kind === 'history');
  return {
    from: question.from.toISOString(),
    to: question.to.toISOString(),
    since: new Date(since).toISOString(),
    hours: Math.round((milliseconds / HOUR_MS) * 100) / 100,
    turns: sums.turns,
    tokens,
    cost_usd: cost,
    usd_per_day: perDay(cost, milliseconds),
    history_share: tokens > 0 ? history.reduce((sum, part) => sum + part.tokens, 0) / tokens : null,
    history_usd_per_day: perDay(sumOf(history.map(({ cost_usd }) => cost_usd)), milliseconds),
    agents: sums.agents,
    models: sums.models,
    parts: sums.parts.map((part) => partOf(part, whole)),
  };
}

function partOf(part: PartSum, whole: { cost: string | null; tokens: number; milliseconds: number }): PartEconomics {
  const isPriced = whole.cost !== null && Number(whole.cost) > 0;
  const share = isPriced ? Number(part.cost_usd ?? 0) / Number(whole.cost) : part.tokens / whole.tokens;
  return {
    ...part,
    chars_per_turn: Math.round(part.chars / part.turns),
    tokens_per_turn: Math.round(part.tokens / part.turns),
    usd_per_turn: perTurn(part.cost_usd, part.turns - part.unpriced),
    usd_per_day: perDay(part.cost_usd, whole.milliseconds),
    share: Number.isFinite(share) ? share : null,
  };
}

/**
 * The first hour that has anything, as the part says that most turns have: a gateway that was started an hour ago has
 * spent nothing in the 23 before, and its day is not a 24th of the truth.
 */
async function sinceWhen(records: Lent['records'], question: Question, { parts }: PromptSums): Promise<number> {
  const start = Math.floor(question.from.getTime() / HOUR_MS) * HOUR_MS;
  const [first, ...others] = parts;
  if (!first) return start;
  const usual = others.reduce((most, part) => (part.turns > most.turns ? part : most), first);
  const points = await records.growth({ ...question, kind: usual.kind, name: usual.name, bucketMs: HOUR_MS });
  return Math.max(start, points[0] ? Date.parse(points[0].time) : start);
}

/** A tool: how often it was on offer, how often an answer called it, and what the offer costs. */
export interface ToolEconomics {
  name: string;
  /** Requests that had it. */
  offered: number;
  called: number;
  chars_per_request: number;
  tokens_per_request: number;
  cost_usd: string | null;
  usd_per_request: string | null;
  usd_per_day: string | null;
}

export interface Tools {
  tools: ToolEconomics[];
  never_called: { names: string[]; usd_per_day: string | null; tokens: number };
}

/** The tools among the parts, the dearest first. */
export function toolsOf({ parts }: Pick<Economics, 'parts'>): Tools {
  const tools = parts.filter(({ kind }) => kind === 'tool');
  const never = tools.filter(({ called }) => called === 0);
  return {
    tools: tools.map((tool) => ({
      name: tool.name,
      offered: tool.turns,
      called: tool.called,
      chars_per_request: tool.chars_per_turn,
      tokens_per_request: tool.tokens_per_turn,
      cost_usd: tool.cost_usd,
      usd_per_request: tool.usd_per_turn,
      usd_per_day: tool.usd_per_day,
    })),
    never_called: {
      names: never.map(({ name }) => name),
      usd_per_day: sumOf(never.map(({ usd_per_day }) => usd_per_day)),
      tokens: never.reduce((sum, { tokens }) => sum + tokens, 0),
    },
  };
}
