import type { ExchangeRecord } from '../pipeline/record.ts';
import { toPico } from './money.ts';

/** What of a row decides what budgets count for it, and where that is written. */
interface Chargeable {
  readonly id: string;
  readonly outcome?: Cell;
  readonly usage_status?: Cell;
  readonly cost_pico?: Cell;
  readonly estimate_cost_pico?: Cell;
  readonly input_tokens?: Cell;
  readonly output_tokens?: Cell;
  readonly detail: Partial<Pick<ExchangeRecord, 'estimate' | 'reserved_usd' | 'overhead_ms'>>;
  charged_pico?: Cell;
  charged_tokens?: Cell;
  charged_requests?: Cell;
}

type Cell = string | number | undefined;

/** As for the columns of the provider's own numbers: beyond this nothing is believed. */
const MAX_TOKENS = 1e12;
/** How ids begin of what did not come through the proxy. */
const TOLD = '000000000000';

/**
 * Says in a row what budgets count for it; what they count nothing for stays absent.
 *
 * Money: what it cost, else what the estimate says, else what was reserved. Tokens: what the provider said,
 * else the estimate. Where the provider had not had its last word, the estimate goes before what it had said by then:
 * who leaves each stream in the middle would spend more than his budget. A request: what was sent on, or
 * told of. The migration that brought these columns says the same in SQL.
 */
export function writeCharges(row: Chargeable): void {
  const { estimate, reserved_usd: reserved, overhead_ms: overhead } = row.detail;
  const said = both(row.input_tokens, row.output_tokens);
  const counted = both(known(estimate?.input_tokens), known(estimate?.output_tokens));
  if (row.usage_status === 'partial') {
    row.charged_pico = row.estimate_cost_pico ?? row.cost_pico;
    row.charged_tokens = counted ?? said;
  } else {
    row.charged_pico = row.cost_pico ?? row.estimate_cost_pico;
    row.charged_tokens = said ?? counted;
  }
  if (reserved) row.charged_pico ??= toPico(reserved) ?? undefined;
  const left = typeof overhead === 'number' || row.id.startsWith(TOLD);
  row.charged_requests = left && row.outcome !== 'refused' ? 1 : undefined;
}

/** One side alone counts: embeddings have no output. */
function both(input: Cell, output: Cell): number | undefined {
  return input === undefined && output === undefined ? undefined : Number(input ?? 0) + Number(output ?? 0);
}

function known(tokens: number | null | undefined): number | undefined {
  const isCount = typeof tokens === 'number' && Number.isInteger(tokens) && tokens >= 0 && tokens <= MAX_TOKENS;
  return isCount ? tokens : undefined;
}
