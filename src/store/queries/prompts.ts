import type { PartKind } from '../../pipeline/prompt.ts';
import { type Cell, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { fromPico, picoSum } from '../money.ts';
import { timeOf } from '../record-of-row.ts';
import { Where } from './filters.ts';
import { floorTo, HOUR_MS, stretchOf } from './hours.ts';
import type { GrowthPoint, GrowthQuestion, PartSum, PromptSums, PromptsQuestion } from './prompt-shapes.ts';

const MOST_PARTS = 500;
const MOST_POINTS = 400;
const MOST_NAMES = 500;

/** The line of an hour that counts whole prompts, not parts of them. */
export const WHOLE = { kind: '', name: '' } as const;

type Line = Record<string, Cell>;

const COUNTS = ['turns', 'chars', 'tokens', 'read', 'write', 'write_1h', 'uncached', 'unpriced', 'called'] as const;
// Sums travel as text: a driver's number has 53 bits.
const SUMS = [...COUNTS, 'cost_high', 'cost_low'].map((name) => `cast(sum(${name}) as text) as ${name}`).join(', ');
/** Near enough for an order; the sums themselves are exact. */
const DEAREST = `sum(cast(cost_high as double precision)) * 1000000 + sum(cast(cost_low as double precision)) desc`;

/** Tells what the parts of prompts came to, the dearest first. */
export async function prompts(database: Database, question: PromptsQuestion): Promise<PromptSums> {
  const where = hoursOf(question);
  const seen = async (column: string): Promise<string[]> => {
    const rows = await database.select<Line>(
      `select distinct ${column} as name from prompt_hours where ${where.sql} and kind = '' and ${column} is not null
       order by 1 limit ${MOST_NAMES}`,
      where.binds,
    );
    return rows.map(({ name }) => String(name));
  };
  const [parts, [all], agents, models] = await Promise.all([
    partsOf(database, where),
    database.select<Line>(
      `select cast(coalesce(sum(turns), 0) as text) as turns from prompt_hours where ${where.sql} and kind = ''`,
      where.binds,
    ),
    seen('agent'),
    seen('model'),
  ]);
  return { parts, turns: Number(all?.turns), agents, models };
}

/** Tells how one part grew, a point for each stretch that has turns with it. */
export async function growth(database: Database, question: GrowthQuestion): Promise<GrowthPoint[]> {
  const { fromMs, toMs } = stretchOf(question);
  const finest = Math.ceil((toMs - fromMs) / (MOST_POINTS - 1) / HOUR_MS);
  const bucketMs = Math.max(1, finest, Math.ceil(question.bucketMs / HOUR_MS) || 0) * HOUR_MS;
  const where = hoursOf(question);
  where.and(`kind = ${where.bind(question.kind)} and name = ${where.bind(question.name)} and turns > 0`);
  const start = floorTo(fromMs, bucketMs);
  // Without the casts SQLite would divide the bound numbers as floats.
  const bucket = `(hour_ms - cast(${where.bind(start)} as bigint)) / cast(${where.bind(bucketMs)} as bigint)`;
  const rows = await database.select<Line>(
    `select ${bucket} as bucket, ${SUMS} from prompt_hours where ${where.sql} group by 1 order by 1`,
    where.binds,
  );
  return rows.map((row) => ({
    time: timeOf(start + Number(row.bucket) * bucketMs),
    turns: Number(row.turns),
    chars: Math.round(Number(row.chars) / Number(row.turns)),
    tokens: Math.round(Number(row.tokens) / Number(row.turns)),
    cost_usd: costOf(row),
  }));
}

async function partsOf(database: Database, where: Where): Promise<PartSum[]> {
  const rows = await database.select<Line>(
    `select kind, name, ${SUMS}, max(newest_ms) as newest_ms, max(hour_ms) as hour_ms,
       max(case when place = 1 then newest_chars end) as newest_chars
     from (select prompt_hours.*,
         row_number() over (partition by kind, name order by newest_ms desc nulls last, hour_ms desc) as place
       from prompt_hours where ${where.sql} and kind <> '') as hours
     group by kind, name order by ${DEAREST}, sum(tokens) desc, kind, name limit ${MOST_PARTS}`,
    where.binds,
  );
  return rows.map(partOf);
}

function hoursOf(question: PromptsQuestion): Where {
  const { fromMs, toMs } = stretchOf(question);
  const where = new Where();
  where.and(`hour_ms >= ${where.bind(fromMs)} and hour_ms < ${where.bind(toMs)}`);
  for (const name of ['tenant', 'agent', 'model'] as const) {
    const value = question[name];
    if (value !== undefined) where.and(`${name} = ${where.bind(value)}`);
  }
  return where;
}

function partOf(row: Line): PartSum {
  const at = (name: (typeof COUNTS)[number]): number => Number(row[name]);
  return {
    kind: String(row.kind) as PartKind,
    name: textOf(row.name) ?? '',
    turns: at('turns'),
    chars: at('chars'),
    tokens: at('tokens'),
    read: at('read'),
    write: at('write'),
    write_1h: at('write_1h'),
    uncached: at('uncached'),
    cost_usd: costOf(row),
    unpriced: at('unpriced'),
    newest_chars: Number(row.newest_chars ?? 0),
    newest: timeOf(row.newest_ms ?? row.hour_ms),
    called: at('called'),
  };
}

function costOf(row: Line): string | null {
  const pico = picoSum({ cost_high: row.cost_high, cost_low: row.cost_low });
  return pico === null || Number(row.turns) === Number(row.unpriced) ? null : fromPico(pico);
}
