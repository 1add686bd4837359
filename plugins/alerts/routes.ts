/** The API of alerts. */
import type Router from '@koa/router';
import type { FigureName, Lent, RouteState } from '../../src/plugin.ts';
import { strangerIn, refuse as wrong } from '../shared/answer.ts';
import { isMembers } from '../shared/fields.ts';
import { readJson } from '../shared/json-body.ts';
import type { Labels } from './ask.ts';
import type { Change } from './book.ts';
import type { AlertDesk, GroupView, Refusal, RuleView } from './desk.ts';
import { metricOf } from './metrics.ts';

export type Context = Parameters<Parameters<Router['post']>[1]>[0];

const ALERTS = '/api/v1/alerts';
const MOST_BYTES = 16 * 1024;
const USUAL = 50;
const MOST = 500;

export const AWAY = 'The database does not answer now. Alerts go on as they are.';

/** What is answered to what cannot be done. */
export const REFUSALS: Readonly<Record<Refusal, { status: number; message: string }>> = {
  not_found: { status: 404, message: 'There is no alert of this name.' },
  not_yours: {
    status: 403,
    message: 'This key may see its own groups of this alert; the alert itself is not its own.',
  },
  nothing_to_acknowledge: { status: 409, message: 'Nothing of this alert is in the state WARNING or ALERT now.' },
  paused_in_file: { status: 409, message: 'gateway.yaml pauses this alert, and only that changes it.' },
};

export function addRoutes(router: Router, desk: AlertDesk, { log, figures }: Pick<Lent, 'log' | 'figures'>): void {
  router.get(ALERTS, (ctx) => {
    const stranger = strangerIn(ctx, []);
    if (stranger !== null) return wrong(ctx, { ...stranger, rule: 'is not a parameter here; there are none' });
    ctx.body = { alerts: desk.all(principalOf(ctx)).map(ruleShape), figures: figures.names().map(figureShape) };
  });
  router.get(`${ALERTS}/history`, (ctx) => tellHistory(ctx, desk));
  router.post(`${ALERTS}/:name/acknowledge`, async (ctx) => {
    const labels = await labelsIn(ctx);
    if (labels === null) return;
    await act(ctx, log, () => desk.acknowledge(principalOf(ctx), whoIn(ctx), nameIn(ctx), labels.group));
  });
  for (const what of ['pause', 'resume', 'test'] as const)
    router.post(`${ALERTS}/:name/${what}`, (ctx) =>
      act(ctx, log, () => desk[what](principalOf(ctx), whoIn(ctx), nameIn(ctx))),
    );
}

export const principalOf = (ctx: Context) => (ctx.state as RouteState).principal;
export const whoIn = (ctx: Context) => (ctx.state as RouteState).who;
const nameIn = (ctx: Context): string => String(ctx.params.name);

/** What a database that does not answer makes of it. A mistake of ours is none of that, and goes on its way. */
export async function tried(log: Lent['log'], work: () => Promise<Refusal | null>): Promise<Refusal | 'away' | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
    log.warn('alerts wait for the database', { error: (error as Error).name });
    return 'away';
  }
}

async function act(ctx: Context, log: Lent['log'], work: () => Promise<Refusal | null>): Promise<void> {
  const refusal = await tried(log, work);
  if (refusal === null) {
    ctx.status = 204;
    return;
  }
  if (refusal === 'away') {
    ctx.set('retry-after', '5');
    return refuse(ctx, 503, 'database_unavailable', AWAY);
  }
  refuse(ctx, REFUSALS[refusal].status, refusal, REFUSALS[refusal].message);
}

function tellHistory(ctx: Context, desk: AlertDesk): void {
  const { limit = String(USUAL), name } = ctx.query;
  const count = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  const fault = strangerIn(ctx, ['limit', 'name']) ?? faultIn(count, name);
  if (fault !== null) {
    wrong(ctx, fault);
    return;
  }
  const question = { name: typeof name === 'string' && name !== '' ? name : undefined, limit: count };
  ctx.body = { history: desk.history(principalOf(ctx), question).map(changeShape) };
}

function faultIn(count: number, name: unknown): { field: string; rule: string } | null {
  if (count < 1 || count > MOST) return { field: 'limit', rule: `must be a whole number from 1 to ${MOST}` };
  return Array.isArray(name) ? { field: 'name', rule: 'may be given once' } : null;
}

/** The group that a body names; null where it was answered that it is none. */
async function labelsIn(ctx: Context): Promise<{ group: Labels | undefined } | null> {
  const { 'content-length': length, 'transfer-encoding': chunked } = ctx.req.headers;
  if (chunked === undefined && Number(length ?? 0) === 0) return { group: undefined };
  const read = await readJson(ctx.req, MOST_BYTES);
  if (!('value' in read)) {
    refuse(ctx, read.status, read.code, read.message);
    return null;
  }
  const { value } = read;
  const { group, ...more } = isMembers(value) ? value : { more: true };
  const isLabels = (labels: unknown): labels is Labels =>
    labels === null ||
    (isMembers(labels) && Object.values(labels).every((label) => label === null || typeof label === 'string'));
  if (Object.keys(more).length === 0 && (group === undefined || isLabels(group))) return { group };
  wrong(ctx, { field: 'group', rule: 'must be an object such as { "agent": "coder" }, and nothing beside it' });
  return null;
}

function refuse(ctx: Context, status: number, code: string, message: string): void {
  ctx.status = status;
  ctx.body = { error: { code, message } };
}

const iso = (at: number): string => new Date(at).toISOString();

function ruleShape({ rule, state, paused, at, failing, reason, cut, groups }: RuleView) {
  return {
    name: rule.name,
    state,
    metric: rule.metric,
    unit: metricOf(rule.metric).unit,
    window: rule.window,
    percentile: rule.percentile,
    group_by: rule.groupBy,
    scope: rule.where,
    direction: rule.direction,
    threshold: rule.critical.text,
    warn_threshold: rule.warn?.text ?? null,
    no_data: rule.noData,
    for_s: rule.forMs / 1000,
    cooldown_s: rule.cooldownMs / 1000,
    renotify_s: rule.renotifyMs === null ? null : rule.renotifyMs / 1000,
    severity: rule.severity,
    notify: rule.notify,
    paused:
      paused === null
        ? null
        : paused.inFile
          ? { by: null, at: null, in_file: true }
          : { by: paused.by, at: iso(paused.at), in_file: false },
    checked_at: at === null ? null : iso(at),
    failing: failing && { since: iso(failing.since), why: failing.why },
    reason,
    more_groups: cut,
    groups: groups.map(groupShape),
  };
}

const groupShape = ({ labels, group, acknowledged }: GroupView) => ({
  group: labels,
  state: group.state,
  since: iso(group.since),
  value: group.value,
  rows: group.rows,
  told: group.told === 0 || Object.keys(group.toldAt).length === 0 ? null : { state: group.known, at: iso(group.told) },
  acknowledged: acknowledged && { by: acknowledged.by, at: iso(acknowledged.at) },
});

const changeShape = ({ at, alert, labels, metric, from, to, value, threshold, told }: Change) => ({
  at: iso(at),
  alert,
  group: labels,
  metric,
  from,
  to,
  value,
  threshold,
  told,
});

const figureShape = ({ name, help }: FigureName) => ({ name, help });
