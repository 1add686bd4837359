import { expect } from 'chai';
import { SessionBook } from '../../src/sessions/book.ts';
import { Desk, promptOf, type Said } from './talk.ts';

const FIRST: Said[] = ['u:Write a parser.'];
const SECOND: Said[] = [...FIRST, 'a:Which grammar?', 'u:JSON.'];
const THIRD: Said[] = [...SECOND, 'a:Here it is.', 'u:Now test it.'];

describe('a book of sessions', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk();
  });

  /** Asks one after another, and says which sessions and relations came of it. */
  const told = (...lists: Said[][]): [string, string][] =>
    lists.map((said) => {
      const { session, turn } = desk.ask(said);
      return [session.id, turn.relation];
    });

  it('takes a request for the next turn of the one whose messages it begins with', () => {
    const [first, second, third] = told(FIRST, SECOND, THIRD);
    expect(first![0]).to.match(/^chain-[0-9a-f]{16}$/);
    expect([first, second, third].map((one) => one![1])).to.eql(['start', 'next', 'next']);
    expect(new Set([first, second, third].map((one) => one![0]))).to.have.lengthOf(1);
  });

  it('hands the turn before on, and none to the first', () => {
    expect(desk.ask(FIRST).turn.before).to.equal(null);
    expect(desk.ask(SECOND).turn.before?.prompt.length).to.equal(1);
    desk.ask(THIRD, { ends: 'failed' });
    expect(desk.ask(THIRD).turn.before?.prompt.length).to.equal(3);
  });

  it('keeps callers apart: tenants, keys, agents and users', () => {
    const ids = [{}, { tenant: 'acme' }, { key: 'other' }, { agent: 'other' }, { user: 'kim' }].map(
      (caller) => desk.ask(FIRST, caller).session.id,
    );
    expect(new Set(ids)).to.have.lengthOf(5);
    expect(desk.ask(SECOND, { tenant: 'acme' }).session.id).to.equal(ids[1]);
  });

  describe('where several conversations begin with the same words', () => {
    it('begins another one when the one before was answered', () => {
      const [one, other] = told(FIRST, FIRST);
      expect(one![0]).not.to.equal(other![0]);
      expect(other![1]).to.equal('start');
    });

    it('tells by the length of the answer which one goes on', () => {
      const says = ['Short.', 'An answer of some length, which is another one.', 'Of middle length, this.'];
      const ids = says.map((text) => desk.ask(['u:Hello'], { says: text }).session.id);
      const next = says.map((text) => desk.ask(['u:Hello', `a:${text}`, 'u:Go on.']).session);
      expect(next.map(({ id }) => id)).to.eql(ids);
      expect(next[0]!.confidence).to.equal('medium');
    });

    it('takes the newest that was answered and not gone on from where nothing tells', () => {
      const [one, other] = told(['u:Hello'], ['u:Hello']);
      desk.ask(['u:Hello'], { ends: 'failed' });
      const next = [desk.ask(['u:Hello', 'a:1', 'u:x']), desk.ask(['u:Hello', 'a:2', 'u:y'])];
      expect(next.map(({ session }) => session.id)).to.eql([other![0], one![0]]);
      expect(next[0]!.session.confidence).to.equal('low');
    });

    it('prefers the one with the same system prompt', () => {
      const one = desk.ask(['u:Hello'], { cut: { systemHash: 7 } });
      const other = desk.ask(['u:Hello'], { cut: { systemHash: 8 } });
      const next = desk.ask(['u:Hello', 'a:1', 'u:x'], { cut: { systemHash: 7 } });
      expect(next.session.id).to.equal(one.session.id).and.not.equal(other.session.id);
    });

    it('never takes one that has gone on with another answer', () => {
      const one = desk.ask(['u:Hello']);
      desk.ask(['u:Hello', 'a:1', 'u:x']);
      const other = desk.ask(['u:Hello', 'a:2', 'u:y']);
      expect(other.session.id).not.to.equal(one.session.id);
      expect(desk.ask(['u:Hello', 'a:1', 'u:x', 'a:3', 'u:z']).session.id).to.equal(one.session.id);
      expect(desk.ask(['u:Hello', 'a:2', 'u:y', 'a:3', 'u:z']).session.id).to.equal(other.session.id);
    });
  });

  describe('a request that comes once more', () => {
    it('is a retry of a first turn that failed, or that is still under way', () => {
      for (const ends of ['failed', 'open'] as const) {
        const said: Said[] = [`u:${ends}`];
        const first = desk.ask(said, { ends });
        const again = desk.ask(said);
        expect([again.session.id, again.turn.relation]).to.eql([first.session.id, 'retry']);
      }
    });

    it('is a retry of a later turn, answered or not', () => {
      const [, second, again] = told(FIRST, SECOND, SECOND);
      expect(again).to.eql([second![0], 'retry']);
    });

    it('is none where another system prompt asks the same', () => {
      const first = desk.ask(FIRST, { ends: 'failed' });
      expect(desk.ask(FIRST, { cut: { systemHash: 9 } }).session.id).not.to.equal(first.session.id);
    });
  });

  describe('a request that goes another way', () => {
    it('stays in its session where the last words of the user were edited', () => {
      const [, second, edited] = told(FIRST, SECOND, [...SECOND.slice(0, 2), 'u:YAML.']);
      expect(edited).to.eql([second![0], 'branch']);
    });

    it('stays where they were edited after tools had run for them', () => {
      const [first, , edited] = told(
        FIRST,
        [...FIRST, 'a:call', 't:42', 'a:call more', 't:43'],
        [...FIRST, 'a:call', 't:42', 'a:call other', 't:44'],
      );
      expect(edited).to.eql([first![0], 'branch']);
    });

    it('stays where the API has tools’ results said by the user', () => {
      const ask = (said: Said[]) => {
        const tool = promptOf(said);
        return desk.ask(said, {
          cut: { messages: tool.messages.map((one) => ({ ...one, role: one.role === 'tool' ? 'user' : one.role })) },
        });
      };
      const first = ask(FIRST);
      ask(SECOND);
      ask([...SECOND, 'a:call', 't:42', 'a:call more', 't:43']);
      const { session, turn } = ask([...FIRST, 'a:Which grammar?', 'u:YAML.']);
      expect([session.id, turn.relation]).to.eql([first.session.id, 'branch']);
    });

    it('is a session of its own with a parent where the beginning is shared and the way is another', () => {
      const [first] = told(FIRST, SECOND, THIRD);
      const { session, turn } = desk.ask([...FIRST, 'a:Which grammar?', 'u:None. Stop.']);
      expect(session.id).not.to.equal(first![0]);
      expect(turn).to.deep.include({ relation: 'branch', parent: first![0], before: null });
      const next = desk.ask([...FIRST, 'a:Which grammar?', 'u:None. Stop.', 'a:Stopped.', 'u:Thanks.']);
      expect([next.session.id, next.turn.relation]).to.eql([session.id, 'next']);
      expect(desk.ask([...THIRD, 'a:Done.', 'u:Thanks.']).session.id).to.equal(first![0]);
    });

    it('stays apart where both ways go on, in whichever order', () => {
      const edited: Said[] = [...SECOND.slice(0, 2), 'u:YAML.'];
      const [first] = told(FIRST, SECOND, edited);
      const ways = [SECOND, edited].map((said, at): Said[] => [...said, `a:${at}`, `u:more ${at}`]);
      const [one, other] = told(ways[0]!, ways[1]!);
      expect(one).to.eql([first![0], 'next']);
      expect(other![0]).not.to.equal(first![0]);
      for (const round of [1, 2, 3])
        ways.forEach((said, at) => {
          said.push(`a:${at} ${round}`, `u:${at} ${round}`);
          expect(told(said)[0]).to.eql([[one, other][at]![0], 'next']);
        });
    });

    it('is nobody’s branch where many calls share examples and were never seen to grow from them', () => {
      const examples: Said[] = ['u:2+2', 'a:4', 'u:3+3', 'a:6'];
      const calls = told([...examples, 'u:5+5'], [...examples, 'u:1+1'], [...examples, 'u:7+7']);
      expect(new Set(calls.map(([id]) => id))).to.have.lengthOf(3);
      expect(calls.map(([, relation]) => relation)).to.eql(['start', 'start', 'start']);
    });
  });

  describe('a history that was changed', () => {
    const LONG: Said[] = Array.from({ length: 41 }, (_, at): Said => (at % 2 === 0 ? `u:ask ${at}` : `a:say ${at}`));
    let id: string;
    beforeEach(() => {
      id = desk.ask(LONG.slice(0, 1)).session.id;
      for (let at = 3; at <= LONG.length; at += 2) desk.ask(LONG.slice(0, at));
    });

    const expects = (relation: string, said: Said[]): void => {
      const { session, turn } = desk.ask(said);
      expect([session.id, turn.relation, session.confidence]).to.eql([id, relation, 'medium']);
      const next = desk.ask([...said, 'a:and', 'u:on']);
      expect([next.session.id, next.turn.relation]).to.eql([id, 'next']);
    };

    it('is compacted where a summary stands for its beginning', () =>
      expects('compacted', ['u:Summary of all that.', ...LONG.slice(-4), 'a:new', 'u:newest']));
    it('is compacted where a summary stands for its middle', () =>
      expects('compacted', [...LONG.slice(0, 2), 'u:Summary.', ...LONG.slice(-3), 'a:new', 'u:newest']));
    it('is compacted where results of tools were taken out', () => {
      const pruned = LONG.map((said, at): Said => (at > 0 && at < 30 && at % 2 === 0 ? 'u:-' : said));
      expects('compacted', [...pruned, 'a:n', 'u:n']);
    });
    it('is the same where a window moves on over it', () =>
      expects('next', [
        ...LONG.slice(3),
        'a:a rather long answer',
        'u:a rather long question',
        'a:more',
        'u:newest of all',
      ]));
    it('is the same where a window holds three messages', () => {
      const other = desk.ask(['u:w1', 'a:w2', 'u:w3']).session.id;
      expect(desk.ask(['u:w3', 'a:w4', 'u:w5']).session.id).to.equal(other);
      expect(desk.ask(['u:w5', 'a:w6', 'u:w7']).session.id).to.equal(other);
    });
    it('is the same where the last words of the user were changed afterwards', () =>
      expects('next', [...LONG.slice(0, -1), 'u:ask 40 without its surroundings', 'a:new', 'u:newest']));
    it('is the same where it says itself that it was shortened', () => {
      const { session, turn } = desk.ask(['u:This session is being continued.'], { cut: { isCompacted: true } });
      expect([session.id, turn.relation, session.confidence]).to.eql([id, 'compacted', 'low']);
    });
    it('is another one where nothing of it is left', () => {
      expect(desk.ask(['u:Bake.', 'a:What?', 'u:Bread.', 'a:How?', 'u:Hot.']).session.id).not.to.equal(id);
    });
  });

  describe('ids', () => {
    it('are the same for the same beginning in another process and after a restart', () => {
      const { session } = desk.ask(FIRST);
      expect(new Desk().ask(THIRD).session.id).to.equal(session.id);
    });

    it('are others where a conversation that begins alike is here already', () => {
      const { session } = desk.ask(FIRST);
      desk.ask(SECOND);
      expect(desk.ask([...FIRST, 'a:No.', 'u:Why?']).session.id).not.to.equal(session.id);
    });

    it('of before a restart are for who goes on, and for nobody who begins', () => {
      const { id } = desk.ask(FIRST).session;
      const after = (): Desk => {
        const book = new SessionBook();
        book.know(id);
        return new Desk(book);
      };
      expect(after().ask(FIRST).session.id).not.to.equal(id);
      const { session, turn } = after().ask(THIRD);
      expect([session.id, turn.relation]).to.eql([id, 'joined']);
    });
  });
});
