/**
 * Schemas made executable. Compiling is the dearest step of a start, so what was compiled is
 * kept, and members that are checked alike are compiled once.
 */
import { Ajv, type ValidateFunction } from 'ajv';
import type { Schema } from './compose.ts';

/** Schemas of gateway.yaml, of a provider, of a price file: each in its present and its last form. */
const KEPT = 6;
const kept = new Map<string, ValidateFunction>();

/** Compiles a schema the way all of ours are; throws when it is none. */
export function compile(schema: Schema): ValidateFunction {
  const text = JSON.stringify(schema);
  const known = kept.get(text) ?? compileAnew(schema);
  kept.delete(text);
  kept.set(text, known);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return known;
}

function compileAnew(schema: Schema): ValidateFunction {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    allowUnionTypes: true,
    validateFormats: false,
    // Half of the time would go to checking our own schema; what is wrong with a plugin's, the compiler says as well.
    validateSchema: false,
    addUsedSchema: false,
  });
  ajv.addVocabulary(['patternErrorMessage', 'markdownDescription', NAMES]);
  return ajv.compile(lean(schema) as Schema);
}

/** Members that lean() has merged, so that suggestions still know them. */
export const NAMES = 'memberNames';
const ALIKE = 4;

/** Merges members with equal schemas into one pattern: a price entry repeats twenty rates in five places. */
function lean(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lean);
  if (typeof schema !== 'object' || schema === null) return schema;
  const leaner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, lean(value)]));
  const { properties } = schema as { properties?: unknown };
  const { type, patternProperties } = leaner;
  if (type !== 'object' || typeof properties !== 'object' || properties === null || patternProperties !== undefined)
    return leaner;
  return { ...leaner, ...merge(leaner.properties as Record<string, Record<string, unknown>>) };
}

function merge(properties: Record<string, Record<string, unknown>>): Record<string, unknown> {
  const groups = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(properties)) {
    const { description: _, ...rest } = schema;
    // A default is only filled in for a member with a name of its own.
    const key = typeof schema !== 'object' || 'default' in rest || !/^\w+$/.test(name) ? name : JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const alike = [...groups.values()].filter((names) => names.length >= ALIKE);
  const merged = new Set(alike.flat());
  return {
    [NAMES]: Object.keys(properties),
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !merged.has(name))),
    patternProperties: Object.fromEntries(alike.map((names) => [`^(?:${names.join('|')})$`, properties[names[0]!]])),
  };
}
