import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Backlog } from '../../src/store/backlog.ts';
import { Journal } from '../../src/store/journal.ts';
import { encode, lineOf, textOf } from '../../src/store/line.ts';
import { toRow } from '../../src/store/row.ts';
import type { Waiting } from '../../src/store/waiting.ts';
import { newFolder, until } from './places.ts';
import { recordOf } from './records.ts';

const waiting = (text: string): Waiting => ({ text, since: 0, segment: null, stored: false });

describe('the journal', () => {
  let folder: string;
  let journals: Journal[] = [];
  beforeEach(() => {
    folder = join(newFolder(), 'journal');
  });
  afterEach(async () => {
    for (const journal of journals) await journal.close();
    journals = [];
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  const opened = async (): Promise<{ journal: Journal; texts: string[] }> => {
    const journal = new Journal(folder, 'normal');
    journals.push(journal);
    return { journal, texts: (await journal.recover(0)).map((row) => row.text) };
  };

  it('gives back after a crash what was appended, in order', async () => {
    const { journal } = await opened();
    for (const text of ['{"id":"1"}', '{"id":"2"}', '{"id":"3"}']) journal.append(waiting(text));
    await until(
      () => files(folder).length === 1 && readFileSync(files(folder)[0]!, 'utf8').includes('"3"'),
      'it is written',
    );
    expect((await opened()).texts).to.deep.equal(['{"id":"1"}', '{"id":"2"}', '{"id":"3"}']);
  });

  it('passes over a torn line, wherever the tear is', async () => {
    const whole = lineOf('{"id":"1"}') + lineOf('{"id":"2"}');
    const torn = lineOf('{"id":"3","agent":"Zürich 😀"}');
    mkdirSync(folder, { recursive: true });
    for (let cut = 1; cut < Buffer.byteLength(torn) - 1; cut++) {
      writeFileSync(
        join(folder, '0000000001.jsonl'),
        Buffer.concat([Buffer.from(whole), Buffer.from(torn).subarray(0, cut)]),
      );
      const { journal, texts } = await opened();
      expect(texts).to.have.lengthOf(2);
      expect(journal.torn).to.equal(1);
    }
  });

  it('passes over a line that was changed, and reads on after it', async () => {
    mkdirSync(folder, { recursive: true });
    const lines = ['{"id":"1"}', '{"id":"2"}', '{"id":"3"}'].map(lineOf);
    writeFileSync(join(folder, '0000000001.jsonl'), lines.join('').replace('"2"', '"9"'));
    expect((await opened()).texts).to.deep.equal(['{"id":"1"}', '{"id":"3"}']);
  });

  it('writes to a new file after a crash, never to the one with the tear', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '0000000007.jsonl'), `${lineOf('{"id":"1"}')}torn`);
    const { journal } = await opened();
    journal.append(waiting('{"id":"2"}'));
    await journal.flush();
    expect(readdirSync(folder).sort()).to.deep.equal(['0000000007.jsonl', '0000000008.jsonl']);
    expect((await opened()).texts).to.deep.equal(['{"id":"1"}', '{"id":"2"}']);
  });

  it('drops a file when all its rows are in the database, and not before', async () => {
    const { journal } = await opened();
    const rows = [waiting('{"id":"1"}'), waiting('{"id":"2"}')];
    for (const row of rows) journal.append(row);
    await journal.flush();
    journal.settle(rows.slice(0, 1));
    expect(files(folder)).to.have.lengthOf(1);
    journal.settle(rows.slice(1));
    await until(() => files(folder).length === 0, 'the file is gone');
    await journal.close();
  });

  it('keeps rows in memory while its folder cannot be written, and writes them when it can', async () => {
    const { journal } = await opened();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    journal.append(waiting('{"id":"1"}'));
    await until(() => journal.failure !== null, 'the failure shows');
    rmSync(folder);
    journal.append(waiting('{"id":"2"}'));
    await until(() => journal.failure === null, 'it has mended');
    expect((await opened()).texts).to.deep.equal(['{"id":"1"}', '{"id":"2"}']);
  });

  it('does not write what the database has taken in the meantime', async () => {
    const { journal } = await opened();
    const row = waiting('{"id":"1"}');
    journal.append(row);
    journal.settle([row]);
    await journal.flush();
    await journal.close();
    expect(files(folder)).to.deep.equal([]);
  });

  it('syncs each batch in strict mode and reads the same', async () => {
    const journal = new Journal(folder, 'strict');
    journals.push(journal);
    await journal.recover(0);
    journal.append(waiting('{"id":"1"}'));
    await until(() => files(folder).length === 1, 'it is written');
    await journal.flush();
    expect((await opened()).texts).to.deep.equal(['{"id":"1"}']);
  });

  it('leaves other files in its folder alone', async () => {
    mkdirSync(folder, { recursive: true });
    appendFileSync(join(folder, 'notes.txt'), 'mine');
    expect((await opened()).texts).to.deep.equal([]);
    expect(existsSync(join(folder, 'notes.txt'))).to.equal(true);
  });
});

describe('a line of the journal', () => {
  it('is the checksum and the row, and comes back only unchanged', () => {
    const text = encode(toRow(recordOf({ agent: 'Zürich 😀\n' })));
    const line = lineOf(text).slice(0, -1);
    expect(line).not.to.include('\n');
    expect(textOf(line)).to.equal(text);
    expect(textOf(`${line} `)).to.equal(null);
    expect(textOf(line.slice(1))).to.equal(null);
    expect(textOf('')).to.equal(null);
  });
});

describe('the backlog', () => {
  it('refuses what is beyond its rows or its bytes, the newest first', () => {
    const rows = new Backlog(2, 1000);
    expect([1, 2, 3].map(() => rows.push(waiting('{}')))).to.deep.equal([true, true, false]);
    const bytes = new Backlog(100, 10);
    expect(['12345678', '123', '12'].map((text) => bytes.push(waiting(text)))).to.deep.equal([true, false, true]);
    bytes.drop(1);
    expect(bytes.push(waiting('12345678'))).to.equal(true);
    expect(bytes.size).to.equal(2);
  });

  it('gives the oldest first, in portions', () => {
    const backlog = new Backlog();
    for (let count = 0; count < 10_000; count++) backlog.push(waiting(String(count)));
    const seen: string[] = [];
    while (backlog.size > 0) {
      const portion = backlog.peek(300, 900);
      seen.push(...portion.map((row) => row.text));
      backlog.drop(portion.length);
    }
    expect(seen).to.deep.equal(Array.from({ length: 10_000 }, (_, count) => String(count)));
    backlog.push(waiting('a text that is larger than a portion'));
    expect(backlog.peek(300, 9)).to.have.lengthOf(1);
  });
});

function files(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
