/**
 * The rows on disk before they are in the database.
 *
 * Append-only files `NNNNNNNNNN.jsonl`, never edited in place: after a failed write
 * nothing about a file is certain, so the next batch begins a new one. A file goes when
 * all its rows are in the database; at the start what is left is read again.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Durability } from './connect.ts';
import { lineOf as errorLine } from './faults.ts';
import { lineOf, textOf } from './line.ts';
import type { Segment, Waiting } from './waiting.ts';

/** How long a row may wait for its write, milliseconds; kill -9 loses what is younger. */
const GATHER_MS = 25;
/** How long a folder that refuses a write is left alone, milliseconds. */
const RETRY_MS = 1000;
const SEGMENT_BYTES = 4 * 1024 * 1024;

export class Journal {
  readonly #folder: string;
  readonly #strict: boolean;
  #next = 1;
  #current: Segment | null = null;
  #unwritten: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** Why rows are not on disk, in one line; null while they are. */
  failure: string | null = null;
  /** Lines that a crash had torn. */
  torn = 0;

  constructor(folder: string, durability: Durability) {
    this.#folder = folder;
    this.#strict = durability === 'strict';
  }

  /** Reads what an earlier life has left, oldest first. Torn lines are counted and passed over. */
  async recover(now: number): Promise<Waiting[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#folder)).filter((name) => /^\d+\.jsonl$/.test(name)).sort();
    const rows: Waiting[] = [];
    for (const name of names) {
      this.#next = Number.parseInt(name, 10) + 1;
      const segment: Segment = { path: join(this.#folder, name), file: null, bytes: 0, pending: 0, full: true };
      for (const line of (await readFile(segment.path, 'utf8')).split('\n')) {
        const text = textOf(line);
        if (text !== null) rows.push({ text, since: now, segment, stored: false });
        else if (line !== '') this.torn++;
        if (text !== null) segment.pending++;
      }
      if (segment.pending === 0) await rm(segment.path, { force: true });
    }
    return rows;
  }

  /** Takes a row. It is on disk a few milliseconds later; nothing waits for it. */
  append(row: Waiting): void {
    this.#unwritten.push(row);
    this.#schedule(this.#strict ? 0 : GATHER_MS);
  }

  /** Hears that rows are in the database, so that files which only hold such rows can go. */
  settle(rows: readonly Waiting[]): void {
    const touched = new Set<Segment>();
    for (const row of rows) {
      row.stored = true;
      if (!row.segment) continue;
      row.segment.pending--;
      touched.add(row.segment);
    }
    for (const segment of touched) this.#retire(segment);
  }

  /** Writes what waits, now. */
  async flush(): Promise<void> {
    while (this.#unwritten.length > 0 || this.#writing) {
      this.#start();
      await this.#writing;
      if (this.failure) return;
    }
  }

  /** Writes what waits and closes the files. */
  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    const current = this.#current;
    this.#current = null;
    if (!current) return;
    current.full = true;
    await current.file?.close().catch(() => {});
    if (current.pending === 0) await rm(current.path, { force: true }).catch(() => {});
  }

  #schedule(milliseconds: number): void {
    if (this.#timer || this.#writing || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#start();
      },
      this.failure ? RETRY_MS : milliseconds,
    );
  }

  #start(): void {
    if (this.#writing) return;
    const batch = this.#unwritten.filter((row) => !row.stored);
    this.#unwritten = [];
    if (batch.length === 0) return;
    this.#writing = this.#write(batch).finally(() => {
      this.#writing = undefined;
      if (this.#unwritten.length > 0) this.#schedule(this.#strict ? 0 : GATHER_MS);
    });
  }

  async #write(batch: Waiting[]): Promise<void> {
    let segment: Segment | undefined;
    try {
      this.#current ??= await this.#open();
      segment = this.#current;
      segment.pending += batch.length;
      const bytes = Buffer.from(batch.map((row) => lineOf(row.text)).join(''));
      await segment.file!.appendFile(bytes);
      if (this.#strict) await segment.file!.datasync();
      segment.bytes += bytes.length;
      this.failure = null;
      for (const row of batch) row.segment = segment;
    } catch (error) {
      this.failure = errorLine(error);
      this.#unwritten = [...batch, ...this.#unwritten];
      if (!segment) return;
      segment.pending -= batch.length;
      segment.full = true;
      this.#retire(segment);
      return;
    }
    segment.pending -= batch.filter((row) => row.stored).length; // the database was faster
    if (segment.bytes >= SEGMENT_BYTES) segment.full = true;
    this.#retire(segment);
  }

  async #open(): Promise<Segment> {
    const path = join(this.#folder, `${String(this.#next).padStart(10, '0')}.jsonl`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(path, 'ax', 0o600);
    this.#next++;
    if (this.#strict) await syncFolder(this.#folder);
    return { path, file, bytes: 0, pending: 0, full: false };
  }

  /** Closes a file that is full, and removes it when nobody needs its rows any more. */
  #retire(segment: Segment): void {
    if (segment === this.#current && (segment.full || segment.pending === 0)) {
      this.#current = null;
      segment.full = true;
      void segment.file?.close().catch(() => {});
    }
    if (segment.pending === 0 && segment.full) void rm(segment.path, { force: true }).catch(() => {});
  }
}

/** Makes the name of a new file survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
