import { expect } from 'chai';

import type { Documents } from '../../src/accounts/documents.ts';
import { PromptCutter } from '../../src/prompts/cutter.ts';
import { Store } from '../../src/store/store.ts';
import { newFolder, onBothDialects } from '../store/places.ts';
import { listeningLog } from '../store/records.ts';
import { exchangeWith } from '../support/cut.ts';
import { postgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const hashOf = (cutter: PromptCutter): number =>
  cutter.cut(exchangeWith({ messages: [{ role: 'user', content: 'Hello' }] }))!.pieces[0]!.hash;

const isStored = (documents: Documents): boolean => documents.all().has('salt');

onBothDialects('the salt of hashes', (place) => {
  it('is made once, and is the same after a restart', async () => {
    const store = await place().open();
    const documents = store.documents('prompts');
    const before = hashOf(new PromptCutter(documents));
    await until('the salt is stored', () => isStored(documents));
    expect(Buffer.from(documents.all().get('salt') as string, 'base64')).to.have.length(32);
    expect(hashOf(new PromptCutter(documents)), 'of the same process').to.equal(before);
    await store.close();
    const again = await place().open();
    expect(hashOf(new PromptCutter(again.documents('prompts')))).to.equal(before);
  });
});

describe('the salt of processes on one PostgreSQL', () => {
  it('is made by several at once, and soon is the one that was stored last for all', async function () {
    this.timeout(20_000);
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const stores = await Promise.all(
      [1, 2, 3].map(() => Store.open({ database: database.url, folder: newFolder(), log: listeningLog() })),
    );
    try {
      const cutters = stores.map((store) => new PromptCutter(store.documents('prompts')));
      await until('all have one salt', () => new Set(cutters.map(hashOf)).size === 1, 3000);
      const hash = hashOf(cutters[0]!);
      await new Promise((done) => setTimeout(done, 1500));
      expect(cutters.map(hashOf)).to.eql([hash, hash, hash]);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });
});

describe('the salt of processes', () => {
  /** What two processes share: each learns of the other's later. */
  function shared(): { documents: Documents; learn(body: unknown): void; puts: unknown[]; refuses: boolean } {
    const bodies = new Map<string, never>();
    const listeners = new Set<() => void>();
    const puts: unknown[] = [];
    const made = {
      puts,
      refuses: false,
      learn(body: unknown) {
        bodies.set('salt', body as never);
        for (const listener of listeners) listener();
      },
      documents: {
        all: () => bodies,
        async put(_id: string, body: unknown) {
          if (made.refuses) throw new Error('the database is away');
          puts.push(body);
          made.learn(body);
        },
        putUnchanged: async () => false,
        putAll: async () => {},
        delete: async () => false,
        onChange(listener: () => void) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
    };
    return made;
  }

  it('is in the end the one that was stored last; what was cut before is cut anew', () => {
    const [one, other] = [shared(), shared()];
    const [mine, theirs] = [new PromptCutter(one.documents), new PromptCutter(other.documents)];
    const exchange = exchangeWith({ system: 'Be kind.', messages: [{ role: 'user', content: 'Hello' }] });
    const before = mine.cut(exchange)!;
    expect(before.pieces[0]!.hash).to.not.equal(theirs.cut(exchange)!.pieces[0]!.hash);
    one.learn(other.puts[0]);
    expect(mine.cut(exchange)).to.not.equal(before);
    expect(mine.cut(exchange)).to.eql(theirs.cut(exchange));
  });

  it('is one of its own where the database does not answer, or holds none that can be used', async () => {
    const away = shared();
    away.refuses = true;
    const cutter = new PromptCutter(away.documents);
    const hash = hashOf(cutter);
    await new Promise((done) => setImmediate(done));
    expect(hashOf(cutter)).to.equal(hash);
    const odd = shared();
    odd.learn('too short');
    new PromptCutter(odd.documents);
    expect(odd.puts).to.have.length(1);
  });
});
