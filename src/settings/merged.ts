/** What holds, when several have said something. */
import { mayBeNone } from './filter-rules.ts';
import { isMembers } from './members.ts';
import type { Filters, FiltersPart } from './settings.ts';

type Loose = Readonly<Record<string, unknown>>;

/**
 * Lays a part of the filters over others, one level deep.
 *
 * @param nulls what null says where there may be none: `none` for all, `inherit` for one agent, as the predecessor has it
 */
export function layFilters(base: Filters, part: FiltersPart | null | undefined, nulls: 'none' | 'inherit'): Filters {
  if (part === null || part === undefined) return base;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(part)) {
    if (value === null || value === undefined) continue;
    if (!isMembers(value)) merged[name] = value;
    else {
      const said = Object.entries(value).filter(
        ([member, inner]) => inner !== undefined && (inner !== null || (nulls === 'none' && mayBeNone(name, member))),
      );
      merged[name] = { ...(merged[name] as Loose), ...Object.fromEntries(said) };
    }
  }
  return merged as unknown as Filters;
}

/** Puts a change into what was said for all before; null takes a word back where it is no value. */
export function changeFilters(before: FiltersPart | null, change: FiltersPart | null): FiltersPart | null {
  if (change === null) return null;
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) continue;
    const said = isMembers(value) ? changeSection(name, (after[name] ?? {}) as Loose, value) : value;
    if (said === null) delete after[name];
    else after[name] = said;
  }
  return Object.keys(after).length === 0 ? null : (after as FiltersPart);
}

function changeSection(section: string, before: Loose, change: Loose): Loose | null {
  const after: Record<string, unknown> = { ...before };
  for (const [member, value] of Object.entries(change)) {
    if (value === null && !mayBeNone(section, member)) delete after[member];
    else if (value !== undefined) after[member] = value;
  }
  return Object.keys(after).length === 0 ? null : after;
}
