/** What a step may do, within the one transaction of all steps. */
export interface Step {
  dialect: 'sqlite' | 'postgres';
  run(sql: string): Promise<void>;
}

/** One step of the schema, forward only. It never changes once it was released. */
export interface Migration {
  name: string;
  up(step: Step): Promise<void>;
}
