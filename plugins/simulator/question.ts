/** What a client asked, in one shape for every dialect. */
import { answerText, dice, hash, pieces } from './text.ts';

export type Fields = Record<string, unknown>;

export interface Tool {
  name: string;
  schema: unknown;
}

export interface Question {
  model: string;
  /** Everything the model would read, in the order in which providers cache it: tools, system, messages. */
  prompt: string;
  /** The last message if a person wrote it, else ''. */
  asked: string;
  tools: Tool[];
  /** Most tokens to write; null when the client set no limit. */
  limit: number | null;
}

export interface Answer {
  /** One token each. */
  pieces: string[];
  /** The tool to call; `pieces` are then its arguments. */
  tool: string | null;
  /** The limit ended it. */
  cut: boolean;
}

/** Returns the value as an object to read from; anything else is an empty one. */
export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** Returns the first argument that is a whole number of at least 1. */
export const limitOf = (...values: unknown[]): number | null =>
  (values.find((v) => Number.isSafeInteger(v) && (v as number) >= 1) as number | undefined) ?? null;

/** Returns the words in a message: its string, or the text of its parts. Pictures and sound say nothing. */
export function words(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => (typeof part === 'string' ? part : text(fields(part).text) || words(fields(part).content)))
    .join('\n');
}

/** Decides what to say. Naming a listed tool in the last message calls it; `variant` tells several choices apart. */
export function answerTo(question: Question, variant = 0): Answer {
  const tool = question.tools.find(({ name }) => name !== '' && question.asked.includes(name)) ?? null;
  const seed = hash(question.prompt, hash(String(variant)));
  const whole = pieces(tool ? JSON.stringify(example(tool.schema, seed)) : answerText(seed));
  const cut = question.limit !== null && whole.length > question.limit;
  return { pieces: cut ? whole.slice(0, question.limit!) : whole, tool: tool?.name ?? null, cut };
}

/** Makes a value that a JSON Schema allows, as far as its types and enums tell. */
function example(schema: unknown, seed: number, depth = 0): unknown {
  const { type, enum: choices, properties, items } = fields(schema);
  const roll = dice(seed);
  if (list(choices).length > 0) return list(choices)[roll(list(choices).length)];
  if (type === 'integer') return roll(10) + 1;
  if (type === 'number') return roll(100) / 4;
  if (type === 'boolean') return roll(2) === 1;
  if (type === 'array') return depth > 4 ? [] : [example(items, seed, depth + 1)];
  if (type !== 'object' && depth > 0) return ['report', 'src/main.ts', 'Berlin', 'today'][roll(4)];
  if (depth > 4) return {};
  return Object.fromEntries(
    Object.entries(fields(properties)).map(([name, inner]) => [name, example(inner, hash(name, seed), depth + 1)]),
  );
}
