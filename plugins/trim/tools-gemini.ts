/** Tools taken out of a request of Gemini's: many functions stand in one tool, and built-in ones are its members. */
import type { Filters } from '../../src/plugin.ts';
import {
  changed,
  isList,
  isObject,
  isText,
  listOf,
  readText,
  type Slice,
  slicesOf,
  textOf,
  valueIn,
} from '../shared/json-slices.ts';
import { isUnwanted, type ToolChanges } from './tools.ts';

type Rules = Filters['tools'];

const FUNCTIONS = new Set(['functionDeclarations', 'function_declarations']);
const CONFIGS = ['toolConfig', 'tool_config'];
const CALLINGS = ['functionCallingConfig', 'function_calling_config'];
const ALLOWED = ['allowedFunctionNames', 'allowed_function_names'];

/** What is gone, by name, and whether any function is left. */
interface Out {
  readonly names: Set<string>;
  removed: number;
  functions: number;
}

export function withoutGeminiTools(body: readonly Slice[], rules: Rules): ToolChanges {
  const value = valueIn(body, 'tools');
  if (value === undefined || !isList(value)) return { removed: 0, changes: {} };
  const out: Out = { names: new Set(), removed: 0, functions: 0 };
  const kept = slicesOf(value).flatMap((slice) => {
    const after = isObject(slice.value) ? toolAfter(slice, rules, out) : slice.raw;
    return after === null ? [] : [after];
  });
  if (out.removed === 0) return { removed: 0, changes: {} };
  const config = CONFIGS.find((name) => valueIn(body, name) !== undefined);
  const changes: Record<string, Buffer | null> = { tools: kept.length === 0 ? null : listOf(kept) };
  if (config !== undefined) Object.assign(changes, configAfter(config, valueIn(body, config)!, out));
  return { removed: out.removed, changes };
}

/** A tool with what the rules leave of it; null: nothing. */
function toolAfter({ raw, value }: Slice, rules: Rules, out: Out): Buffer | null {
  const members = slicesOf(value);
  const changes: Record<string, Buffer | null> = {};
  for (const { name, value: inner } of members) {
    if (FUNCTIONS.has(name) && isList(inner)) {
      const after = functionsAfter(inner, rules, out);
      if (after !== inner) changes[name] = after;
    } else if (isUnwanted([name], rules)) {
      out.removed++;
      changes[name] = null;
    }
  }
  if (Object.keys(changes).length === 0) return raw;
  return members.every(({ name }) => changes[name] === null) ? null : changed(members, changes);
}

function functionsAfter(list: Buffer, rules: Rules, out: Out): Buffer | null {
  const all = slicesOf(list);
  const kept = all.filter(({ value }) => {
    const name = isObject(value) ? textOf(slicesOf(value), 'name') : undefined;
    if (!isUnwanted(name === undefined ? [] : [name], rules)) return true;
    if (name !== undefined) out.names.add(name);
    return false;
  });
  out.removed += all.length - kept.length;
  out.functions += kept.length;
  if (kept.length === all.length) return list;
  return kept.length === 0 ? null : listOf(kept.map(({ raw }) => raw));
}

/** A choice among functions that are gone goes; the rest of the configuration stays. */
function configAfter(name: string, config: Buffer, out: Out): Record<string, Buffer | null> {
  const members = isObject(config) ? slicesOf(config) : [];
  const calling = CALLINGS.find((one) => isObject(valueIn(members, one) ?? NOTHING));
  if (calling === undefined) return {};
  const inner = slicesOf(valueIn(members, calling)!);
  const list = ALLOWED.find((one) => isList(valueIn(inner, one) ?? NOTHING));
  const all = list === undefined ? [] : slicesOf(valueIn(inner, list)!);
  const kept = all.filter(({ value }) => !(isText(value) && out.names.has(readText(value))));
  const isIdle = out.functions === 0 || (all.length > 0 && kept.length === 0);
  if (isIdle) {
    const rest = changed(members, { [calling]: null });
    return { [name]: slicesOf(rest).length === 0 ? null : rest };
  }
  if (list === undefined || kept.length === all.length) return {};
  const after = changed(inner, { [list]: listOf(kept.map(({ raw }) => raw)) });
  return { [name]: changed(members, { [calling]: after }) };
}

const NOTHING = Buffer.alloc(1);
