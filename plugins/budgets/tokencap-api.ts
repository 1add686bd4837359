import type Router from '@koa/router';
import type { ExchangeEntry, Lent } from '../../src/plugin.ts';
import { picoOf } from '../shared/amounts.ts';
import type { BudgetDesk } from './desk.ts';
import { type Context, knownOnly, membersOf, principalOf, whileItAnswers } from './http.ts';
import { dollars, moneyOf, ProjectBudgets, readWanted } from './tokencap-budget.ts';
import { type Fault, invalid, mayNotSet, type Project, projectIn, projectOf } from './tokencap-project.ts';
import { readHistory, type Stretch } from './tokencap-question.ts';

const BUDGET = '/v1/budget';
const RESET = '/v1/budget/reset';
const USAGE = '/v1/usage';
const HISTORY = '/v1/usage/history';
/** What a key of the proxy opens, too: it reads what is its own there. */
export const TOKENCAP_PATHS: readonly string[] = [BUDGET, RESET, USAGE, HISTORY];
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** Rows that are read at a time. */
const PAGE = 500;

type Told = Fault | { readonly status: number; readonly body: unknown };
type Work = (ctx: Context, budgets: ProjectBudgets, lent: Lent) => Promise<Told>;

/** Adds `/v1/budget` and `/v1/usage`, the API of tokencap, in its shapes. Money is a number there. */
export function addTokencapRoutes(router: Router, desk: BudgetDesk, lent: Lent): void {
  const budgets = new ProjectBudgets(desk);
  const add = (method: (typeof METHODS)[number], path: string, work: Work): void => {
    router[method](path, async (ctx: Context) => {
      tell(ctx, await whileItAnswers(lent.log, () => work(ctx, budgets, lent), AWAY));
    });
  };
  add('get', BUDGET, getBudget);
  add('post', BUDGET, setBudget);
  add('delete', BUDGET, deleteBudget);
  add('post', RESET, resetBudget);
  add('get', USAGE, getUsage);
  add('get', HISTORY, getHistory);
  // What has no answer above has this one.
  for (const path of TOKENCAP_PATHS) for (const method of METHODS) add(method, path, async (ctx) => nothingBy(ctx));
}

async function getBudget(ctx: Context, budgets: ProjectBudgets): Promise<Told> {
  const project = asked(ctx);
  if ('status' in project) return project;
  const account = await budgets.standing(project);
  if (account === null) return ok({ budget: null, message: `There is no budget for the project ${project.id}.` });
  return ok({ budget: { projectId: project.id, ...moneyOf(account) } });
}

async function setBudget(ctx: Context, budgets: ProjectBudgets): Promise<Told> {
  const members = await membersOf(ctx);
  const principal = principalOf(ctx);
  const refused = mayNotSet(principal);
  if (refused !== null) return refused;
  if (members === null) return invalid('The body must be one JSON object, of 64 KiB at most.');
  const project = projectIn(principal, members.projectId);
  if ('status' in project) return project;
  const wanted = readWanted(members);
  if ('status' in wanted) return wanted;
  const account = await budgets.set(project, wanted);
  if ('status' in account) return account;
  const { from, to } = account.window;
  const budget = { projectId: project.id, ...moneyOf(account), periodStart: iso(from), periodEnd: to && iso(to) };
  return ok({ success: true, budget });
}

async function resetBudget(ctx: Context, budgets: ProjectBudgets): Promise<Told> {
  const project = mayNotSet(principalOf(ctx)) ?? asked(ctx);
  if ('status' in project) return project;
  const done = await budgets.reset(project);
  if (done !== null && done !== true) return done;
  const message = done
    ? `The budget of ${project.id} begins anew.`
    : `There is no budget for the project ${project.id}.`;
  return ok({ success: true, message });
}

async function deleteBudget(ctx: Context, budgets: ProjectBudgets): Promise<Told> {
  const project = mayNotSet(principalOf(ctx)) ?? asked(ctx);
  if ('status' in project) return project;
  const done = await budgets.delete(project);
  if (done !== null && done !== true) return done;
  if (done) return ok({ success: true, message: `The budget of ${project.id} is deleted.` });
  const message = `There is no budget for the project ${project.id}.`;
  return { status: 404, body: { success: false, message } };
}

async function getUsage(ctx: Context, budgets: ProjectBudgets, { records }: Lent): Promise<Told> {
  const project = asked(ctx, STRETCH);
  if ('status' in project) return project;
  const question = readHistory(ctx.query);
  if ('status' in question) return question;
  const { id, tenant } = project;
  const [sums, account] = await Promise.all([
    records.sums({ filters: { project: id, tenant }, from: question.from, to: question.to }),
    budgets.standing(project),
  ]);
  const { cost_usd: known, cost_sources: sources } = sums;
  const cost = picoOf(known ?? '0') + picoOf(sources.unknown.estimated_cost_usd ?? '0');
  const money = account && moneyOf(account);
  const usage = {
    projectId: id,
    totalRequests: sums.requests - sums.refused,
    totalInputTokens: sums.input_tokens,
    totalOutputTokens: sums.output_tokens,
    totalCostUsd: dollars(cost),
    budgetLimitUsd: money?.limitUsd ?? null,
    budgetRemainingUsd: money?.remainingUsd ?? null,
    budgetUtilizationPercent: account && account.limit > 0n ? percentOf(account.spent, account.limit) : null,
  };
  return ok({ usage });
}

async function getHistory(ctx: Context, _: ProjectBudgets, { records }: Lent): Promise<Told> {
  const project = asked(ctx, [...STRETCH, 'limit']);
  if ('status' in project) return project;
  const question = readHistory(ctx.query);
  if ('status' in question) return question;
  const rows = await rowsOf(project, question, records);
  return ok({ records: rows.map((row) => recordOf(project.id, row)) });
}

/** The newest rows of a project, read in as many pages as it takes. */
async function rowsOf({ id, tenant }: Project, question: Stretch, records: Lent['records']): Promise<ExchangeEntry[]> {
  const { limit, from, to } = question;
  const rows: ExchangeEntry[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(PAGE, limit - rows.length);
    const page = await records.list({ filters: { project: id, tenant }, from, to, limit: size, cursor });
    rows.push(...page.entries);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && rows.length < limit);
  return rows;
}

/** What was refused, or failed, has used nothing: that is known. What else is unknown is null. */
function recordOf(projectId: string, row: ExchangeEntry): Record<string, unknown> {
  const isNothing = row.usage_status === 'not_applicable';
  const cost = row.cost_usd ?? (isNothing ? '0' : null);
  return {
    id: row.seq,
    projectId,
    provider: row.provider,
    model: row.model,
    inputTokens: row.input_tokens ?? (isNothing ? 0 : null),
    outputTokens: row.output_tokens ?? (isNothing ? 0 : null),
    costUsd: cost === null ? null : Number(cost),
    requestId: row.id,
    createdAt: row.time,
    ...(row.outcome === 'refused' && { reason: row.error_code }),
  };
}

const STRETCH = ['from', 'to'];

/** The project of a call, which may have these parameters beside it. */
function asked(ctx: Context, parameters: readonly string[] = []): Project | Fault {
  const bad = knownOnly(ctx, ['project_id', ...parameters]);
  return bad === null ? projectOf(ctx) : invalid(bad.message);
}

const percentOf = (spent: bigint, limit: bigint): number => Number((spent * 10_000n) / limit) / 100;
const iso = (time: number): string => new Date(time).toISOString();
const ok = (body: unknown): Told => ({ status: 200, body });

const nothingBy = (ctx: Context): Told => ({
  status: 404,
  type: 'not_found',
  message: `There is no ${ctx.method} ${ctx.path}.`,
});

const AWAY: Fault = {
  status: 503,
  type: 'database_unavailable',
  message: 'The database does not answer now. Budgets that are set go on holding.',
};

function tell(ctx: Context, told: Told): void {
  if (told === AWAY) ctx.set('retry-after', '5');
  ctx.status = told.status;
  ctx.body = 'body' in told ? told.body : { error: { type: told.type, message: told.message } };
}
