import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Context } from 'koa';
import { fileOfPackage, viewsFolder } from './folder.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HTMX = ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-sse.min.js'];

interface Asset {
  body: Buffer;
  type: string;
  hash: string;
}

/**
 * Style sheets, scripts and pictures of the pages.
 *
 * All are read once, by name, when the gateway starts. A request is looked up among these
 * names, so no spelling of a path reaches another file.
 */
export class Assets {
  readonly #byName = new Map<string, Asset>();

  constructor(folder = join(viewsFolder, 'assets')) {
    for (const name of readdirSync(folder)) this.#take(name, [join(folder, name)]);
    // One file: htmx looks at the page as soon as it runs, and an extension that comes later is not asked.
    this.#take('htmx.js', HTMX.map(fileOfPackage));
  }

  /** Where a page finds an asset; the address changes with its bytes. */
  url(name: string): string {
    return `/assets/${name}?v=${this.#byName.get(name)?.hash ?? ''}`;
  }

  /** The same for one that need not be there; null where it is not. */
  find(name: string): string | null {
    return this.#byName.has(name) ? this.url(name) : null;
  }

  /** Answers a request for one; false when there is none of this name. */
  send(ctx: Context, name: string): boolean {
    const asset = this.#byName.get(name);
    if (!asset) return false;
    ctx.set('etag', `"${asset.hash}"`);
    const lasts = ctx.query.v === asset.hash;
    ctx.set('cache-control', lasts ? 'public, max-age=31536000, immutable' : 'no-cache');
    ctx.status = 200;
    if (ctx.fresh) ctx.status = 304;
    else {
      ctx.type = asset.type;
      ctx.body = asset.body;
    }
    return true;
  }

  #take(name: string, paths: readonly string[]): void {
    const type = TYPES[extname(name)];
    if (!type) return;
    const body = Buffer.from(paths.map((path) => readFileSync(path, 'utf8')).join('\n;'));
    this.#byName.set(name, { body, type, hash: createHash('sha256').update(body).digest('hex').slice(0, 16) });
  }
}
