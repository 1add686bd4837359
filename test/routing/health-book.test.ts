import { expect } from 'chai';

import type { FailureClass, Flight } from '../../src/pipeline/plan.ts';
import type { Provider, ProviderKey, Target } from '../../src/pipeline/provider.ts';
import { HealthBook } from '../../src/routing/health-book.ts';

const WALL = Date.parse('2026-11-21T10:00:00Z');

const targetOf = (
  name: string,
  key: string | null = 'one',
  more: { value?: string; baseUrl?: string } = {},
): Target => {
  const own: ProviderKey | null = key === null ? null : { name: key, value: more.value ?? `sk-${key}` };
  const baseUrl = more.baseUrl ?? `https://${name}.example`;
  return { provider: { name, baseUrl, keys: own ? [own] : [] } as unknown as Provider, model: null, key: own };
};

describe('the book of health', () => {
  let now = 0;
  const bookAt = (ms = 1000) => {
    now = ms;
    return new HealthBook(
      () => now,
      () => WALL + now,
    );
  };
  const fail = (
    book: HealthBook,
    target: Target,
    failure: FailureClass,
    retryAfter: number | null = null,
    own = true,
  ) => {
    const flight = book.depart(target);
    flight.failed(failure, retryAfter, own);
    flight.ended();
  };
  const answer = (book: HealthBook, target: Target, ms = 10) => {
    const flight = book.depart(target);
    flight.answered(ms);
    flight.ended();
  };
  const times = (count: number, act: () => void) => {
    for (let i = 0; i < count; i++) act();
  };

  it('opens a provider after five failures in a row, for each of its keys', () => {
    const book = bookAt();
    times(20, () => answer(book, targetOf('a')));
    times(4, () => fail(book, targetOf('a'), 'server'));
    expect(book.mayTry(targetOf('a'))).to.equal(true);
    fail(book, targetOf('a', 'two'), 'connect');
    expect(book.mayTry(targetOf('a'))).to.equal(false);
    expect(book.mayTry(targetOf('a', 'two'))).to.equal(false);
    expect(book.mayTry(targetOf('b'))).to.equal(true);
  });

  it('opens it when the share of the last attempts has failed, and not for fewer than the least', () => {
    const book = bookAt();
    book.configure({ window: 10, share: 30, least: 6, probe: 1000 });
    const turns = (pattern: string) => {
      for (const turn of pattern) turn === '+' ? answer(book, targetOf('a')) : fail(book, targetOf('a'), 'timeout');
    };
    turns('-+--+');
    expect(book.mayTry(targetOf('a'))).to.equal(true);
    turns('-');
    expect(book.mayTry(targetOf('a'))).to.equal(false);
  });

  it('lets one at a time through after the wait: its failure opens again, its success closes', () => {
    const book = bookAt();
    const a = targetOf('a');
    times(5, () => fail(book, a, 'overloaded'));
    now += 4999;
    expect(book.mayTry(a)).to.equal(false);
    now += 1;
    expect(book.mayTry(a)).to.equal(true);
    const probe = book.depart(a);
    expect(book.mayTry(a)).to.equal(false);
    probe.failed('server', null, true);
    probe.ended();
    expect(book.mayTry(a)).to.equal(false);
    now += 5000;
    const second = book.depart(a);
    expect(book.mayTry(a)).to.equal(false);
    second.answered(20);
    expect(book.mayTry(a)).to.equal(true);
    times(3, () => fail(book, a, 'server'));
    expect(book.mayTry(a)).to.equal(true);
  });

  it('lets another one find out where the first one said nothing: its client left, its request was bad, or it hangs', () => {
    const book = bookAt();
    const a = targetOf('a');
    times(5, () => fail(book, a, 'server'));
    now += 5000;
    book.depart(a).ended();
    expect(book.mayTry(a)).to.equal(true);
    fail(book, a, 'bad_request');
    expect(book.mayTry(a)).to.equal(true);
    book.depart(a);
    now += 19_999;
    expect(book.mayTry(a)).to.equal(false);
    now += 1;
    expect(book.mayTry(a)).to.equal(true);
  });

  it('hears nothing of what left before it opened or closed', () => {
    const book = bookAt();
    const a = targetOf('a');
    const old: Flight[] = [];
    times(20, () => old.push(book.depart(a)));
    now += 1;
    times(5, () => fail(book, a, 'server'));
    old.pop()!.answered(900);
    expect(book.mayTry(a)).to.equal(false);
    now += 5000;
    answer(book, a);
    expect(book.mayTry(a)).to.equal(true);
    for (const flight of old) flight.failed('server', null, true);
    expect(book.mayTry(a)).to.equal(true);
  });

  it('is closed by those who went there though it was bad', () => {
    const book = bookAt();
    const a = targetOf('a');
    times(5, () => fail(book, a, 'server'));
    now += 10;
    answer(book, a);
    expect(book.mayTry(a)).to.equal(true);
  });

  it('counts an answer that broke off as a failure, not as an answer and a failure', () => {
    const book = bookAt();
    const a = targetOf('a');
    times(5, () => {
      const flight = book.depart(a);
      flight.answered(10);
      flight.failed('broken', null, true);
      flight.ended();
    });
    expect(book.mayTry(a)).to.equal(false);
    const [view] = book.views();
    expect(view).to.include({ attempts: 5, failures: 5, recent: 5, recentFailures: 5, failure: 'broken', inFlight: 0 });
  });

  it('is not well for an answer that only seemed to be one', () => {
    const book = bookAt();
    const a = targetOf('a');
    times(5, () => fail(book, a, 'timeout'));
    now += 5000;
    const probe = book.depart(a);
    probe.answered(10);
    expect(book.mayTry(a)).to.equal(true);
    now += 10;
    probe.failed('timeout', null, true);
    expect(book.mayTry(a)).to.equal(false);
    now += 4999;
    expect(book.mayTry(a)).to.equal(false);
  });

  it('counts nothing against a place for what is the request’s own fault', () => {
    const book = bookAt();
    const own: FailureClass[] = ['bad_request', 'context_length', 'content_filter', 'foreign_state', 'no_model'];
    for (const failure of own) times(10, () => fail(book, targetOf('a'), failure));
    expect(book.mayTry(targetOf('a'))).to.equal(true);
    expect(book.views().map(({ failures }) => failures)).to.deep.equal([0, 0]);
  });

  it('puts a key aside for as long as its provider says, and ten minutes at most', () => {
    const book = bookAt();
    fail(book, targetOf('a', 'one'), 'rate', 3000);
    expect(book.mayTry(targetOf('a', 'one'))).to.equal(false);
    expect(book.mayTry(targetOf('a', 'two'))).to.equal(true);
    now += 2999;
    expect(book.mayTry(targetOf('a', 'one'))).to.equal(false);
    now += 1;
    const departed = [1, 2, 3].map(() => book.mayTry(targetOf('a', 'one')) && book.depart(targetOf('a', 'one')));
    expect(departed.every(Boolean)).to.equal(true);
    fail(book, targetOf('a', 'one'), 'rate', 86_400_000);
    now += 600_000;
    expect(book.mayTry(targetOf('a', 'one'))).to.equal(true);
  });

  it('guesses where nothing is said: a moment for a limit, five minutes for an account or a key, then one at a time', () => {
    for (const [failure, wait] of [
      ['rate', 5000],
      ['quota', 300_000],
      ['auth', 300_000],
    ] as const) {
      const book = bookAt();
      const a = targetOf('a');
      fail(book, a, failure);
      now += wait - 1;
      expect(book.mayTry(a), failure).to.equal(false);
      now += 1;
      expect(book.mayTry(a), failure).to.equal(true);
      const probe = book.depart(a);
      expect(book.mayTry(a), failure).to.equal(false);
      probe.answered(5);
      expect(book.mayTry(a), failure).to.equal(true);
    }
  });

  it('is not told that a limit is over by what had left before, nor by a shorter wait of somebody else', () => {
    const book = bookAt();
    const a = targetOf('a');
    const before = book.depart(a);
    now += 10;
    fail(book, a, 'rate');
    before.answered(2000);
    expect(book.mayTry(a)).to.equal(false);
    fail(book, a, 'rate', 60_000);
    fail(book, a, 'rate', 100);
    now += 59_999;
    expect(book.mayTry(a)).to.equal(false);
  });

  it('does not put an own key aside for what is wrong with the client’s', () => {
    const book = bookAt();
    for (const failure of ['rate', 'quota', 'auth'] as const) fail(book, targetOf('a'), failure, 60_000, false);
    expect(book.mayTry(targetOf('a'))).to.equal(true);
    times(5, () => fail(book, targetOf('a'), 'server', null, false));
    expect(book.mayTry(targetOf('a'))).to.equal(false);
  });

  it('keeps a provider without keys in one place', () => {
    const book = bookAt();
    fail(book, targetOf('aws', null), 'rate', 2000);
    expect(book.mayTry(targetOf('aws', null))).to.equal(false);
    expect(book.views()).to.have.lengthOf(1);
    expect(book.views()[0]).to.include({ provider: 'aws', key: null, state: 'open', failure: 'rate' });
    now += 2000;
    expect(book.views()[0]).to.include({ state: 'closed', failure: null, until: null });
  });

  it('begins anew with another address or another key of the same name', () => {
    const book = bookAt();
    times(5, () => fail(book, targetOf('a'), 'connect'));
    fail(book, targetOf('b'), 'auth');
    expect(book.mayTry(targetOf('a', 'one', { baseUrl: 'https://new.example' }))).to.equal(true);
    expect(book.mayTry(targetOf('b', 'one', { value: 'sk-new' }))).to.equal(true);
  });

  it('measures the first byte and counts what is under way, by key', () => {
    const book = bookAt();
    const one = targetOf('a', 'one');
    const two = targetOf('a', 'two');
    expect(book.latency(one)).to.equal(null);
    const flight = book.depart(one);
    expect(book.inFlight(one)).to.equal(1);
    expect(book.inFlight(two)).to.equal(0);
    flight.answered(120);
    flight.answered(9000);
    flight.ended();
    flight.ended();
    expect(book.inFlight(one)).to.equal(0);
    expect(book.latency(one)).to.equal(120);
    expect(book.latency(two), 'another key of the provider').to.equal(120);
  });

  it('shows what it knows, without keys, and forgets what nobody has seen for a day', () => {
    const book = bookAt();
    times(5, () => fail(book, targetOf('a'), 'server'));
    answer(book, targetOf('b', 'two'), 33.33);
    const views = book.views();
    expect(views.map(({ provider, key, state }) => [provider, key, state])).to.deep.equal([
      ['a', null, 'open'],
      ['a', 'one', 'closed'],
      ['b', null, 'closed'],
      ['b', 'two', 'closed'],
    ]);
    expect(views[0]).to.include({ until: '2026-11-21T10:00:06.000Z', failure: 'server' });
    expect(views[3]).to.include({ latencyMs: 33.3, attempts: 1 });
    expect(JSON.stringify(views)).to.not.contain('sk-');
    now += 5000;
    expect(book.views()[0]!.state).to.equal('half_open');
    now += 86_400_001;
    expect(book.views()).to.deep.equal([]);
  });

  it('asks again no sooner than a sick provider wants, and within half a minute all the same', () => {
    for (const [told, wait] of [
      [20_000, 20_000],
      [3_600_000, 25_000],
    ] as const) {
      const book = bookAt();
      times(5, () => fail(book, targetOf('a'), 'overloaded', told));
      now += wait - 1;
      expect(book.mayTry(targetOf('a'))).to.equal(false);
      now += 1;
      expect(book.mayTry(targetOf('a'))).to.equal(true);
    }
  });
});
