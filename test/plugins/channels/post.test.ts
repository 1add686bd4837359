import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { guardedLookup } from '../../../plugins/channels/addresses.ts';
import { failedWith, waitOf } from '../../../plugins/channels/outcome.ts';
import { type Letter, MOST_ANSWER, post } from '../../../plugins/channels/post.ts';
import { SPELLINGS_OF_LOOPBACK } from '../../support/loopback.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { startTlsUpstream } from '../../support/tls.ts';
import { until } from '../../support/until.ts';

const letter = (url: string, reads = true): Letter => ({
  url: new URL(url),
  headers: { 'x-a': 'b' },
  body: '{}',
  reads,
});
const OPEN = { allowPrivate: true, timeout: 5000 };
const SHUT = { allowPrivate: false, timeout: 5000 };
const REFUSED = {
  sent: false,
  status: null,
  error: 'its address is private, and allow_private is not set',
  again: false,
  after: null,
};

describe('a POST to somebody else', () => {
  let sink: Sink;
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(() => sink.close());

  it('arrives, and its answer is read', async () => {
    sink.next({ status: 429, headers: { 'retry-after': '7' }, body: 'slow' });
    expect(await post(letter(`${sink.url}/a?b=c`), OPEN)).to.eql({ status: 429, retryAfter: '7', text: 'slow' });
    expect(sink.posted).to.have.length(1);
    expect(sink.posted[0]).to.include({ path: '/a?b=c', body: '{}' });
    expect(sink.posted[0]!.headers).to.include({ 'x-a': 'b', connection: 'close', 'content-length': '2' });
    await until('the connection is closed', () => sink.open === 0);
  });

  for (const host of SPELLINGS_OF_LOOPBACK)
    it(`never connects to ${host}`, async () => {
      expect(await post(letter(`http://${host}:${sink.port}/`), SHUT)).to.eql(REFUSED);
      expect(sink.connections).to.equal(0);
    });

  it('never connects to ::1', async function () {
    const six = await startSink('::1').catch(() => null);
    if (six === null) return this.skip();
    try {
      for (const host of ['[::1]', '[0:0:0:0:0:0:0:1]', '[::0001]'])
        expect(await post(letter(`http://${host}:${six.port}/`), SHUT), host).to.eql(REFUSED);
      expect(six.connections).to.equal(0);
    } finally {
      await six.close();
    }
  });

  it('never connects to a name that leads here, whatever it said before', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    let asked = 0;
    const lookup: LookupFunction = guardedLookup(false, (_name, _options, callback) => {
      asked++;
      callback(
        null,
        answers.at(-1)!.map((address) => ({ address, family: 4 })),
      );
    });
    expect(await post(letter(`http://rebound.example:${sink.port}/`), { ...SHUT, lookup })).to.eql(REFUSED);
    expect([asked, sink.connections]).to.eql([1, 0]);
  });

  it('looks a name up once, so that its second answer leads nowhere', async () => {
    let asked = 0;
    const lookup = guardedLookup(true, (_name, _options, callback) => {
      asked++;
      callback(null, [{ address: asked === 1 ? '127.0.0.1' : '8.8.8.8', family: 4 }]);
    });
    const answer = await post(letter(`http://once.example:${sink.port}/`), { ...OPEN, lookup });
    expect(answer).to.include({ status: 200, text: 'ok' });
    expect(asked).to.equal(1);
  });

  it('follows no redirect', async () => {
    const inside = await startSink();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        sink.next({ status, headers: { location: `${inside.url}/metadata` } });
        expect(await post(letter(sink.url), OPEN)).to.include({ status });
      }
      expect(inside.connections).to.equal(0);
    } finally {
      await inside.close();
    }
  });

  it('is given up in time when nothing comes, and lets go of the connection', async () => {
    sink.always('hang');
    const begun = performance.now();
    expect(await post(letter(sink.url), { ...OPEN, timeout: 80 })).to.eql({
      sent: false,
      status: null,
      error: 'it did not answer in 0.08 s',
      again: true,
      after: null,
    });
    expect(performance.now() - begun).to.be.within(70, 1000);
    await until('the connection is closed', () => sink.open === 0);
  });

  it('is given up in time when a name server hangs', async () => {
    const lookup: LookupFunction = () => {};
    expect(await post(letter('https://slow.example/'), { ...SHUT, lookup, timeout: 60 })).to.include({
      error: 'it did not answer in 0.06 s',
    });
  });

  it('ends when whoever wants it ends', async () => {
    sink.always('hang');
    const end = new AbortController();
    const work = post(letter(sink.url), { ...OPEN, signal: end.signal });
    await until('it came', () => sink.posted.length === 1);
    end.abort();
    expect(await work).to.include({ sent: false });
    expect(await post(letter(sink.url), { ...OPEN, signal: end.signal })).to.include({ sent: false });
    expect(sink.posted).to.have.length(1);
  });

  it('reads 64 KiB of an answer and no more', async () => {
    sink.next({ body: 'x'.repeat(5_000_000) });
    const answer = await post(letter(sink.url), OPEN);
    expect((answer as { text: string }).text.length).to.equal(MOST_ANSWER);
  });

  it('reads nothing where the status says all, except of failures', async () => {
    sink.next({ body: 'long story' }, { status: 500, body: 'why' });
    expect(await post(letter(sink.url, false), OPEN)).to.include({ status: 200, text: '' });
    expect(await post(letter(sink.url, false), OPEN)).to.include({ status: 500, text: 'why' });
  });

  it('says of a failed connection what anybody may know', async () => {
    sink.next({ cut: true });
    expect(await post(letter(`${sink.url}/secret-path-1234`), OPEN)).to.include({
      error: 'the connection broke off (ECONNRESET)',
    });
    const gone = await startSink();
    await gone.close();
    expect(await post(letter(`${gone.url}/secret-path-1234`), OPEN)).to.include({
      error: 'nobody listens there (ECONNREFUSED)',
      again: true,
    });
  });

  it('trusts no certificate that nobody has signed', async () => {
    const tls = await startTlsUpstream();
    try {
      const outcome = await post(letter(`${tls.url}/x`), OPEN);
      expect(outcome).to.include({ sent: false, status: null, again: true });
      expect((outcome as { error: string }).error).to.match(/^its certificate is not good \([A-Z_]+\)$/);
      expect(tls.requests).to.equal(0);
    } finally {
      await tls.close();
    }
  });
});

describe('how a try ended', () => {
  it('is told by the code of an error and never by its words', () => {
    const error = (code: unknown) => Object.assign(new Error('http://user:pass@host/secret'), { code });
    for (const code of ['ENOTFOUND', 'EWHATEVER', undefined, 'a secret', 7]) {
      const { error: words } = failedWith(error(code)) as { error: string };
      expect(words).to.not.include('secret').and.not.include('host/');
    }
    expect(failedWith(null)).to.include({ error: 'the connection failed' });
    expect(failedWith({ errors: [error('ECONNREFUSED')] })).to.include({
      error: 'nobody listens there (ECONNREFUSED)',
    });
  });

  it('waits as long as Retry-After says, an hour at most', () => {
    const now = Date.parse('2027-01-31T12:00:00Z');
    const told: [string | undefined, number | null][] = [
      [undefined, null],
      ['soon', null],
      ['', null],
      ['0', 0],
      ['7', 7000],
      ['0.65', 650],
      ['999999', 3_600_000],
      ['Sun, 31 Jan 2027 12:00:30 GMT', 30_000],
      ['Sun, 31 Jan 2027 11:00:00 GMT', 0],
    ];
    for (const [header, milliseconds] of told) expect(waitOf(header, now), header).to.equal(milliseconds);
  });
});
