/** Sessions on disk, by API and by form. */
import type Router from '@koa/router';
import type { Principal, RouteState } from '../../src/plugin.ts';
import type { SessionDesk } from './desk.ts';

type Context = Parameters<Parameters<Router['post']>[1]>[0];

const SESSIONS = '/dashboard/sessions';
const NOT_CONFIGURED = 'no session directory is configured for this agent';

export function addRoutes(router: Router, desk: SessionDesk): void {
  router.get('/api/v1/session-files', (ctx) => list(ctx, desk));
  router.get('/api/session-status', (ctx) => status(ctx, desk));
  router.post('/api/reset-session', (ctx) => reset(ctx, desk));
  router.post(`${SESSIONS}/reset`, (ctx) => resetByForm(ctx, desk));
}

/** Directories belong to the machine, so to its operator: a key of a tenant or a project sees none. */
const isOperator = (who: Principal | null): boolean => who?.tenant === undefined && who?.project === undefined;

async function list(ctx: Context, desk: SessionDesk): Promise<void> {
  const { principal } = ctx.state as RouteState;
  const asked = [ctx.query.agent].flat()[0];
  const agents = isOperator(principal) ? [...desk.dirs.keys()].filter((agent) => !asked || agent === asked) : [];
  const statuses = await Promise.all(agents.map((agent) => desk.status(agent)));
  ctx.body = { agents: statuses.map(({ file: _, ...status }) => status) };
}

/** What the files say, as the predecessor answers where no row says anything: plugin `sessions` asks here only then. */
async function status(ctx: Context, desk: SessionDesk): Promise<void> {
  const { principal } = ctx.state as RouteState;
  const told = (ctx.body as { agent?: string } | undefined)?.agent ?? [ctx.query.agent].flat()[0];
  if (told === undefined || !desk.dirs.has(told) || !isOperator(principal)) return;
  const { agent, turns, chars, recommendation, session_char_limit, ...file } = await desk.status(told);
  ctx.body = {
    agent,
    current_session_turns: turns ?? 0,
    current_history_chars: chars ?? 0,
    // What was not paid for through here is not known here; the predecessor says 0, and so do its readers.
    last_turn_cost: 0,
    avg_cost_last_5: 0,
    cache_write_pct_last_5: 0,
    cost_since_last_reset: 0,
    turns_since_last_reset: turns ?? 0,
    recommendation,
    session_char_limit,
    tool_results: file.tool_results ?? 0,
    file_bytes: file.file_bytes ?? 0,
    total_lines: file.total_lines ?? 0,
    session_files: file.session_files,
  };
}

/** As the predecessor answers, its errors too. */
async function reset(ctx: Context, desk: SessionDesk): Promise<void> {
  const { principal, who } = ctx.state as RouteState;
  const agent = [ctx.query.agent].flat()[0];
  if (agent === undefined) {
    ctx.status = 422;
    ctx.body = { detail: [{ type: 'missing', loc: ['query', 'agent'], msg: 'Field required', input: null }] };
    return;
  }
  const answer = isOperator(principal) ? await desk.reset(agent, { cause: 'manual', who }) : null;
  if (answer === null) ctx.status = 400;
  ctx.body = answer ?? { error: NOT_CONFIGURED };
}

/** Leads back with a word that the page knows: `reset`, `kept`, `not_configured`. */
async function resetByForm(ctx: Context, desk: SessionDesk): Promise<void> {
  const { form, principal, who } = ctx.state as RouteState;
  const agent = form?.get('agent') ?? '';
  const answer = isOperator(principal) ? await desk.reset(agent, { cause: 'manual', who }) : null;
  const note = answer === null ? 'not_configured' : answer.action === 'killed' ? 'reset' : 'kept';
  ctx.status = 303;
  ctx.redirect(`${SESSIONS}?${new URLSearchParams({ note, agent })}`);
}
