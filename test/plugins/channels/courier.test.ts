import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DeliveryBook, MOST_DONE, MOST_WAITING } from '../../../plugins/channels/book.ts';
import { type Channel, channelOf } from '../../../plugins/channels/channel.ts';
import { Courier } from '../../../plugins/channels/courier.ts';
import { BACKOFF_MS, type Delivery, deliveryOf, readDelivery } from '../../../plugins/channels/delivery.ts';
import type { Notice } from '../../../plugins/shared/notice.ts';
import { Store } from '../../../src/store/store.ts';
import { listeningLog } from '../../store/records.ts';
import { postgres } from '../../support/postgres.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { until } from '../../support/until.ts';

const noticeNamed = (id: string, more: Partial<Notice> = {}): Notice => ({
  id,
  event: 'alert',
  severity: 'warning',
  resolves: false,
  key: id,
  title: `Alert ${id}`,
  text: 'It is high.',
  at: '2027-01-31T12:00:00.000Z',
  data: {},
  notify: ['a'],
  tenant: null,
  ...more,
});

/** One process: a store, a book and a courier, on a clock that the test moves. */
interface Office {
  store: Store;
  book: DeliveryBook;
  courier: Courier;
  counts: Record<string, number>;
  lines: [message: string, facts: Record<string, unknown>][];
  givenUp: Delivery[];
  unsaved: Map<string, Delivery>;
  quiet: Map<string, number>;
}

describe('the courier', () => {
  const folders: string[] = [];
  const stores: Store[] = [];
  let sink: Sink;
  let folder: string;
  let now: number;
  let inForce: boolean;

  beforeEach(async () => {
    sink = await startSink();
    folder = await mkdtemp(join(tmpdir(), 'token-spy-courier-'));
    folders.push(folder);
    now = Date.parse('2027-01-31T12:00:00.000Z');
    inForce = true;
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
    await sink.close();
  });

  const channel = (name: string, path = '/'): Channel =>
    channelOf(name, {
      type: 'webhook',
      url: `${sink.url}${path}`,
      secret: '0123456789abcdef',
      events: [],
      min_severity: 'info',
      allow_private: true,
      timeout: 2000,
    });

  async function open(
    channels: Channel[] = [channel('a')],
    database = `sqlite:${join(folder, 'token-spy.db')}`,
    own = folder,
  ): Promise<Office> {
    const store = await Store.open({ database, folder: own, log: listeningLog() });
    stores.push(store);
    const office = {
      store,
      counts: {},
      lines: [],
      givenUp: [],
      unsaved: new Map(),
      quiet: new Map(),
    } as unknown as Office;
    const note = (message: string, facts: Record<string, unknown> = {}): void =>
      void office.lines.push([message, facts]);
    office.book = new DeliveryBook(store.documents('channels'), office.unsaved, () => {});
    office.courier = new Courier({
      channels: new Map(channels.map((one) => [one.name, one])),
      book: office.book,
      log: { debug: note, info: note, warn: note, error: note },
      clock: { now: () => now, random: () => 0 },
      dashboard: null,
      quiet: office.quiet,
      isInForce: () => inForce,
      count: (_delivery, state) => {
        office.counts[state] = (office.counts[state] ?? 0) + 1;
      },
      givenUp: (delivery) => office.givenUp.push(delivery),
    });
    return office;
  }

  const closeOffice = async ({ courier, book, store }: Office): Promise<void> => {
    await courier.close();
    book.close();
    stores.splice(stores.indexOf(store), 1);
    await store.close();
  };

  /** Lets what is due be tried, and waits for it. */
  const work = async ({ courier }: Office, forward = 0): Promise<void> => {
    now += forward;
    courier.tick();
    await courier.idle();
  };
  const ids = () => sink.posted.map(({ body }) => (JSON.parse(body) as { id: string }).id);

  it('delivers once, however often it is told', async () => {
    const office = await open();
    await Promise.all([office.courier.take(noticeNamed('n1')), office.courier.take(noticeNamed('n1'))]);
    await office.courier.idle();
    await office.courier.take(noticeNamed('n1'));
    await work(office, 3_600_000);
    expect(ids()).to.eql(['n1']);
    const [delivery] = office.book.list() as [Delivery];
    expect(delivery).to.include({ state: 'sent', attempts: 1, status: 200, error: null, next: null, claim: null });
    expect(sink.posted[0]!.headers['webhook-id']).to.equal(delivery.id);
    expect(office.counts).to.eql({ sent: 1 });
  });

  it('tries again after growing pauses, under the same id, and then gives up', async () => {
    sink.always({ status: 500 });
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      const [delivery] = office.book.list() as [Delivery];
      expect(delivery).to.include({ state: 'waiting', attempts: n + 1, status: 500, error: 'it answered 500' });
      waits.push(Date.parse(delivery.next!) - now);
      await work(office, waits.at(-1)! - 1);
      expect(sink.posted, 'not before its time').to.have.length(n + 1);
      await work(office, 1);
    }
    expect(waits).to.eql([...BACKOFF_MS]);
    expect(office.book.list()[0]).to.include({ state: 'failed', attempts: 6, next: null, error: 'it answered 500' });
    expect(office.counts).to.eql({ retried: 5, failed: 1 });
    expect(office.givenUp.map(({ channel }) => channel)).to.eql(['a']);
    expect(new Set(sink.posted.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
    expect(
      new Set(sink.posted.map(({ headers }) => headers['webhook-timestamp'])).size,
      'each try is signed anew',
    ).to.equal(6);
    await work(office, 86_400_000);
    expect(sink.posted).to.have.length(6);
  });

  it('goes on when the other side is well again', async () => {
    sink.next({ status: 500 }, 'hang', { cut: true });
    const office = await open([{ ...channel('a'), ...channelOf('a', entryWith(80)) }]);
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    for (const wait of BACKOFF_MS.slice(0, 3)) await work(office, wait);
    expect(office.book.list()[0]).to.include({ state: 'sent', attempts: 4, error: null });
    await until('nothing is left open', () => sink.open === 0);
  });

  const entryWith = (timeout: number) =>
    ({
      type: 'webhook',
      url: sink.url,
      secret: '0123456789abcdef',
      events: [],
      min_severity: 'info',
      allow_private: true,
      timeout,
    }) as const;

  it('gives up at once what would be answered the same way again, and begins anew by hand', async () => {
    sink.next({ status: 404 });
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    const [delivery] = office.book.list() as [Delivery];
    expect(delivery).to.include({ state: 'failed', attempts: 1, status: 404 });
    expect(await office.courier.retry(delivery)).to.equal(true);
    await office.courier.idle();
    expect(office.book.list()[0]).to.include({ state: 'sent', attempts: 1, error: null });
    expect(sink.posted.map(({ headers }) => headers['webhook-id'])).to.eql([delivery.id, delivery.id]);
  });

  it('leaves a channel alone for as long as it asks', async () => {
    sink.next({ status: 429, headers: { 'retry-after': '20' } });
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    expect(Date.parse(office.book.list()[0]!.next!) - now, 'known to other processes').to.equal(20_000);
    now += 1;
    await office.courier.take(noticeNamed('n2'));
    await work(office, 19_998);
    expect(ids()).to.eql(['n1']);
    await work(office, 1);
    await work(office);
    expect(ids()).to.eql(['n1', 'n1', 'n2']);
  });

  it('sends one at a time to a channel, and others are not held up by one that hangs', async () => {
    sink.next('hang');
    const office = await open([channel('a', '/a'), channel('b', '/b')]);
    await office.courier.take(noticeNamed('n1', { notify: ['a'] }));
    await until('it came', () => sink.posted.length === 1);
    await office.courier.take(noticeNamed('n2', { notify: ['a', 'b'] }));
    await until('the other one has it', () => sink.posted.length === 2);
    expect(sink.posted.map(({ path }) => path)).to.eql(['/a', '/b']);
  });

  it('keeps the order of one incident, whatever fails', async () => {
    sink.next({ status: 500 });
    const office = await open();
    await office.courier.take(noticeNamed('begin', { key: 'k' }));
    await office.courier.idle();
    now += 1;
    await office.courier.take(noticeNamed('end', { key: 'k', resolves: true }));
    await office.courier.take(noticeNamed('other'));
    await office.courier.idle();
    expect(ids(), 'another incident does not wait').to.eql(['begin', 'other']);
    await work(office, 1000);
    await work(office);
    expect(ids()).to.eql(['begin', 'other', 'begin', 'end']);
  });

  it('goes on after a restart in the middle of a pause', async () => {
    sink.next({ status: 500 });
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    await closeOffice(office);
    const again = await open();
    await work(again, 500);
    expect(sink.posted, 'not before its time').to.have.length(1);
    await work(again, 500);
    expect(again.book.list()[0]).to.include({ state: 'sent', attempts: 2 });
    expect(sink.posted[1]!.headers['webhook-id']).to.equal(sink.posted[0]!.headers['webhook-id']);
  });

  it('puts a try that a shutdown cuts off back, and counts it not', async () => {
    sink.next('hang');
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await until('it came', () => sink.posted.length === 1);
    await closeOffice(office);
    const again = await open();
    expect(again.book.list()[0]).to.include({ state: 'waiting', attempts: 0, claim: null });
    await work(again);
    expect(again.book.list()[0]).to.include({ state: 'sent', attempts: 1 });
  });

  it('takes over what a killed process was trying, when its time is up', async () => {
    const office = await open();
    const delivery = deliveryOf(noticeNamed('n1'), { name: 'a', type: 'webhook' }, now);
    await office.book.put({ ...delivery, claim: new Date(now + 5000).toISOString() });
    await work(office, 4999);
    expect(sink.posted).to.have.length(0);
    await work(office, 1);
    expect(ids()).to.eql(['n1']);
  });

  it('does nothing while another configuration is in force', async () => {
    inForce = false;
    const office = await open();
    await office.courier.take(noticeNamed('n1'));
    await work(office);
    expect(sink.posted).to.have.length(0);
    inForce = true;
    await work(office);
    expect(sink.posted).to.have.length(1);
  });

  it('takes no more than there is room for, each channel its share', async function () {
    this.timeout(20_000);
    inForce = false;
    const office = await open([channel('a'), channel('b')]);
    const share = MOST_WAITING / 2;
    const bodies = Array.from({ length: share - 1 }, (_, n) => {
      const { id, ...body } = deliveryOf(noticeNamed(`n${n}`), { name: 'a', type: 'webhook' }, now);
      return [id, body as never] as const;
    });
    await office.store.documents('channels').putAll(new Map(bodies));
    await Promise.all(Array.from({ length: 20 }, (_, n) => office.courier.take(noticeNamed(`late${n}`))));
    expect(office.book.waitingAt('a')).to.equal(share);
    expect(office.counts).to.eql({ dropped: 19 });
    expect(office.courier.dropped).to.equal(19);
    expect(office.lines.filter(([message]) => message.includes('left out'))).to.have.length(1);
    await office.courier.take(noticeNamed('mine', { notify: ['b'] }));
    expect(office.book.waitingAt('b')).to.equal(1);
  });

  it('keeps the last ones that are over and forgets the rest', async () => {
    const office = await open();
    const bodies = Array.from({ length: MOST_DONE + 7 }, (_, n) => {
      const { id, ...body } = deliveryOf(noticeNamed(`n${n}`), { name: 'a', type: 'webhook' }, now + n);
      return [id, { ...body, state: 'sent', next: null, done: body.made } as never] as const;
    });
    await office.store.documents('channels').putAll(new Map(bodies));
    now += 86_400_000;
    await office.courier.take(noticeNamed('newest'));
    await office.courier.idle();
    expect(office.book.list()).to.have.length(MOST_DONE);
    expect(office.book.list()[0]!.notice.id).to.equal('newest');
    expect(office.book.list().at(-1)!.notice.id).to.equal('n8');
  });

  it('delivers while the database does not answer, and writes it down later', async () => {
    sink.next({ status: 500 });
    const office = await open();
    const documents = office.store.documents('channels');
    const put = documents.putUnchanged;
    documents.putUnchanged = async () => {
      throw new Error('away');
    };
    await office.courier.take(noticeNamed('n1'));
    await office.courier.idle();
    expect(office.book.list()[0]).to.include({ state: 'waiting', attempts: 1 });
    await work(office, 1000);
    expect(office.book.list()[0]).to.include({ state: 'sent', attempts: 2 });
    expect(documents.all().size).to.equal(0);
    documents.putUnchanged = put;
    await work(office);
    await until('it is stored', () => documents.all().size === 1 && office.unsaved.size === 0);
    expect(office.book.list()[0]).to.include({ state: 'sent', attempts: 2 });
  });

  it('gives up what is for a channel that is long gone, and not sooner', async () => {
    inForce = false;
    const office = await open([channel('a'), channel('gone')]);
    await office.courier.take(noticeNamed('n1', { notify: ['gone'] }));
    await closeOffice(office);
    inForce = true;
    const again = await open();
    await work(again, 60_000);
    expect(again.book.list()[0]).to.include({ state: 'waiting' });
    await work(again, 900_000);
    await until('it is given up', () => again.book.list()[0]!.state === 'failed');
    expect(again.book.list()[0]).to.include({ error: 'the channel is not in gateway.yaml any more', attempts: 0 });
    expect(sink.connections).to.equal(0);
  });

  it('tests once, and tells what came of it', async () => {
    sink.next({ status: 500 });
    const office = await open();
    const bad = await office.courier.test(channel('a'), noticeNamed('t1'));
    expect(bad).to.include({ state: 'failed', attempts: 1, error: 'it answered 500' });
    expect(office.givenUp).to.have.length(1);
    expect(await office.courier.test(channel('a'), noticeNamed('t2'))).to.include({ state: 'sent' });
  });

  it('says that a notice names a channel that is not there', async () => {
    const office = await open();
    await office.courier.take(noticeNamed('n1', { notify: ['b'] }));
    expect(office.lines).to.eql([['a notice names channels that are not there', { event: 'alert', unknown: ['b'] }]]);
  });

  it('carries a large notice without its facts', async () => {
    const office = await open();
    await office.courier.take(noticeNamed('n1', { data: { all: 'x'.repeat(20_000) }, text: 'y'.repeat(9000) }));
    await office.courier.idle();
    const body = JSON.parse(sink.posted[0]!.body) as { data: object; text: string };
    expect(body.data).to.eql({});
    expect(body.text.length).to.equal(4000);
  });

  it('reads nothing that it has not written', () => {
    const { id, ...body } = deliveryOf(noticeNamed('n1'), { name: 'a', type: 'webhook' }, now);
    expect(readDelivery(id, body as never)).to.eql({ id, ...body });
    for (const wrong of [
      { state: 'lost' },
      { type: 'fax' },
      { notice: {} },
      { attempts: 'two' },
      { next: 'soon' },
      { next: null },
    ])
      expect(readDelivery(id, { ...body, ...wrong } as never), JSON.stringify(wrong)).to.equal(null);
    for (const wrong of [null, 'text', [], 7]) expect(readDelivery(id, wrong as never)).to.equal(null);
  });

  it('is one of several: each notice is sent by one process', async function () {
    this.timeout(20_000);
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const folders2 = await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), 'token-spy-courier-'))));
    folders.push(...folders2);
    const [one, other] = (await Promise.all(folders2.map((own) => open([channel('a')], database.url, own)))) as [
      Office,
      Office,
    ];
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        [one, other].map(({ courier }) => courier.take(noticeNamed(`n${n}`))),
      ).flat(),
    );
    await until('all arrived', async () => {
      await Promise.all([work(one), work(other)]);
      return new Set(ids()).size === 10;
    });
    expect(ids().sort()).to.eql(Array.from({ length: 10 }, (_, n) => `n${n}`));
    // What failed in one may be tried by the other.
    sink.next({ status: 500 });
    await one.courier.take(noticeNamed('handed'));
    await one.courier.idle();
    await closeOffice(one);
    await until('the other one knows', () => other.book.waitingAt('a') === 1);
    await work(other, 1000);
    expect(ids().slice(-2)).to.eql(['handed', 'handed']);
  });
});
