/** Values as the columns of a row can hold them; what they cannot is undefined. */
import { CHARACTERS } from '../accounts/series.ts';
import { toPico } from './money.ts';

/** Characters of a text column. Clients choose some of them, and Postgres refuses long values in an index. */
const MAX_TEXT = CHARACTERS.text;
/** Beyond this a count is not believed, so that sums cannot overflow; the detail still has it. */
const MAX_COUNT = 1e12;

export function text(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
}

export function count(value: number | null | undefined): number | undefined {
  return Number.isInteger(value) && value! >= 0 && value! <= MAX_COUNT ? value! : undefined;
}

export function pico(dollars: string | null): string | undefined {
  return (dollars === null ? null : toPico(dollars)) ?? undefined;
}
