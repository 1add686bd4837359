/** Reads a gateway.yaml as the gateway would, with all of our plugins, adapters and providers beside it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type Blueprint, Drafting } from '../../src/blueprint.ts';
import { top } from './source.ts';

/** Draws a configuration in a folder of its own, with other files that lie there; throws what `check` would say. */
export async function draw(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<Blueprint> {
  const folder = await mkdtemp(join(tmpdir(), 'token-spy-draft-'));
  try {
    for (const [name, text] of Object.entries({ 'gateway.yaml': yaml, ...files })) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const file = join(folder, 'gateway.yaml');
    const blueprint = await new Drafting({ file, folder, root: top, env: environmentOf(yaml) }).draw();
    const [broken] = blueprint.broken;
    if (broken) throw new Error(`${broken.name}: ${broken.error}`);
    return blueprint;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A value for each variable that an example needs. */
function environmentOf(yaml: string): Record<string, string> {
  const names = [...yaml.matchAll(/\$\{([A-Z][A-Z0-9_]*)\}/g)].map(([, name]) => name!);
  const value = (name: string): string => (name === 'DATABASE_URL' ? 'postgres://localhost/spy' : name.padEnd(32, '-'));
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

/** A snippet that begins with `# providers/NAME.yaml` is that file; all others are parts of gateway.yaml. */
export async function drawSnippet(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<Blueprint> {
  const name = /^# (providers\/[\w-]+\.yaml)\n/.exec(yaml)?.[1];
  return name === undefined ? draw(yaml, files) : draw('{}', { ...files, [name]: yaml });
}
