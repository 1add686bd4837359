/** The scorer itself: what was seen is made up here, so that each verdict is seen to be given. */
import { expect } from 'chai';

import { ask, type Heard } from '../support/careful-client.ts';
import {
  advisory,
  attemptsAtMost,
  attemptsExactly,
  attemptsWithin,
  endsWithin,
  isWhole,
  masksNothing,
  namesFallback,
  type Observed,
  probesSeldom,
  recoversWithin,
  score,
  servedUntil,
  tellsUsage,
  waits,
} from '../support/scorecard.ts';
import { type Fault, refuse, type Seen, startWall, type Wall } from '../support/wall.ts';

const GOOD: Heard = {
  outcome: 'success',
  status: 200,
  text: '',
  complete: true,
  finished: true,
  model: 'backup',
  usage: { output_tokens: 1 },
  error: null,
  broken: false,
  garbage: 0,
  ms: 100,
  firstWordMs: 50,
  id: '',
  headers: {},
};
const ERROR: Partial<Heard> = { outcome: 'error', complete: false };
const call = (at: number, more: Partial<Seen> = {}): Seen => ({ at, model: 'm', did: 'answer', ...more }) as Seen;
const seen = (heard: Partial<Heard> = {}, more: Partial<Observed> = {}): Observed => ({
  heard: { ...GOOD, ...heard },
  primary: [call(0)],
  fallback: [],
  alive: true,
  steps: [],
  ...more,
});
const verdict = (...args: Parameters<typeof score>): string => score(...args).verdict;

describe('the scorer of failing providers', () => {
  it('passes what was rescued', () => expect(verdict('answer', [isWhole], seen())).to.equal('pass'));

  it('calls a clean error safe', () => expect(verdict('answer', [], seen(ERROR))).to.equal('safe'));

  it('fails a hang and a part that looks whole, whatever the checks say', () => {
    expect(verdict('answer', [], seen({ outcome: 'hang' }))).to.equal('fail');
    expect(verdict('answer', [], seen({ complete: false }))).to.equal('fail');
    expect(verdict('error', [], seen({ complete: false }))).to.equal('fail');
  });

  it('tells advisory checks from required ones', () => {
    const never = attemptsAtMost(0);
    expect(verdict('answer', [never], seen())).to.equal('fail');
    expect(verdict('answer', [advisory(never)], seen())).to.equal('partial');
    expect(verdict('answer', [advisory(never)], seen(ERROR))).to.equal('safe');
    expect(verdict('answer', [never], seen(ERROR))).to.equal('fail');
  });

  it('wants an error where an error is due', () => {
    expect(verdict('error', [], seen(ERROR))).to.equal('pass');
    expect(verdict('error', [], seen())).to.equal('partial');
  });

  it('holds its checks against both sides', () => {
    const hasty = seen({}, { primary: [call(0), call(40)] });
    const patient = seen({}, { primary: [call(0), call(140)] });
    expect([hasty, patient, seen()].map(waits(100).holds)).to.deep.equal([false, true, false]);
    expect([hasty, patient].map(attemptsWithin(100, 1).holds)).to.deep.equal([false, true]);
    expect([hasty, seen()].map(attemptsExactly(1).holds)).to.deep.equal([false, true]);
    expect([seen(), seen({ ms: 300 })].map(endsWithin(200).holds)).to.deep.equal([true, false]);
    expect([seen(), seen({ usage: null })].map(tellsUsage.holds)).to.deep.equal([true, false]);
  });

  it('knows who answered and what a fallback refused', () => {
    const other = { fallback: [call(0, { model: 'other' })] };
    expect([seen(), seen({}, other)].map(namesFallback.holds)).to.deep.equal([true, false]);
    const prefill = { fallback: [call(0, { prefill: true })] };
    expect([seen({}, prefill), seen(ERROR, prefill), seen(ERROR)].map(masksNothing.holds)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('reads sequences by the clock', () => {
    const step = (sentAt: number, heard: Partial<Heard> = {}) => ({ sentAt, heard: { ...GOOD, ...heard } });
    const down = (at: number) => call(at, { did: 'refuse' });
    const good = seen({}, { steps: [step(0), step(50), step(150)], primary: [down(0), call(160)] });
    const bad = seen({}, { steps: [step(0, ERROR), step(150)], primary: [down(0), down(1), call(99), call(900)] });
    expect([good, bad].map(servedUntil(100).holds)).to.deep.equal([true, false]);
    expect([good, bad].map(recoversWithin(100, 100).holds)).to.deep.equal([true, false]);
    expect([good, bad].map(probesSeldom(100).holds)).to.deep.equal([true, false]);
    expect(servedUntil(100).holds(seen())).to.equal(false);
  });
});

describe('the careful client and the wall', () => {
  let wall: Wall;
  before(async () => {
    wall = await startWall();
  });
  after(() => wall.close());
  const hear = (fault: Fault, more: { stream?: boolean; limit?: number } = {}) => {
    wall.set('m', fault);
    return ask({ url: wall.url, dialect: 'openai', model: 'm', limit: 2000, ...more });
  };

  it('agree on what is whole, streaming or not', async () => {
    for (const stream of [true, false]) {
      expect(await hear({ do: 'answer' }, { stream })).to.include({ outcome: 'success', complete: true });
      expect(await hear({ do: 'cut', after: 30 }, { stream })).to.include({ outcome: 'error', broken: true });
      expect(await hear(refuse('server'), { stream })).to.include({ outcome: 'error', status: 500, broken: false });
      expect(await hear({ do: 'reset' }, { stream })).to.include({ outcome: 'error', status: 0 });
      expect(await hear({ do: 'silence' }, { stream, limit: 100 })).to.include({ outcome: 'hang' });
      expect(await hear({ do: 'stall', after: 5, ms: 5000 }, { stream, limit: 200 })).to.include({ outcome: 'hang' });
    }
    expect(await hear({ do: 'garbage', at: 5 })).to.include({ complete: true, garbage: 1 });
    expect(await hear({ do: 'no end' })).to.include({ complete: true, finished: false });
    expect((await hear({ do: 'slow', ms: 300 })).firstWordMs).to.be.at.least(290);
  });

  it('see a connection that the caller has given up', async () => {
    wall.forget();
    await hear({ do: 'silence' }, { limit: 100 });
    await new Promise((done) => setTimeout(done, 50));
    expect(wall.calls.at(-1)?.closedAt).to.be.within(80, 400);
  });
});
