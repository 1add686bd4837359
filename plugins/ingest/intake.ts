import type { ExchangeRecord, Lent } from '../../src/plugin.ts';
import { Recent } from '../shared/recent.ts';
import { inSlices } from './slices.ts';

/** `lost`: neither in the journal nor in the database, as far as anybody can tell. */
export type Taken = 'accepted' | 'duplicate' | 'lost';

/** How long the database is asked what it has, milliseconds. Without its word a row is still stored once. */
const ASK_MS = 2000;
/** Ids that were taken a moment ago: between the question and the row, the same event may come again. */
const REMEMBERED = 10_000;
const NOTHING: ReadonlySet<string> = new Set();

/** The door to the store: takes each record once, and tells when all of them are safe. */
export class Intake {
  readonly #records: Lent['records'];
  readonly #log: Lent['log'];
  readonly #count: (result: string) => void;
  readonly #recent = new Recent<true>(REMEMBERED);

  constructor({ records, log, metrics }: Pick<Lent, 'records' | 'log' | 'metrics'>) {
    this.#records = records;
    this.#log = log;
    const counter = metrics.counter('events', 'Usage events that were reported, by what became of them.', ['result']);
    this.#count = (result) => counter.add(1, { result });
  }

  /**
   * Tells what became of each, in their order. Resolves when what was accepted survives a crash.
   *
   * @param again whether they may have come before
   */
  async take(records: readonly ExchangeRecord[], again: boolean): Promise<readonly Taken[]> {
    const known = again ? await this.#known(records.map(({ id }) => id)) : NOTHING;
    const taken = await inSlices(records, (record): Taken => {
      if (known.has(record.id) || this.#recent.has(record.id)) return 'duplicate';
      if (!this.#records.append(record)) return 'lost';
      this.#recent.set(record.id, true);
      return 'accepted';
    });
    const kept = await this.#records.kept();
    const results = kept ? taken : taken.map((result) => (result === 'accepted' ? 'lost' : result));
    for (const result of results) this.#count(result);
    return results;
  }

  /** Counts an event that was no good. */
  reject(): void {
    this.#count('rejected');
  }

  async #known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), ASK_MS);
    });
    try {
      return await Promise.race([this.#records.has(ids), late]);
    } catch (error) {
      const { name } = error as Error;
      this.#log.warn('the database does not say which events it has; each is stored once all the same', {
        error: name,
      });
      return NOTHING;
    } finally {
      clearTimeout(timer);
    }
  }
}
