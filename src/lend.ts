import type { Generation } from './generation.ts';
import type { GatewayLog } from './log.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Lent } from './plugin.ts';
import { PromptCutter } from './prompts/cutter.ts';
import { rehearse } from './rehearsal.ts';
import type { Settings } from './settings/settings.ts';
import type { Shared } from './shared.ts';
import type { Store } from './store/store.ts';
import type { Tokens } from './tokens/token-count.ts';

/** What of the gateway is lent on to plugins. */
export interface Lender {
  log: GatewayLog;
  metrics: GatewayMetrics;
  folder: string;
  store: Store;
  tokens: Tokens;
  shared: Shared;
  settings: Settings;
  /** The configuration that serves now. */
  current: () => Generation;
  publish(event: string, data: unknown): void;
  failed(plugin: string, error: unknown): void;
}

/** How long a question waits until the rows of before are in the database, milliseconds. */
const FLUSH_MS = 500;

/** Makes what one plugin instance may use while it lives; `close` takes it back. */
export function lend(lender: Lender, plugin: string, options: unknown): { lent: Lent; close(): void } {
  const { metrics, folder, store, tokens, shared, settings, current, publish, failed } = lender;
  const timers: NodeJS.Timeout[] = [];
  const lent: Lent = {
    options: options as Lent['options'],
    log: lender.log.child({ plugin }),
    records: recordsOf(store),
    metrics: metrics.lend(plugin),
    folder,
    accounts: store.accounts,
    documents: store.documents(plugin),
    audit: store.audit,
    settings,
    prompts: cutterOf(store),
    tokens,
    shared: (name, make) => shared.hold(`${plugin}\n${name}`, make, lent),
    terms: () => current().terms,
    rehearse: (rehearsal) => rehearse(current(), rehearsal),
    publish,
    every: (milliseconds, work) => {
      const run = async (): Promise<void> => work();
      timers.push(setInterval(() => void run().catch((error: unknown) => failed(plugin, error)), milliseconds).unref());
    },
  };
  const close = (): void => {
    timers.forEach(clearInterval);
    shared.release(lent);
  };
  return { lent, close };
}

/** One for each database, since its salt lies there. */
const cutters = new WeakMap<Store, PromptCutter>();

function cutterOf(store: Store): PromptCutter {
  const known = cutters.get(store);
  if (known) return known;
  const cutter = new PromptCutter(store.documents('prompts'));
  cutters.set(store, cutter);
  return cutter;
}

const recordsOf = (store: Store): Lent['records'] => ({
  get full() {
    return store.full;
  },
  outputs: (limit) => store.queries.outputs(limit),
  calibration: (range) => store.queries.calibration(range),
  append: (record) => store.append(record),
  kept: () => store.kept(),
  has: (ids) => store.has(ids),
  unsettled: (question) => store.unsettled(question),
  list: async (question) => {
    await store.flush(FLUSH_MS);
    return store.queries.list(question);
  },
  sums: async (question) => {
    await store.flush(FLUSH_MS);
    return store.queries.sums(question);
  },
  sessions: async (question) => {
    await store.flush(FLUSH_MS);
    return store.queries.sessions(question);
  },
  session: async (id, tenant) => {
    await store.flush(FLUSH_MS);
    return store.queries.session(id, tenant);
  },
  turns: async (question) => {
    await store.flush(FLUSH_MS);
    return store.queries.turns(question);
  },
  prompts: async (question) => {
    await summed(store);
    return store.queries.prompts(question);
  },
  growth: async (question) => {
    await summed(store);
    return store.queries.growth(question);
  },
  cacheBreaks: async (question) => {
    await store.flush(FLUSH_MS);
    return store.queries.cacheBreaks(question);
  },
});

/** What was taken before is in the sums of prompts, unless that needs longer. */
async function summed(store: Store): Promise<void> {
  await store.flush(FLUSH_MS);
  await store.summed(FLUSH_MS);
}
