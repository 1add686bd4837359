import type { EventListener } from './events.ts';
import type { FigureBook } from './figures.ts';
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
  figures: FigureBook;
  /** The configuration that serves now. */
  current: () => Generation;
  publish(event: string, data: unknown): void;
  subscribe(listener: EventListener): () => void;
  failed(plugin: string, error: unknown): void;
}

/** How long a question waits until the rows of before are in the database, milliseconds. */
const FLUSH_MS = 500;

/** Makes what one plugin instance may use while it lives; `close` takes it back. */
export function lend(lender: Lender, plugin: string, options: unknown): { lent: Lent; close(): void } {
  const { metrics, folder, store, tokens, shared, settings, figures, current, publish, subscribe, failed } = lender;
  const timers: NodeJS.Timeout[] = [];
  const quiet: (() => void)[] = [];
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
    figures: {
      offer: (name, help, read) => figures.offer(lent, name, help, read),
      read: (name) => figures.read(name),
      names: () => figures.names(),
    },
    tokens,
    shared: (name, make) => shared.hold(`${plugin}\n${name}`, make, lent),
    terms: () => current().terms,
    rehearse: (rehearsal) => rehearse(current(), rehearsal),
    publish,
    subscribe: (listener) => void quiet.push(subscribe(guarded(listener, (error) => failed(plugin, error)))),
    every: (milliseconds, work) => {
      const run = async (): Promise<void> => work();
      timers.push(setInterval(() => void run().catch((error: unknown) => failed(plugin, error)), milliseconds).unref());
    },
  };
  const close = (): void => {
    timers.forEach(clearInterval);
    for (const stop of quiet) stop();
    figures.release(lent);
    shared.release(lent);
  };
  return { lent, close };
}

/** What one listener throws must not keep the others from hearing. */
function guarded(listener: EventListener, failed: (error: unknown) => void): EventListener {
  return (event, data) => {
    try {
      listener(event, data);
    } catch (error) {
      failed(error);
    }
  };
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
  append: (record) => store.append(record),
  kept: () => store.kept(),
  has: (ids) => store.has(ids),
  ...questionsOf(store),
});

function questionsOf(store: Store): Omit<Lent['records'], 'full' | 'append' | 'kept' | 'has'> {
  const { queries } = store;
  return {
    outputs: (limit) => queries.outputs(limit),
    calibration: (range) => queries.calibration(range),
    unsettled: (question) => store.unsettled(question),
    list: (question) => stored(store, () => queries.list(question)),
    sums: (question) => stored(store, () => queries.sums(question)),
    measures: (question) => stored(store, () => queries.measures(question)),
    sessions: (question) => stored(store, () => queries.sessions(question)),
    session: (id, tenant) => stored(store, () => queries.session(id, tenant)),
    turns: (question) => stored(store, () => queries.turns(question)),
    prompts: (question) => summed(store, () => queries.prompts(question)),
    growth: (question) => summed(store, () => queries.growth(question)),
    cacheBreaks: (question) => stored(store, () => queries.cacheBreaks(question)),
    redactions: (question) => stored(store, () => queries.redactions(question)),
  };
}

/** Asks when all that was taken before is in the database, unless that needs longer. */
async function stored<T>(store: Store, ask: () => Promise<T>): Promise<T> {
  await store.flush(FLUSH_MS);
  return ask();
}

/** Asks when it is in the sums of prompts, too. */
const summed = <T>(store: Store, ask: () => Promise<T>): Promise<T> =>
  stored(store, async () => {
    await store.summed(FLUSH_MS);
    return ask();
  });
