import type Router from '@koa/router';
import type { Lent } from '../../src/plugin.ts';
import type { BudgetDesk, Members } from './desk.ts';
import { type Context, knownOnly, membersOf, principalOf, whileItAnswers } from './http.ts';
import type { Problem } from './problems.ts';
import * as problem from './problems.ts';
import { accountShape, budgetShape } from './shapes.ts';
import type { Budget } from './types.ts';

const PATH = '/api/v1/budgets';
const ONE = `${PATH}/:id`;
/** Accounts of each budget in a list of budgets, of one that is asked for alone, and at most. */
const FEW = 10;
const USUAL = 100;
const MOST = 1000;

type Told = Problem | { readonly status: number; readonly body: unknown };

type Work = (ctx: Context, id: string, members: Members) => Promise<Told>;

/** Adds `/api/v1/budgets`: everything that can be asked of budgets, and done with those that are not in gateway.yaml. */
export function addBudgetRoutes(router: Router, desk: BudgetDesk, { log }: Lent): void {
  const { list } = desk;
  const add = (method: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string, work: Work): void => {
    router[method](path, async (ctx: Context) => {
      const members = method === 'get' ? {} : await membersOf(ctx);
      if (members === null) tell(ctx, problem.NO_OBJECT);
      else tell(ctx, await whileItAnswers(log, () => work(ctx, idOf(ctx), members), problem.AWAY));
    });
  };
  const told = async (budget: Budget | Problem, status = 200): Promise<Told> =>
    'id' in budget ? { status, body: budgetShape(budget, await list.accounts(budget, USUAL)) } : budget;

  add('get', PATH, async (ctx) => {
    const bad = knownOnly(ctx, []);
    if (bad !== null) return bad;
    const budgets = desk.all(principalOf(ctx));
    const data = budgets.map(async (budget) => budgetShape(budget, await list.accounts(budget, FEW)));
    return { status: 200, body: { data: await Promise.all(data) } };
  });
  add('post', PATH, async (ctx, _, members) => told(await desk.create(principalOf(ctx), members), 201));
  add('get', ONE, async (ctx, id) => told(desk.find(principalOf(ctx), id) ?? problem.NONE));
  add('put', ONE, async (ctx, id, members) => told(await desk.replace(principalOf(ctx), id, members)));
  add('patch', ONE, async (ctx, id, members) => told(await desk.patch(principalOf(ctx), id, members)));
  add('delete', ONE, async (ctx, id, { version }) => {
    const budget = await desk.delete(principalOf(ctx), id, version);
    return 'id' in budget ? { status: 200, body: { deleted: true, id: budget.id } } : budget;
  });
  add('post', `${ONE}/reset`, async (ctx, id, members) => told(await desk.reset(principalOf(ctx), id, members)));
  add('get', `${ONE}/accounts`, async (ctx, id) => {
    const budget = desk.find(principalOf(ctx), id);
    if (budget === null) return problem.NONE;
    const most = mostOf(ctx);
    if (typeof most !== 'number') return most;
    const accounts = await list.accounts(budget, most);
    return { status: 200, body: { accounts: accounts.map((account) => accountShape(budget, account)) } };
  });
}

const idOf = (ctx: Context): string => (ctx as Context & { params: { id?: string } }).params.id ?? '';

function mostOf(ctx: Context): number | Problem {
  const bad = knownOnly(ctx, ['limit']);
  if (bad !== null) return bad;
  const { limit = String(USUAL) } = ctx.query;
  const most = typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  return most >= 1 && most <= MOST ? most : problem.badParameter('limit', `must be a whole number from 1 to ${MOST}`);
}

function tell(ctx: Context, told: Told): void {
  ctx.status = told.status;
  if ('body' in told) {
    ctx.body = told.body;
    return;
  }
  const { code, message, field } = told;
  if (told === problem.AWAY) ctx.set('retry-after', '5');
  ctx.body = { error: { code, message, ...(field !== undefined && { field }) } };
}
