import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A dropped-in file, made into a module. */
export interface Imported {
  file: string;
  /** Of the file and of all files it imports by path. */
  hash: string;
  /** Those files, absolute: a change in any of them is a change of the module. */
  inputs: string[];
  /** The module's default export. */
  value: unknown;
}

/** What was made of a file, kept beside its output. */
interface Note {
  inputs: Record<string, string>;
  output: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));
/** `.ts` when the gateway runs from its sources, `.js` when it runs built. */
const OWN_EXTENSION = extname(fileURLToPath(import.meta.url));
/** What a file in plugins/ or providers/adapters/ imports to reach the gateway. */
const DOOR = /(?:^|\/)src\/(plugin|adapter)\.(?:ts|js)$|^token-spy\/(plugin|adapter)$/;

/**
 * Imports a TypeScript or JavaScript file that somebody dropped in, without a build step.
 *
 * esbuild makes one ES module of it and of the files it imports by path; packages stay
 * outside, and the gateway's doors lead to the running gateway's own modules, not to a
 * second copy. The output lies in `.cache` beside the file, so that bare imports resolve
 * as they would from the file; its name carries the hash of the content, so that a changed
 * file is a new module (Node never forgets one it knows) and an unchanged one costs no
 * compiler at the next start.
 */
export async function importFile(file: string): Promise<Imported> {
  const cache = join(dirname(file), '.cache');
  const name = basename(file).replace(/\.[^.]+$/, '');
  const noteFile = join(cache, `${name}${OWN_EXTENSION}.json`);
  const known = await readNote(noteFile, dirname(file));
  if (known) {
    const module = (await import(pathToFileURL(join(cache, known.output)).href)) as { default?: unknown };
    return imported(file, known, module.default);
  }
  const built = await bundle(file, cache);
  const note: Note = { inputs: await hashes(built.inputs, dirname(file)), output: '' };
  note.output = `${name}.${hashOf(note)}.mjs`;
  const folder = await writeOutput(cache, note, built.text, noteFile);
  const module = (await import(pathToFileURL(join(folder, note.output)).href)) as { default?: unknown };
  return imported(file, note, module.default);
}

/** Tells the content hash of an imported file as it lies on disk now; null when one of its parts is gone. */
export async function currentHash({ file, inputs }: Imported): Promise<string | null> {
  try {
    return hashOf({ inputs: await hashes(inputs, dirname(file)) });
  } catch {
    return null;
  }
}

const imported = (file: string, note: Note, value: unknown): Imported => ({
  file,
  hash: hashOf(note),
  inputs: Object.keys(note.inputs).map((input) => join(dirname(file), input)),
  value,
});

const hashOf = ({ inputs }: Pick<Note, 'inputs'>): string =>
  sha(JSON.stringify(Object.entries(inputs).sort()) + OWN_EXTENSION);
const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16);

async function hashes(files: readonly string[], folder: string): Promise<Record<string, string>> {
  const pairs = files.map(
    async (file): Promise<[string, string]> => [relative(folder, file), sha(await readFile(file))],
  );
  return Object.fromEntries(await Promise.all(pairs));
}

/** The note about an output that is still true; null otherwise. */
async function readNote(noteFile: string, folder: string): Promise<Note | null> {
  try {
    const note = JSON.parse(await readFile(noteFile, 'utf8')) as Note;
    const inputs = Object.keys(note.inputs).map((input) => join(folder, input));
    if (hashOf({ inputs: await hashes(inputs, folder) }) !== hashOf(note)) return null;
    await readFile(join(dirname(noteFile), note.output));
    return note;
  } catch {
    return null;
  }
}

let compiler: typeof import('esbuild') | null = null;

/** Ends the compiler, which is a process of its own and need not stay for the next change. */
export async function stopCompiler(): Promise<void> {
  await compiler?.stop();
  compiler = null;
}

async function bundle(file: string, outdir: string): Promise<{ text: string; inputs: string[] }> {
  compiler ??= await import('esbuild');
  const esbuild = compiler;
  const result = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    write: false,
    metafile: true,
    logLevel: 'silent',
    absWorkingDir: dirname(file),
    outdir,
    plugins: [
      {
        name: 'doors',
        setup: (build) =>
          build.onResolve({ filter: DOOR }, ({ path }) => ({ path: doorFrom(outdir, path), external: true })),
      },
    ],
  });
  const inputs = Object.keys(result.metafile.inputs).map((input) => join(dirname(file), input));
  return { text: result.outputFiles[0]!.text, inputs };
}

/** Relative where it can be, so that a package may be moved with its outputs in it. */
function doorFrom(outdir: string, path: string): string {
  const match = DOOR.exec(path);
  const door = join(HERE, '..', `${match?.[1] ?? match?.[2]}${OWN_EXTENSION}`);
  const way = relative(outdir, door).split(sep).join('/');
  return way.startsWith('../../../../') ? pathToFileURL(door).href : way;
}

/** Writes the output and its note; into a folder of its own where the file's folder is read-only. */
async function writeOutput(cache: string, note: Note, text: string, noteFile: string): Promise<string> {
  try {
    await mkdir(cache, { recursive: true });
    await put(join(cache, note.output), text);
    await put(noteFile, JSON.stringify(note));
    await removeOlder(cache, note.output);
    return cache;
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const folder = join(tmpdir(), `token-spy-${process.getuid?.() ?? 0}`, sha(cache));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await put(join(folder, note.output), absolutePackages(text, cache));
    return folder;
  }
}

/** Whole or not at all: somebody else may be importing the same file, and Node never forgets half a module. */
async function put(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text);
  await rename(draft, path);
}

/** Away from the file, bare and relative imports no longer mean what they meant there: write out where they lead. */
function absolutePackages(text: string, cache: string): string {
  const require = createRequire(join(cache, 'x.mjs'));
  return text.replace(
    /^(import\b[^'"\n]*?|export\b[^'"\n]*?from\s*)(["'])([^'"\n]+)\2/gm,
    (line, head: string, quote: string, name: string) => {
      if (name.startsWith('node:') || name.startsWith('file:')) return line;
      const target = name.startsWith('.') ? join(cache, name) : require.resolve(name);
      return `${head}${quote}${target.startsWith(sep) ? pathToFileURL(target).href : target}${quote}`;
    },
  );
}

async function removeOlder(cache: string, output: string): Promise<void> {
  const stem = output.replace(/\.[0-9a-f]+\.mjs$/, '.');
  for (const name of await readdir(cache)) {
    const isOlder = name.startsWith(stem) && name.endsWith('.mjs') && name !== output && name.length === output.length;
    if (isOlder) await rm(join(cache, name), { force: true });
  }
}
