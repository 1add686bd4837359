// Fails when package-lock.json names an optional dependency that it has no entry for.
//
// A registry that lacks one platform's package of a version makes npm drop it from the lock
// without a word; `npm ci` then refuses the lock everywhere else.
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

/** Looks where Node would: in the package itself, then in each folder around it. */
function resolves(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    if (`${at ? `${at}/` : ''}node_modules/${name}` in packages) return true;
    if (at === '') return false;
  }
}

const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies)
    .filter((name) => !resolves(path, name))
    .map((name) => `${path || 'package.json'}: ${name}`),
);
for (const line of missing) console.error(`no entry in package-lock.json for ${line}`);
if (missing.length > 0) process.exit(1);
