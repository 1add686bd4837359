import type { Cell, ColumnName, Columns } from '../columns.ts';
import { numberOf, textOf } from '../columns.ts';
import { fromPico } from '../money.ts';
import { timeOf, unpricedOf } from '../record-of-row.ts';
import type { Row } from '../row.ts';
import type { ExchangeEntry } from './shapes.ts';

/** Makes the line of a list from a row that was read, or from one that was just stored. */
export function entryOf(row: Omit<Columns, 'detail'> | (Row & { seq: number })): ExchangeEntry {
  const at = (name: ColumnName): Cell | undefined => (row as Partial<Columns>)[name];
  return {
    seq: Number(row.seq),
    id: String(row.id),
    time: timeOf(at('time_ms')),
    tenant: textOf(at('tenant')),
    project: textOf(at('project')),
    agent: textOf(at('agent')),
    key: textOf(at('key_name')),
    user: textOf(at('user_name')),
    session: textOf(at('session_id')),
    environment: textOf(at('environment')),
    listener: textOf(at('listener')) ?? '',
    method: textOf(at('method')) ?? '',
    path: textOf(at('path')) ?? '',
    provider: textOf(at('provider')),
    api: textOf(at('api')),
    model: textOf(at('response_model')) ?? textOf(at('request_model')),
    request_model: textOf(at('request_model')),
    response_model: textOf(at('response_model')),
    priced_as: textOf(at('priced_as')),
    stream: numberOf(at('stream')) === 1,
    status: numberOf(at('status')),
    outcome: textOf(at('outcome')) as ExchangeEntry['outcome'],
    stop_reason: textOf(at('stop_reason')) as ExchangeEntry['stop_reason'],
    stop_raw: textOf(at('stop_raw')),
    error_type: textOf(at('error_type')),
    error_code: textOf(at('error_code')),
    usage_status: textOf(at('usage_status')) as ExchangeEntry['usage_status'],
    usage_source: textOf(at('usage_source')) as ExchangeEntry['usage_source'],
    ...amountsOf(at),
    duration_ms: numberOf(at('duration_ms')),
    time_to_first_token_ms: numberOf(at('ttft_ms')),
    request_bytes: numberOf(at('request_bytes')),
    response_bytes: numberOf(at('response_bytes')),
  };
}

type Amounts =
  | `${'input' | 'output' | 'cache_read' | 'cache_write' | 'reasoning' | 'total'}_tokens`
  | 'cost_usd'
  | 'cost_source'
  | 'unpriced'
  | 'estimated_cost_usd';

/** Tokens and money: unknown is null, a sum of unknowns as well. */
function amountsOf(at: (name: ColumnName) => Cell | undefined): Pick<ExchangeEntry, Amounts> {
  const [input, output] = [numberOf(at('input_tokens')), numberOf(at('output_tokens'))];
  return {
    input_tokens: input,
    output_tokens: output,
    cache_read_tokens: numberOf(at('cache_read_tokens')),
    cache_write_tokens: numberOf(at('cache_write_tokens')),
    reasoning_tokens: numberOf(at('reasoning_tokens')),
    total_tokens: input === null && output === null ? null : (input ?? 0) + (output ?? 0),
    cost_usd: dollarsOf(at('cost_pico')),
    cost_source: textOf(at('cost_source')) as ExchangeEntry['cost_source'],
    unpriced: unpricedOf(at('unpriced')),
    estimated_cost_usd: dollarsOf(at('estimate_cost_pico')),
  };
}

const dollarsOf = (pico: Cell | undefined): string | null =>
  pico === null || pico === undefined ? null : fromPico(String(pico));
