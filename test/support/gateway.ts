import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Gateway } from '../../src/gateway.ts';
import type { GatewayLog } from '../../src/log.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { Scrubber } from '../../src/scrub.ts';

export const root = join(import.meta.dirname, '..', '..');

/** A real gateway in this process, on free ports, in a folder of its own. */
export interface TestGateway {
  gateway: Gateway;
  folder: string;
  file: string;
  /** Base URL of the first listener. */
  url: string;
  /** Lines of the log, as objects with their message under `msg`. */
  lines: Record<string, unknown>[];
  /** Replaces gateway.yaml; the watcher sees it. */
  save(yaml: string): Promise<void>;
  /** All rows so far, oldest first; waits until `count` are in the database. */
  rows(count?: number): Promise<ExchangeRecord[]>;
  /** The row of one exchange, as soon as it is in the database. */
  row(id: string): Promise<ExchangeRecord>;
  close(): Promise<void>;
}

interface TestOptions {
  env?: Record<string, string>;
  /** Instead of a new one, which `close` removes. */
  folder?: string;
  /** Makes a log instead of the one that fills `lines`. */
  log?(scrubber: Scrubber): GatewayLog;
}

/** The usual pipeline of tests. */
export const PIPELINE = 'plugins: [history, identity, include-usage, usage]\n';

/** Starts a gateway with a gateway.yaml of these words; `listen` on a free loopback port unless it has one. */
export async function startGateway(yaml: string, options: TestOptions = {}): Promise<TestGateway> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'token-spy-test-')));
  const file = join(folder, 'gateway.yaml');
  const complete = (text: string): string => (/^listen:/m.test(text) ? text : `listen: [{ port: 0 }]\n${text}`);
  await writeFile(file, complete(yaml));
  const lines: Record<string, unknown>[] = [];
  const scrubber = new Scrubber();
  const log = options.log?.(scrubber) ?? capture(lines, scrubber);
  const gateway = new Gateway({ file, root, env: options.env ?? {}, log, scrubber, packageVersion: '0.0.0-test' });
  await gateway.start();
  return {
    gateway,
    folder,
    file,
    url: gateway.ports.all[0]!.url,
    lines,
    save: (text) => writeFile(file, complete(text)),
    rows: (count = 0) => rowsOf(gateway, count),
    row: (id) => rowOf(gateway, id),
    close: async () => {
      await gateway.stop();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function rowOf(gateway: Gateway, id: string): Promise<ExchangeRecord> {
  for (const limit = Date.now() + 10_000; Date.now() < limit; ) {
    await gateway.store.flush();
    const row = await gateway.store.queries.byId(id);
    if (row) return row;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`no row ${id} came`);
}

async function rowsOf(gateway: Gateway, count: number): Promise<ExchangeRecord[]> {
  const limit = Date.now() + 10_000;
  for (;;) {
    await gateway.store.flush();
    const { entries } = await gateway.store.queries.list({ limit: 500 });
    if (entries.length >= count || Date.now() > limit) {
      const records = await Promise.all(entries.map(({ id }) => gateway.store.queries.byId(id)));
      return records.filter((record) => record !== null).reverse();
    }
    await new Promise((done) => setTimeout(done, 25));
  }
}

function capture(
  lines: Record<string, unknown>[],
  scrubber: Scrubber,
  bound: Record<string, unknown> = {},
): GatewayLog {
  const write =
    (level: string) =>
    (msg: string, facts: Record<string, unknown> = {}) => {
      const { error } = facts;
      const shown = error instanceof Error ? { ...facts, error: error.stack } : facts;
      lines.push({ level, msg: scrubber.text(msg), ...bound, ...shown });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (facts) => capture(lines, scrubber, { ...bound, ...facts }),
    setLevel: () => {},
    dropped: 0,
    flush: async () => {},
  };
}
