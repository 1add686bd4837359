import type { Audit, AuditEntry, AuditQuestion } from './audit.ts';
import { type Cell, textOf } from './columns.ts';
import type { Database } from './database.ts';
import { storable } from './line.ts';
import { clampLimit, whereOf } from './queries/filters.ts';
import { timeOf } from './record-of-row.ts';
import { text } from './row-values.ts';

/** Characters that the facts of one entry may have as JSON. They are small by nature; a list of names may grow. */
const MAX_FACTS = 4096;
/** Of them, for the names of what is left out. */
const MAX_LEFT_OUT = 700;

const INSERT = `insert into audit (time_ms, who, action, subject, agent, session_id, facts)
values ($1, $2, $3, $4, $5, $6, $7)`;

/** Who changed what, in the database. An entry that is written is on disk there: it does not take the way of the rows. */
export class AuditBook implements Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async write(entry: Omit<AuditEntry, 'time'>): Promise<void> {
    const cell = (value: string | null): string | null =>
      value === null ? null : (text(storable(value) as string) ?? null);
    const { who, action, subject, agent, session, facts } = entry;
    const binds = [Date.now(), ...[who, action, subject, agent, session].map(cell), factsOf(facts)];
    try {
      await this.#database.write(INSERT, binds);
    } catch (error) {
      this.#database.cutWriter(); // its answer may come late, and rows wait for this connection
      throw error;
    }
  }

  async list({ action, agent, sessions, from, to, limit }: AuditQuestion = {}): Promise<AuditEntry[]> {
    if (sessions?.length === 0) return [];
    const where = whereOf({ agent }, from, to);
    // `like` tells capitals apart in one dialect and not in the other.
    if (action !== undefined) where.and(`substr(action, 1, ${where.bind([...action].length)}) = ${where.bind(action)}`);
    if (sessions) where.and(`session_id in (${sessions.map((id) => where.bind(id)).join(', ')})`);
    const rows = await this.#database.select<Record<string, Cell>>(
      `select time_ms, who, action, subject, agent, session_id, facts from audit where ${where.sql}
       order by time_ms desc, seq desc limit ${where.bind(clampLimit(limit, 100, 500))}`,
      where.binds,
    );
    return rows.map(entryOf);
  }
}

function entryOf(row: Record<string, Cell>): AuditEntry {
  return {
    time: timeOf(row.time_ms),
    who: textOf(row.who),
    action: String(row.action),
    subject: String(row.subject),
    agent: textOf(row.agent),
    session: textOf(row.session_id),
    facts: JSON.parse(String(row.facts)) as AuditEntry['facts'],
  };
}

/** Facts as JSON. What makes them too long goes, the longest first, and `left_out` names it: who did what must not be lost for it. */
function factsOf(facts: AuditEntry['facts']): string {
  const members = Object.entries(storable(JSON.parse(JSON.stringify(facts))) as Record<string, unknown>);
  const json = JSON.stringify(Object.fromEntries(members));
  if (json.length <= MAX_FACTS) return json;
  const sized = members
    .map((member) => ({ member, size: JSON.stringify(member).length }))
    .sort((a, b) => a.size - b.size);
  let left = MAX_FACTS - MAX_LEFT_OUT;
  const kept = sized.filter(({ size }) => {
    left -= size;
    return left >= 0;
  });
  const names = sized.slice(kept.length).map(({ member: [name] }) => name.slice(0, 50));
  return JSON.stringify({ ...Object.fromEntries(kept.map(({ member }) => member)), left_out: names.slice(0, 10) });
}
