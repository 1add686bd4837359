import { expect } from 'chai';

import type { Attempt } from '../../src/proxy/attempt.ts';
import { Deadlines } from '../../src/proxy/deadlines.ts';
import { Patience } from '../../src/proxy/patience.ts';

const TIMEOUTS = { connect: 10, responseHeaders: 20, firstToken: 40, idle: 30, total: 1000, keepalive: 0 };

interface Play {
  begun?: boolean;
  /** For all attempts, until one begins. */
  deadline?: number;
  undecided?: boolean;
}

/** A patience with a clock of its own; `at` moves it and looks. */
function play({ begun = true, deadline = Number.POSITIVE_INFINITY, undecided = true }: Play = {}) {
  let now = 0;
  const said: string[] = [];
  class Clock extends Deadlines {
    override now(): number {
      return now;
    }
  }
  const attempt = { connected: true };
  const patience = new Patience(new Clock(), 50, deadline, {
    undecided: () => undecided,
    quiet: () => void said.push('quiet'),
    begun: () => begun,
    over: ({ code }) => void said.push(code),
    stalled: () => void said.push('stalled'),
    drained: () => void said.push('drained'),
  });
  patience.waitFor(attempt as Attempt, TIMEOUTS);
  const move = (time: number): void => {
    now = time;
  };
  const at = (time: number): string[] => {
    move(time);
    patience.tick(time);
    patience.end();
    return said.splice(0);
  };
  return { patience, attempt, move, at };
}

describe('Patience', () => {
  it('waits for a connection, then for headers, each for its own time', () => {
    const { attempt, at } = play();
    attempt.connected = false;
    expect(at(10)).to.deep.equal([]);
    expect(at(11)).to.deep.equal(['upstream_connect_timeout']);
    attempt.connected = true;
    expect(at(100)).to.deep.equal([]);
    expect(at(121)).to.deep.equal(['upstream_timeout']);
  });

  it('waits anew for each attempt, and for all of them no longer than the limit for the whole', () => {
    const { patience, attempt, move, at } = play();
    at(15);
    move(900);
    patience.waitFor(attempt as Attempt, TIMEOUTS);
    expect(at(905)).to.deep.equal([]);
    expect(patience.waited).to.equal(5);
    expect(at(1001)).to.deep.equal(['upstream_total_timeout']);
  });

  it('ends silence, and a stream that sends and says nothing', () => {
    const quiet = play();
    quiet.patience.heard('passing');
    expect(quiet.at(30)).to.deep.equal([]);
    expect(quiet.at(31)).to.deep.equal(['upstream_idle_timeout']);
    const empty = play({ begun: false });
    for (const time of [20, 40]) {
      empty.move(time);
      empty.patience.heard('passing');
    }
    expect(empty.at(41)).to.deep.equal(['upstream_first_token_timeout']);
  });

  it('blames the client, not the provider, while the client takes nothing', () => {
    const { patience, move, at } = play();
    patience.heard('passing');
    move(5);
    patience.clientIsFull();
    expect(at(55)).to.deep.equal([]);
    expect(at(56)).to.deep.equal(['stalled']);
    expect(patience.clientCaughtUp()).to.equal(true);
    expect(patience.clientCaughtUp()).to.equal(false);
    expect(at(86)).to.deep.equal([]);
    expect(at(87)).to.deep.equal(['upstream_idle_timeout']);
  });

  it('waits for the client as long when the provider is through', () => {
    const { patience, move, at } = play();
    patience.heard('leaving');
    expect(at(50)).to.deep.equal([]);
    patience.clientCaughtUp();
    expect(at(100)).to.deep.equal([]);
    expect(at(101)).to.deep.equal(['stalled']);
    move(0);
  });

  it('leaves a listener that thinks its time, and the provider only while it sends', () => {
    const { patience, at } = play();
    patience.heard('deciding');
    expect(at(31)).to.deep.equal(['upstream_idle_timeout']);
    patience.heard('thinking');
    expect(at(900)).to.deep.equal([]);
  });

  it('reads on for half a minute after the client left', () => {
    const { patience, at } = play();
    patience.heard('passing');
    patience.clientIsFull();
    patience.drain();
    expect(at(30_000)).to.deep.equal([]);
    expect(at(30_001)).to.deep.equal(['drained']);
  });

  it('ends at the time for all attempts, also between two of them, as long as none has begun to answer', () => {
    const { patience, at, move, attempt } = play({ deadline: 100 });
    patience.pause(TIMEOUTS);
    expect(at(100)).to.deep.equal([]);
    expect(at(101)).to.deep.equal(['upstream_deadline']);
    move(90);
    patience.waitFor(attempt as Attempt, TIMEOUTS);
    expect(at(101)).to.deep.equal(['upstream_deadline']);
    const begun = play({ deadline: 100, undecided: false });
    begun.move(90);
    begun.patience.heard('passing');
    expect(begun.at(110)).to.deep.equal([]);
  });

  it('tells each time that a client was left without a byte for so long, and only while an answer passes', () => {
    const { patience, attempt, move, at } = play();
    patience.waitFor(attempt as Attempt, {
      ...TIMEOUTS,
      idle: 500,
      firstToken: 500,
      responseHeaders: 500,
      keepalive: 25,
    });
    expect(at(40)).to.deep.equal([]);
    patience.heard('passing');
    expect(at(65)).to.deep.equal([]);
    expect(at(66)).to.deep.equal(['quiet']);
    expect(at(91)).to.deep.equal([]);
    expect(at(92)).to.deep.equal(['quiet']);
    move(100);
    patience.heard();
    expect(at(125)).to.deep.equal([]);
    patience.clientIsFull();
    expect(at(140)).to.deep.equal([]);
  });
});
