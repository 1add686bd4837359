/** The page of settings: what holds for all, for each agent, and who changed it. */
import type Router from '@koa/router';
import type {
  Audit,
  AuditEntry,
  Lent,
  Principal,
  RouteState,
  SettingsBody,
  SettingsProblem,
} from '../../src/plugin.ts';
import { AWAY, type Context, mayChange, NOT_YOURS, type SettingsDesk } from './api.ts';
import {
  changeOfAgent,
  changeOfAll,
  changeOfFilters,
  FILTER_FIELDS,
  type FilterField,
  nameOf,
  valueIn,
} from './form.ts';

export const PAGE = 'settings';
const ADDRESS = `/dashboard/${PAGE}`;
/** Exchanges that are looked at for agents, agents that are shown without own settings, and changes that are told. */
const LOOKED_AT = 500;
const MOST_AGENTS = 30;
const MOST_CHANGES = 20;
const CHARACTERS_PER_TOKEN = 4;

/** What the page is made of. */
export interface PageParts {
  readonly desk: SettingsDesk;
  readonly records: Pick<Lent['records'], 'list'>;
  readonly audit: Audit;
}

/** A form that was not taken. */
interface Returned {
  readonly form: URLSearchParams;
  readonly problem: SettingsProblem | null;
  readonly said: string;
}

/** What was done, told by a word in the address; any other word says nothing. */
const TOLD: Readonly<Record<string, string>> = {
  saved: 'Saved. It holds for the next request.',
  forgotten: 'The agent has nothing of its own any more.',
};

/** Makes what the page shows. */
export async function pageOf(
  { desk, records, audit }: PageParts,
  who: Principal | null,
  told: string | null,
  returned: Returned | null = null,
): Promise<Record<string, unknown>> {
  const body = desk.bodyFor(who);
  const open = mayChange(who);
  const [seen, changes] = open ? await Promise.all([agentsSeen(records), changesIn(audit)]) : [[], null];
  const names = [...new Set([...Object.keys(body.agents), ...(seen ?? [])])];
  return {
    open,
    notYours: NOT_YOURS,
    told: TOLD[told ?? ''] ?? null,
    problem: returned?.said ?? null,
    all: numbersOf(null, body, returned),
    agents: names.map((name, at) => ({ ...agentOf(name, body, returned), at })),
    more: newAgent(names, returned),
    sections: SECTIONS.map(({ section, title }) => ({ title, fields: fieldsOf(section, body, returned) })),
    changes,
  };
}

const SECTIONS = [
  { section: null, title: 'All filters' },
  { section: 'tools', title: 'Tools' },
  { section: 'system_prompt', title: 'System prompt' },
  { section: 'history', title: 'History' },
] as const;

/** Whether a returned form is the one of this part of the page. */
const isOf = (returned: Returned | null, what: string, agent = ''): returned is Returned =>
  returned !== null && (returned.form.get('do') ?? '') === what && (returned.form.get('agent') ?? '') === agent;

/** The two numbers of all, or of an agent. */
function numbersOf(agent: string | null, body: SettingsBody, returned: Returned | null) {
  const own = agent === null ? body : Object.hasOwn(body.agents, agent) ? body.agents[agent]! : null;
  const again = isOf(returned, agent === null ? 'all' : 'agent', agent ?? '') ? returned : null;
  const of = (name: 'session_char_limit' | 'poll_interval_minutes') => ({
    value: again ? again.form.get(name) : (own?.[name] ?? ''),
    error: again?.problem?.field.endsWith(name) ? again.problem.message : null,
    force: own && agent !== null && '_effective_session_char_limit' in own ? own[`_effective_${name}`] : body[name],
  });
  const chars = of('session_char_limit');
  return {
    chars: { ...chars, tokens: Math.round(Number(chars.force) / CHARACTERS_PER_TOKEN) },
    minutes: of('poll_interval_minutes'),
  };
}

function agentOf(name: string, body: SettingsBody, returned: Returned | null) {
  const own = Object.hasOwn(body.agents, name) ? body.agents[name]! : null;
  const { enabled = null, ...rest } = own?.filters ?? {};
  const switched = isOf(returned, 'agent', name) ? (returned.form.get('filters') ?? '') : wordOf(enabled);
  return {
    name,
    own: own !== null,
    ...numbersOf(name, body, returned),
    filters: [
      { value: '', text: `as for all (${wordOf(body.filters.enabled)})` },
      { value: 'on', text: 'on' },
      { value: 'off', text: 'off' },
    ].map((option) => ({ ...option, chosen: option.value === switched })),
    moreFilters: Object.keys(rest).length > 0 ? JSON.stringify(rest) : null,
  };
}

const wordOf = (flag: boolean | null): string => (flag === null ? '' : flag ? 'on' : 'off');

/** The form for an agent that is not in the list. */
function newAgent(names: readonly string[], returned: Returned | null) {
  const name = returned?.form.get('agent') ?? '';
  const again = isOf(returned, 'agent', name) && !names.includes(name) ? returned : null;
  const field = (member: string) => ({
    value: again?.form.get(member) ?? '',
    error: again?.problem?.field.endsWith(member) ? again.problem.message : null,
  });
  const rest = again?.problem && !/_(limit|minutes)$/.test(again.problem.field) ? again.problem.message : null;
  return {
    name: { value: again ? name : '', error: rest },
    chars: field('session_char_limit'),
    minutes: field('poll_interval_minutes'),
  };
}

function fieldsOf(section: FilterField['section'], body: SettingsBody, returned: Returned | null) {
  const again = isOf(returned, 'filters') ? returned : null;
  return FILTER_FIELDS.filter((one) => one.section === section).map((one) => {
    const name = nameOf(one);
    const is = valueIn(body.filters, one);
    const text = again ? again.form.get(name) : Array.isArray(is) ? is.join('\n') : (is ?? '');
    return {
      name,
      label: one.label,
      kind: one.kind,
      value: text,
      on: again ? again.form.get(name) !== null : is === true,
      options: one.words?.map((word) => ({ word, chosen: word === text })),
      error: again?.problem?.field === name ? again.problem.message : null,
    };
  });
}

/** Agents of the newest exchanges, the one seen last first; null where the database does not answer. */
async function agentsSeen(records: PageParts['records']): Promise<string[] | null> {
  const page = await records.list({ limit: LOOKED_AT }).catch(() => null);
  if (page === null) return null;
  const names = new Set(page.entries.flatMap(({ agent }) => (agent === null || agent.length > 128 ? [] : [agent])));
  return [...names].slice(0, MOST_AGENTS);
}

async function changesIn(audit: Audit) {
  const entries = await audit.list({ action: 'settings.', limit: MOST_CHANGES }).catch(() => null);
  return entries?.map(changeOf) ?? null;
}

function changeOf({ time, who, agent, facts }: AuditEntry) {
  const { before = {}, after = {} } = facts as { before?: Record<string, unknown>; after?: Record<string, unknown> };
  const fields = Object.keys(after).map((name) => ({ name, before: said(before[name]), after: said(after[name]) }));
  return { time, who, agent, fields };
}

const said = (value: unknown): string =>
  value === null || value === undefined ? 'none' : Array.isArray(value) ? value.join(', ') || 'none' : String(value);

/** Takes the forms of the page, and leads back to it; one that is not right comes back with what is wrong. */
export function addSettingsForms(router: Router, parts: PageParts): void {
  router.post(ADDRESS, async (ctx) => {
    const { form, who, principal } = ctx.state as RouteState;
    const fields = form ?? new URLSearchParams();
    const back = (said: string, status: number, problem: SettingsProblem | null = null): Promise<void> =>
      again(ctx, parts, { form: fields, problem, said }, status);
    if (!mayChange(principal)) return back(NOT_YOURS, 403);
    const problem = await parts.desk.change(changeIn(fields, parts.desk.settings.body()), who);
    if (problem === 'away') return back(AWAY, 503);
    if (problem !== null) return back(`${problem.field} ${problem.message}.`, 400, problem);
    ctx.status = 303;
    ctx.redirect(`${ADDRESS}?told=${fields.has('forget') ? 'forgotten' : 'saved'}`);
  });
}

function changeIn(form: URLSearchParams, body: SettingsBody): unknown {
  switch (form.get('do')) {
    case 'agent':
      return form.has('forget')
        ? { agents: Object.fromEntries([[form.get('agent'), null]]) }
        : changeOfAgent(form, body);
    case 'filters':
      return changeOfFilters(form, body);
    default:
      return changeOfAll(form, body);
  }
}

async function again(ctx: Context, parts: PageParts, returned: Returned, status: number): Promise<void> {
  const { principal, show } = ctx.state as RouteState;
  await show(PAGE, await pageOf(parts, principal, null, returned));
  ctx.status = status;
}
