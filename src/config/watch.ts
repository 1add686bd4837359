/**
 * Tells when files on disk may have changed: gateway.yaml, and the folders where plugins and providers lie.
 *
 * The folder is watched rather than the file, because editors replace a file by renaming and
 * Kubernetes swaps a symbolic link beside it. Since file systems exist that report nothing at all,
 * the files are looked at each second as well.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type FSWatcher, watch as watchFiles } from 'chokidar';

/** Quiet time after which a burst of changes is over, milliseconds. */
const SETTLE = 75;
/** Longest a burst is waited for: a file that is written all the time must still be read. */
const PATIENCE = 1000;
const LOOK_EVERY = 1000;
/** providers/adapters/ is one level down. */
const DEPTH = 1;

export interface Watched {
  /** Single files: gateway.yaml, price files. They need not exist. */
  files: readonly string[];
  /** Folders with all the code and data files in them. They need not exist. */
  folders: readonly string[];
  /** Called once for each burst. What changed, and whether, is for the caller to find out. */
  changed(): void;
}

export interface Watch {
  /** From here on every change is seen at once; before, within a second. */
  ready: Promise<void>;
  close(): Promise<void>;
}

/** Watches files and folders until it is closed. */
export function watch({ files, folders, changed }: Watched): Watch {
  const singles = files.map((file) => resolve(file));
  const roots = folders.map((folder) => resolve(folder));
  let settling: NodeJS.Timeout | null = null;
  let burstBegan = 0;
  let closed = false;
  let seen: string | null = null;

  const stir = () => {
    if (closed) return;
    if (settling === null) burstBegan = Date.now();
    else clearTimeout(settling);
    settling = setTimeout(settle, Math.max(0, Math.min(SETTLE, burstBegan + PATIENCE - Date.now())));
  };
  const settle = async () => {
    settling = null;
    // Looked at before the caller reads: a change after this moment is a new one.
    seen = await fingerprint(singles, roots);
    if (!closed) changed();
  };
  const look = async () => {
    const now = await fingerprint(singles, roots);
    if (seen !== null && now !== seen && settling === null) stir();
    seen ??= now;
  };

  const watcher = startWatcher(singles, roots, stir);
  const timer = setInterval(() => void look(), LOOK_EVERY);
  timer.unref();
  const started = new Promise<void>((done) => watcher.once('ready', done).once('error', () => done()));
  return {
    ready: Promise.all([look(), started]).then(() => {}),
    async close() {
      closed = true;
      clearInterval(timer);
      if (settling !== null) clearTimeout(settling);
      await watcher.close();
    },
  };
}

function startWatcher(files: string[], folders: string[], stir: () => void): FSWatcher {
  const beside = [...new Set(files.map((file) => dirname(file)))];
  const watcher = watchFiles([...beside, ...folders], {
    ignoreInitial: true,
    depth: DEPTH,
    // The folder of gateway.yaml may be somebody's home: only what matters there gets a watch.
    ignored: (path) => !isOfInterest(resolve(path), files, beside, folders),
  });
  watcher.on('all', stir);
  // Out of watches or of permission: the look each second goes on.
  watcher.on('error', () => {});
  return watcher;
}

function isOfInterest(path: string, files: string[], beside: string[], folders: string[]): boolean {
  if (files.includes(path) || beside.includes(path)) return true;
  if (folders.some((folder) => path === folder || (path.startsWith(`${folder}/`) && isSource(basename(path)))))
    return true;
  return basename(path) === '..data' && beside.includes(dirname(path));
}

/** Folders have no ending; temporary files of editors have another, or begin with a dot. */
function isSource(name: string): boolean {
  return (
    /^[^.~#][^~#]*$/.test(name) &&
    name !== 'node_modules' &&
    (/\.([cm]?[jt]s|ya?ml|json)$/.test(name) || !name.includes('.'))
  );
}

/** Size, time and identity of everything watched, through links. */
async function fingerprint(files: string[], folders: string[]): Promise<string> {
  const listed = await Promise.all(folders.map((folder) => list(folder, DEPTH)));
  const marks = await Promise.all([...files, ...listed.flat()].map(mark));
  return marks.join('\n');
}

async function list(folder: string, depth: number): Promise<string[]> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => isSource(name));
    const below = entries.map((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? (depth > 0 ? list(path, depth - 1) : []) : [path];
    });
    return (await Promise.all(below)).flat().sort();
  } catch {
    return [];
  }
}

async function mark(file: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, ino, size } = await stat(file);
    return `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return `${file} gone`;
  }
}
