import { definePlugin, type Lent } from '../src/plugin.ts';
import { Alerts, Told } from './budgets/alerts.ts';
import { addBudgetRoutes } from './budgets/api.ts';
import { sharesOf } from './budgets/claims.ts';
import { BudgetDesk } from './budgets/desk.ts';
import { BudgetList } from './budgets/list.ts';
import { addBudgetForms, budgetsPage } from './budgets/page.ts';
import { Passage, type PassageParts } from './budgets/passage.ts';
import { budgetSchema, readBudget } from './budgets/spec.ts';
import { addTokencapRoutes, TOKENCAP_PATHS } from './budgets/tokencap-api.ts';
import type { Budget } from './budgets/types.ts';
import { budgetUsed } from './budgets/used.ts';

/**
 * Holds spending to limits: a request that does not fit is refused before it leaves, however many come at once.
 *
 * What a request may cost at most is held before it leaves, in one step with the check, and ends
 * with its row. What was spent is the sum of the rows, so a limit that is raised, lowered or
 * reset holds for the next request. Several processes with one PostgreSQL database share one limit.
 * Budgets in gateway.yaml stand beside those set by API.
 *
 * @example
 *   - plugin: budgets
 *     status: 402                # or 429
 * budgets:
 *   - { name: backend, scope: { team: backend }, limit_usd: 10, period: 30d }
 *   - { name: each agent, per: agent, limit_usd: 2, period: day, time_zone: Europe/Berlin, when_short: clamp }
 *   - { name: company, limit_usd: 500, period: month, action: warn, warn_at: [50, 80, 100] }
 */
export default definePlugin({
  summary:
    'Holds spending to limits: a request that does not fit is refused before it leaves, however many come at once.',
  section: 'budgets',
  options: {
    budgets: {
      type: 'array',
      description: 'What may be spent, or used. All budgets that a request is in must have room for it.',
      maxItems: 1000,
      default: [],
      items: budgetSchema,
    },
    status: {
      type: 'integer',
      enum: [402, 429],
      default: 402,
      description: 'HTTP status of what a budget refuses. After 429 some clients try again by themselves.',
    },
    without_database: {
      type: 'string',
      enum: ['slice', 'refuse'],
      default: 'slice',
      description:
        'What happens while the database of several processes does not answer. slice: each goes by its last word and its own requests, so each may spend what was left, once. refuse: 503 for what is under a budget that rejects.',
    },
    header_prefix: {
      type: 'string',
      pattern: '^[A-Za-z][A-Za-z0-9-]{0,62}[A-Za-z0-9]$',
      patternErrorMessage: 'must be letters, digits and hyphens',
      default: 'x-tokencap',
      description: 'What the name of the header begins with that tells what is left: x-tokencap-budget-remaining.',
    },
  },
  requires: { identity: 'above', prediction: 'above', history: 'above', usage: 'below' },
  needs: ['history', 'identity', 'prediction', 'usage'],
  setup: (lent) => {
    const { options, accounts, documents, log, publish } = lent;
    const list = new BudgetList({ file: readFile(options.budgets), documents, accounts, log });
    const parts = partsOf(lent, list);
    const desk = new BudgetDesk(list);
    const quiet = documents.onChange(() => publish('budget', { kind: 'changed' }));
    lent.figures.offer('budget_used', 'Percent of each budget that is spent, by account.', () => budgetUsed(list));
    return {
      onRequest(exchange) {
        // What nobody answers for goes nowhere, and costs nothing; nor does what cannot leave.
        if (list.all().length === 0 || exchange.targets.length === 0 || exchange.unsendable) return;
        const shares = sharesOf(list, exchange);
        if (shares.length === 0) return;
        return new Passage(exchange, shares, parts).begin();
      },
      routes(router) {
        addBudgetRoutes(router, desk, lent);
        addTokencapRoutes(router, desk, lent);
        addBudgetForms(router, desk, lent);
      },
      reports: TOKENCAP_PATHS,
      pages: [budgetsPage(desk, lent)],
      close: () => {
        quiet();
        list.close();
      },
    };
  },
});

interface Options {
  readonly status: number;
  readonly without_database: 'slice' | 'refuse';
  readonly header_prefix: string;
}

/** Makes what the requests of one configuration share. */
function partsOf(lent: Omit<Lent, 'options'> & { options: Options }, list: BudgetList): PassageParts {
  const { options, accounts, records, log, metrics, publish, shared, every } = lent;
  const refusals = metrics.counter('refusals', 'Requests that budgets refused.', ['budget', 'code']);
  const marks = metrics.counter('alerts', 'Marks that budgets have reached.', ['budget', 'kind']);
  const told = shared('told', () => new Told());
  const count = (budget: string, kind: string): void => marks.add(1, { budget, kind });
  const alerts = new Alerts({ accounts, log, publish, told, count });
  every(LOOK_MS, () => alerts.look());
  return {
    list,
    accounts,
    alerts,
    status: options.status === 429 ? 429 : 402,
    apart: options.without_database,
    remaining: `${options.header_prefix.toLowerCase()}-budget-remaining`,
    isFull: () => records.full,
    refused: (budget, code) => refusals.add(1, { budget, code }),
  };
}

/** How long after a request its budgets are looked at, milliseconds. */
const LOOK_MS = 500;

/** Throws with all that is wrong, by the place in gateway.yaml. */
function readFile(entries: readonly unknown[]): Budget[] {
  const names = new Map<string, number>();
  const wrong: string[] = [];
  const budgets = entries.flatMap((entry, i) => {
    const { budget, complaints } = readBudget(entry, 'file');
    for (const { field, message } of complaints ?? []) wrong.push(`budgets[${i}].${field} ${message}`);
    if (budget === null) return [];
    const before = names.get(budget.id);
    if (before !== undefined)
      wrong.push(`budgets[${i}].name is the same as that of budgets[${before}]: ${budget.name}`);
    names.set(budget.id, i);
    return [budget];
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return budgets;
}
