/** Decides whether a configuration can be lived by, and says everything that stands in the way. */
import type { ValidateFunction } from 'ajv';
import { compile } from './compile.ts';
import { complaints } from './complaint.ts';
import { composeProvider, composeSchema, type PluginShape } from './compose.ts';
import { countUnits, finish, versionOf } from './finish.ts';
import { notesOn } from './notes.ts';
import { checkOptions } from './plugin-checks.ts';
import { inFileOrder, nameText, type Problem, pointer } from './problem.ts';
import { type Draft, readConfig, type Source } from './read.ts';
import { checkReferences } from './references.ts';
import type { Checked } from './scene.ts';
import { type Config, configSchema, type ProviderEntry } from './schema.ts';
import { secretsOf } from './secrets.ts';

/** What is loaded beside gateway.yaml. */
export interface Known {
  readonly plugins: readonly PluginShape[];
  /** Plugin files that could not be loaded, and why: naming them says more than "there is none". */
  readonly failed?: ReadonlyMap<string, string>;
  readonly adapters: readonly string[];
  readonly catalogue: ReadonlyMap<string, ProviderEntry>;
}

export interface Valid {
  ok: true;
  config: Config;
  /** 12 hex digits; the same for the same meaning. */
  version: string;
  /** Values the scrubber must know. */
  secrets: string[];
  /** What is allowed and worth a word at start. */
  notes: string[];
  /** Says with its line what is wrong in the light of what is read later. */
  problem: Draft['problem'];
}

export type CheckResult = Valid | { ok: false; problems: Problem[] };

/** Reads and validates a text. Never throws. */
export function checkConfig(source: Source, known: Known): CheckResult {
  const read = readConfig(source);
  return read.ok ? validateConfig(read.draft, known) : read;
}

/** Validates a draft against the schema, then against itself and what is loaded. Never throws. */
export function validateConfig(draft: Draft, known: Known): CheckResult {
  const failed = failedPlugins(draft, known.failed ?? new Map());
  if (failed.length > 0) return { ok: false, problems: failed };

  const validate = compileFor(known);
  if (Array.isArray(validate)) return { ok: false, problems: validate };
  const checked = validateDraft(draft, validate, spellOut);
  if (!checked.ok) return { ok: false, problems: checked.problems };

  const problems: Problem[] = [];
  countUnits(checked.data, known.plugins, (path, message) => problems.push(draft.problem(path, message)));
  const document = checked.data as unknown as Checked;
  problems.push(...checkReferences(draft, document, known.catalogue));
  if (problems.length === 0) problems.push(...checkOptions(draft, checked.data, known.plugins));
  if (problems.length > 0) return { ok: false, problems: inFileOrder(problems) };

  const config = finish(draft, checked.data, known.plugins);
  const notes = notesOn(config, draft, known.plugins);
  return { ok: true, config, version: versionOf(config), secrets: secretsOf(config), notes, problem: draft.problem };
}

/** The check of a whole gateway.yaml, or whose fault it is that there is none. */
function compileFor({ plugins, adapters }: Known): ValidateFunction | Problem[] {
  const faults = plugins.flatMap((plugin) => {
    const message = sectionFault(plugin);
    return message === null ? [] : [faultOf(plugin, message)];
  });
  if (faults.length > 0) return faults;
  try {
    return compile(composeSchema(configSchema, plugins, adapters));
  } catch (error) {
    const broken = plugins.flatMap((plugin) => {
      const message = optionsFault(plugin);
      return message === null ? [] : [faultOf(plugin, message)];
    });
    if (broken.length === 0) throw error;
    return broken;
  }
}

function faultOf(plugin: PluginShape, message: string): Problem {
  return { file: `plugins/${plugin.name}`, line: null, column: null, path: 'options', message };
}

function sectionFault({ section }: PluginShape): string | null {
  const taken = section !== undefined && Object.hasOwn(configSchema.properties, section);
  return taken ? `cannot live in section ${nameText(section)}, which is the gateway's own; use another` : null;
}

/** Says why the options of a plugin are no usable schema, or null. For the author of the plugin. */
export function optionsFault(plugin: PluginShape): string | null {
  const fault = sectionFault(plugin);
  if (fault !== null) return fault;
  try {
    compile({ type: 'object', properties: plugin.options ?? {} });
    return null;
  } catch (error) {
    return `are no valid JSON Schema: ${(error as Error).message}`;
  }
}

/** The check of one provider of the catalogue, for src/loader/providers.ts. */
export function providerValidator(adapters: readonly string[]): ValidateFunction {
  return compile(composeProvider(adapters));
}

/**
 * Runs a compiled schema over a copy of a draft's data and returns the copy, completed. A scalar that came from
 * the environment was typed by its looks; where the schema wants text, its text is taken instead.
 */
export function validateDraft(
  draft: Draft,
  validate: ValidateFunction,
  prepare: (data: Record<string, unknown>) => void = () => {},
): { ok: true; data: Record<string, unknown> } | { ok: false; problems: Problem[] } {
  const texts = new Map<string, string>();
  for (;;) {
    const data = copy(draft.data, texts) as Record<string, unknown>;
    prepare(data);
    if (validate(data)) return { ok: true, data };
    const errors = validate.errors ?? [];
    const before = texts.size;
    for (const { keyword, params, instancePath } of errors) {
      const text = draft.guessed.get(instancePath);
      if (keyword === 'type' && text !== undefined && [params.type].flat().includes('string'))
        texts.set(instancePath, text);
    }
    if (texts.size === before) return { ok: false, problems: inFileOrder(complaints(draft, errors)) };
  }
}

/** A plugin may be named without a map; then it has no options, and its defaults still apply. */
function spellOut(data: Record<string, unknown>): void {
  if (!Array.isArray(data.plugins)) return;
  data.plugins = data.plugins.map((entry: unknown) => (typeof entry === 'string' ? { plugin: entry } : entry));
}

function failedPlugins(draft: Draft, failed: ReadonlyMap<string, string>): Problem[] {
  const entries: unknown[] = Array.isArray(draft.data.plugins) ? draft.data.plugins : [];
  return entries.flatMap((entry, i) => {
    const { plugin, enabled } = (typeof entry === 'object' && entry !== null ? entry : { plugin: entry }) as Record<
      string,
      unknown
    >;
    const reason = typeof plugin === 'string' && enabled !== false ? failed.get(plugin) : undefined;
    return reason === undefined ? [] : [draft.problem(['plugins', i], `cannot load plugins/${plugin}: ${reason}`)];
  });
}

function copy(value: unknown, texts: ReadonlyMap<string, string>, path: readonly (string | number)[] = []): unknown {
  const text = texts.size > 0 ? texts.get(pointer(path)) : undefined;
  if (text !== undefined) return text;
  if (Array.isArray(value)) return value.map((item, i) => copy(item, texts, [...path, i]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member, texts, [...path, key])]));
}
