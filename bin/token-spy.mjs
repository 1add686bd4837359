#!/usr/bin/env node
// What `npx token-spy` runs: the built gateway, which a package brings along and a clone has to build first.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/src/main.js', import.meta.url);

if (!existsSync(main)) {
  console.error(`token-spy: ${fileURLToPath(main)} is missing. Run \`npm run build\` first.`);
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(main.href);
