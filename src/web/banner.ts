import type { Context } from 'koa';
import type { House } from './house.ts';
import { viewOf } from './range.ts';
import { unpricedIn } from './unpriced.ts';

/** What every page says while models have no price. */
export interface UnpricedBanner {
  /** How many of them, and the requests they had. */
  count: number;
  requests: number;
  /** Some by name. */
  names: readonly string[];
  more: number;
  /** `the last 24 hours`. */
  title: string;
}

const NAMED = 3;
const DAY_MS = 86_400_000;
/** Pages that show a stretch of time; on all others the last day counts. */
const RANGED = new Set(['/dashboard', '/dashboard/requests']);

/** Tells which models lack a price in the stretch that a page shows; null where all have one, and where the database does not answer. */
export async function bannerOf(ctx: Context, house: House): Promise<UnpricedBanner | null> {
  const now = new Date();
  const { query } = ctx;
  const isChosen = RANGED.has(ctx.path) && (query.range !== undefined || query.from !== undefined);
  const view = isChosen ? await viewOf(query, async () => new Date(0), now) : null;
  const range = view ?? { from: new Date(now.getTime() - DAY_MS), to: now, title: 'the last 24 hours' };
  // The pages that need no database must be there when it is not.
  const models = await unpricedIn(house, { from: range.from, to: range.to }).catch(() => []);
  const open = models.filter(({ open }) => open);
  const names = [...new Set(open.map(({ provider, model }) => `${provider ?? 'nobody'}/${model ?? '?'}`))];
  if (names.length === 0) return null;
  return {
    count: names.length,
    requests: open.reduce((sum, { requests }) => sum + requests, 0),
    names: names.slice(0, NAMED),
    more: Math.max(0, names.length - NAMED),
    title: range.title,
  };
}
