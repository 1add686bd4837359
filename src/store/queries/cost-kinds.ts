/** What a cost rests on, as conditions: every exchange that may be billed is of exactly one kind. */
import type { CostKind } from './shapes.ts';

/** Something was generated, so a provider may bill it: a turn, in the predecessor's word. */
export const TURN = `usage_status <> 'not_applicable'`;

const COUNTED_HERE = `usage_source in ('counted', 'estimated')`;

export const COST_KINDS: Readonly<Record<CostKind, string>> = {
  provider: `cost_pico is not null and cost_source = 'provider'`,
  price_table: `cost_pico is not null and cost_source = 'price_table' and not ${COUNTED_HERE}`,
  estimated: `cost_pico is not null and cost_source = 'price_table' and ${COUNTED_HERE}`,
  free: `cost_pico is not null and cost_source = 'free'`,
  // These are the words of the index exchanges_unpriced.
  unknown: `cost_pico is null and ${TURN}`,
};
export const costKinds = Object.keys(COST_KINDS) as CostKind[];

/** The kind of a row; null for what nobody bills. */
export const COST_KIND = `case ${costKinds.map((kind) => `when ${COST_KINDS[kind]} then '${kind}'`).join(' ')} end`;
