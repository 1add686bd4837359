import type Router from '@koa/router';
import type { ExchangeRecord } from '../../pipeline/record.ts';
import type { WebState } from '../access.ts';
import { billLines } from '../bill-lines.ts';
import type { Desk } from '../desk.ts';
import { duration, whole } from '../format.ts';
import { Problem } from '../problem.ts';
import { barOf, type Part, tokenBar } from './figures.ts';
import { attemptsOf, receiptView, whoChanged } from './receipt.ts';
import { badgeOf } from './rows.ts';
import { whyOf } from './why.ts';

/** Adds the page of one exchange. */
export function addRequest(router: Router<WebState>, desk: Desk): void {
  router.get('/dashboard/requests/:id', async (ctx) => {
    const record = await desk.house.store.queries.byId(String(ctx.params.id));
    if (!record) throw new Problem(404, 'not_found', 'There is no exchange of this id. It may not be stored yet.');
    const { usage } = record;
    const read = usage?.['cache_read.input_tokens'] ?? 0;
    const write = usage?.['cache_creation.input_tokens'] ?? 0;
    desk.show(ctx, 'request', {
      // Ids of what did not come through here begin with zeros.
      title: `Request ${record.id.replace(/^0{12}/, '').slice(0, 12)}`,
      menu: 'requests',
      record,
      badge: badgeOf({ ...record, error_code: record.error?.code ?? null, error_type: record.error?.type ?? null }),
      shownModel: record.model.response ?? record.model.request,
      cost: record.cost_usd ?? (record.usage_status === 'not_applicable' ? '0' : null),
      who: whoOf(record),
      tags: Object.entries(record.tags).map(([name, value]) => ({ name, value })),
      usage: usage ? Object.entries(usage).map(([name, count]) => ({ name, count: whole(count) })) : [],
      tokens: tokenBar(usage?.input_tokens ?? 0, usage?.output_tokens ?? 0, read, write),
      total: usage ? (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0) : null,
      bill: billLines(record),
      timing: timingOf(record),
      attempts: attemptsOf(record),
      receipt: receiptView(record),
      known_by:
        record.usage_status === 'not_applicable'
          ? 'nothing was generated'
          : `${record.usage_status}, ${WORDS[record.usage_source]}`,
      how: howOf(record),
      why: whyOf(record.unpriced),
      session: record.session && { ...record.session, page: sessionPage(desk, record.session.id) },
    });
  });
}

/** Where a session is shown turn by turn; null while no plugin brings that page. */
function sessionPage({ house }: Desk, id: string): string | null {
  const isThere = house.pages().some(({ name }) => name === 'session');
  return isThere ? `/dashboard/session?id=${encodeURIComponent(id)}` : null;
}

function whoOf(record: ExchangeRecord): { name: string; value: string; href: string | null }[] {
  const list = (name: string, value: string): string => `/dashboard/requests?${new URLSearchParams({ [name]: value })}`;
  const facts: [string, string | null, string | null][] = [
    ['Agent', record.agent, 'agent'],
    ['Session', record.session?.id ?? null, 'session'],
    ['User', record.user, 'user'],
    ['Gateway key', record.key, 'key'],
    ['Project', record.project, 'project'],
    ['Tenant', record.tenant, 'tenant'],
    ['Environment', record.environment, 'environment'],
    ['Listener', record.listener, 'listener'],
  ];
  return facts.flatMap(([name, value, filter]) =>
    value === null || value === '' ? [] : [{ name, value, href: filter && list(filter, value) }],
  );
}

/** The gateway's own time, the wait for the first token, and the rest of the answer. */
function timingOf(record: ExchangeRecord): Part[] {
  const { duration_ms: all, time_to_first_token_ms: first, overhead_ms: overhead } = record;
  if (all === null) return [];
  const own = Math.min(overhead ?? 0, all);
  const wait = first === null ? all - own : Math.max(0, Math.min(first, all) - own);
  const parts = [
    { name: 'Gateway', kind: 'own', size: own },
    { name: first === null ? 'Answer' : 'Until the first token', kind: 'wait', size: wait },
    { name: 'Streaming', kind: 'stream', size: all - own - wait },
  ];
  return barOf(parts.map((part) => ({ ...part, value: duration(part.size) })));
}

const SOURCES = {
  provider: 'The provider reported these tokens in its answer.',
  counted: 'The tokens were counted here, since the provider said nothing.',
  estimated: 'The tokens are an estimate: the provider said nothing.',
  none: 'Nothing is known about tokens.',
} as const;
const WORDS = {
  provider: 'as the provider says',
  counted: 'counted here',
  estimated: 'estimated here',
  none: 'nobody said how many',
} as const;
const STATES = {
  final: 'Its last word, seen whole.',
  partial: 'The answer broke off before its last word.',
  missing: 'Something was generated, and nothing was said about it.',
  not_applicable: 'Nothing was generated, so there is nothing to bill.',
  estimated: 'It stands in for the number of the provider.',
} as const;
const PRICES = {
  price_table: 'The cost is these tokens times the price table.',
  provider: 'The cost is what the provider itself says it charges.',
  free: 'This provider or model is free.',
} as const;

/** How we know what this page says, in sentences. */
function howOf(record: ExchangeRecord): string[] {
  const unpriced = record.usage_status === 'not_applicable' ? [] : [`The cost is unknown: ${whyOf(record.unpriced)}.`];
  const isReported = record.listener === REPORTED;
  return [
    record.usage_status === 'not_applicable' || isReported ? '' : SOURCES[record.usage_source],
    isReported ? '' : STATES[record.usage_status],
    ...(record.cost_source === null ? unpriced : [PRICES[record.cost_source]]),
    wayOf(record, isReported),
  ].filter((sentence) => sentence !== '');
}

/** Where the row of what an application reports would name its listener. */
const REPORTED = 'ingest';

/** What came through the proxy has sizes, if only 0. */
function wayOf(record: ExchangeRecord, isReported: boolean): string {
  if (isReported) return 'An application reported all of it; it did not come through here.';
  if (record.response_bytes === null) return 'A later call told it, which has a row of its own.';
  const changed = whoChanged(record);
  if (changed.length > 0) return `Rewritten on the way by ${changed.join(', ')}.`;
  return 'Both bodies passed untouched.';
}
