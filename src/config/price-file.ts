import type { PriceEntry } from '../metering/price-entry.ts';
import { checkPriceEntry, priceEntrySchema } from '../metering/price-entry.ts';
import { compile } from './compile.ts';
import { inFileOrder, type Path, type Problem } from './problem.ts';
import { readConfig, type Source } from './read.ts';
import { validateDraft } from './validate.ts';

const pricesSchema = { type: 'object', additionalProperties: priceEntrySchema } as const;
const wrappedSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    models: pricesSchema,
    version: { type: ['string', 'number'] },
    // There is one currency and one unit; a file may say so.
    currency: { const: 'USD' },
    unit: { type: 'string' },
  },
} as const;

/** Checks a file of pricing.files: prices by model, or the same under `models` with `version`, `currency` and `unit` beside it. Never throws. */
export function checkPriceFile(source: Source): Problem[] {
  const read = readConfig(source);
  if (!read.ok) return read.problems;
  const { models } = read.draft.data;
  const wrapped = typeof models === 'object' && models !== null;
  const checked = validateDraft(read.draft, compile(wrapped ? wrappedSchema : pricesSchema));
  if (!checked.ok) return checked.problems;
  const above: Path = wrapped ? ['models'] : [];
  const entries = (wrapped ? checked.data.models : checked.data) as Record<string, PriceEntry>;
  const problems = Object.entries(entries).flatMap(([model, entry]) =>
    checkPriceEntry(entry).map((fault) => read.draft.problem([...above, model], fault)),
  );
  return inFileOrder(problems);
}
