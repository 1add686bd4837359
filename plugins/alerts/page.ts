/** The page of alerts: how they stand, what changed, and forms to acknowledge, pause and test them. */
import type Router from '@koa/router';
import type { Lent, Page, PageQuestion, RouteState } from '../../src/plugin.ts';
import type { Labels } from './ask.ts';
import type { AlertDesk, Refusal, Who } from './desk.ts';
import { AWAY, type Context, principalOf, REFUSALS, tried, whoIn } from './routes.ts';
import { PAGE } from './tell.ts';
import { changeView, countsOf, ruleView } from './view.ts';

const NAME = 'alerts';
const CHANGES = 50;

const TASKS = ['acknowledge', 'pause', 'resume', 'test'] as const;
type Task = (typeof TASKS)[number];

/** What was done, told by a word in the address; any other word says nothing. */
const DONE: Readonly<Record<Task, string>> = {
  acknowledge: 'is acknowledged: it is not told again until it is well.',
  pause: 'is paused: it is not looked at, and tells nothing.',
  resume: 'is looked at again.',
  test: 'was tested: its channels were sent a notice that says so.',
};

/** What is asked before it is done. */
const ASKED: Readonly<Record<'pause' | 'test', { title: string; text: string; button: string }>> = {
  pause: {
    title: 'Pause',
    text: 'It is not looked at any more, and nobody is told of anything, until somebody resumes it. What is open stays open.',
    button: 'Pause it',
  },
  test: {
    title: 'Test',
    text: 'A notice that is marked as a test goes to its channels. Its state stays as it is.',
    button: 'Send a test',
  },
};

interface Panel {
  readonly told?: { readonly tone: 'good' | 'bad'; readonly text: string } | null;
  readonly confirm?: object | null;
}

export function alertsPage(desk: AlertDesk): Page {
  return {
    name: NAME,
    title: 'Alerts',
    live: true,
    data: ({ principal, query }: PageQuestion) => dataOf(desk, principal, panelOf(desk, principal, query)),
  };
}

function dataOf(desk: AlertDesk, who: Who, panel: Panel): Record<string, unknown> {
  const views = desk.all(who);
  return {
    ...panel,
    alerts: views.map(ruleView),
    counts: countsOf(views).filter(({ count }) => count > 0),
    changes: desk.history(who, { limit: CHANGES }).map(changeView),
    example: EXAMPLE,
  };
}

/** What the address asks for: to be asked before something is done, or told what was done. */
function panelOf(desk: AlertDesk, who: Who, query: URLSearchParams): Panel {
  const named = (name: string | null): string | null =>
    desk.all(who).find(({ rule }) => rule.name === name)?.rule.name ?? null;
  for (const task of ['pause', 'test'] as const) {
    const name = named(query.get(task));
    if (name !== null) return { confirm: { ...ASKED[task], task, name } };
  }
  const [done, name] = [query.get('done'), named(query.get('name'))];
  const isTask = TASKS.some((task) => task === done);
  return isTask && name !== null ? { told: { tone: 'good', text: `${name} ${DONE[done as Task]}` } } : {};
}

/** Takes the forms of the page, and leads back to it. */
export function addForms(router: Router, desk: AlertDesk, log: Lent['log']): void {
  router.post(PAGE, async (ctx: Context) => {
    const { form, show } = ctx.state as RouteState;
    const task = form?.get('do');
    const name = form?.get('name') ?? '';
    const work = workOf(desk, ctx, task ?? '', name, form?.get('group') ?? null);
    const refusal = work === null ? 'no_form' : await tried(log, work);
    if (refusal === null) {
      ctx.status = 303;
      ctx.redirect(`${PAGE}?done=${task}&name=${encodeURIComponent(name)}`);
      return;
    }
    const { status, message } = problemOf(refusal);
    await show(NAME, dataOf(desk, principalOf(ctx), { told: { tone: 'bad', text: message } }));
    ctx.status = status;
  });
}

function problemOf(refusal: Refusal | 'away' | 'no_form'): { status: number; message: string } {
  if (refusal === 'away') return { status: 503, message: AWAY };
  if (refusal === 'no_form') return { status: 400, message: 'This form is none of this page.' };
  return REFUSALS[refusal];
}

/** Null: the form is none of ours. */
function workOf(
  desk: AlertDesk,
  ctx: Context,
  task: string,
  name: string,
  group: string | null,
): (() => Promise<Refusal | null>) | null {
  const [who, by] = [principalOf(ctx), whoIn(ctx)];
  if (task === 'acknowledge') return () => desk.acknowledge(who, by, name, labelsOf(group));
  if (task !== 'pause' && task !== 'resume' && task !== 'test') return null;
  return () => desk[task](who, by, name);
}

/** The group whose key a form has; undefined: all that is bad. */
function labelsOf(key: string | null): Labels | undefined {
  if (key === null) return undefined;
  if (key === '') return null;
  try {
    return Object.fromEntries(JSON.parse(key) as [string, string | null][]);
  } catch {
    // No group has such a key.
    return {};
  }
}

const EXAMPLE = `alerts:
  - name: hourly spend
    metric: cost_usd
    window: 1h
    group_by: agent
    above: 10           # US dollars; more is critical
    warn_above: 5
    no_data: ok         # nothing spent is fine
  - name: provider trouble
    metric: error_rate
    window: 15m
    group_by: provider
    above: 20           # percent
    for: 2m
`;
