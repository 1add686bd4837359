/** What OpenAI's functions become: "How to count tokens with tiktoken" in its cookbook, section 7. */

/** Texts to be counted, and tokens around them. */
export interface Rendered {
  readonly texts: readonly string[];
  readonly tokens: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

const PROPERTIES = 3;
const PER_PROPERTY = 3;
const ENUM = -3;
const PER_WORD = 3;
const END = 12;

/**
 * Renders functions whose parameters are plain: a type and a description each, words to choose
 * from at most. Null where one has more to it, of which the cookbook says nothing.
 *
 * @param tools `tools` of a chat, or the older `functions`
 * @param perFunction what the model puts before each
 */
export function renderFunctions(tools: readonly unknown[], perFunction: number): Rendered | null {
  const texts: string[] = [];
  let tokens = END;
  for (const tool of tools) {
    const rendered = renderFunction(functionIn(tool));
    if (rendered === null) return null;
    texts.push(...rendered.texts);
    tokens += perFunction + rendered.tokens;
  }
  return { texts, tokens };
}

function functionIn(tool: unknown): JsonObject | null {
  const { type = 'function', function: inner, ...more } = asObject(tool) ?? {};
  if (type !== 'function') return null;
  return inner === undefined ? more : asObject(inner);
}

function renderFunction(definition: JsonObject | null): Rendered | null {
  if (definition === null) return null;
  const { name, description = '', parameters = {}, strict: _, ...more } = definition;
  const schema = asObject(parameters);
  if (typeof name !== 'string' || typeof description !== 'string' || schema === null) return null;
  const properties = asObject(schema.properties ?? {});
  if (Object.keys(more).length > 0 || properties === null || !isPlain(schema)) return null;
  const texts = [`${name}:${withoutStop(description)}`];
  let tokens = Object.keys(properties).length > 0 ? PROPERTIES : 0;
  for (const [key, property] of Object.entries(properties)) {
    const rendered = renderProperty(key, asObject(property));
    if (rendered === null) return null;
    texts.push(...rendered.texts);
    tokens += rendered.tokens;
  }
  return { texts, tokens };
}

const SCHEMA = new Set(['type', 'properties', 'required', 'additionalProperties']);
const isPlain = (schema: JsonObject): boolean => Object.keys(schema).every((member) => SCHEMA.has(member));

function renderProperty(key: string, property: JsonObject | null): Rendered | null {
  const { type, description = '', enum: words, ...more } = property ?? {};
  if (typeof type !== 'string' || typeof description !== 'string' || Object.keys(more).length > 0) return null;
  const line = `${key}:${type}:${withoutStop(description)}`;
  if (words === undefined) return { texts: [line], tokens: PER_PROPERTY };
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) return null;
  return { texts: [...words, line], tokens: PER_PROPERTY + ENUM + PER_WORD * words.length };
}

const withoutStop = (text: string): string => (text.endsWith('.') ? text.slice(0, -1) : text);

function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
