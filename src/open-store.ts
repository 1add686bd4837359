import { resolve } from 'node:path';

import type { Config } from './config/schema.ts';
import type { GatewayLog } from './log.ts';
import { Store } from './store/store.ts';

/** Opens the store that a configuration names; `folder` is where relative paths begin. Throws as `Store.open` does. */
export function openStore({ database, data, durability }: Config, folder: string, log: GatewayLog): Promise<Store> {
  const file = database.startsWith('sqlite:') ? `sqlite:${resolve(folder, database.slice(7))}` : database;
  return Store.open({ database: file, folder: resolve(folder, data), durability, log });
}
