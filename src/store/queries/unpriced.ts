import { type Cell, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { fromPico, picoSum, sumOf } from '../money.ts';
import { timeOf, unpricedOf } from '../record-of-row.ts';
import { COST_KINDS } from './cost-kinds.ts';
import { whereOf } from './filters.ts';
import type { Filters, Range, UnpricedModel } from './shapes.ts';

/** Made-up names are models too; beyond this nobody reads on. */
const MAX_MODELS = 200;

/**
 * Lists the models whose cost is unknown and why, each under the name it was asked for by, those with the most requests first.
 *
 * The reason is the one of the time of the request: a price that came later mends no row.
 */
export async function unpricedModels(
  database: Database,
  range: Range & { filters?: Filters | undefined },
): Promise<UnpricedModel[]> {
  const where = whereOf(range.filters, range.from, range.to).and(COST_KINDS.unknown);
  const rows = await database.select<Record<string, Cell>>(
    `select provider, request_model, response_model, unpriced, count(*) as requests, max(time_ms) as last_ms,
       cast(coalesce(sum(input_tokens), 0) as text) as input, cast(coalesce(sum(output_tokens), 0) as text) as output,
       ${sumOf('estimate_cost_pico', 'estimate')}
     from exchanges where ${where.sql} group by 1, 2, 3, 4 order by 5 desc, 6 desc, 1, 2, 3 limit ${MAX_MODELS}`,
    where.binds,
  );
  return rows.map(modelOf);
}

function modelOf(row: Record<string, Cell>): UnpricedModel {
  const pico = picoSum({ cost_high: row.estimate_high, cost_low: row.estimate_low });
  const [asked, answered] = [textOf(row.request_model), textOf(row.response_model)];
  return {
    provider: textOf(row.provider),
    model: answered ?? asked,
    request_model: asked,
    response_model: answered,
    unpriced: unpricedOf(row.unpriced),
    requests: Number(row.requests),
    input_tokens: Number(row.input),
    output_tokens: Number(row.output),
    estimated_cost_usd: pico === null ? null : fromPico(pico),
    last_used: timeOf(row.last_ms),
  };
}
