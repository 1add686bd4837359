import type { Migration } from './migration.ts';

/** What was refused is few of many rows, and an open page asks for the newest of it again and again. */
export const refused: Migration = {
  name: '0004-refused',
  up: async ({ dialect, run }) => {
    const seq = dialect === 'sqlite' ? '' : ', seq';
    await run(`create index exchanges_refused on exchanges (time_ms${seq}) where outcome = 'refused'`);
  },
};
