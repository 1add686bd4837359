import type Router from '@koa/router';
import type { Lent, Page, PageQuestion, Principal, RouteState } from '../../src/plugin.ts';
import type { BudgetDesk } from './desk.ts';
import { groupsOf } from './fieldset.ts';
import { fresh, problemsOf, specOf, typed, type Values, valuesOf } from './form.ts';
import { type Context, principalOf, whileItAnswers } from './http.ts';
import { AWAY, type Problem } from './problems.ts';
import { versionOf } from './shapes.ts';
import type { Budget } from './types.ts';
import { accountView, budgetView, SHOWN } from './view.ts';

const NAME = 'budgets';
const PATH = `/dashboard/${NAME}`;
const REFUSALS = 8;
const MONTH_MS = 30 * 86_400_000;
/** Filters of rows that a budget refused. */
const REFUSED = { outcome: 'refused', q: 'budget_exceeded' };

/** What stands above the budgets: a form, a question, what was done. */
interface Panel {
  readonly told?: { readonly tone: 'good' | 'bad'; readonly text: string } | null;
  readonly form?: object;
  readonly confirm?: object | null;
}

/** The page of budgets: how they stand, what they refused, and forms for those that gateway.yaml does not name. */
export function budgetsPage(desk: BudgetDesk, lent: Lent): Page {
  return {
    name: NAME,
    title: 'Budgets',
    live: true,
    data: async (question) => dataOf(desk, lent, question.principal, await panelOf(desk, lent, question)),
  };
}

/** Adds what the forms of the page send. A form that is not right comes back with what was typed in it. */
export function addBudgetForms(router: Router, desk: BudgetDesk, lent: Lent): void {
  router.post(PATH, async (ctx: Context) => {
    const { form, show } = ctx.state as RouteState;
    const values = typed(form ?? new URLSearchParams());
    const who = principalOf(ctx);
    const done = await whileItAnswers(lent.log, () => work(desk, who, values), AWAY);
    if ('id' in done) {
      ctx.status = 303;
      ctx.set('location', `${PATH}?done=${values.do}&id=${encodeURIComponent(done.id)}`);
      return;
    }
    ctx.status = done.status;
    const panel = values.do === 'create' || values.do === 'change' ? again(desk, who, values, done) : refused(done);
    await show(NAME, await dataOf(desk, lent, who, panel));
  });
}

function work(desk: BudgetDesk, who: Principal | null, values: Values): Promise<Budget | Problem> {
  const { do: task, id = '', version = '', subject } = values;
  if (task === 'create') return desk.create(who, specOf(values));
  if (task === 'change') return desk.replace(who, id, { ...specOf(values), name: undefined, version });
  if (task === 'delete') return desk.delete(who, id, version);
  if (task === 'reset') return desk.reset(who, id, { version, subject: subjectOf(desk.find(who, id), subject) });
  return Promise.resolve({ status: 400, code: 'invalid_form', message: 'This form is none of this page.' });
}

/** Which account a form means: a list of values, in the order of `per`. */
function subjectOf(budget: Budget | null, text: string | undefined): Record<string, unknown> | undefined {
  if (budget === null || text === undefined) return undefined;
  const { per } = budget.series;
  const values = listIn(text);
  return values.length === per.length ? Object.fromEntries(per.map((dimension, i) => [dimension, values[i]])) : {};
}

function listIn(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

async function dataOf(desk: BudgetDesk, lent: Lent, who: Principal | null, panel: Panel) {
  const now = Date.now();
  const { log } = lent;
  const budgets = desk.all(who).map(async (budget) => {
    const accounts = await whileItAnswers(log, () => desk.list.accounts(budget, SHOWN + 1, now), null);
    return budgetView(budget, accounts, now);
  });
  return {
    ...panel,
    budgets: await Promise.all(budgets),
    refusals: await refusalsOf(lent, who, now),
    example: EXAMPLE,
  };
}

async function refusalsOf({ records, log }: Lent, who: Principal | null, now: number): Promise<object> {
  const filters = { ...REFUSED, tenant: who?.tenant, project: who?.project };
  const from = new Date(now - MONTH_MS);
  const page = await whileItAnswers(log, () => records.list({ filters, from, limit: REFUSALS }), null);
  const all = `/dashboard/requests?${new URLSearchParams(REFUSED)}`;
  return page === null ? { error: AWAY.message } : { rows: page.entries, all };
}

/** What the address asks for: `?new`, `?edit=ID`, `?reset=ID`, `?delete=ID`, or to be told what was done. */
async function panelOf(desk: BudgetDesk, { log }: Lent, { query, principal, zone }: PageQuestion): Promise<Panel> {
  if (query.has('new')) return { form: formOf(null, fresh(zone), zone) };
  for (const task of ['edit', 'reset', 'delete'] as const) {
    const id = query.get(task);
    if (id === null) continue;
    const budget = desk.find(principal, id);
    if (budget === null) return { told: { tone: 'bad', text: 'This budget is gone: somebody has deleted it.' } };
    if (budget.origin === 'file' && task !== 'reset')
      return { told: { tone: 'bad', text: `${budget.name} is in gateway.yaml, and only that changes it.` } };
    if (task === 'edit') return { form: formOf(budget, valuesOf(budget), zone) };
    return { confirm: await whileItAnswers(log, () => confirmOf(desk, budget, task, query.get('subject')), null) };
  }
  return { told: doneWords(query.get('done'), desk.find(principal, query.get('id') ?? '')) };
}

function doneWords(done: string | null, budget: Budget | null): NonNullable<Panel['told']> | null {
  if (done === 'delete') return { tone: 'good', text: 'The budget is deleted.' };
  if (budget === null || done === null || !Object.hasOwn(DONE, done)) return null;
  return { tone: 'good', text: `${budget.name} ${DONE[done as keyof typeof DONE]}.` };
}

const DONE = { create: 'is in force now', change: 'is changed, and in force', reset: 'begins anew' };

/** What a person is asked before something goes. */
async function confirmOf(desk: BudgetDesk, budget: Budget, task: 'reset' | 'delete', subject: string | null) {
  const { id, name } = budget;
  const common = { id, version: versionOf(budget), do: task, name };
  if (task === 'delete') return { ...common, isDelete: true };
  const now = Date.now();
  const values = subject === null ? [] : listIn(subject);
  const isOne = budget.series.per.length === 0;
  const account = isOne ? await desk.list.standing(budget, '', now) : null;
  return {
    ...common,
    subject,
    whose: values.filter((value) => typeof value === 'string').join(' · '),
    account: account && accountView(budget, account, now),
  };
}

function formOf(budget: Budget | null, values: Values, zone: string, more: Partial<FormMore> = {}): object {
  const { problems = NONE, theirs = null, said = null } = more;
  return {
    title: budget === null ? 'New budget' : `Change ${budget.name}`,
    button: budget === null ? 'Make the budget' : 'Save',
    do: budget === null ? 'create' : 'change',
    id: budget?.id ?? '',
    name: budget?.name ?? null,
    version: budget === null ? '' : versionOf(budget),
    said,
    groups: groupsOf({ values, problems, theirs, named: budget !== null, zone }),
  };
}

interface FormMore {
  problems: ReadonlyMap<string, string>;
  /** What the budget says by now, where somebody else has changed it. */
  theirs: Values | null;
  said: { readonly tone: 'warn' | 'bad'; readonly text: string } | null;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The form with what was typed, and what is wrong with it. */
function again(desk: BudgetDesk, who: Principal | null, values: Values, problem: Problem): Panel {
  const zone = values.time_zone || 'UTC';
  const budget = values.do === 'change' ? desk.find(who, values.id ?? '') : null;
  if (problem.code === 'budget_changed' && budget !== null) {
    const said = { tone: 'warn', text: CHANGED } as const;
    return { form: formOf(budget, values, zone, { theirs: valuesOf(budget), said }) };
  }
  if (problem.code === 'not_found') {
    const said = { tone: 'warn', text: GONE } as const;
    return { form: formOf(null, values, zone, { said }) };
  }
  const { complaints, field, message } = problem;
  const problems = problemsOf(complaints ?? [{ field: field ?? '', message }], values);
  const rest = problems.get('');
  const text = rest ?? (complaints === undefined && field === undefined ? message : FIX);
  return { form: formOf(budget, values, zone, { problems, said: { tone: 'bad', text } }) };
}

const FIX = 'Nothing is saved yet: see what is marked below.';
const CHANGED =
  'Somebody has changed this budget since you opened it. What differs is marked below; save again to put yours in its place.';
const GONE = 'Somebody has deleted this budget since you opened it. Save to make it again.';

const refused = ({ message, code }: Problem): Panel => ({
  told: {
    tone: 'bad',
    text:
      code === 'budget_changed' ? 'Somebody has changed this budget meanwhile. Look at it, and try again.' : message,
  },
});

const EXAMPLE = `budgets:
  - { name: backend, scope: { team: backend }, limit_usd: 10, period: month }
  - { name: each agent, scope: { team: backend }, per: agent, limit_usd: 2, period: day }`;
