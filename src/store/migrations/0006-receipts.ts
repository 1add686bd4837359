import type { Migration } from './migration.ts';

/**
 * What was taken out of requests, and how often they were sent. Both lay in the JSON of the row,
 * where no sum may look. Rows of before have neither.
 */
export const receipts: Migration = {
  name: '0006-receipts',
  up: async ({ dialect, run }) => {
    await run('alter table exchanges add column redacted text');
    await run('alter table exchanges add column tries smallint');
    // Where little is taken out these rows are few of many, and pages ask for them by time.
    await run(
      `create index exchanges_redacted on exchanges (time_ms${dialect === 'sqlite' ? '' : ', seq'}) where redacted <> '{}'`,
    );
  },
};
