import { type Cell, numberOf, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { fromPico } from '../money.ts';
import { clampLimit, type Where, whereOf } from './filters.ts';
import type { Calibration, Confidence, Kept, KeptOfModel, KnownOutput, PredictionPoint } from './prediction-shapes.ts';
import type { Range } from './shapes.ts';

type Line = Record<string, Cell>;

const MOST_MODELS = 200;
const MOST_POINTS = 400;
const MOST_OUTPUTS = 50_000;
/** So many rows are looked at for each that is wanted: where few have an output, nobody reads the whole table. */
const ROWS_EACH = 5;

/** Reads what the newest answers had, the newest first; 50,000 at most. */
export async function outputs(database: Database, limit: number): Promise<KnownOutput[]> {
  const most = clampLimit(limit, 1000, MOST_OUTPUTS);
  const rows = await database.select<Line>(
    `select key_name, api, provider, request_model, output_tokens from
       (select seq, key_name, api, provider, request_model, output_tokens, usage_source, usage_status, outcome
        from exchanges order by seq desc limit $1) as newest
     where output_tokens is not null and usage_source = 'provider' and usage_status = 'final' and outcome = 'ok'
     order by seq desc limit $2`,
    [most * ROWS_EACH, most],
  );
  return rows.map((row) => ({
    key: textOf(row.key_name),
    api: textOf(row.api),
    provider: textOf(row.provider),
    model: textOf(row.request_model),
    output_tokens: Number(row.output_tokens),
  }));
}

/** Holds what was predicted against what it came to; an answer that broke off came to nothing that could be foreseen. */
export async function calibration(database: Database, { from, to }: Range): Promise<Calibration> {
  const where = whereOf({}, from, to)
    .and('predicted_cost_pico is not null and predicted_p90_pico is not null and cost_pico is not null')
    .and(`usage_status = 'final'`);
  const [models, classes, points] = await Promise.all([
    keptBy(database, where, MODEL),
    keptBy(database, where, [...MODEL, 'predicted_confidence']),
    sample(database, where),
  ]);
  const lines = new Map(models.map((row) => [nameOf(row), lineOf(row)]));
  for (const row of classes) {
    const line = lines.get(nameOf(row));
    if (line) line.by_confidence[textOf(row.predicted_confidence) as Confidence] = keptOf(row);
  }
  return { models: [...lines.values()].slice(0, MOST_MODELS), points };
}

const MODEL = ['provider', 'request_model'];

function keptBy(database: Database, where: Where, columns: readonly string[]): Promise<Line[]> {
  const names = columns.join(', ');
  const ratio = `cast(cost_pico as double precision) / nullif(predicted_cost_pico, 0)`;
  return database.select<Line>(
    `select ${names}, count(*) as requests, sum(within) as within,
       max(case when place = (size + 1) / 2 then ratio end) as median
     from (select ${names}, case when cost_pico <= predicted_p90_pico then 1 else 0 end as within, ${ratio} as ratio,
         row_number() over (partition by ${names} order by ${ratio} nulls last) as place,
         count(nullif(predicted_cost_pico, 0)) over (partition by ${names}) as size
       from exchanges where ${where.sql}) as held
     group by ${names} order by requests desc, ${columns.map((name) => `${name} nulls last`).join(', ')}`,
    where.binds,
  );
}

async function sample(database: Database, where: Where): Promise<PredictionPoint[]> {
  const most = MOST_POINTS;
  const rows = await database.select<Line>(
    `select provider, request_model, predicted_confidence, cast(predicted_cost_pico as text) as predicted,
       cast(cost_pico as text) as actual
     from (select ${MODEL.join(', ')}, predicted_confidence, predicted_cost_pico, cost_pico,
         row_number() over (order by seq) as place, count(*) over () as size
       from exchanges where ${where.sql}) as held
     where (place - 1) % ((size + ${most - 1}) / ${most}) = 0 order by place`,
    where.binds,
  );
  return rows.map((row) => ({
    predicted: fromPico(String(row.predicted)),
    actual: fromPico(String(row.actual)),
    confidence: textOf(row.predicted_confidence) as Confidence,
    provider: textOf(row.provider),
    model: textOf(row.request_model),
  }));
}

const nameOf = (row: Line): string => JSON.stringify([row.provider, row.request_model]);

function lineOf(row: Line): KeptOfModel {
  return { provider: textOf(row.provider), model: textOf(row.request_model), ...keptOf(row), by_confidence: {} };
}

function keptOf(row: Line): Kept {
  return { requests: Number(row.requests), within: Number(row.within), median_ratio: numberOf(row.median) };
}
