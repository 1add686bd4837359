import type { ExchangeRecord } from '../../pipeline/record.ts';

/** Why a cost is unknown, in words that follow "unknown:". */
export function whyOf(unpriced: ExchangeRecord['unpriced']): string {
  if (unpriced === null) return 'nobody noted why';
  const { reason, missing } = unpriced;
  switch (reason) {
    case 'no_price':
      return missing === null ? 'no price list knows this model' : `no price list knows ${missing}, which took part`;
    case 'no_rate':
      return missing === null ? 'its price lacks a rate' : `its price has no rate for ${missing}`;
    case 'no_usage':
      return missing === null ? 'nobody said what was used' : `nobody said how many ${missing}`;
    default:
      return 'the numbers contradict each other';
  }
}
