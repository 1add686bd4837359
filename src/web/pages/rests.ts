/** What the spend rests on: who said it, and what is not in it. */
import type { CostSources, Totals } from '../../store/queries/shapes.ts';
import { compact, money, whole } from '../format.ts';
import { barOf, type Part } from './figures.ts';

export interface Rests {
  total: string;
  parts: Part[];
  /** The same in words. */
  sentence: string;
  /** What may be billed and is in no sum. */
  unknown: { requests: number; text: string } | null;
}

const KINDS = [
  { source: 'provider', name: 'Reported by the provider', words: 'reported by the provider', kind: 'by-provider' },
  { source: 'price_table', name: 'Priced', words: 'priced by the table', kind: 'by-table' },
  { source: 'estimated', name: 'Priced on our own count', words: 'priced on tokens counted here', kind: 'by-count' },
] as const;

/** Makes the bar and the words; null where nothing was to be paid. */
export function restsOn({ cost_usd, cost_sources: sources }: Totals): Rests | null {
  const turns = Object.values(sources).reduce((sum, { requests }) => sum + requests, 0);
  if (turns === 0) return null;
  const parts = KINDS.map(({ source, name, kind }) => {
    const { cost_usd: cost } = sources[source];
    return { name, kind, size: Number(cost), value: money(cost) };
  });
  return {
    total: money(cost_usd),
    parts: barOf(parts),
    sentence: sentenceOf(cost_usd, sources),
    unknown: sources.unknown.requests === 0 ? null : { requests: sources.unknown.requests, text: unknownOf(sources) },
  };
}

function sentenceOf(cost: string | null, sources: CostSources): string {
  const shares = KINDS.filter(({ source }) => sources[source].requests > 0).map(
    ({ source, words }) => `${money(sources[source].cost_usd)} ${words}`,
  );
  const free = sources.free.requests === 0 ? '' : `${requests(sources.free.requests)} free`;
  const paid = shares.length === 0 ? '' : `${money(cost)}, of which ${shares.join(', ')}`;
  return [paid, free].filter((words) => words !== '').join('; ');
}

function unknownOf({ unknown }: CostSources): string {
  const { requests: count, tokens, estimated_requests: guessed, estimated_cost_usd: guess } = unknown;
  const what = `${requests(count)}${tokens > 0 ? ` and ${compact(tokens)} tokens` : ''} of unknown cost`;
  if (guess === null) return `${what}, not in the spend`;
  const some = guessed === count ? '' : `${whole(guessed)} of them `;
  return `${what}, not in the spend (${some}estimated at ${money(guess)})`;
}

const requests = (count: number): string => `${whole(count)} ${count === 1 ? 'request' : 'requests'}`;
