import { expect } from 'chai';
import { Asker } from '../../../plugins/alerts/ask.ts';
import { AlertBook, MOST_HISTORY } from '../../../plugins/alerts/book.ts';
import { Evaluator } from '../../../plugins/alerts/evaluator.ts';
import { Lease } from '../../../plugins/alerts/lease.ts';
import { type RuleSpec, ruleOf } from '../../../plugins/alerts/rule.ts';
import type { Notice } from '../../../plugins/shared/notice.ts';
import { FigureBook, type FigureReading } from '../../../src/figures.ts';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import type { Store } from '../../../src/store/store.ts';
import { newFolder, onBothDialects } from '../../store/places.ts';
import { HOUR, NOON, recordOf } from '../../store/records.ts';
import { until } from '../../support/until.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const SPEND: RuleSpec = {
  name: 'spend',
  metric: 'cost_usd',
  window: '1h',
  group_by: 'agent',
  above: 10,
  warn_above: 5,
};

/** What one process has of alerts, and what it tells. */
interface Side {
  readonly evaluator: Evaluator;
  readonly book: AlertBook;
  readonly lease: Lease;
  readonly notices: Notice[];
  readonly news: string[];
  readonly failures: string[];
  /** Thrown by the next questions. */
  broken: Error | null;
  /** How long each question takes. */
  takes: number;
}

let now = NOON;
let elapsed = 0;

function sideOn(
  store: Store,
  specs: readonly RuleSpec[],
  figures = new FigureBook(),
  holder = `p${Math.random()}`,
): Side {
  const documents = store.documents('alerts');
  const notices: Notice[] = [];
  const news: string[] = [];
  const failures: string[] = [];
  const book = new AlertBook(documents);
  const lease = new Lease(documents, holder, 30 * SECOND);
  const measures: Store['queries']['measures'] = async (question) => {
    elapsed += side.takes;
    if (side.broken) throw side.broken;
    return store.queries.measures(question);
  };
  const evaluator = new Evaluator({
    rules: specs.map(ruleOf),
    asker: new Asker({ records: { measures }, figures, settleMs: 5 * SECOND }),
    book,
    lease,
    everyMs: 15 * SECOND,
    log: { info: (line) => void news.push(line), warn: (line) => void news.push(line) },
    now: () => now,
    elapsed: () => elapsed,
    publish: (event, data) => void (event === 'notice' && notices.push(data as Notice)),
    changed: () => {},
    failed: (alert) => void failures.push(alert),
  });
  const side: Side = { evaluator, book, lease, notices, news, failures, broken: null, takes: 0 };
  return side;
}

/** Moves the clock on and looks. */
async function after(milliseconds: number, ...sides: Side[]): Promise<void> {
  now += milliseconds;
  for (const { evaluator } of sides) await evaluator.look();
}

const told = ({ notices }: Side): string[] =>
  notices.map(({ event, key, data }) => `${event} ${key} ${String(data.state)}`);

onBothDialects('the evaluation of alerts', (place, dialect) => {
  const spent = (agent: string | null, cost: string, at: number): ExchangeRecord =>
    recordOf({ agent, cost_usd: cost }, at);
  const add = async (store: Store, ...records: ExchangeRecord[]): Promise<void> => {
    for (const record of records) store.append(record);
    expect(await store.flush()).to.equal(true);
  };

  beforeEach(() => {
    now = NOON;
    elapsed = 0;
  });

  it('tells each group its own, by exact sums, and that it is over', async () => {
    const store = await place().filled(
      spent('coder', '9.999999999999', NOON),
      spent('coder', '0.000000000001', NOON),
      spent('support', '5.01', NOON),
      spent(null, '4', NOON),
    );
    const side = sideOn(store, [SPEND]);
    await after(MINUTE, side);
    // Ten dollars are not above ten.
    expect(told(side)).to.have.members([
      'alert.triggered alert spend / agent coder WARNING',
      'alert.triggered alert spend / agent support WARNING',
    ]);
    await add(store, spent('coder', '0.000000000001', now));
    await after(MINUTE, side);
    expect(side.notices.at(-1)).to.deep.include({
      event: 'alert.triggered',
      severity: 'critical',
      resolves: false,
      title: 'spend: agent coder is at $10.000000000001, above $10',
      text: 'The cost over 1h of agent coder is $10.000000000001, which is above $10.',
      tenant: null,
    });
    expect(side.notices.at(-1)!.data).to.deep.include({
      group: { agent: 'coder' },
      value: '10.000000000001',
      threshold: '10',
      window: '1h',
      before: 'WARNING',
    });
    await add(store, spent('coder', '1', now + 30 * MINUTE), spent('support', '1', now + 30 * MINUTE));
    await after(HOUR - MINUTE, side);
    expect(told(side).slice(3)).to.have.members([
      'alert.resolved alert spend / agent coder OK',
      'alert.resolved alert spend / agent support OK',
    ]);
    expect(side.notices.find(({ key, resolves }) => resolves && key.endsWith('coder'))!.severity).to.equal('critical');
    expect(side.book.history().map(({ from, to, value }) => [from, to, value])).to.deep.include.members([
      ['WARNING', 'ALERT', '10.000000000001'],
      ['ALERT', 'OK', '1.000000000001'],
    ]);
  });

  it('looks at settled rows of its window only', async () => {
    const store = await place().filled(spent('a', '11', NOON - HOUR), spent('b', '11', NOON + MINUTE));
    const side = sideOn(store, [SPEND]);
    await after(MINUTE, side);
    expect(told(side), 'one is too old, the other too young').to.eql([]);
    await after(15 * SECOND, side);
    expect(told(side)).to.eql(['alert.triggered alert spend / agent b ALERT']);
  });

  it('tells nothing twice after a restart, and the same by the same id where a process died in between', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const first = sideOn(store, [SPEND]);
    await after(MINUTE, first);
    expect(told(first)).to.eql(['alert.triggered alert spend / agent coder ALERT']);
    await first.lease.release();
    const second = sideOn(store, [SPEND]);
    await after(MINUTE, second);
    expect(told(second)).to.eql([]);
    expect(second.evaluator.standing(ruleOf(SPEND))!.groups).to.have.keys('[["agent","coder"]]');
    await second.lease.release();

    // A third one tells that it is over, and dies before that is stored; a fourth tells it anew.
    now += 2 * HOUR;
    await add(store, spent('coder', '1', now - MINUTE));
    const dies = sideOn(store, [SPEND]);
    dies.book.save = () => Promise.reject(new Error('gone'));
    await after(0, dies);
    await dies.lease.release();
    const fourth = sideOn(store, [SPEND]);
    await after(MINUTE, fourth);
    expect(told(fourth)).to.eql(['alert.resolved alert spend / agent coder OK']);
    expect(fourth.notices[0]!.id).to.equal(dies.notices[0]!.id);
    expect(fourth.notices[0]!.id).to.not.equal(first.notices[0]!.id);
  });

  it('stores what it could not store, with the next look', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const side = sideOn(store, [SPEND]);
    const save = side.book.save.bind(side.book);
    side.book.save = () => Promise.reject(new Error('away'));
    await after(MINUTE, side);
    expect([side.book.history().length, side.news.at(-1)]).to.eql([
      0,
      'the state of alert spend waits for the database',
    ]);
    side.book.save = save;
    await after(15 * SECOND, side);
    expect(side.book.history().map(({ to, told }) => [to, told])).to.eql([['ALERT', true]]);
    expect(told(side)).to.have.lengthOf(1);
  });

  it('keeps the state while it cannot ask, counts that and shows since when', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const side = sideOn(store, [SPEND]);
    await after(MINUTE, side);
    side.broken = Object.assign(new Error('no'), { name: 'ConnectionError' });
    const since = now + 15 * SECOND;
    for (let n = 0; n < 3; n++) await after(15 * SECOND, side);
    const standing = side.evaluator.standing(ruleOf(SPEND))!;
    expect(standing.failing).to.eql({ since, why: 'ConnectionError' });
    expect(Object.values(standing.groups).map(({ state }) => state)).to.eql(['ALERT']);
    expect(side.failures).to.eql(['spend', 'spend', 'spend']);
    expect(side.news.filter((line) => line.includes('cannot be asked'))).to.have.lengthOf(1);
    // It cannot even be found out who looks, for longer than a lease.
    const take = side.lease.take.bind(side.lease);
    side.lease.take = () => Promise.reject(Object.assign(new Error('no'), { name: 'ConnectionError' }));
    for (let n = 0; n < 4; n++) await after(15 * SECOND, side);
    expect(side.evaluator.standing(ruleOf(SPEND))!.failing).to.eql({ since, why: 'ConnectionError' });
    expect(side.news.filter((line) => line === 'alerts wait for the database')).to.have.lengthOf(1);
    side.lease.take = take;
    side.broken = null;
    await after(15 * SECOND, side);
    expect(side.evaluator.standing(ruleOf(SPEND))!.failing).to.equal(null);
    expect(told(side)).to.have.lengthOf(1);
  });

  it('takes what somebody else wrote in the place of a state for none, and goes on with the others', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const { id } = ruleOf(SPEND);
    await store.documents('alerts').put(`rule:${id}`, { name: 'spend', groups: 'none' });
    const other: RuleSpec = { ...SPEND, name: 'other' };
    await store.documents('alerts').put(`rule:${ruleOf(other).id}`, {
      ...(JSON.parse(JSON.stringify({ shape: ruleOf(other).shape })) as object),
      groups: { '[["agent","coder"]]': null },
    });
    const side = sideOn(store, [other, SPEND]);
    await after(MINUTE, side);
    expect(told(side)).to.include('alert.triggered alert spend / agent coder ALERT');
  });

  it('asks seldom what takes long', async () => {
    const store = await place().filled(spent('coder', '1', NOON));
    const side = sideOn(store, [SPEND]);
    side.takes = 2 * SECOND;
    let asked = 0;
    for (let n = 0; n < 60; n++) {
      const before = elapsed;
      await after(SECOND, side);
      if (elapsed > before) asked++;
    }
    expect(asked, 'two seconds of forty').to.equal(2);
  });

  it('measures a spike against the windows before it that had traffic', async () => {
    const from = NOON + MINUTE - 5 * SECOND - HOUR;
    const grid = Math.floor(from / HOUR) * HOUR;
    const before = (hours: number, cost: string) => spent('a', cost, grid - hours * HOUR);
    // Three windows of the thirty had traffic: 1, 2 and 3 dollars, two on average. The 31st is not looked at.
    const store = await place().filled(before(1, '1'), before(7, '2'), before(30, '3'), before(31, '100'));
    await add(store, spent('a', '3', from), spent('a', '1.5', NOON));
    const side = sideOn(store, [{ name: 'spike', metric: 'cost_spike', window: '1h', above: 2 }]);
    await after(MINUTE, side);
    const { groups } = side.evaluator.standing(
      ruleOf({ name: 'spike', metric: 'cost_spike', window: '1h', above: 2 }),
    )!;
    expect(groups['']!.value).to.equal('2.25');
    expect(told(side)).to.eql(['alert.triggered alert spike ALERT']);
  });

  it('looks at figures of plugins, and says that nobody offers one', async () => {
    const store = await place().open();
    const figures = new FigureBook();
    const spec: RuleSpec = { name: 'tickets', metric: 'open_tickets', above: 3, scope: { agent: 'ci-*' } };
    const rule = ruleOf(spec);
    const side = sideOn(store, [spec], figures);
    await after(MINUTE, side);
    expect(side.evaluator.standing(rule)!.reason).to.equal('no plugin offers the figure open_tickets');
    let values: FigureReading[] = [
      { subject: { agent: 'ci-1' }, value: 4 },
      { subject: { agent: 'ci-2', team: 'be' }, value: 3 },
      { subject: { agent: 'coder' }, value: 99 },
      { subject: null, value: 99 },
    ];
    figures.offer({}, 'open_tickets', 'Tickets.', async () => values);
    await after(MINUTE, side);
    expect(told(side)).to.eql(['alert.triggered alert tickets / agent ci-1 ALERT']);
    expect(Object.keys(side.evaluator.standing(rule)!.groups)).to.have.lengthOf(2);
    values = values.map((one) => ({ ...one, value: 0.5 }));
    await after(MINUTE, side);
    expect(told(side).at(-1)).to.equal('alert.resolved alert tickets / agent ci-1 OK');
  });

  it('tells that it is over when a rule goes, or looks at something else', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const side = sideOn(store, [{ ...SPEND, notify: ['ops'] }]);
    await after(MINUTE, side);
    await side.lease.release();
    const other = sideOn(store, [
      { ...SPEND, metric: 'tokens', above: 1_000_000, warn_above: 900_000, notify: ['ops'] },
    ]);
    await after(MINUTE, other);
    expect(told(other)).to.eql(['alert.resolved alert spend / agent coder OK']);
    expect(other.notices[0]).to.deep.include({ severity: 'critical', notify: ['ops'], resolves: true });
    await other.lease.release();
    const none = sideOn(store, []);
    await after(MINUTE, none);
    expect([told(none), none.book.known()]).to.eql([[], []]);
  });

  it('keeps a thousand groups of a rule, what is bad among them, and the newest changes', async () => {
    const store = await place().open();
    const figures = new FigureBook();
    const spec: RuleSpec = { name: 'many', metric: 'many', above: 1500, cooldown: 1 };
    const side = sideOn(store, [spec], figures);
    const readings = Array.from({ length: 1600 }, (_, n) => ({ subject: { agent: `a${n}` }, value: n }));
    figures.offer({}, 'many', 'Many.', async () => readings);
    await after(MINUTE, side);
    const { groups, cut } = side.evaluator.standing(ruleOf(spec))!;
    expect([Object.keys(groups).length, cut, side.notices.length]).to.eql([1000, true, 99]);
    expect(Object.values(groups).filter(({ state }) => state === 'ALERT')).to.have.lengthOf(99);
    for (let n = 0; n < 6; n++) {
      for (const reading of readings) reading.value = n % 2 === 0 ? 0 : 1600;
      await after(MINUTE, side);
    }
    expect(side.book.history()).to.have.lengthOf(MOST_HISTORY);
    expect(side.book.history()[0]!.at).to.equal(now);
  });

  it('is done by one of two processes, and by the other when that one stops or dies', async () => {
    const store = await place().filled(spent('coder', '11', NOON));
    const other = dialect === 'postgres' ? await place().open({ folder: newFolder() }) : store;
    const [a, b] = [sideOn(store, [SPEND]), sideOn(other, [SPEND])];
    for (let n = 0; n < 4; n++) await after(15 * SECOND, a, b);
    expect([told(a), told(b)]).to.eql([['alert.triggered alert spend / agent coder ALERT'], []]);
    const knows = (): boolean => b.book.history().length === 1;
    await until('the other one knows of it', knows);
    // It dies without a word: nobody looks until its lease is over.
    await add(store, spent('coder', '1', now + HOUR));
    await after(15 * SECOND, b);
    expect(b.lease.holdsAt(now)).to.equal(false);
    await after(HOUR + MINUTE, b);
    expect(told(b)).to.eql(['alert.resolved alert spend / agent coder OK']);
    await after(SECOND, a);
    expect([a.lease.holdsAt(now), told(a).length]).to.eql([false, 1]);
    // It stops as it should: the other one need not wait.
    await b.lease.release();
    await until('the other one knows that', async () => {
      await after(SECOND, a);
      return a.lease.holdsAt(now);
    });
    expect(told(a)).to.have.lengthOf(1);
  });
});
