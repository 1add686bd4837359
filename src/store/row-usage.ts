import type { Usage, UsageName } from '../metering/usage.ts';
import type { ColumnName } from './columns.ts';
import { count } from './row-values.ts';

/** What of a usage has columns of its own. */
export const USAGE_COLUMNS = {
  input_tokens: 'input_tokens',
  output_tokens: 'output_tokens',
  'cache_read.input_tokens': 'cache_read_tokens',
  'cache_creation.input_tokens': 'cache_write_tokens',
  'reasoning.output_tokens': 'reasoning_tokens',
} as const satisfies { [name in UsageName]?: ColumnName };
export const USAGE_NAMES = Object.keys(USAGE_COLUMNS) as (keyof typeof USAGE_COLUMNS)[];

/** Keeps in the detail of a row what of the usage its columns do not hold. */
export function keepUsage(usage: Usage, detail: { usage?: Usage }): void {
  let rest: Usage | undefined;
  let named = false;
  for (const key in usage) {
    const name = key as UsageName;
    if (name in USAGE_COLUMNS && count(usage[name]) !== undefined) named = true;
    else {
      rest ??= {};
      rest[name] = usage[name]!;
    }
  }
  if (rest || !named) detail.usage = rest ?? {};
}
