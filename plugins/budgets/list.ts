import type { Accounts, Documents, Json, Log, Standing, Window } from '../../src/plugin.ts';
import { idOf, readBudget } from './spec.ts';
import type { Budget, BudgetAccount, BudgetRead, BudgetSpec } from './types.ts';

const BUDGET = 'budget:';
const RESET = 'reset:';
/** Accounts with a reset of their own that one budget remembers: the latest ones. */
const MOST_RESETS = 1000;
/** Before so much of a window is over, nobody can say what it will come to. */
const TOO_EARLY = 0.05;

/** When an account began anew by somebody's word, epoch milliseconds. */
interface Reset {
  /** Of all accounts of the budget; 0: never. */
  readonly at: number;
  readonly subjects: Readonly<Record<string, number>>;
}

interface ListParts {
  /** Those of gateway.yaml. */
  readonly file: readonly Budget[];
  readonly documents: Documents;
  readonly accounts: Accounts;
  readonly log: Log;
}

/**
 * All budgets in force: those of gateway.yaml, and those that were set while the gateway ran.
 *
 * Where both have one of the same name, that of gateway.yaml holds. What was spent is kept
 * nowhere in here, so a limit may change, or a budget go and come back, and nothing is lost.
 */
export class BudgetList {
  readonly #parts: ListParts;
  readonly #forget: () => void;
  /** What was read of each document, with the body it was read of. */
  readonly #read = new Map<string, { body: Json; budget: Budget | null }>();
  /** Keys of series whose sums were asked for. */
  readonly #prepared = new Set<string>();
  #all: readonly Budget[] = [];
  #shadowed: readonly Budget[] = [];
  #resets: ReadonlyMap<string, Reset> = new Map();

  constructor(parts: ListParts) {
    this.#parts = parts;
    this.#forget = parts.documents.onChange(() => this.#load());
    this.#load();
  }

  /** Those of gateway.yaml in their order, then the others by name. */
  all(): readonly Budget[] {
    return this.#all;
  }

  /** Those set by API that are not in force, as gateway.yaml has one of the same name. */
  shadowed(): readonly Budget[] {
    return this.#shadowed;
  }

  find(idOrName: string): Budget | null {
    return this.#all.find(({ id }) => id === idOrName) ?? this.#all.find(({ name }) => name === idOrName) ?? null;
  }

  /**
   * Sets a budget, in the place of one of the same name. In force as soon as it resolves; what is
   * wrong with it is told by field. Rejects when the database does not answer.
   */
  async put(spec: unknown): Promise<BudgetRead> {
    const read = readBudget(spec, 'api');
    if (read.complaints !== null) return read;
    const { id, name } = read.budget;
    if (this.#parts.file.some((budget) => budget.id === id))
      return { budget: null, complaints: [{ field: 'name', message: `is ${name}, which gateway.yaml sets` }] };
    await this.#parts.documents.put(BUDGET + id, asJson(read.budget.spec));
    return read;
  }

  /** Takes away a budget that was set by API, and what is known of its resets. False: there is none. */
  async delete(idOrName: string): Promise<boolean> {
    const id = this.#idOf(idOrName);
    if (!(await this.#parts.documents.delete(BUDGET + id))) return false;
    if (!this.#parts.file.some((budget) => budget.id === id)) await this.#parts.documents.delete(RESET + id);
    return true;
  }

  /** Lets a budget, or one account of it, begin anew now: what was spent before does not count any more. False: there is none. */
  async reset(idOrName: string, subject: string | null = null, now = Date.now()): Promise<boolean> {
    const budget = this.find(idOrName);
    if (budget === null) return false;
    const known = this.#resets.get(budget.id);
    const began = budget.when.windowAt(now)?.from ?? 0;
    // What was reset before the window began is forgotten.
    const subjects = Object.entries(known?.subjects ?? {}).filter(([name, at]) => at > began && name !== subject);
    const at = known?.at ?? 0;
    const body =
      subject === null
        ? { at: now, subjects: {} }
        : { at, subjects: Object.fromEntries([...subjects.slice(1 - MOST_RESETS), [subject, now]]) };
    await this.#parts.documents.put(RESET + budget.id, body);
    return true;
  }

  /** The window of an account at a moment, epoch milliseconds; null: the budget is not in force yet. */
  windowOf(budget: Budget, subject: string, at: number): Window | null {
    const window = budget.when.windowAt(at);
    const reset = this.#resets.get(budget.id);
    if (window === null || reset === undefined) return window;
    const own = Object.hasOwn(reset.subjects, subject) ? reset.subjects[subject]! : 0;
    const from = Math.max(window.from, reset.at <= at ? reset.at : 0, own <= at ? own : 0);
    return from === window.from ? window : { from, to: window.to };
  }

  /** One account as it stands; null: the budget is not in force yet. Rejects when the database does not answer. */
  async standing(budget: Budget, subject = '', now = Date.now()): Promise<BudgetAccount | null> {
    const window = this.windowOf(budget, subject, now);
    if (window === null) return null;
    const [standing] = await this.#parts.accounts.standings([{ series: budget.series, window, subject }]);
    return accountOf(budget, subject, window, standing!, now);
  }

  /** The accounts of a budget, those with most spent first, `most` of them. */
  async accounts(budget: Budget, most: number, now = Date.now()): Promise<readonly BudgetAccount[]> {
    if (budget.series.per.length === 0) {
      const only = await this.standing(budget, '', now);
      return only === null ? [] : [only];
    }
    const window = budget.when.windowAt(now);
    if (window === null) return [];
    const shared = this.windowOf(budget, '', now) ?? window;
    const listed = await this.#parts.accounts.list(budget.series, shared, most);
    return Promise.all(
      listed.map(async ({ subject, ...standing }) => {
        const own = this.windowOf(budget, subject, now) ?? shared;
        if (own.from === shared.from) return accountOf(budget, subject, shared, standing, now);
        return (await this.standing(budget, subject, now))!;
      }),
    );
  }

  close(): void {
    this.#forget();
  }

  #idOf(idOrName: string): string {
    const documents = this.#parts.documents.all();
    return documents.has(BUDGET + idOrName) ? idOrName : idOf(idOrName);
  }

  #load(): void {
    const { file, documents, log } = this.#parts;
    const names = new Set(file.map(({ id }) => id));
    const resets = new Map<string, Reset>();
    const found: Budget[] = [];
    for (const [id, body] of documents.all()) {
      if (id.startsWith(RESET)) resets.set(id.slice(RESET.length), resetOf(body));
      const budget = id.startsWith(BUDGET) ? this.#readOne(id, body) : null;
      if (budget !== null) found.push(budget);
    }
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    const shadowed = found.filter(({ id }) => names.has(id));
    for (const { id, name } of shadowed) {
      if (this.#shadowed.some((known) => known.id === id)) continue;
      log.warn(`budget ${name} was set by API and is in gateway.yaml, too; that of gateway.yaml holds`);
    }
    this.#all = [...file, ...found.filter(({ id }) => !names.has(id))];
    this.#shadowed = shadowed;
    this.#resets = resets;
    this.#prepare(Date.now());
  }

  /** Has the sums made before the first request asks for them: over a month of rows that takes a moment. */
  #prepare(now: number): void {
    for (const { series, when } of this.#all) {
      const window = when.windowAt(now);
      if (window === null || this.#prepared.has(series.key)) continue;
      this.#prepared.add(series.key);
      this.#parts.accounts.list(series, window, 1).catch(() => this.#prepared.delete(series.key));
    }
  }

  #readOne(id: string, body: Json): Budget | null {
    const known = this.#read.get(id);
    if (known?.body === body) return known.budget;
    const { budget, complaints } = readBudget(body, 'api');
    this.#read.set(id, { body, budget });
    if (complaints === null) return budget;
    const wrong = complaints.map(({ field, message }) => `${field} ${message}`).join('; ');
    this.#parts.log.error(
      `budget ${id.slice(BUDGET.length)} in the database cannot be read, so it holds nothing back`,
      {
        wrong,
      },
    );
    return null;
  }
}

function accountOf(budget: Budget, subject: string, window: Window, standing: Standing, now: number): BudgetAccount {
  const { spent, held } = standing;
  const { limit, series } = budget;
  const remaining = limit - spent - held;
  const forecast = forecastOf(spent, window, now);
  return { subject, values: series.valuesOf(subject), spent, held, remaining, limit, window, forecast };
}

/** What was spent so far, stretched over the whole window. */
function forecastOf(spent: bigint, { from, to }: Window, now: number): bigint | null {
  if (to === null) return null;
  const over = Math.floor(now - from);
  const whole = Math.floor(to - from);
  return over < whole * TOO_EARLY ? null : (spent * BigInt(whole)) / BigInt(over);
}

/** A document as somebody may have written it. */
function resetOf(body: Json): Reset {
  const { at, subjects } = (body ?? {}) as { at?: unknown; subjects?: unknown };
  const own = Object.entries((subjects ?? {}) as object).filter(([, when]) => Number.isFinite(when));
  return { at: Number.isFinite(at) ? (at as number) : 0, subjects: Object.fromEntries(own) as Record<string, number> };
}

const asJson = (spec: BudgetSpec): Json => JSON.parse(JSON.stringify(spec)) as Json;
