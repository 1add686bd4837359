import { expect } from 'chai';

import type { FailureClass } from '../../src/pipeline/plan.ts';
import type { Setback, Step } from '../../src/routing/journey.ts';
import { targetOf, type Way, type WayParts, wayOf } from '../support/journeys.ts';

const nameOf = ({ target }: Extract<Step, { kind: 'send' }>): string =>
  `${target.provider.name}${target.provider.keys.length > 1 ? `/${target.key!.name}` : ''}${target.model === null ? '' : `:${target.model}`}`;

/** Sends once and fails; tells where next: `b`, `a+250` after a wait, `give up`. */
function failing(way: Way, failure: FailureClass, more: Partial<Setback> = {}): string {
  const step = stepOf(way, failure, more);
  if (step.kind === 'give_up') return step.shown === 'first' ? 'give up, show the first' : 'give up';
  way.clock.ms += step.waitMs;
  return step.waitMs > 0 ? `${nameOf(step)}+${step.waitMs}` : nameOf(step);
}

function stepOf({ journey, clock }: Way, failure: FailureClass, more: Partial<Setback> = {}): Step {
  const began = clock.ms;
  const { flight } = journey.depart();
  const setback: Setback = { failure, retryAfterMs: null, ownKey: true, ...more };
  flight.failed(failure, setback.retryAfterMs, setback.ownKey);
  flight.ended();
  journey.note({ status: null, reason: failure, ms: clock.ms - began, failure, ownKey: setback.ownKey });
  return journey.after(setback, clock.ms - 100_000);
}

const after = (
  targets: readonly string[],
  failures: readonly (FailureClass | [FailureClass, Partial<Setback>])[],
  parts: WayParts = {},
) => {
  const way = wayOf(targets, parts);
  return failures.map((each) => (Array.isArray(each) ? failing(way, ...each) : failing(way, each)));
};

describe('a journey', () => {
  it('asks once more where a failure may pass, then the next target', () => {
    for (const failure of ['server', 'connect', 'overloaded'] as const)
      expect(after(['a', 'b'], [failure, failure, failure]), failure).to.deep.equal(['a+125', 'b', 'b+125']);
  });

  it('asks the last target until the attempts are used up, and waits longer each time', () => {
    const seen = after(['a'], ['server', 'server', 'server', 'server', 'server', 'server'], {
      policy: { maxBackoff: 1500 },
    });
    expect(seen).to.deep.equal(['a+125', 'a+250', 'a+500', 'a+750', 'a+750', 'give up']);
    const late = after(['a'], ['server', 'server'], { policy: { deadline: 200 } });
    expect(late).to.deep.equal(['a+125', 'give up']);
  });

  it('varies its waits by chance, between half and all of them', () => {
    expect(after(['a'], ['server'], { random: () => 0.999 })).to.deep.equal(['a+250']);
    expect(after(['a'], [['rate', { retryAfterMs: 2000 }]], { random: () => 0.5 })).to.deep.equal(['a+2100']);
  });

  it('waits for a provider that says how long, where that is short enough and there is a retry left', () => {
    expect(
      after(
        ['a', 'b'],
        [
          ['rate', { retryAfterMs: 2000 }],
          ['rate', { retryAfterMs: 2000 }],
        ],
      ),
    ).to.deep.equal(['a+2000', 'b']);
    expect(after(['a', 'b'], [['rate', { retryAfterMs: 5001 }]])).to.deep.equal(['b']);
    expect(after(['a', 'b'], ['rate'])).to.deep.equal(['b']);
    expect(after(['a', 'b'], [['rate', { retryAfterMs: 2000 }]], { policy: { retries: 0 } })).to.deep.equal(['b']);
  });

  it('waits where nobody else is left, and gives up where the wait is too long', () => {
    expect(after(['a'], ['rate', 'rate'])).to.deep.equal(['a+125', 'a+250']);
    const way = wayOf(['a']);
    expect(stepOf(way, 'rate', { retryAfterMs: 60_000 })).to.deep.include({ kind: 'give_up', retryAfterMs: 60_000 });
  });

  it('goes nowhere with the same key before its time, and everywhere with another', () => {
    expect(after(['a/x:m', 'a/x:n', 'a/y:m'], [['rate', { retryAfterMs: 9000 }]])).to.deep.equal(['a/y:m']);
    expect(after(['a/x:m', 'a/x:n'], [['rate', { retryAfterMs: 9000 }]])).to.deep.equal(['give up']);
  });

  it('does not ask again where the provider says that it is of no use', () => {
    expect(after(['a', 'b'], [['server', { isFinal: true }]])).to.deep.equal(['b']);
    expect(after(['a'], [['server', { isFinal: true }]])).to.deep.equal(['give up']);
  });

  it('never asks a silent target again', () => {
    expect(after(['a/x', 'a/y', 'b', 'c'], ['timeout', 'timeout', 'timeout'])).to.deep.equal(['b', 'c', 'give up']);
  });

  it('skips what shares an empty account or a refused key, whatever the model', () => {
    for (const failure of ['quota', 'auth'] as const)
      expect(after(['a/x:m', 'a/x:n', 'a/y:m', 'b'], [failure, failure]), failure).to.deep.equal(['a/y:m', 'b']);
    expect(after(['a/x', 'a/y', 'b'], [['quota', { ownKey: false }]])).to.deep.equal(['b']);
    expect(after(['a', 'b'], [['auth', { ownKey: false }]])).to.deep.equal(['give up']);
  });

  it('takes another key of a provider that fails for the same place', () => {
    expect(after(['a/x', 'a/y', 'b'], ['server', 'server'])).to.deep.equal(['a/x+125', 'b']);
    expect(after(['a/x:m', 'a/x:n'], ['server', 'server'])).to.deep.equal(['a/x:m+125', 'a/x:n']);
  });

  it('looks for another model where the name is the route’s, and leaves the client its own mistake', () => {
    expect(after(['a', 'b'], ['no_model'])).to.deep.equal(['give up']);
    expect(after(['a:m', 'b'], ['no_model'])).to.deep.equal(['b']);
    expect(after(['a', 'b', 'c'], ['timeout', 'no_model', 'timeout'])).to.deep.equal(['b', 'c', 'give up']);
  });

  it('looks for a larger context window, or one that nobody knows', () => {
    const windows = { small: 8000, same: 8000, large: 128_000, larger: 200_000 };
    const find = (targets: string[], failures: FailureClass[] = ['context_length']) =>
      after(targets, failures, { windows });
    expect(find(['a:small', 'b:small', 'c:vendor/Small', 'd:same', 'e:large'])).to.deep.equal(['e:large']);
    expect(find(['a:small', 'b:unknown'])).to.deep.equal(['b:unknown']);
    expect(find(['a:unknown', 'b:unknown', 'c:small'])).to.deep.equal(['c:small']);
    expect(find(['a:large', 'b:small'])).to.deep.equal(['give up']);
    expect(
      find(['a:small', 'b:large', 'c:same', 'd:larger'], ['context_length', 'context_length', 'context_length']),
    ).to.deep.equal(['b:large', 'd:larger', 'give up, show the first']);
  });

  it('gives up at once on what the request itself is to blame for', () => {
    for (const failure of ['bad_request', 'content_filter'] as const)
      expect(after(['a', 'b'], [failure]), failure).to.deep.equal(['give up']);
  });

  it('does not let what a fallback refuses hide what had failed first', () => {
    expect(after(['a', 'b'], ['timeout', 'bad_request'])).to.deep.equal(['b', 'give up, show the first']);
    expect(after(['a', 'b', 'c'], ['timeout', 'bad_request', 'timeout'])).to.deep.equal(['b', 'c', 'give up']);
    expect(after(['a', 'b'], ['timeout', 'auth'])).to.deep.equal(['b', 'give up, show the first']);
  });

  it('takes foreign reasoning elsewhere, unless only its origin can read it', () => {
    expect(after(['a', 'b'], ['foreign_state'])).to.deep.equal(['b']);
    expect(after(['a', 'b'], ['foreign_state'], { decision: { isBound: true } })).to.deep.equal(['give up']);
  });

  it('begins a broken answer anew only where it is held until it is whole', () => {
    expect(after(['a', 'b'], ['broken'])).to.deep.equal(['give up']);
    expect(after(['a', 'b'], ['broken', 'broken', 'broken'], { policy: { restart: true } })).to.deep.equal([
      'a+125',
      'b',
      'b+125',
    ]);
  });

  it('does nothing about failures of requests without a route', () => {
    const unrouted = { policy: { retries: 0, deadline: Number.POSITIVE_INFINITY } };
    const all: FailureClass[] = [
      'connect',
      'timeout',
      'rate',
      'quota',
      'auth',
      'server',
      'overloaded',
      'broken',
      'no_model',
    ];
    for (const failure of all) expect(after(['a'], [failure], unrouted), failure).to.deep.equal(['give up']);
  });

  it('begins with the first target that may be tried, and with the first where none may', () => {
    const way = wayOf(['a', 'b', 'c']);
    const open = (name: string) => {
      for (let i = 0; i < 5; i++) way.book.depart(targetOf(name)).failed('server', null, true);
    };
    open('a');
    expect(wayOf(['a', 'b', 'c'], way).journey.first().provider.name).to.equal('b');
    expect(after(['a', 'b', 'c'], ['timeout', 'timeout', 'timeout'], way)).to.deep.equal(['c', 'a', 'give up']);
    open('b');
    open('c');
    expect(wayOf(['a', 'b', 'c'], way).journey.first().provider.name).to.equal('a');
  });

  it('does not ask again where too much has failed already, while another may be tried', () => {
    const way = wayOf(['a', 'b']);
    for (let i = 0; i < 4; i++) way.book.depart(targetOf('a')).failed('server', null, true);
    expect(failing(way, 'server')).to.equal('b');
    expect(after(['a', 'b'], [['rate', { ownKey: false }]]), 'a limit of the client’s own key').to.deep.equal(['b']);
  });

  it('goes elsewhere when its target has gone bad while it waited', () => {
    const way = wayOf(['a', 'b']);
    expect(failing(way, 'server')).to.equal('a+125');
    for (let i = 0; i < 5; i++) way.book.depart(targetOf('a')).failed('server', null, true);
    expect(way.journey.depart().target.provider.name).to.equal('b');
    expect(way.attempts).to.have.lengthOf(1);
  });

  it('goes where a listener says, as often as it may be sent', () => {
    const way = wayOf(['a', 'b'], { policy: { attempts: 3 } });
    way.journey.depart();
    expect(way.journey.turnTo('c')).to.equal(false);
    expect(way.journey.turnTo('b')).to.equal(true);
    expect(way.journey.depart().target.provider.name).to.equal('b');
    expect(way.journey.turnTo(null)).to.equal(true);
    expect(way.journey.depart().target.provider.name).to.equal('b');
    expect(way.journey.turnTo('a')).to.equal(false);
  });

  it('writes down each attempt: its key where there are several, what it means, what was waited', () => {
    const way = wayOf(['a/x:m', 'b']);
    failing(way, 'server');
    way.journey.depart();
    way.journey.note({ status: 200, reason: 'answered', ms: 7, ownKey: true });
    expect(way.attempts).to.deep.equal([
      { provider: 'a', model: 'm', key: 'x', status: null, reason: 'server', class: 'server', ms: 0 },
      { provider: 'a', model: 'm', key: 'x', status: 200, reason: 'answered', ms: 7, waited_ms: 125 },
    ]);
    const other = wayOf(['b']);
    other.journey.depart();
    other.journey.note({ status: 429, reason: 'status_429', ms: 1, failure: 'rate', ownKey: false });
    expect(other.attempts[0]).to.not.have.property('key');
  });

  it('makes 80 requests at once call their only target 96 times at most', () => {
    const first = wayOf(['a']);
    const ways = Array.from({ length: 80 }, () => wayOf(['a'], first));
    for (const { journey } of ways) journey.depart();
    const steps = ways.map(({ journey }) => journey.after({ failure: 'server', retryAfterMs: null, ownKey: true }, 0));
    expect(steps.filter(({ kind }) => kind === 'send')).to.have.lengthOf(16);
  });

  it('makes 80 requests at once call a sick target 96 times at most, and all reach the next', () => {
    for (const random of [() => 0, Math.random]) {
      const first = wayOf(['a', 'b']);
      const ways = Array.from({ length: 80 }, () => wayOf(['a', 'b'], { ...first, random }));
      const flights = ways.map(({ journey }) => journey.depart());
      let calls = 80;
      let served = 0;
      const waiting: { at: number; way: Way }[] = [];
      for (const [i, way] of ways.entries()) {
        flights[i]!.flight.failed('server', null, true);
        const step = way.journey.after({ failure: 'server', retryAfterMs: null, ownKey: true }, 0);
        if (step.kind === 'send') waiting.push({ at: step.waitMs, way });
      }
      for (const { at, way } of waiting.sort((a, b) => a.at - b.at)) {
        first.clock.ms = 100_000 + at;
        const { target } = way.journey.depart();
        if (target.provider.name === 'b') served++;
        else calls++;
      }
      expect(served + calls - 80).to.equal(80);
      expect(calls).to.be.at.most(96);
    }
  });
});
