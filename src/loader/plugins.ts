import type { Adapter } from '../adapter.ts';
import type { PluginDefinition } from '../plugin.ts';

/** Returns a plugin file's default export as a plugin, or throws saying what is missing. By shape: it comes from another module graph. */
export function checkPlugin(value: unknown, name: string): PluginDefinition {
  const plugin = asObject(value, name, 'a plugin: { summary, setup }');
  if (typeof plugin.summary !== 'string')
    throw new Error(`plugin ${name} has no summary: one sentence, what it does for the operator`);
  if (typeof plugin.setup !== 'function') throw new Error(`plugin ${name} has no setup function`);
  for (const [option, schema] of Object.entries((plugin.options ?? {}) as Record<string, { description?: unknown }>)) {
    if (typeof schema?.description !== 'string')
      throw new Error(`option ${option} of plugin ${name} has no description`);
  }
  return value as PluginDefinition;
}

/** The same for an adapter file. */
export function checkAdapter(value: unknown, name: string): Adapter {
  const adapter = asObject(value, name, 'an adapter: { summary, dialect, endpoints, meter, error, errorEvent }');
  for (const member of ['meter', 'error', 'errorEvent']) {
    if (typeof adapter[member] !== 'function') throw new Error(`adapter ${name} has no function ${member}`);
  }
  if (typeof adapter.dialect !== 'string' || !Array.isArray(adapter.endpoints))
    throw new Error(`adapter ${name} has no dialect or no endpoints`);
  return value as Adapter;
}

function asObject(value: unknown, name: string, wanted: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${name} does not export ${wanted} as its default`);
  return value as Record<string, unknown>;
}
