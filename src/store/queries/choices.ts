import type { Database } from '../database.ts';
import { MODEL, whereOf } from './filters.ts';
import type { Choices, Range } from './shapes.ts';

const MAX_CHOICES = 500;

/** Names the agents, models and providers that were seen in a stretch of time. */
export async function choices(database: Database, range: Range & { tenant?: string | undefined }): Promise<Choices> {
  const where = whereOf({ tenant: range.tenant }, range.from, range.to);
  const seen = async (column: string): Promise<string[]> => {
    const rows = await database.select<{ name: string }>(
      `select distinct ${column} as name from exchanges where ${where.sql} and ${column} is not null
       order by 1 limit ${MAX_CHOICES}`,
      where.binds,
    );
    return rows.map((row) => row.name);
  };
  const [agents, models, providers] = await Promise.all([seen('agent'), seen(MODEL), seen('provider')]);
  return { agents, models, providers };
}
