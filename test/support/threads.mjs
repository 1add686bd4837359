// Node 20 gives a thread none of the loaders of the main one: here it gets the one that reads TypeScript.
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) (await import('tsx/esm/api')).register();
