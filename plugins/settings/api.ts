/** `/api/settings`, in the predecessor's shapes. */
import type Router from '@koa/router';
import type { Lent, Principal, RouteState, Settings, SettingsBody, SettingsProblem } from '../../src/plugin.ts';
import { readJson } from '../shared/json-body.ts';

export type Context = Parameters<Parameters<Router['post']>[1]>[0];

const SETTINGS = '/api/settings';
const MOST_BYTES = 64 * 1024;

/** Changes the settings. `away`: the database does not answer, and nothing was changed. */
export class SettingsDesk {
  readonly settings: Settings;
  readonly #log: Lent['log'];

  constructor(settings: Settings, log: Lent['log']) {
    this.settings = settings;
    this.#log = log;
  }

  async change(patch: unknown, who: string | null): Promise<SettingsProblem | 'away' | null> {
    try {
      const problem = await this.settings.change(patch, who);
      if (problem === null) this.#log.info('the settings were changed', { by: who });
      return problem;
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      this.#log.warn('settings wait for the database', { error: (error as Error).name });
      return 'away';
    }
  }

  /** What a key may see: one of a tenant or a project nothing of agents, which may be others'. */
  bodyFor(who: Principal | null): SettingsBody {
    const body = this.settings.body();
    return mayChange(who) ? body : { ...body, agents: {} };
  }
}

/** Settings hold for everybody: who has a tenant or a project only does not set them. */
export const mayChange = (who: Principal | null): boolean => who?.tenant === undefined && who?.project === undefined;

export const NOT_YOURS = 'Settings hold for all tenants and projects: a key of one of them changes none.';
export const AWAY = 'The database does not answer now. The settings stay as they were.';

export function addSettingsApi(router: Router, desk: SettingsDesk): void {
  router.get(SETTINGS, (ctx) => {
    ctx.body = desk.bodyFor((ctx.state as RouteState).principal);
  });
  router.post(SETTINGS, (ctx) => change(ctx, desk));
}

async function change(ctx: Context, desk: SettingsDesk): Promise<void> {
  const { principal, who } = ctx.state as RouteState;
  if (!mayChange(principal)) return refuse(ctx, 403, 'forbidden', NOT_YOURS);
  const read = await readJson(ctx.req, MOST_BYTES);
  if (!('value' in read)) {
    const message = read.status === 413 ? `The body is larger than ${MOST_BYTES / 1024} KiB.` : read.message;
    return refuse(ctx, read.status, read.code, message);
  }
  const problem = await desk.change(read.value, who);
  if (problem === 'away') {
    ctx.set('retry-after', '5');
    return refuse(ctx, 503, 'database_unavailable', AWAY);
  }
  if (problem !== null)
    return refuse(ctx, 400, 'invalid_parameter', `${problem.field} ${problem.message}`, problem.field);
  ctx.body = desk.bodyFor(principal);
}

/** An error as the predecessor gives it, a text, and beside it what ours have. */
function refuse(ctx: Context, status: number, code: string, error: string, field?: string): void {
  ctx.status = status;
  ctx.body = { error, code, ...(field !== undefined && { field }) };
}
