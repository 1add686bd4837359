import type { Accounts, Log, Measure, Standing, Window } from '../../src/plugin.ts';
import { tell } from '../shared/amounts.ts';
import type { Share } from './claims.ts';
import { subjectIn } from './refusal.ts';
import type { Budget } from './types.ts';

/** Accounts of which it is remembered what was told; the ones told of longest ago are forgotten. */
const MOST = 10_000;

/** What was told of each account in its window. */
export class Told {
  readonly #marks = new Map<string, { from: number; marks: Set<string> }>();

  /** Whether a mark is new in this window. */
  first(account: string, window: Window, mark: string): boolean {
    let known = this.#marks.get(account);
    if (known?.from !== window.from) known = { from: window.from, marks: new Set() };
    if (known.marks.has(mark)) return false;
    known.marks.add(mark);
    this.#marks.delete(account);
    this.#marks.set(account, known);
    if (this.#marks.size > MOST) this.#marks.delete(this.#marks.keys().next().value!);
    return true;
  }
}

interface AlertParts {
  readonly accounts: Accounts;
  readonly log: Log;
  readonly told: Told;
  publish(event: string, data: unknown): void;
  count(budget: string, kind: string): void;
}

/**
 * Tells operators how far budgets are used: each mark once for an account in its window, by
 * log, feed and metric. It looks at what was really spent, a moment after the request.
 */
export class Alerts {
  readonly #parts: AlertParts;
  /** Accounts in which something may have been spent since the last look. */
  #touched = new Map<string, Share>();

  constructor(parts: AlertParts) {
    this.#parts = parts;
  }

  /** Remembers to look at an account. */
  touch(share: Share): void {
    const isWanted = share.budgets.some(({ warnAt }) => warnAt.length > 0);
    if (isWanted && this.#touched.size < MOST) this.#touched.set(nameOf(share), share);
  }

  /** Says that a budget had no room: the request was refused, or passed where the budget only warns. */
  exceeded(budget: Budget, share: Share, standing: Standing): void {
    this.#tell(budget, share, standing, 'exceeded');
  }

  /** Looks at what was touched; while the database does not answer, later. */
  async look(): Promise<void> {
    if (this.#touched.size === 0) return;
    const shares = [...this.#touched.values()];
    this.#touched = new Map();
    const standings = await this.#parts.accounts.standings(shares).catch(() => null);
    shares.forEach((share, i) => {
      if (standings === null) this.touch(share);
      else for (const budget of share.budgets) this.#measure(budget, share, standings[i]!);
    });
  }

  #measure(budget: Budget, share: Share, standing: Standing): void {
    for (const percent of budget.warnAt) {
      if (standing.spent === 0n || standing.spent * 100n < budget.limit * BigInt(percent)) return;
      this.#tell(budget, share, standing, percent);
    }
  }

  #tell(budget: Budget, share: Share, { spent, held }: Standing, mark: number | 'exceeded'): void {
    const { told, log, publish, count } = this.#parts;
    const { measure } = budget.series;
    // Of a limit that was changed it is told anew.
    if (!told.first(`${budget.id}\n${share.subject}`, share.window, `${mark} ${budget.limit}`)) return;
    const facts = {
      budget: budget.name,
      id: budget.id,
      subject: subjectIn({ budget, share }),
      kind: mark === 'exceeded' ? 'exceeded' : 'threshold',
      percent: mark === 'exceeded' ? null : mark,
      action: budget.action,
      measure,
      spent: tell(measure, spent),
      held: tell(measure, held),
      limit: tell(measure, budget.limit),
      resets_at: share.window.to === null ? null : new Date(share.window.to).toISOString(),
    };
    count(budget.name, mark === 'exceeded' ? 'exceeded' : `${mark}%`);
    publish('budget', facts);
    log.warn(wordsOf(budget, mark), facts);
  }
}

const nameOf = ({ series, subject, window }: Share): string => `${series.key}\n${subject}\n${window.from}`;

const UNITS: Readonly<Record<Measure, string>> = { usd: 'US dollars', tokens: 'tokens', requests: 'requests' };

function wordsOf({ name, action, limit, series }: Budget, mark: number | 'exceeded'): string {
  const all = `${tell(series.measure, limit)} ${UNITS[series.measure]}`;
  if (mark !== 'exceeded') return `${mark}% of the budget ${name} are spent, of ${all}`;
  return action === 'warn'
    ? `a request passed for which the budget ${name} of ${all} has no room`
    : `the budget ${name} of ${all} has no room for a request; such requests are refused`;
}
