import { toPico } from '../money.ts';
import { StoreError } from '../store-error.ts';
import { COST_KINDS } from './cost-kinds.ts';
import type { Filters } from './shapes.ts';

/** What failed upstream, in the stream or in the payload. */
export const FAILED = `outcome in ('upstream_error', 'stream_error', 'truncated', 'bad_payload')`;
/** The model that answered, or the one that was asked for. */
export const MODEL = 'coalesce(response_model, request_model)';

/** Filters that are one column equal to one text. */
const EQUAL = {
  tenant: 'tenant',
  agent: 'agent',
  provider: 'provider',
  api: 'api',
  listener: 'listener',
  session: 'session_id',
  key: 'key_name',
  user: 'user_name',
  environment: 'environment',
} as const satisfies { [name in keyof Filters]?: string };

/** Columns that `q` looks into. */
const SEARCHED = [
  'id',
  'request_model',
  'response_model',
  'agent',
  'provider',
  'path',
  'user_name',
  'session_id',
  'error_code',
];

/** Collects conditions and the values they are bound to. No value ever becomes part of the SQL. */
export class Where {
  readonly binds: (string | number)[];
  readonly #conditions: string[] = [];

  /** @param binds of a statement that has other conditions, too */
  constructor(binds: (string | number)[] = []) {
    this.binds = binds;
  }

  /** Binds a value and gives its place, such as `$3`. */
  bind(value: string | number): string {
    return `$${this.binds.push(value)}`;
  }

  and(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  /** The conditions, `true` when there are none. Both dialects know the word. */
  get sql(): string {
    return this.#conditions.join(' and ') || 'true';
  }
}

/** Turns filters and a stretch of time into conditions; throws `bad_question` for what makes no sense. */
export function whereOf(filters: Filters = {}, from?: Date, to?: Date): Where {
  const where = new Where();
  if (from) where.and(`time_ms >= ${where.bind(millisecondsOf(from))}`);
  if (to) where.and(`time_ms < ${where.bind(millisecondsOf(to))}`);
  for (const [name, column] of Object.entries(EQUAL)) {
    const value = filters[name as keyof typeof EQUAL];
    if (value !== undefined) where.and(`${column} = ${where.bind(value)}`);
  }
  byOutcome(where, filters.outcome);
  byProject(where, filters.project);
  byModel(where, filters.model);
  byStatus(where, filters.status);
  byStop(where, filters.stop_reason);
  byTags(where, filters.tags);
  byCostKind(where, filters.cost_source);
  byCost(where, filters.min_cost);
  bySearch(where, filters.q);
  return where;
}

/** Keeps a number of rows within what one answer may hold. */
export function clampLimit(limit: number | undefined, standard: number, most: number): number {
  if (limit === undefined || !Number.isFinite(limit)) return standard;
  return Math.min(most, Math.max(1, Math.trunc(limit)));
}

function millisecondsOf(date: Date): number {
  const time = date.getTime();
  if (Number.isNaN(time)) throw new StoreError('bad_question', 'from and to are times');
  return time;
}

/** Refusals have an index of their own, which only these very words find. */
function byOutcome(where: Where, outcome: string | undefined): void {
  if (outcome === 'refused') where.and(`outcome = 'refused'`);
  else if (outcome !== undefined) where.and(`outcome = ${where.bind(outcome)}`);
}

/** What names no project is of the project `default`, here as in budgets. */
function byProject(where: Where, project: string | undefined): void {
  if (project === undefined) return;
  const named = `project = ${where.bind(project)}`;
  where.and(project === 'default' ? `(${named} or project is null)` : named);
}

function byModel(where: Where, model: string | undefined): void {
  if (model === undefined) return;
  where.and(`(request_model = ${where.bind(model)} or response_model = ${where.bind(model)})`);
}

function byStatus(where: Where, status: number | string | undefined): void {
  if (status === undefined) return;
  const match = /^([1-9])(xx|\d\d)$/i.exec(String(status));
  if (!match) throw new StoreError('bad_question', 'status is a number such as 429 or a class such as 4xx');
  const [, first, rest = ''] = match;
  if (rest.toLowerCase() !== 'xx') where.and(`status = ${where.bind(Number(status))}`);
  else where.and(`status between ${where.bind(Number(first) * 100)} and ${where.bind(Number(first) * 100 + 99)}`);
}

function byStop(where: Where, reason: string | undefined): void {
  if (reason === undefined) return;
  where.and(`(stop_reason = ${where.bind(reason)} or stop_raw = ${where.bind(reason)})`);
}

function byTags(where: Where, tags: Record<string, string> | undefined): void {
  for (const [name, value] of Object.entries(tags ?? {})) {
    where.and(
      `seq in (select seq from exchange_tags where name = ${where.bind(name)} and value = ${where.bind(value)})`,
    );
  }
}

function byCostKind(where: Where, kind: string | undefined): void {
  if (kind === undefined) return;
  const condition = (COST_KINDS as Readonly<Record<string, string>>)[kind];
  if (condition === undefined || !Object.hasOwn(COST_KINDS, kind))
    throw new StoreError('bad_question', `cost_source is one of ${Object.keys(COST_KINDS).join(', ')}`);
  where.and(condition);
}

function byCost(where: Where, dollars: string | undefined): void {
  if (dollars === undefined) return;
  const pico = toPico(dollars);
  if (pico === null) throw new StoreError('bad_question', 'min_cost is an amount of dollars such as 0.05');
  where.and(`cost_pico >= cast(${where.bind(pico)} as bigint)`);
}

function bySearch(where: Where, q: string | undefined): void {
  if (!q) return;
  const pattern = `%${q.toLowerCase().replace(/[!%_]/g, '!$&')}%`;
  const place = where.bind(pattern);
  where.and(`(${SEARCHED.map((column) => `lower(${column}) like ${place} escape '!'`).join(' or ')})`);
}
