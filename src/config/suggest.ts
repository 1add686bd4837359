import { rateMeant } from './foreign-rates.ts';
import { nameText } from './problem.ts';

/** Words of other gateways, and what they are called here. */
const ALIASES: Readonly<Record<string, string>> = {
  api_base: 'base_url',
  endpoint: 'base_url',
  url: 'base_url',
  key: 'api_key',
  dialect: 'adapter',
  format: 'adapter',
  timeout: 'timeouts',
  model_list: 'providers',
  listeners: 'listen',
  port: 'listen',
  budget: 'budgets',
  name: 'as',
};

/** Returns the known name that was most likely meant, or null. */
export function closest(name: string, known: readonly string[]): string | null {
  const lower = name.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(Math.min(lower.length, 20) / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase(), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  if (best !== null) return best;
  const alias = Object.hasOwn(ALIASES, lower) ? ALIASES[lower]! : null;
  if (alias !== null && known.includes(alias)) return alias;
  return known.find((candidate) => plain(candidate) === plain(name)) ?? null;
}

/** Ends a message: `; did you mean base_url?`, or the names that exist. */
export function mend(name: string, known: readonly string[], noun: string): string {
  const rate = rateMeant(name);
  if (rate !== null && known.includes(rate.name)) return `; did you mean ${rate.name}? ${rate.unit}`;
  const meant = closest(name, known);
  if (meant !== null) return `; did you mean ${meant}?`;
  if (known.length === 0) return `; there is no ${noun}`;
  const shown = known.slice(0, 12).map((one) => (/^[\w.*/:-]+$/.test(one) ? one : nameText(one)));
  return `; ${noun}: ${shown.join(', ')}${known.length > shown.length ? ' ...' : ''}`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Changed, missing, added and swapped neighbouring letters; gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit || a.length > 64) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
