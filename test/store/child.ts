/**
 * A process with a store, for tests that need two of them or kill one.
 *
 *   child.ts open ADDRESS FOLDER             opens, says so, stays until its input ends
 *   child.ts append ADDRESS FOLDER [strict]  appends a record every few milliseconds and prints each id after that
 *   child.ts sums ADDRESS FOLDER             appends prompts that were taken apart, sums them up all the time and says when
 */
import { writeSync } from 'node:fs';
import { Store } from '../../src/store/store.ts';
import { listeningLog, partOf, promptOf, recordOf } from './records.ts';

const [mode, database = '', folder = '', durability] = process.argv.slice(2);

try {
  const log = listeningLog();
  const store = await Store.open({ database, folder, log, durability: durability === 'strict' ? 'strict' : 'normal' });
  writeSync(1, 'open\n');
  if (mode === 'append') setInterval(() => append(store), 2);
  if (mode === 'sums') void sumUp(store);
  process.stdin.resume().on('end', () => void store.close().then(() => process.exit(0)));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  writeSync(1, `refused ${code}: ${message}\n`);
  process.exit(1);
}

function append(store: Store): void {
  const record = recordOf({ tags: { team: 'a' } }, Date.now());
  store.append(record);
  writeSync(1, `${record.id} ${Date.now()}\n`);
}

async function sumUp(store: Store): Promise<void> {
  for (let row = 0; ; ) {
    for (const end = row + 60; row < end; row++) {
      const parts = [
        partOf({ name: `tool_${row % 7}`, chars: row }),
        partOf({ kind: 'new', name: 'user', tokens: row }),
      ];
      store.append(recordOf({ prompt: promptOf(...parts), tools_called: { bash: 1 } }, Date.now()));
    }
    await store.flush();
    if (await store.summed()) writeSync(1, 'summed\n');
  }
}
