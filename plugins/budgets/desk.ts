import { type Principal, Series } from '../../src/plugin.ts';
import type { BudgetList } from './list.ts';
import type { Problem } from './problems.ts';
import * as problem from './problems.ts';
import { TOLD, versionOf } from './shapes.ts';
import { readBudget } from './spec.ts';
import type { Budget } from './types.ts';

export type Members = Readonly<Record<string, unknown>>;
type Done = Promise<Budget | Problem>;
type Who = Principal | null;

const LIMITS = ['limit_usd', 'limit_tokens', 'limit_requests'];

/**
 * Where budgets are made and changed, by API and on the dashboard: one change after the other,
 * so that what was looked at is still so when it is changed. What gateway.yaml says is not touched.
 *
 * All reject when the database does not answer.
 */
export class BudgetDesk {
  readonly list: BudgetList;
  #last: Promise<unknown> = Promise.resolve();

  constructor(list: BudgetList) {
    this.list = list;
  }

  /** Those that the holder of a key may see; all of them on an open listener. */
  all(who: Who): readonly Budget[] {
    return this.list.all().filter((budget) => isTheirs(who, budget));
  }

  find(who: Who, id: string): Budget | null {
    return this.all(who).find((budget) => budget.id === id) ?? null;
  }

  create(who: Who, members: Members): Done {
    return this.#inTurn(async () => {
      const read = readBudget(bare(members), 'api');
      if (read.complaints !== null) return problem.complaint(read.complaints);
      const known = this.list.find(read.budget.id);
      if (known !== null) return known.origin === 'file' ? problem.inFile(known) : problem.exists(known);
      return this.#put(who, read.budget);
    });
  }

  /** Puts another in its place. A `version` among the members has to be that of the budget as it is. */
  replace(who: Who, id: string, members: Members): Done {
    return this.#change(who, id, members, () => bare(members));
  }

  /** Changes what the members name: null takes it away, and one limit takes the place of another. */
  patch(who: Who, id: string, members: Members): Done {
    const named = bare(members);
    const limits = LIMITS.some((name) => (named[name] ?? null) !== null) ? LIMITS : [];
    return this.#change(who, id, members, ({ spec }) => {
      const kept = Object.entries(spec).filter(([name]) => !limits.includes(name));
      return { ...Object.fromEntries(kept), ...named };
    });
  }

  delete(who: Who, id: string, version?: unknown): Done {
    return this.#inTurn(async () => {
      const budget = this.#editable(who, id, version);
      if ('id' in budget) await this.list.delete(budget.id);
      return budget;
    });
  }

  /** Lets it begin anew, also one of gateway.yaml: nothing of what it says changes. `subject` names one account: a value for each of `per`. */
  reset(who: Who, id: string, { subject, version }: Members): Done {
    return this.#inTurn(async () => {
      const budget = this.#known(who, id, version);
      if (!('id' in budget)) return budget;
      const account = subjectOf(budget, subject);
      if (account === undefined) return problem.wrong('subject', subjectRule(budget));
      await this.list.reset(budget.id, account);
      return budget;
    });
  }

  #change(who: Who, id: string, { version }: Members, make: (budget: Budget) => Members): Done {
    return this.#inTurn(async () => {
      const budget = this.#editable(who, id, version);
      if (!('id' in budget)) return budget;
      const { name = budget.name, ...rest } = make(budget);
      if (name !== budget.name)
        return problem.wrong('name', 'cannot be changed: make a new budget, and delete this one');
      const read = readBudget({ name, ...rest }, 'api');
      return read.complaints === null ? this.#put(who, read.budget) : problem.complaint(read.complaints);
    });
  }

  #editable(who: Who, id: string, version: unknown): Budget | Problem {
    const budget = this.#known(who, id, version);
    return 'id' in budget && budget.origin === 'file' ? problem.inFile(budget) : budget;
  }

  #known(who: Who, id: string, version: unknown): Budget | Problem {
    const budget = this.find(who, id);
    if (budget === null) return problem.NONE;
    const isSeen = version === undefined || version === null || version === versionOf(budget);
    return isSeen ? budget : problem.changed(budget);
  }

  async #put(who: Who, budget: Budget): Done {
    if (!isTheirs(who, budget)) return problem.foreign(who);
    await this.list.put(budget.spec);
    return budget;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Whether the holder of a key may see a budget: any, unless the key is of a tenant or a project; then those for just that. */
function isTheirs(who: Who, { series: { where } }: Budget): boolean {
  const isFor = (globs: readonly string[] | undefined, own: string | undefined): boolean =>
    own === undefined || (globs?.length === 1 && globs[0] === own && !own.includes('*'));
  return isFor(where.tenant, who?.tenant) && isFor(where.project, who?.project);
}

/** What was sent without what is told only. */
const bare = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !TOLD.includes(name)));

/** Which account is meant: null for all; undefined where it makes no sense. */
function subjectOf({ series: { measure, per } }: Budget, subject: unknown): string | null | undefined {
  if (subject === undefined || subject === null) return null;
  const members = (typeof subject === 'object' ? subject : {}) as Members;
  const isWhole = per.length > 0 && per.every((dimension) => isText(members[dimension]));
  if (!isWhole || Object.keys(members).length !== per.length) return undefined;
  // Which requests the budget is for is not asked here.
  const accounts = new Series({ measure, where: {}, per });
  return accounts.subjectOf((dimension) => String(members[dimension])) ?? undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= 512;

const subjectRule = ({ series: { per } }: Budget): string =>
  per.length === 0
    ? 'does not belong here: this budget has one account for all'
    : `must be an object with a text for ${per.join(' and ')}`;
