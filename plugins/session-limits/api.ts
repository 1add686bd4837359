/** `/api/v1/session-limits`: which there are, what is near them, and who was at one. */
import type Router from '@koa/router';
import type { Accounts, Principal, RouteState } from '../../src/plugin.ts';
import { amountOf } from './judge.ts';
import { type Bound, type SessionLimit, WORDS, type Word } from './limit.ts';
import type { Memory } from './memory.ts';

/** Sessions that have come to most, for each limit and measure. */
const MOST = 10;

export function addSessionLimits(
  router: Router,
  limits: readonly SessionLimit[],
  memory: Memory,
  accounts: Accounts,
): void {
  router.get('/api/v1/session-limits', async (ctx) => {
    const { principal } = ctx.state as RouteState;
    const seen = limits.filter((limit) => isTheirs(principal, limit));
    ctx.body = {
      session_limits: await Promise.all(
        seen.map(async (limit) => ({ ...told(limit), largest: await largestOf(limit, principal, accounts) })),
      ),
      reached: memory.sightings.filter(
        (one) => isOne(principal?.tenant, one.tenant) && isOne(principal?.project, one.project),
      ),
    };
  });
}

function told({ rule, bounds, actions, slow }: SessionLimit) {
  const said = WORDS.flatMap((word) => {
    const { soft, hard } = bounds.get(word) ?? {};
    return soft === undefined || hard === undefined
      ? []
      : [[word, { soft: boundOf(word, soft), hard: boundOf(word, hard) }]];
  });
  const { name, scope, grace, status } = rule;
  return {
    name,
    scope,
    ...Object.fromEntries(said),
    at_soft: actions.soft,
    at_hard: actions.hard,
    slow_s: slow / 1000,
    grace,
    status,
  };
}

const boundOf = (word: Word, bound: Bound): string | number | null => {
  if (bound === null || bound === 'setting') return bound;
  return word === 'usd' ? amountOf(word, bound) : Number(bound);
};

/** Null where the database does not answer; for the key of a tenant or a project, whose sessions those are is not known. */
async function largestOf({ sums }: SessionLimit, who: Principal | null, accounts: Accounts) {
  if (who?.tenant !== undefined || who?.project !== undefined) return null;
  const lists = [...sums].map(async ([word, { ofNobody }]) => {
    const list = await accounts.list(ofNobody, { from: 0, to: null }, MOST);
    return list.map(({ subject, spent, held }) => ({
      session: subject,
      measure: word,
      value: amountOf(word, spent + held),
    }));
  });
  return (await Promise.all(lists).catch(() => null))?.flat() ?? null;
}

/** As with budgets: the key of a tenant or a project sees the limits for just that. */
function isTheirs(who: Principal | null, { where }: SessionLimit): boolean {
  const isFor = (globs: readonly string[] | undefined, own: string | undefined): boolean =>
    own === undefined || (globs?.length === 1 && globs[0] === own && !own.includes('*'));
  return isFor(where.tenant, who?.tenant) && isFor(where.project, who?.project);
}

const isOne = (own: string | undefined, is: string | null): boolean => own === undefined || own === is;
