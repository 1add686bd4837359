import type { Standing, Taken } from '../accounts/accounts.ts';
import { LEASE_MS, type Order, type SharedHolds } from '../accounts/rows.ts';
import type { AccountKey, Series, Window } from '../accounts/series.ts';
import { lineOf } from './faults.ts';
import type { StoreLog } from './health.ts';
import { Board, type HoldLine, namesOf } from './shared-orders.ts';
import { NotReady, SharedSheets, type SheetName, sheetsOf } from './shared-sheets.ts';
import { ALIVE, listStandings, readStandings } from './shared-standings.ts';
import { type Ask, isWorthAnother, Wire } from './shared-wire.ts';

/** How long requests wait for the database, milliseconds: for one try, and where many rows have to be summed up first. */
const TAKE_MS = { try: 2500, sum: 2500 };
/** How long people wait. */
const SHOW_MS = { try: 2000, sum: 5000 };
/** How long words of which nobody waits for the answer may take: renewals and releases. */
const WORD_MS = 2000;
/** How often work on sheets is begun: once for the sheets to be made, once for them to be brought forward. */
const TRIES = 4;
const STATEMENT_MS = 2500;
const SWEEP_MS = 5000;
/** Every so many sweeps sheets are swept, too. */
const SWEEPS = 720;

export interface SharedHoldsOptions {
  url: string;
  /** Names this data folder, in all lives of the process. */
  node: string;
  /** Names this life. */
  life: string;
  log: StoreLog;
}

/** Holds in PostgreSQL. All processes ask the same sheets, and who takes from one has it alone. */
export class PostgresHolds implements SharedHolds {
  readonly #options: SharedHoldsOptions;
  readonly #wire: Wire;
  readonly #patient: Wire;
  readonly #sheets: SharedSheets;
  #timer: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #isSwept = true;
  #closed = false;

  constructor(options: SharedHoldsOptions) {
    const { url } = options;
    this.#options = options;
    this.#wire = new Wire(url, { most: 4, connectMs: WORD_MS, statementMs: STATEMENT_MS });
    this.#patient = new Wire(url, { most: 3, connectMs: WORD_MS, statementMs: 0 });
    this.#sheets = new SharedSheets(this.#wire, this.#patient);
  }

  async take(orders: readonly Order[]): Promise<readonly Taken[]> {
    const claims = orders.flatMap((order) => order.claims);
    return this.#onSheets(claims, TAKE_MS, (ids, milliseconds) =>
      this.#wire.together(async (ask) => {
        const sheets = await sheetsOf(ask, namesOf(claims, ids), true);
        if (sheets instanceof NotReady) return sheets;
        const board = new Board(claims, ids);
        const without = orders.map(({ id }) => id);
        const question = { sheets, places: board.places, without, move: true };
        const { standings, earlier } = await readStandings(ask, question);
        if (earlier) await ask(RELEASE, [without]);
        const { taken, lines } = board.decide(orders, standings);
        if (lines.length > 0) await this.#write(ask, lines);
        return taken;
      }, milliseconds),
    );
  }

  async adjust(changes: readonly { readonly id: string; readonly amounts: readonly bigint[] }[]): Promise<void> {
    const lines = changes.flatMap(({ id, amounts }) =>
      amounts.map((amount, place) => ({ id, place, amount: String(amount) })),
    );
    await this.#say(ADJUST, [JSON.stringify(lines)]);
  }

  async renew(ids: readonly string[]): Promise<void> {
    await this.#say(RENEW, [[...ids]]);
  }

  async release(ids: readonly string[]): Promise<void> {
    await this.#say(RELEASE, [[...ids]]);
  }

  async standings(keys: readonly AccountKey[]): Promise<readonly Standing[]> {
    if (keys.length === 0) return [];
    return this.#onSheets(keys, SHOW_MS, async (ids, milliseconds) => {
      const ask: Ask = (sql, binds = []) => this.#wire.ask(sql, binds, milliseconds);
      const sheets = await sheetsOf(ask, namesOf(keys, ids), false);
      if (sheets instanceof NotReady) return sheets;
      const places = keys.map(({ subject }, at) => ({ sheet: ids[at]!, subject }));
      return (await readStandings(ask, { sheets, places, without: [], move: false })).standings;
    });
  }

  async list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]> {
    return this.#onSheets([{ series, window }], SHOW_MS, async (ids, milliseconds) => {
      const ask: Ask = (sql, binds = []) => this.#wire.ask(sql, binds, milliseconds);
      const sheets = await sheetsOf(ask, namesOf([{ series, window }], ids), false);
      if (sheets instanceof NotReady) return sheets;
      const lines = await listStandings(ask, sheets[0]!, most);
      return lines.map(({ subject, spent, held }) => ({ series, window, subject, spent, held }));
    });
  }

  /** Lets go of what earlier lives of this process have held. Their rows must be in the database before. */
  async forgetEarlier(): Promise<void> {
    const { node, life } = this.#options;
    await this.#say('delete from holds where node = $1 and life <> $2', [node, life]);
  }

  /** @param isOver all rows of this process are in the database: what it still holds is for nothing */
  async close(isOver: boolean): Promise<void> {
    clearInterval(this.#timer);
    this.#closed = true;
    const { node, life } = this.#options;
    const release = 'delete from holds where node = $1 and life = $2';
    if (isOver) await this.#say(release, [node, life]).catch(() => {}); // the leases end
    await Promise.all([this.#wire.close(), this.#patient.close()]);
  }

  /** Runs work on sheets, again where they had to be made or brought forward first, or where it met another's. */
  async #onSheets<T>(
    names: readonly SheetName[],
    { try: tryMs, sum: sumMs }: { readonly try: number; readonly sum: number },
    work: (ids: readonly string[], milliseconds: number) => Promise<T | NotReady>,
  ): Promise<T> {
    this.#timer ??= setInterval(() => void this.sweep(), SWEEP_MS).unref();
    for (let tries = 1; ; tries++) {
      try {
        const result = await work(await this.#sheets.ids(names, tryMs), tryMs);
        if (!(result instanceof NotReady)) return result;
        if (tries >= TRIES) throw new Error('the sums of a budget are not ready yet');
        if (result.behind) await this.#sheets.bring(result.behind, sumMs);
        else this.#sheets.forget();
      } catch (error) {
        if (tries > 1 || !isWorthAnother(error)) throw error;
      }
    }
  }

  async #write(ask: Ask, lines: readonly HoldLine[]): Promise<void> {
    const { node, life } = this.#options;
    await ask(HOLD, [JSON.stringify(lines), node, life]);
  }

  async #say(sql: string, binds: readonly unknown[]): Promise<void> {
    try {
      await this.#wire.ask(sql, binds, WORD_MS);
    } catch (error) {
      if (!isWorthAnother(error)) throw error;
      await this.#wire.ask(sql, binds, WORD_MS);
    }
  }

  /** Removes what is over, here and elsewhere. */
  async sweep(): Promise<void> {
    try {
      await this.#say(SWEEP, []);
      if (this.#sweeps++ % SWEEPS === 0) await this.#sheets.sweep();
      this.#isSwept = true;
    } catch (error) {
      if (this.#isSwept && !this.#closed)
        this.#options.log.warn('holds that are over stay in the database for now; they count for nothing', {
          error: lineOf(error),
        });
      this.#isSwept = false;
    }
  }
}

const LEASE = `clock_timestamp() + interval '${LEASE_MS} milliseconds'`;

const HOLD = `insert into holds (id, place, sheet, subject, amount, node, life, lease)
select id, place, sheet, subject, amount, $2, $3, ${LEASE}
from json_to_recordset($1::json) as (id text, place smallint, sheet bigint, subject text, amount numeric)
on conflict (id, place) do update set sheet = excluded.sheet, subject = excluded.subject, amount = excluded.amount,
  node = excluded.node, life = excluded.life, lease = excluded.lease`;

// Locked in one order, since others may change or renew the same.
const IN_ORDER = 'order by id, place for update';
const ADJUST = `with own as (select holds.id, holds.place, change.amount from holds
  join json_to_recordset($1::json) as change(id text, place smallint, amount numeric)
    on change.id = holds.id and change.place = holds.place
  order by holds.id, holds.place for update of holds)
update holds set amount = own.amount from own where holds.id = own.id and holds.place = own.place`;
const RENEW = `with own as (select id, place from holds where id = any($1::text[]) ${IN_ORDER})
update holds set lease = ${LEASE} from own where holds.id = own.id and holds.place = own.place`;
const RELEASE = `with own as (select id, place from holds where id = any($1::text[]) ${IN_ORDER})
delete from holds using own where holds.id = own.id and holds.place = own.place`;
// Whatever somebody is about to change is left to the next time.
const SWEEP = `with dead as (select id, place from holds where not (${ALIVE}) limit 5000 for update skip locked)
delete from holds using dead where holds.id = dead.id and holds.place = dead.place`;
