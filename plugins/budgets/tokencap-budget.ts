import { tell } from '../shared/amounts.ts';
import type { BudgetDesk } from './desk.ts';
import { type Fault, invalid, type Project } from './tokencap-project.ts';
import type { Budget, BudgetAccount } from './types.ts';

/** A budget as it is asked for: US dollars, and days; without days it never begins anew. */
export interface Wanted {
  readonly limit: number;
  readonly period: string;
}

const MOST_DAYS = 3650;
const HOURS = 24;

/**
 * The budget of a project: the one of its name, or one of gateway.yaml for just this project.
 *
 * Setting it again changes the limit and keeps what was spent, so its period goes on where it is:
 * a period that began now would have nothing spent in it. Another length counts from where the running period began.
 */
export class ProjectBudgets {
  readonly #desk: BudgetDesk;

  constructor(desk: BudgetDesk) {
    this.#desk = desk;
  }

  find(project: Project): Budget | null {
    const { list } = this.#desk;
    const named = list.find(nameOf(project));
    if (named !== null && isOf(project, named)) return named;
    return list.all().find((budget) => budget.origin === 'file' && isOf(project, budget)) ?? null;
  }

  /** How it stands; null where there is none, or its first period has not begun. */
  async standing(project: Project): Promise<BudgetAccount | null> {
    const budget = this.find(project);
    return budget === null ? null : this.#desk.list.standing(budget);
  }

  async set(project: Project, wanted: Wanted): Promise<BudgetAccount | Fault> {
    const { list } = this.#desk;
    const { limit, period } = wanted;
    const known = this.find(project);
    if (known?.origin === 'file') return inFile(known);
    const spec = {
      name: nameOf(project),
      scope: { project: project.id, ...(project.tenant !== undefined && { tenant: project.tenant }) },
      limit_usd: limit,
      period,
      starts: known?.when.period === period ? (known.when.starts ?? undefined) : this.#begin(known),
      action: 'reject',
    };
    const done = known
      ? await this.#desk.replace(null, known.id, { ...kept(known), ...spec })
      : await this.#desk.create(null, spec);
    if (!('id' in done)) {
      // Somebody else was quicker, and made it or took it away: it is set as it is now.
      const isOther = (this.find(project) === null) !== (known === null);
      return isOther ? this.set(project, wanted) : faultOf(done);
    }
    return (await list.standing(done)) ?? invalid('periodDays: the period has not begun.');
  }

  /** Lets it begin anew. Null: there was none. */
  async reset(project: Project): Promise<Fault | true | null> {
    const budget = this.find(project);
    if (budget === null) return null;
    const done = await this.#desk.reset(null, budget.id, {});
    return 'id' in done ? true : faultOf(done);
  }

  /** Takes it away. Null: there was none. */
  async delete(project: Project): Promise<Fault | true | null> {
    const budget = this.find(project);
    if (budget === null) return null;
    const done = await this.#desk.delete(null, budget.id);
    return 'id' in done ? true : faultOf(done);
  }

  /** Where a period of a new length is counted from. */
  #begin(known: Budget | null, now = Date.now()): string {
    const running = known && this.#desk.list.windowOf(known, '', now);
    return new Date(running?.from ?? now).toISOString();
  }
}

/** Reads `limitUsd` and `periodDays`. */
export function readWanted({ limitUsd, periodDays }: Readonly<Record<string, unknown>>): Wanted | Fault {
  if (limitUsd === undefined || limitUsd === null) return invalid('limitUsd is needed.');
  if (typeof limitUsd !== 'number' || !Number.isFinite(limitUsd)) return invalid('limitUsd must be a number.');
  if (limitUsd <= 0) return invalid('limitUsd must be more than 0.');
  if (periodDays === undefined || periodDays === null) return { limit: limitUsd, period: 'total' };
  if (typeof periodDays !== 'number' || !Number.isFinite(periodDays)) return invalid('periodDays must be a number.');
  if (periodDays <= 0) return invalid('periodDays must be more than 0.');
  if (periodDays > MOST_DAYS)
    return invalid(`periodDays must be at most ${MOST_DAYS}; without it the budget never begins anew.`);
  if (Number.isInteger(periodDays)) return { limit: limitUsd, period: `${periodDays}d` };
  const hours = periodDays * HOURS;
  const isWhole = Math.abs(hours - Math.round(hours)) < 1e-9 && hours >= 1;
  return isWhole
    ? { limit: limitUsd, period: `${Math.round(hours)}h` }
    : invalid('periodDays must be days, or whole hours as a part of a day: 0.5 is 12 of them.');
}

/** Its money as JSON numbers, each computed exactly before: what is spent and what remains are the limit. */
export function moneyOf({ limit, spent }: BudgetAccount): { limitUsd: number; spentUsd: number; remainingUsd: number } {
  return { limitUsd: dollars(limit), spentUsd: dollars(spent), remainingUsd: dollars(limit - spent) };
}

export const dollars = (pico: bigint): number => Number(tell('usd', pico));

/** A tenant has projects of its own. */
const nameOf = ({ id, tenant }: Project): string =>
  tenant === undefined ? `project:${id}` : `tenant:${tenant}:project:${id}`;

/** Whether a budget limits the dollars of just this project. */
function isOf({ id, tenant }: Project, { series: { measure, where, per } }: Budget): boolean {
  const { project, tenant: tenants, ...more } = where;
  const isOne = (globs: readonly string[] | undefined, value: string | undefined): boolean =>
    value === undefined ? globs === undefined : globs?.length === 1 && globs[0] === value;
  return (
    measure === 'usd' &&
    per.length === 0 &&
    Object.keys(more).length === 0 &&
    isOne(project, id) &&
    isOne(tenants, tenant)
  );
}

/** What tokencap's words cannot say stays as somebody has set it elsewhere. */
function kept({ spec: { warn_at, when_short, on_unpriced } }: Budget): Record<string, unknown> {
  return { warn_at, when_short, on_unpriced };
}

const inFile = ({ name }: Budget): Fault => ({
  status: 409,
  type: 'conflict',
  message: `This project's budget is ${name} in gateway.yaml, and only that changes it.`,
});

/** Names of fields as this API has them. */
const FIELDS: Readonly<Record<string, string>> = { limit_usd: 'limitUsd', period: 'periodDays', name: 'projectId' };

function faultOf({ status, field = '', message }: { status: number; field?: string; message: string }): Fault {
  if (status !== 400) return { status, type: status === 409 ? 'conflict' : 'invalid_request', message };
  return invalid(message.replace(field, FIELDS[field] ?? field));
}
