import { expect } from 'chai';
import type { PromptPart } from '../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { Database } from '../../src/store/database.ts';
import { exec } from '../../src/store/driver.ts';
import { HourLines } from '../../src/store/hour-lines.ts';
import { HourSums } from '../../src/store/hour-sums.ts';
import { toPico } from '../../src/store/money.ts';
import { KEPT_MS } from '../../src/store/prompt-sums.ts';
import type { Store } from '../../src/store/store.ts';
import { canBeNobody, startChild } from './children.ts';
import { newFolder, onBothDialects, openSqlite, type Place, until } from './places.ts';
import { DAY, failing, HOUR, listeningLog, NOON, partOf, promptOf, recordOf } from './records.ts';

const EVER = { from: new Date(0), to: new Date(NOON * 2) };

/** Prompts of several senders, hours and prices; every amount is another one. */
function samples(rows: number): ExchangeRecord[] {
  return Array.from({ length: rows }, (_, n) => {
    const cost = (share: number): string | null =>
      n % 7 === 3 ? null : `0.${String(n * 31 + share).padStart(12, '0')}`.replace(/0+$/, '');
    const parts = Array.from({ length: (n % 4) + 1 }, (_, part) =>
      partOf({ name: `tool_${(n + part) % 9}`, chars: n + part, tokens: part, cost_usd: cost(part + 1), read: part }),
    );
    const history = partOf({ kind: 'history', name: 'user', cost_usd: cost(9), uncached: 3, write: 2, write_1h: 1 });
    const called = n % 3 === 0 ? { [`tool_${n % 9}`]: 1, bash: 2 } : null;
    const prompt = n % 11 === 5 ? null : promptOf(...parts, history);
    const changes = { agent: n % 5 === 0 ? null : `a${n % 3}`, tools_called: called, prompt };
    return recordOf({ ...changes, tenant: n % 2 === 0 ? 'acme' : null }, NOON + ((n * 37) % 53) * 0.13 * HOUR);
  });
}

/** What each line must be, straight from the records. */
function expectedOf(records: readonly ExchangeRecord[]): Record<string, (bigint | number)[]> {
  const lines = new Map<string, { sums: bigint[]; newest: [number, number] }>();
  const at = (record: ExchangeRecord, part: string) => {
    const hour = Math.floor(Date.parse(record.time) / HOUR) * HOUR;
    const key = [hour, record.tenant, record.agent, record.provider, record.model.response, part].join('|');
    const line = lines.get(key) ?? { sums: new Array<bigint>(10).fill(0n), newest: [-1, 0] as [number, number] };
    lines.set(key, line);
    return line;
  };
  const add = (line: { sums: bigint[] }, amounts: readonly number[]): void => {
    for (const [place, amount] of amounts.entries()) line.sums[place]! += BigInt(amount);
  };
  for (const record of records) {
    const time = Date.parse(record.time);
    const parts = record.prompt?.parts ?? [];
    const groups: [string, PromptPart[]][] = parts.map((part) => [`${part.kind}|${part.name}`, [part]]);
    if (record.prompt?.parts) groups.push(['|', parts]);
    for (const [name, group] of groups) {
      const line = at(record, name);
      const isFree = group.some(({ cost_usd: cost }) => cost === null);
      add(line, [1, 0, 0, 0, 0, 0, 0, 0, isFree ? 1 : 0, 0]);
      const chars = group.reduce((sum, part) => sum + part.chars, 0);
      if (time >= line.newest[0]) line.newest = [time, chars];
      for (const part of group) {
        add(line, [0, part.chars, part.tokens ?? 0, part.read, part.write, part.write_1h, part.uncached]);
        if (part.cost_usd !== null) line.sums[7]! += BigInt(toPico(part.cost_usd)!);
      }
    }
    for (const [name, times] of Object.entries(record.tools_called ?? {}))
      add(at(record, `tool|${name}`), [0, 0, 0, 0, 0, 0, 0, 0, 0, times]);
  }
  return Object.fromEntries([...lines].map(([key, { sums, newest }]) => [key, [...sums, ...newest]]));
}

/** The lines of the database in the same words. */
async function linesOf(place: Place): Promise<Record<string, (bigint | number)[]>> {
  const big = (value: unknown): bigint => BigInt(String(value));
  const rows = await place.query('select * from prompt_hours');
  return Object.fromEntries(
    rows.map((row) => {
      const key = [row.hour_ms, row.tenant, row.agent, row.provider, row.model, row.kind, row.name].join('|');
      const counts = ['turns', 'chars', 'tokens', 'read', 'write', 'write_1h', 'uncached'].map((name) =>
        big(row[name]),
      );
      const pico = big(row.cost_high) * 1_000_000n + big(row.cost_low);
      const newest = [row.newest_ms === null ? -1 : Number(row.newest_ms), Number(row.newest_chars)];
      return [key, [...counts, pico, big(row.unpriced), big(row.called), ...newest]];
    }),
  );
}

async function stored(store: Store, records: readonly ExchangeRecord[]): Promise<void> {
  for (const record of records) store.append(record);
  expect(await store.flush()).to.equal(true);
}

/** Makes the database refuse to move the mark, after the lines were written. */
const BROKEN = {
  sqlite: [
    `create trigger broken before update on prompt_mark begin select raise(abort, 'broken'); end`,
    'drop trigger broken',
  ],
  postgres: [
    `create function broken() returns trigger language plpgsql as $$ begin
       if new.seq <> old.seq then raise exception 'broken' using errcode = '58030'; end if; return new; end $$;
     create trigger broken before update on prompt_mark for each row execute function broken()`,
    'drop trigger broken on prompt_mark',
  ],
} as const;

onBothDialects('sums of prompts', (place, dialect) => {
  const change = async (sql: string): Promise<void> => {
    if (dialect === 'postgres') return void (await place().query(sql));
    const handle = await openSqlite(place().address.slice('sqlite:'.length));
    await exec(handle, `pragma busy_timeout=5000; ${sql}`);
    await new Promise<void>((resolve) => handle.close(() => resolve()));
  };

  it('are what the rows say, to the last pico-dollar', async () => {
    const records = samples(900);
    const store = await place().open();
    for (const from of [0, 1, 300, 301]) {
      await stored(store, records.slice(from, from === 301 ? 900 : [1, 300, 301][[0, 1, 300].indexOf(from)]));
      expect(await store.summed()).to.equal(true);
    }
    expect(await linesOf(place())).to.deep.equal(expectedOf(records));
    const { parts } = await store.queries.prompts(EVER);
    const pico = (dollars: string | null): bigint => BigInt(dollars === null ? 0 : toPico(dollars)!);
    const all = records.flatMap(({ prompt }) => prompt?.parts ?? []);
    expect(parts.reduce((sum, { cost_usd: cost }) => sum + pico(cost), 0n)).to.equal(
      all.reduce((sum, { cost_usd: cost }) => sum + pico(cost), 0n),
    );
  });

  it('come by themselves soon after the rows', async () => {
    const store = await place().filled(...samples(20));
    await until(async () => (await store.queries.prompts(EVER)).turns > 0, 'they are there', 4000);
    expect(await linesOf(place())).to.deep.equal(expectedOf(await recordsOf(store)));
  });

  it('hold more money than a 64-bit integer of pico-dollars', async () => {
    const parts = Array.from({ length: 12 }, (_, n) =>
      partOf({ kind: 'new', name: 'user', cost_usd: '999999.999999999999', hash: `${n}` }),
    );
    const store = await place().filled(...parts.map((part) => recordOf({ prompt: promptOf(part) })));
    await store.summed();
    expect((await store.queries.prompts(DAY)).parts[0]?.cost_usd).to.equal('11999999.999999999988');
  });

  it('have a row once, wherever a crash comes', async () => {
    const [first, second] = [samples(30), samples(40)];
    const store = await place().open();
    await stored(store, first);
    await store.summed();
    await change(BROKEN[dialect][0]);
    await stored(store, second);
    expect(await store.summed(300)).to.equal(false);
    expect(await linesOf(place())).to.deep.equal(expectedOf(first));
    await store.close();
    await change(BROKEN[dialect][1]);
    const again = await place().open();
    expect(await again.summed()).to.equal(true);
    expect(await linesOf(place())).to.deep.equal(expectedOf([...first, ...second]));
  });

  it('have a row once when the process is killed at any time', async function () {
    if (!canBeNobody()) this.skip();
    this.timeout(30_000);
    for (let round = 0; round < 2; round++) {
      const child = await startChild(['sums', place().address, place().folder]);
      await until(() => child.lines().length > 4 + round * 3, 'it has summed up several times', 15_000);
      await child.kill();
    }
    const store = await place().open();
    await store.flush();
    expect(await store.summed()).to.equal(true);
    const records = await recordsOf(store);
    expect(records.length).to.be.above(400);
    expect(await linesOf(place())).to.deep.equal(expectedOf(records));
  });

  it('do not come back when a row is sent twice', async () => {
    const records = samples(30);
    const store = await place().open();
    for (let round = 0; round < 2; round++) {
      await stored(store, [...records, ...records]);
      await store.summed();
    }
    expect(await linesOf(place())).to.deep.equal(expectedOf(records));
  });

  it('are added once where two have summed up the same rows', async () => {
    const records = samples(30);
    const store = await place().filled(...records);
    await store.summed();
    await store.close();
    const [row] = await place().query('select seq from prompt_mark');
    const database = await Database.open(place().address, 'normal');
    const sums = new HourSums();
    const sender = { tenant: null, project: null, agent: null, provider: null, model: null };
    sums.add({ ...sender, seq: 1, time_ms: NOON, called: null, parts: '[[0,"late","0",5]]' });
    await new HourLines(database, 'late').add(sums.lines(), Number(row?.seq) - 1, Number(row?.seq) + 5);
    await database.close();
    expect(await linesOf(place())).to.deep.equal(expectedOf(records));
    expect(await place().query('select seq from prompt_mark')).to.deep.equal([row]);
  });

  it('keep the parts of single prompts for a week, and the sums for ever', async () => {
    const now = Date.now();
    const old = Array.from({ length: 1100 }, (_, n) =>
      recordOf({ prompt: promptOf(partOf()), tools_called: { read_file: 1 } }, now - KEPT_MS - 1000 - n),
    );
    const young = recordOf({ prompt: promptOf(partOf()) }, now - KEPT_MS + HOUR);
    const store = await place().filled(...old, young);
    await store.summed();
    const kept = async (): Promise<number> => (await place().query('select seq from exchange_parts')).length;
    await until(async () => {
      await store.summed();
      return (await kept()) === 1;
    }, 'the old ones are gone');
    expect(await store.queries.byId(old[0]!.id)).to.deep.equal({
      ...old[0],
      prompt: { ...old[0]!.prompt, parts: null },
    });
    expect(await store.queries.byId(young.id)).to.deep.equal(young);
    expect((await store.queries.prompts(EVER)).turns).to.equal(1101);
  });

  it('tell whole prompts and parts whose cost is unknown, and tools that nobody offered', async () => {
    const store = await place().filled(
      recordOf({ prompt: promptOf(partOf(), partOf({ name: 'bash', cost_usd: null, tokens: null })) }),
      recordOf({ prompt: promptOf(), tools_called: {} }),
      recordOf({ ...failing(), prompt: null, tools_called: { made_up: 3, read_file: 1 } }),
      recordOf(),
    );
    await store.summed();
    const { parts, turns } = await store.queries.prompts(DAY);
    expect(turns).to.equal(2);
    expect(
      parts.map(({ name, turns, unpriced, called, cost_usd }) => [name, turns, unpriced, called, cost_usd]),
    ).to.deep.equal([
      ['read_file', 1, 0, 1, '0.00005'],
      ['bash', 1, 1, 0, null],
      ['made_up', 0, 0, 3, null],
    ]);
    expect(parts[2]).to.include({ newest_chars: 0, newest: new Date(NOON).toISOString() });
  });

  it('put what is beyond 256 parts of a prompt under one name', async () => {
    const parts = Array.from({ length: 400 }, (_, n) => partOf({ name: `made_up_${n}` }));
    const called = Object.fromEntries(parts.map(({ name }) => [name, 1]));
    const store = await place().filled(recordOf({ prompt: promptOf(...parts), tools_called: called }));
    await store.summed();
    const sums = await store.queries.prompts(DAY);
    expect(sums.parts).to.have.lengthOf(257);
    expect(sums.parts.find(({ name }) => name === 'other')).to.include({
      turns: 1,
      chars: 144 * 160,
      newest_chars: 144 * 160,
      called: 144,
    });
  });

  it('pass a row over that the database refuses, and no other', async () => {
    const log = listeningLog();
    const store = await place().open({ log });
    const records = samples(12);
    await stored(store, records);
    const row = `(select seq from exchanges order by seq limit 1 offset 4)`;
    await change(`delete from exchange_parts where seq = ${row}`);
    await change(
      `insert into exchange_parts (seq, parts) values (${row}, '[[0,"name","hash",1e12,1],[0,"name","hash",1e12,1]]')`,
    );
    await change(
      dialect === 'sqlite'
        ? `create trigger refused before insert on prompt_hours when new.chars > 1e12 begin select raise(abort, 'refused'); end`
        : 'alter table prompt_hours add constraint refused check (chars < 1000000000000)',
    );
    expect(await store.summed()).to.equal(true);
    expect(log.lines.map(({ message }) => message)).to.include('a prompt cannot be summed up; it is passed over');
    expect(await linesOf(place())).to.deep.equal(expectedOf(records.filter((_, n) => n !== 4)));
  });

  it('do not keep a store from closing, and a row from being stored', async () => {
    const log = listeningLog();
    const store = await place().open({ log });
    await change('drop table prompt_hours');
    await stored(store, samples(10));
    expect(await store.summed(200)).to.equal(false);
    await stored(store, samples(10));
    expect(store.health()).to.include({ ok: true, waiting: 0 });
    expect(log.lines.filter(({ level }) => level === 'warn')).to.have.lengthOf(1);
    const since = performance.now();
    expect(await store.close()).to.equal(true);
    expect(performance.now() - since).to.be.below(1500);
  });

  if (dialect === 'postgres') {
    it('are kept together by several processes, of which one works at a time', async () => {
      const records = samples(1200);
      const stores = [await place().open(), await place().open({ folder: newFolder() })];
      const halves = stores.map((store, half) =>
        stored(
          store,
          records.filter((_, n) => n % 2 === half),
        ),
      );
      const sums = stores.map((store) => store.summed());
      await Promise.all([...halves, ...sums]);
      for (const store of stores) expect(await store.summed()).to.equal(true);
      const ordered = await recordsOf(stores[0]!);
      expect(ordered).to.have.lengthOf(1200);
      expect(await linesOf(place())).to.deep.equal(expectedOf(ordered));
    });

    it('wait for a process that has the work, and take it over when that one is gone', async () => {
      const store = await place().open();
      await change(`update prompt_mark set holder = 'another', lease = clock_timestamp() + interval '1 second'`);
      await stored(store, samples(10));
      expect(await store.summed(300)).to.equal(false);
      expect(await linesOf(place())).to.deep.equal({});
      expect(await store.summed(5000)).to.equal(true);
      expect(await linesOf(place())).to.deep.equal(expectedOf(await recordsOf(store)));
    });
  }
});

/** All records, in the order in which they were stored. */
async function recordsOf(store: Store): Promise<ExchangeRecord[]> {
  const found: { seq: number; id: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.queries.list({ limit: 500, cursor });
    found.push(...page.entries);
    cursor = page.next ?? undefined;
  } while (cursor);
  found.sort((a, b) => a.seq - b.seq);
  return Promise.all(found.map(async ({ id }) => (await store.queries.byId(id))!));
}
