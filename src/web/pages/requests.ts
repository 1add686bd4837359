import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Choices } from '../../store/queries/shapes.ts';
import type { WebState } from '../access.ts';
import type { Desk } from '../desk.ts';
import { filters, integer, text } from '../parameters.ts';
import { RANGE_NAMES, viewOf, withQuery } from '../range.ts';
import { menuOf } from './overview.ts';
import { rowOf } from './rows.ts';

const PATH = '/dashboard/requests';
const PAGE = 50;
const OUTCOMES = [
  'ok',
  'upstream_error',
  'stream_error',
  'truncated',
  'bad_payload',
  'client_aborted',
  'refused',
  'cached',
];
const COSTS = ['provider', 'price_table', 'estimated', 'free', 'unknown'];
const STATUSES = ['2xx', '4xx', '429', '5xx'];
const MONTH_MS = 30 * 86_400_000;

/** Adds the list of exchanges. */
export function addRequests(router: Router<WebState>, desk: Desk): void {
  const { queries } = desk.house.store;
  router.get(PATH, async (ctx) => {
    // Without a range the list has no beginning: its pages go back as far as there is something.
    const view = await viewOf({ range: 'all', ...ctx.query }, async () => new Date(0));
    const asked = filters(ctx.query);
    const isWhole = view.name === 'all';
    const seen = await queries.newestSeq();
    const [page, choices] = await Promise.all([
      queries.list({
        filters: asked,
        from: isWhole ? undefined : view.from,
        to: view.name === 'custom' ? view.to : undefined,
        limit: integer(ctx.query, 'limit', 1, 500) ?? PAGE,
        cursor: text(ctx.query, 'cursor'),
      }),
      queries.choices({ from: isWhole ? new Date(Date.now() - MONTH_MS) : view.from, to: new Date() }),
    ]);
    const onFirst = text(ctx.query, 'cursor') === undefined;
    desk.show(ctx, 'requests', {
      title: 'Requests',
      menu: 'requests',
      ...controls(ctx, choices),
      live: onFirst && view.live,
      seen,
      self: withQuery(PATH, ctx.query, {}),
      rows: page.entries.map(rowOf),
      first: onFirst ? null : withQuery(PATH, ctx.query, { cursor: undefined }),
      next: page.next === null ? null : withQuery(PATH, ctx.query, { cursor: page.next }),
      filtered: Object.keys(asked).length > 0,
    });
  });
}

function controls(ctx: Context, choices: Choices): Record<string, unknown> {
  const chosen = (name: string): string | undefined => text(ctx.query, name);
  return {
    q: chosen('q') ?? '',
    menus: [
      menuOf(
        'range',
        'Any time',
        RANGE_NAMES.filter((name) => name !== 'custom' && name !== 'all'),
        chosen('range'),
      ),
      menuOf('agent', 'All agents', choices.agents, chosen('agent')),
      menuOf('model', 'All models', choices.models, chosen('model')),
      menuOf('provider', 'All providers', choices.providers, chosen('provider')),
      menuOf('status', 'Any status', STATUSES, chosen('status')),
      menuOf('outcome', 'Any outcome', OUTCOMES, chosen('outcome')),
      menuOf('cost_source', 'Any cost', COSTS, chosen('cost_source')),
    ],
    session: chosen('session') ?? null,
    unfiltered: PATH,
  };
}
