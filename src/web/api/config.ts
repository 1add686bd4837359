import type Router from '@koa/router';
import type { WebState } from '../access.ts';
import type { House } from '../house.ts';

/** Adds `/api/v1/config`: what runs, and what was refused last. Keys are never part of it. */
export function addConfig(router: Router<WebState>, house: House): void {
  router.get('/api/v1/config', (ctx) => {
    const { ok, version, file, loadedAt, error, notes, retiring } = house.configuration();
    ctx.body = {
      ok,
      version,
      loaded_at: loadedAt,
      file: baseName(file),
      error,
      notes,
      retiring,
      package_version: house.packageVersion,
      in_flight: house.inFlight(),
      pipeline: house.pipeline().map(({ onError, ...stage }) => ({ ...stage, on_error: onError })),
      providers: house.providers().map((provider) => ({
        name: provider.name,
        base_url: provider.baseUrl,
        adapters: provider.adapters,
        free: provider.free,
        has_key: provider.hasKey,
        configured: provider.configured,
        last_status: provider.lastStatus,
        last_at: provider.lastAt,
      })),
      listeners: house.listeners(),
      unlisted: house.unlisted(),
      broken: house.broken(),
    };
  });
}

/** A path tells the name of an account; the file's own name is enough. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
