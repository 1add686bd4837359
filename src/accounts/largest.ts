import type { Standing } from './accounts.ts';
import type { AccountKey } from './series.ts';
import type { Sheet } from './sheet.ts';

type Listed = AccountKey & Standing;

/** The largest accounts of a sheet, at most so many, without putting a hundred thousand in order. */
export function largest({ series, window, accounts }: Sheet, most: number): readonly Listed[] {
  let found: Listed[] = [];
  let least: bigint | null = null;
  for (const [subject, { spent, held, beside }] of accounts) {
    if (least !== null && spent + held + beside < least) continue;
    found.push({ series, window, subject, spent, held: held + beside });
    if (found.length < 2 * most) continue;
    found = found.sort(bySize).slice(0, most);
    if (found.length > 0) least = sizeOf(found.at(-1)!);
  }
  return found.sort(bySize).slice(0, most);
}

const sizeOf = ({ spent, held }: Standing): bigint => spent + held;

/** By name where it is the same, so that a list does not change its order between two looks. */
function bySize(one: Listed, other: Listed): number {
  const [a, b] = [sizeOf(one), sizeOf(other)];
  if (a !== b) return a > b ? -1 : 1;
  return one.subject < other.subject ? -1 : 1;
}
