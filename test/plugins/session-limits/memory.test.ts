import { expect } from 'chai';
import { keyOf, Memory, type Sighting } from '../../../plugins/session-limits/memory.ts';
import { Waits } from '../../../plugins/session-limits/wait.ts';

const sighting = (more: Partial<Sighting> = {}): Sighting => ({
  time: '2026-11-20T12:00:00.000Z',
  session: 's',
  agent: 'a',
  tenant: null,
  project: null,
  limit: 'l',
  state: 'soft',
  measure: 'chars',
  value: '2',
  bound: '1',
  action: 'warn',
  ...more,
});

describe('what is remembered of sessions at limits', () => {
  it('is told once for a session, a limit and a state', () => {
    const memory = new Memory();
    const tells = (more: Partial<Sighting>) => memory.tells(sighting(more));
    expect([tells({}), tells({ value: '3' }), tells({ agent: 'b' })]).to.eql([true, false, false]);
    for (const more of [{ state: 'hard' }, { session: 't' }, { limit: 'm' }, { tenant: 'x' }] as const)
      expect(tells(more), JSON.stringify(more)).to.equal(true);
    expect([tells({ session: null }), tells({ session: null, agent: 'b' })]).to.eql([true, true]);
  });

  it('is bounded, the newest staying', () => {
    const memory = new Memory();
    for (let i = 0; i < 20_001; i++) {
      memory.tells(sighting({ session: `s${i}` }));
      memory.see(sighting({ session: `s${i}` }));
    }
    expect(memory.tells(sighting({ session: 's20000' }))).to.equal(false);
    expect(memory.tells(sighting({ session: 's0' }))).to.equal(true);
    expect(memory.sightings.length).to.equal(500);
    expect(memory.sightings[0]!.session).to.equal('s20000');
  });

  it('shows a session once for each limit, as it was seen last', () => {
    const memory = new Memory();
    memory.see(sighting({ session: 's' }));
    memory.see(sighting({ session: 't' }));
    memory.see(sighting({ session: 's', value: '9' }));
    expect(memory.sightings.map(({ session, value }) => [session, value])).to.eql([
      ['s', '9'],
      ['t', '2'],
    ]);
  });

  it('lets so many requests pass in ten minutes', () => {
    const memory = new Memory();
    const key = keyOf(sighting());
    const at = (minutes: number, most = 1) => memory.grant(key, most, minutes * 60_000);
    expect([at(1), at(2), at(10.9), at(11), at(12)]).to.eql([true, false, false, true, false]);
    expect(at(12, 2), 'more are allowed now').to.equal(true);
    expect(memory.grant(keyOf(sighting({ session: 't' })), 1, 0), 'another session').to.equal(true);
    expect(new Memory().grant(key, 0, 0)).to.equal(false);
  });
});

describe('requests that are made slow', () => {
  it('are so many at a time, and a place is free again when one goes or leaves', async () => {
    const waits = new Waits(2);
    let leave = (): void => {};
    const first = waits.wait(20, () => {});
    const second = waits.wait(60_000, (end) => {
      leave = end;
    });
    expect([waits.waiting, waits.full]).to.eql([2, true]);
    await first;
    expect([waits.waiting, waits.full]).to.eql([1, false]);
    leave();
    await second;
    expect(waits.waiting).to.equal(0);
  });
});
