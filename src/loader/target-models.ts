/** Models that routes ask of providers which are known not to have them: mostly slips of the pen. */
import { compileGlobs } from '../bytes/glob.ts';
import { ConfigError, inFileOrder, nameText, type Path, type Problem } from '../config/problem.ts';
import type { Config, ProviderEntry } from '../config/schema.ts';
import { closest } from '../config/suggest.ts';
import type { PriceBook } from '../metering/prices.ts';

export interface Shop {
  config: Config;
  /** Providers with gateway.yaml laid over the catalogue. */
  entries: ReadonlyMap<string, ProviderEntry>;
  prices: PriceBook;
}

/**
 * Throws a ConfigError where the model of a target stands neither in the list of its provider nor in its prices.
 * Of a provider that is free, or of whose models nothing is known, any name is good.
 */
export function refuseStrangeModels({ config, entries, prices }: Shop, problem: MakeProblem): void {
  const problems: Problem[] = [];
  for (const [i, { targets }] of config.routes.entries()) {
    for (const [j, { provider, model }] of targets.entries()) {
      if (provider === undefined || model === undefined) continue;
      const entry = entries.get(provider)!;
      if (entry.free) continue;
      const known = [...listed(entry), ...priced(provider, prices)];
      if (known.length === 0 || isKnown(provider, model, known, prices)) continue;
      problems.push(problem(['routes', i, 'targets', j, 'model'], say(provider, model, known)));
    }
  }
  if (problems.length > 0) throw new ConfigError(inFileOrder(problems));
}

type MakeProblem = (path: Path, message: string) => Problem;

const listed = ({ models = [] }: ProviderEntry): readonly string[] =>
  Array.isArray(models) ? (models as readonly string[]) : Object.keys(models);

/** Names in the price lists of a provider; patterns among them. */
function priced(provider: string, book: PriceBook): string[] {
  const { own, behind } = book.listsOf(provider);
  const lists = new Set([provider, ...own, ...behind].map((list) => list.toLowerCase()));
  return book.prices.filter(({ list }) => list !== null && lists.has(list.toLowerCase())).flatMap(({ names }) => names);
}

function isKnown(provider: string, model: string, known: readonly string[], book: PriceBook): boolean {
  return compileGlobs(known)(model) || book.find(provider, model, model, new Date()) !== null;
}

function say(provider: string, model: string, known: readonly string[]): string {
  const meant = closest(
    model,
    [...new Set(known)].filter((name) => !name.includes('*')),
  );
  const mend = `add it under providers.${provider}.models`;
  const what = `${nameText(model)} is no known model of ${provider}`;
  return meant === null ? `${what}; ${mend}` : `${what}; did you mean ${meant}? If not, ${mend}`;
}
