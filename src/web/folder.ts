import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder: above src/web when run from source, above dist/src/web when built. */
export const packageFolder = findUp(dirname(fileURLToPath(import.meta.url)));

/** Where the views are. */
export const viewsFolder = join(packageFolder, 'views');

/** Finds a file of a package that is installed beside ours, wherever npm has put it. */
export function fileOfPackage(path: string): string {
  return createRequire(import.meta.url).resolve(path);
}

function findUp(folder: string): string {
  if (existsSync(join(folder, 'views')) && existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the folder views/ is missing beside the program');
  return findUp(parent);
}
