import { expect } from 'chai';
import { SessionBook } from '../../src/sessions/book.ts';
import { Desk, type Said } from './talk.ts';

const HOUR_MS = 3_600_000;

/** A conversation of its own, of so many messages. */
const talk = (name: number | string, messages = 3): Said[] =>
  Array.from({ length: messages }, (_, at): Said => (at % 2 === 0 ? `u:${name} ${at}` : `a:${name} ${at}`));

describe('what is remembered of sessions', () => {
  it('is so many conversations at most: the longest unused go', () => {
    const desk = new Desk(new SessionBook({ lines: 100 }));
    const ids = Array.from({ length: 100 }, (_, at) => desk.ask(talk(at, 1)).session.id);
    expect(desk.ask(talk(0)).session.id).to.equal(ids[0]);
    for (let at = 100; at < 150; at++) desk.ask(talk(at, 1));
    expect(desk.book.size.conversations).to.equal(100);
    expect(desk.ask(talk(0, 5)).turn.relation).to.equal('next');
    expect(desk.ask(talk(99)).turn.relation).to.equal('next');
    expect(desk.ask(talk(1)).turn.relation).to.equal('start');
  });

  it('is so many messages at most, all together', () => {
    const desk = new Desk(new SessionBook({ marks: 1000 }));
    for (let at = 0; at < 50; at++) {
      desk.ask(talk(at, 1));
      desk.ask(talk(at, 99));
      expect(desk.book.size.messages).to.be.at.most(1000);
    }
    expect(desk.book.size.conversations).to.equal(10);
    expect(desk.ask(talk(49, 101)).turn.relation).to.equal('next');
  });

  it('keeps one conversation though it alone has more than that', () => {
    const desk = new Desk(new SessionBook({ marks: 50 }));
    const { session } = desk.ask(talk('long', 99));
    expect(desk.ask(talk('long', 101)).session.id).to.equal(session.id);
  });

  it('is the prompts of so many turns at most', () => {
    const desk = new Desk(new SessionBook({ priors: 10 }));
    for (let at = 0; at < 30; at++) desk.ask(talk(at, 1));
    expect(desk.book.size.turns).to.equal(10);
    expect(desk.ask(talk(29)).turn.before).not.to.equal(null);
    expect(desk.ask(talk(0)).turn).to.deep.include({ relation: 'next', before: null });
  });

  it('is so many pieces of prompts at most, all together', () => {
    const desk = new Desk(new SessionBook({ pieces: 100 }));
    for (let at = 0; at < 8; at++) desk.ask(talk(at, 31));
    expect(desk.book.size).to.include({ conversations: 8, turns: 3 });
    for (let turn = 33; turn < 74; turn += 2) desk.ask(talk(7, turn));
    expect(desk.book.size.turns).to.equal(1);
    expect(desk.ask(talk(7, 75)).turn.before?.prompt.length).to.equal(73);
  });

  it('loses prompts that rest for more than an hour, and conversations after a day', () => {
    const desk = new Desk();
    const { session } = desk.ask(talk('old', 1));
    desk.now += 2 * HOUR_MS;
    desk.ask(talk('new', 1));
    desk.book.sweep(desk.now);
    expect(desk.book.size).to.include({ conversations: 2, turns: 1 });
    const next = desk.ask(talk('old'));
    expect([next.session.id, next.turn.before]).to.eql([session.id, null]);
    desk.now += 25 * HOUR_MS;
    desk.book.sweep(desk.now);
    expect(desk.book.size).to.eql({ conversations: 0, messages: 0, turns: 0 });
  });

  it('is nothing of a conversation that is gone: its end is quietly forgotten', () => {
    const desk = new Desk(new SessionBook({ lines: 1 }));
    const place = desk.ask(talk('gone', 1), { ends: 'open' });
    desk.ask(talk('other', 1));
    place.finish({
      answered: true,
      outputChars: 1,
      answerId: 'resp_1',
      prior: { at: 1, prompt: { pieces: [] } as never, tokens: null, usage: null, provider: null, model: null },
    });
    expect(desk.book.size).to.include({ conversations: 1, turns: 1 });
  });

  it('looks for no list of more than ten thousand messages', () => {
    const desk = new Desk();
    const list = talk('endless', 10_001);
    expect(desk.ask(list, { historyChars: () => 99 }).session.source).to.equal('history');
    expect(desk.book.size.messages).to.equal(0);
  });

  it('holds the history rule where there are no messages to look at, for a day', () => {
    const desk = new Desk();
    const say = (chars: number) => desk.ask(null, { historyChars: () => chars });
    const first = say(5000);
    expect([first.session.confidence, first.turn.relation]).to.eql(['low', 'start']);
    const same = say(2500);
    expect([same.session, same.turn.relation]).to.eql([first.session, 'joined']);
    const other = say(1249);
    expect([other.session.id === first.session.id, other.turn.relation]).to.eql([false, 'start']);
    desk.now += 25 * HOUR_MS;
    expect(say(2000).turn.relation).to.equal('start');
  });

  it('is as quick with a thousand that begin alike as with one', () => {
    const desk = new Desk();
    const started = performance.now();
    for (let at = 0; at < 3000; at++) desk.ask(['u:Hello']);
    for (let at = 0; at < 100; at++) desk.ask(['u:Hello', `a:${at}`, `u:${at}`, `a:x${at}`, `u:y${at}`]);
    expect(performance.now() - started).to.be.lessThan(2000);
  });
});
