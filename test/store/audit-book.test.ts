import { expect } from 'chai';
import { exec } from '../../src/store/driver.ts';
import { onBothDialects, openSqlite } from './places.ts';

onBothDialects('the book of who changed what', (place, dialect) => {
  const entry = {
    who: 'ops',
    action: 'settings.changed',
    subject: 'agent coder',
    agent: 'coder',
    session: null,
    facts: {},
  };
  const past = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 2));

  it('gives back what was written, the newest first, after a restart, too', async () => {
    const store = await place().open();
    const odd = {
      ...entry,
      who: null,
      subject: `it's "$1"`,
      facts: { before: null, after: [1.5, { ü: '😀' }], text: 'x' },
    };
    const since = Date.now();
    await store.audit.write(entry);
    await past();
    await store.audit.write(odd);
    await store.close();
    const [second, first, ...rest] = await (await place().open()).audit.list();
    expect(rest).to.deep.equal([]);
    expect(first).to.deep.equal({ ...entry, time: first?.time });
    expect(second).to.deep.equal({ ...odd, time: second?.time });
    expect(Date.parse(first!.time)).to.be.within(since, Date.now());
    expect(second!.time > first!.time).to.equal(true);
  });

  it('is narrowed by action, agent, sessions and time', async () => {
    const store = await place().open();
    await store.audit.write(entry);
    await store.audit.write({ ...entry, action: 'session.reset', session: 'one' });
    await store.audit.write({ ...entry, action: 'session.trimmed', session: 'two', agent: null });
    await past();
    const noon = new Date();
    await store.audit.write({ ...entry, action: 'Session.odd', session: 'three', agent: 'other' });
    const found = async (question: object): Promise<(string | null)[]> =>
      (await store.audit.list(question)).map(({ session }) => session);
    expect(await found({ action: 'session.' })).to.deep.equal(['two', 'one']);
    expect(await found({ action: 'session%' })).to.deep.equal([]);
    expect(await found({ agent: 'coder' })).to.deep.equal(['one', null]);
    expect(await found({ sessions: ['one', 'three', "'"] })).to.deep.equal(['three', 'one']);
    expect(await found({ sessions: [] })).to.deep.equal([]);
    expect(await found({ from: noon })).to.deep.equal(['three']);
    expect(await found({ to: noon })).to.deep.equal(['two', 'one', null]);
    expect(await found({ limit: 1 })).to.deep.equal(['three']);
    expect(await found({ limit: 0 })).to.have.lengthOf(1);
  });

  it('takes hostile and endless texts, and leaves out what makes the facts too long', async () => {
    const store = await place().open();
    const evil = `'; drop table audit; -- $1 \0 \ud800 ${'x'.repeat(5000)}`;
    const facts = {
      small: 1,
      large: 'y'.repeat(3000),
      larger: Array.from({ length: 2000 }, (_, n) => n),
      [evil]: evil,
    };
    await store.audit.write({ ...entry, who: evil, action: evil, subject: evil, agent: evil, session: evil, facts });
    const [found] = await store.audit.list();
    expect(found?.subject).to.have.lengthOf(512);
    expect(found?.facts).to.deep.include({ small: 1, large: 'y'.repeat(3000) });
    expect(found?.facts.left_out).to.have.lengthOf(2);
    expect(JSON.stringify(found?.facts).length).to.be.below(4097);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`name ${n}`, n]));
    await store.audit.write({ ...entry, facts: many });
    expect(JSON.stringify((await store.audit.list())[0]?.facts).length).to.be.below(4097);
  });

  it('says when an entry is not stored, and takes the next', async () => {
    const store = await place().open();
    const change = async (sql: string): Promise<void> => {
      if (dialect === 'postgres') return void (await place().query(sql));
      const handle = await openSqlite(place().address.slice('sqlite:'.length));
      await exec(handle, sql);
      await new Promise<void>((resolve) => handle.close(() => resolve()));
    };
    await change('alter table audit rename to away');
    let failed = false;
    await store.audit.write(entry).catch(() => {
      failed = true;
    });
    expect(failed).to.equal(true);
    await change('alter table away rename to audit');
    await store.audit.write(entry);
    expect(await store.audit.list()).to.have.lengthOf(1);
  });
});
