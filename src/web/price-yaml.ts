/** The lines of gateway.yaml that would price a model. */
import type { PriceEntry } from '../metering/price-entry.ts';
import type { Unpriced } from '../metering/unpriced.ts';

/** Stands where a number belongs; the file is refused while it does. */
const NUMBER = 'NUMBER';
const GROUPS = ['service_tiers', 'speeds', 'geo_multiplier'] as const;

/**
 * Writes the line of one model below `pricing: models:`; null where no line would help, or only words of the
 * operator's can say what holds.
 *
 * An entry of the operator's takes the place of the one below it, so what that one says is repeated.
 */
export function yamlFor(
  provider: string | null,
  model: string | null,
  unpriced: Unpriced | null,
  known: PriceEntry | null,
): string | null {
  const { reason, missing } = unpriced ?? { reason: 'no_price', missing: null };
  const name = reason === 'no_price' ? (missing ?? model) : model;
  // A name with a star would price whatever it stands for.
  if (provider === null || name === null || `${provider}${name}`.includes('*')) return null;
  const entry = known === null || reason === 'no_price' ? BLANK : withMissing(known, missing ?? '');
  return entry && `${scalar(`${provider}/${name}`)}: ${flow(entry)}`;
}

/** The lines with what stands above them. */
export function pricingYaml(lines: readonly string[]): string {
  const text = lines.map((line) => `    ${line}`).join('\n');
  return `pricing:\n  models:   # US dollars per million tokens${unitOf(text)}\n${text}`;
}

const BLANK = { input: NUMBER, output: NUMBER };

function withMissing({ match: _, dated: __, source: ___, ...entry }: PriceEntry, missing: string): object | null {
  let whole: Record<string, unknown> = entry;
  for (const name of missing.split(', ')) {
    if (name === '' || name.includes(' ')) return null;
    const group = GROUPS.find((one) => name.startsWith(`${one}.`));
    if (group === undefined) {
      whole = { ...whole, [name]: NUMBER };
      continue;
    }
    const word = name.slice(group.length + 1);
    const inner = group === 'geo_multiplier' ? NUMBER : { multiplier: NUMBER };
    whole = { ...whole, [group]: { ...(whole[group] as object | undefined), [word]: inner } };
  }
  return whole;
}

function unitOf(lines: string): string {
  const words = [
    lines.includes('_per_1k:') && 'per 1,000 where the name says so',
    lines.includes('audio_per_') && 'per the time that the name says',
    lines.includes('multiplier:') && 'a multiplier is a plain factor',
  ];
  return words.map((word) => (word ? `; ${word}` : '')).join('');
}

/** YAML in one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${scalar(name)}: ${flow(inner)}`)
      .join(', ')} }`;
  return typeof value === 'string' ? scalar(value) : String(value);
}

/** A word as it is where YAML takes it for nothing else; JSON's quotes are YAML's. */
const scalar = (text: string): string => (/^[A-Za-z][\w./-]*$/.test(text) ? text : JSON.stringify(text));
