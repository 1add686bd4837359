import { expect } from 'chai';
import { BudgetList } from '../../../plugins/budgets/list.ts';
import { readBudget } from '../../../plugins/budgets/spec.ts';
import type { Budget } from '../../../plugins/budgets/types.ts';
import type { AccountKey, Json, Log, Series, Standing, Window } from '../../../src/plugin.ts';

/** Documents of one process, in memory: what is put is there at once. */
class Shelf {
  readonly bodies = new Map<string, Json>();
  readonly listeners = new Set<() => void>();
  all = () => this.bodies;
  async put(id: string, body: Json): Promise<void> {
    this.bodies.set(id, body);
    for (const listener of this.listeners) listener();
  }
  putUnchanged = (id: string, body: Json) => this.put(id, body).then(() => true);
  async putAll(bodies: ReadonlyMap<string, Json | null>): Promise<void> {
    for (const [id, body] of bodies) await (body === null ? this.delete(id) : this.put(id, body));
  }
  async delete(id: string): Promise<boolean> {
    const had = this.bodies.delete(id);
    for (const listener of this.listeners) listener();
    return had;
  }
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 10, 20, 12);
const MIDNIGHT = NOON - DAY / 2;

const fileBudget = (more: object = {}): Budget =>
  readBudget({ name: 'each', per: 'agent', limit_tokens: 100, period: 'day', ...more }, 'file').budget!;

describe('the list of budgets', () => {
  let shelf: Shelf;
  let warnings: string[];
  let asked: AccountKey[];
  let spent: Record<string, bigint>;

  beforeEach(() => {
    shelf = new Shelf();
    warnings = [];
    asked = [];
    spent = {};
  });

  const standingOf = (key: AccountKey): Standing => {
    asked.push(key);
    return { spent: spent[`${key.subject}@${key.window.from}`] ?? 0n, held: 1n };
  };
  function listOf(file: Budget[] = []): BudgetList {
    const note = (message: string): void => void warnings.push(message);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    const accounts = {
      hold: () => ({ taken: false, standings: null, short: [] }) as const,
      adjust: () => {},
      end: () => {},
      standings: async (keys: readonly AccountKey[]) => keys.map(standingOf),
      list: async (series: Series, window: Window, most: number) =>
        Object.keys(spent)
          .filter((name) => name.endsWith(`@${window.from}`))
          .slice(0, most)
          .map((name) => ({ series, window, subject: name.split('@')[0]!, spent: spent[name]!, held: 1n })),
      apartSince: null,
    };
    return new BudgetList({ file, documents: shelf, accounts, log });
  }

  const API = { name: 'from api', limit_usd: '5', period: 'month' };

  it('has those of gateway.yaml and those that were set, and finds them by id and by name', async () => {
    const list = listOf([fileBudget()]);
    const { budget } = await list.put(API);
    expect(list.all().map(({ name, origin }) => [name, origin])).to.eql([
      ['each', 'file'],
      ['from api', 'api'],
    ]);
    expect(list.find('from api')).to.equal(list.find(budget!.id));
    expect(list.find('nobody')).to.equal(null);
    expect(
      listOf([fileBudget()])
        .all()
        .map(({ name }) => name),
    ).to.eql(['each', 'from api']);
  });

  it('puts a budget in the place of one of its name', async () => {
    const list = listOf();
    await list.put(API);
    await list.put({ ...API, limit_usd: 7 });
    expect(list.all().map(({ limit }) => limit)).to.eql([7_000_000_000_000n]);
    expect(await list.delete('from api')).to.equal(true);
    expect([list.all(), await list.delete('from api')]).to.eql([[], false]);
  });

  it('stores nothing that is wrong, and nothing of a name that gateway.yaml has', async () => {
    const list = listOf([fileBudget()]);
    expect((await list.put({ ...API, limit_usd: 0 })).complaints).to.have.lengthOf(1);
    expect((await list.put({ ...API, name: 'each' })).complaints).to.eql([
      { field: 'name', message: 'is each, which gateway.yaml sets' },
    ]);
    expect(shelf.bodies.size).to.equal(0);
    expect(await list.delete('each')).to.equal(false);
  });

  it('goes by gateway.yaml where both name one, and says so once', async () => {
    await listOf().put({ ...API, name: 'each' });
    const list = listOf([fileBudget()]);
    expect(list.all().map(({ origin }) => origin)).to.eql(['file']);
    expect(list.shadowed().map(({ origin }) => origin)).to.eql(['api']);
    await list.put(API);
    expect(warnings.filter((text) => text.includes('that of gateway.yaml holds'))).to.have.lengthOf(1);
    expect(listOf().all()).to.have.lengthOf(2);
  });

  it('leaves out what cannot be read, and says so', async () => {
    await shelf.put('budget:odd', { name: 'odd', colour: 1 });
    expect(listOf().all()).to.eql([]);
    expect(warnings[0]).to.match(/^budget odd in the database cannot be read/);
  });

  it('begins a window at the reset of the budget, or of one account, if that is later', async () => {
    const list = listOf([fileBudget()]);
    const budget = list.find('each')!;
    const from = (subject: string, at: number) => list.windowOf(budget, subject, at)?.from;
    expect(from('ada', NOON)).to.equal(MIDNIGHT);
    await list.reset('each', 'ada', NOON - 2000);
    expect([from('ada', NOON), from('bob', NOON)]).to.eql([NOON - 2000, MIDNIGHT]);
    await list.reset('each', null, NOON - 1000);
    expect([from('ada', NOON), from('bob', NOON)]).to.eql([NOON - 1000, NOON - 1000]);
    // A request that began before it counts before it.
    expect(from('ada', NOON - 1500)).to.equal(MIDNIGHT);
    expect(from('ada', NOON + DAY)).to.equal(MIDNIGHT + DAY);
    expect(await list.reset('nobody')).to.equal(false);
  });

  it('forgets resets of accounts from before the window', async () => {
    const list = listOf([fileBudget()]);
    await list.reset('each', 'ada', NOON - DAY);
    await list.reset('each', 'bob', NOON);
    expect(shelf.bodies.get('reset:each')).to.eql({ at: 0, subjects: { bob: NOON } });
  });

  it('tells how an account stands, and what it will come to', async () => {
    const list = listOf([fileBudget()]);
    spent = { [`ada@${MIDNIGHT}`]: 30n };
    const account = await list.standing(list.find('each')!, 'ada', NOON);
    expect(account).to.eql({
      subject: 'ada',
      values: ['ada'],
      spent: 30n,
      held: 1n,
      remaining: 69n,
      limit: 100n,
      window: { from: MIDNIGHT, to: MIDNIGHT + DAY },
      forecast: 60n,
    });
    const early = await list.standing(list.find('each')!, 'ada', MIDNIGHT + 60_000);
    expect(early!.forecast).to.equal(null);
    const total = listOf([fileBudget({ period: 'total', per: null })]);
    expect((await total.standing(total.find('each')!, '', NOON))!.forecast).to.equal(null);
  });

  it('lists the accounts of a budget, each in its own window', async () => {
    const list = listOf([fileBudget()]);
    await list.reset('each', 'ada', NOON - 1000);
    spent = { [`ada@${MIDNIGHT}`]: 30n, [`bob@${MIDNIGHT}`]: 20n, [`ada@${NOON - 1000}`]: 3n };
    const accounts = await list.accounts(list.find('each')!, 10, NOON);
    expect(accounts.map(({ subject, spent, window }) => [subject, spent, window.from])).to.eql([
      ['ada', 3n, NOON - 1000],
      ['bob', 20n, MIDNIGHT],
    ]);
  });

  it('has no account before it begins', async () => {
    const list = listOf([fileBudget({ starts: '2026-12-01' })]);
    expect(await list.standing(list.find('each')!, 'ada', NOON)).to.equal(null);
    expect(await list.accounts(list.find('each')!, 10, NOON)).to.eql([]);
  });

  it('hears no more of changes once it is closed', async () => {
    const list = listOf();
    list.close();
    await shelf.put('budget:x', { ...API });
    expect(list.all()).to.eql([]);
  });
});
