import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Counts, FileCounter } from '../../../plugins/session-files/counts.ts';
import { fileAt } from '../../../plugins/session-files/folder.ts';

const NAME = 'one.jsonl';
const said = (role: string, content: unknown): string =>
  JSON.stringify({ type: 'message', message: { role, content } });

describe('plugins/session-files/counts', () => {
  let folder: string;
  let counter: FileCounter;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-counts-'));
    counter = new FileCounter();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const count = async (by = counter): Promise<Counts> => by.count((await fileAt(folder, NAME))!);
  const path = (): string => join(folder, NAME);
  const write = (...lines: string[]): Promise<void> => writeFile(path(), `${lines.join('\n')}\n`);
  const NONE: Counts = { lines: 1, users: 0, assistants: 0, toolResults: 0, chars: 0 };

  const lines: [what: string, line: string, counts: Partial<Counts>][] = [
    ['what a person says', said('user', 'short'), { users: 1, chars: 5 }],
    ['what the model says', said('assistant', 'ü😀'), { assistants: 1, chars: 2 }],
    ['blocks, as their JSON', said('assistant', [{ type: 'text', text: 'hi' }]), { assistants: 1, chars: 27 }],
    ['the result of a tool', said('toolResult', 'done'), { toolResults: 1, chars: 4 }],
    ['the result of a tool in OpenAI’s words', said('tool', 'done'), { toolResults: 1, chars: 4 }],
    [
      'results among blocks, which no person said',
      said('user', [{ type: 'tool_result' }, { type: 'tool_result' }]),
      { toolResults: 2, chars: 44 },
    ],
    [
      'a message that is text itself',
      JSON.stringify({ type: 'message', message: JSON.stringify({ role: 'user', content: 'abc' }) }),
      { users: 1, chars: 3 },
    ],
    ['a message without a frame', JSON.stringify({ role: 'user', content: 'abc' }), { users: 1, chars: 3 }],
    ['no message', JSON.stringify({ type: 'session', id: 'x', content: 'abc' }), {}],
    ['no JSON', '{"type":"mess', {}],
    ['nothing', '', {}],
    ['another line end', `${said('user', 'abc')}\r`, { users: 1, chars: 3 }],
  ];
  for (const [what, line, counts] of lines) {
    it(`counts ${what}`, async () => {
      await write(line);
      expect(await count()).to.eql({ ...NONE, ...counts });
    });
  }

  it('counts on where it was, and the same as from the beginning', async () => {
    const text = Array.from({ length: 300 }, (_, n) =>
      said(['user', 'assistant', 'toolResult'][n % 3]!, 'wört\n'.repeat(n * 3)),
    ).join('\n');
    const bytes = Buffer.from(`${text}\n`);
    await writeFile(path(), '');
    for (let at = 0; at < bytes.length; at += 4097) {
      await appendFile(path(), bytes.subarray(at, at + 4097));
      if (at % 3 === 0) await count();
    }
    const counts = await count();
    expect(counts).to.include({ lines: 300, users: 100, assistants: 100, toolResults: 100 });
    expect(counts).to.eql(await count(new FileCounter()));
  });

  it('counts a last line that is not ended yet, once', async () => {
    await writeFile(path(), said('user', 'abc'));
    expect(await count()).to.include({ lines: 1, users: 1 });
    expect(await count()).to.include({ lines: 1, users: 1 });
    await appendFile(path(), `\n${said('user', 'abc')}`);
    expect(await count()).to.include({ lines: 2, users: 2, chars: 6 });
  });

  it('begins anew with a file that was replaced or made shorter', async () => {
    await write(said('user', 'abc'), said('user', 'abc'));
    expect(await count()).to.include({ users: 2 });
    await write(said('user', 'a'));
    expect(await count()).to.include({ users: 1, chars: 1 });
    await rm(path());
    await writeFile(join(folder, 'between'), '');
    await write(said('user', 'b'), said('user', 'c'), said('user', 'd'));
    expect(await count()).to.include({ users: 3, chars: 3 });
  });

  it('reads nothing of a file that has not grown', async () => {
    await write(said('user', 'abc'));
    await count();
    const file = (await fileAt(folder, NAME))!;
    await rm(path());
    expect(await counter.count(file)).to.include({ users: 1 });
  });

  it('takes a large file in pieces, with a line that is too long in it, and lets others work meanwhile', async function () {
    this.timeout(20_000);
    const line = `${said('user', 'x'.repeat(200_000))}\n`;
    await writeFile(path(), line.repeat(200));
    await appendFile(path(), `${said('user', 'y'.repeat(17 * 1024 * 1024))}\n${line}`);
    let longest = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 1);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const counts = await count();
    clearInterval(ticking);
    expect(counts).to.include({ lines: 202, users: 201 });
    expect(counts.chars).to.be.greaterThan(58_000_000);
    expect(longest, 'milliseconds without a pause').to.be.below(250);
    expect(most, 'bytes that it needs').to.be.below(40 * 1024 * 1024);
  });
});
