/** Who changed what, and when. Nothing of prompts and no secrets belong in here. */
export interface AuditEntry {
  /** UTC ISO. */
  time: string;
  /** Name of the gateway key that was shown; null: none was needed, or the gateway did it by itself. */
  who: string | null;
  /** `settings.changed`, `session.reset`, ... */
  action: string;
  /** What it was done to, such as `agent coder`; '' for all. */
  subject: string;
  agent: string | null;
  session: string | null;
  /** Small facts, such as before and after. */
  facts: Readonly<Record<string, unknown>>;
}

export interface AuditQuestion {
  /** Beginning of the action's name, such as `session.`. */
  action?: string | undefined;
  agent?: string | undefined;
  /** Any of these. */
  sessions?: readonly string[] | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** 1 to 500, 100 unless told. */
  limit?: number | undefined;
}

export interface Audit {
  /** Resolves when it is stored; rejects when the database does not answer. */
  write(entry: Omit<AuditEntry, 'time'>): Promise<void>;
  /** The newest first. */
  list(question?: AuditQuestion): Promise<AuditEntry[]>;
}
