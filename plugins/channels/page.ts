/** The page of channels: where they lead, how the last deliveries went, and buttons to try. */
import type Router from '@koa/router';
import type { PageQuestion, RouteState } from '../../src/plugin.ts';
import { STATES, type State } from './delivery.ts';
import { type ChannelDesk, isOperator, type Refusal, type ShownDelivery } from './desk.ts';
import { mayManage } from './routes.ts';

export const PAGE = 'channels';
const ADDRESS = `/dashboard/${PAGE}`;
const MOST_SHOWN = 100;

const TONES: Readonly<Record<State, string>> = { waiting: 'warn', sent: 'good', failed: 'bad' };
const WORDS: Readonly<Record<State, string>> = { waiting: 'waiting', sent: 'sent', failed: 'given up' };

const TITLES: Readonly<Record<State, string>> = { waiting: 'Waiting', sent: 'Sent', failed: 'Given up' };

/** What was done, told by a word in the address; any other word says nothing. */
const TOLD: Readonly<Record<string, { text: string; bad: boolean }>> = {
  again: { text: 'It is tried again now.', bad: false },
  full: { text: 'Too many deliveries of this channel wait already.', bad: true },
  sent: { text: 'That delivery has arrived already.', bad: true },
  gone: { text: 'Its channel is not in gateway.yaml any more.', bad: true },
  taken: { text: 'It is being tried right now.', bad: true },
  unknown: { text: 'That is not there any more.', bad: true },
  forbidden: { text: 'Channels are for keys of the whole gateway.', bad: true },
};

const EXAMPLE = `channels:
  team:
    type: slack
    url: "https://hooks.slack.com/services/\${SLACK_PATH}"
    events: [budget_exceeded]`;

/** Makes what the page shows. The key of a tenant sees its own deliveries and no channels. */
export function pageOf(desk: ChannelDesk, { query, principal }: Pick<PageQuestion, 'query' | 'principal'>) {
  const mayChange = isOperator(principal);
  const state = STATES.find((known) => known === query.get('state'));
  const channel = query.get('channel') ?? undefined;
  const deliveries = desk.deliveries(principal, { state, channel }, MOST_SHOWN);
  return {
    mayChange,
    channels: mayChange ? desk.channels().map((one) => ({ ...one, last: one.last && rowOf(one.last, mayChange) })) : [],
    leftOut: mayChange ? desk.dropped : 0,
    deliveries: deliveries.map((delivery) => rowOf(delivery, mayChange)),
    filters: [undefined, ...STATES].map((one) => ({
      name: one === undefined ? 'All' : TITLES[one],
      here: one === state,
      href: addressOf({ state: one, channel }),
    })),
    channel: channel ?? null,
    unfiltered: addressOf({ state }),
    here: addressOf({ state, channel }),
    example: EXAMPLE,
    told: toldOf(desk, query, mayChange),
  };
}

function addressOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? ADDRESS : `${ADDRESS}?${new URLSearchParams(given)}`;
}

const rowOf = (delivery: ShownDelivery, mayChange: boolean) => ({
  ...delivery,
  tone: TONES[delivery.state],
  word: WORDS[delivery.state],
  tries: `${delivery.attempts} ${delivery.attempts === 1 ? 'try' : 'tries'}`,
  at: delivery.done_at ?? delivery.made_at,
  mayRetry: mayChange && delivery.state !== 'sent' && !delivery.test,
});

/** A test is told by its delivery, whose id stands in the address. */
function toldOf(desk: ChannelDesk, query: URLSearchParams, mayChange: boolean): { text: string; bad: boolean } | null {
  const word = query.get('told') ?? '';
  if (Object.hasOwn(TOLD, word)) return TOLD[word]!;
  const tested = mayChange && word === 'tested' ? desk.get(query.get('id') ?? '') : null;
  if (tested === null || !tested.test) return null;
  return tested.state === 'sent'
    ? { text: `The test has reached ${tested.channel}.`, bad: false }
    : { text: `The test has not reached ${tested.channel}: ${tested.error ?? 'it is under way'}.`, bad: true };
}

/** Takes the forms of the page, and leads back to it with a word about what came of it. */
export function addForms(router: Router, desk: ChannelDesk): void {
  router.post(ADDRESS, async (ctx) => {
    const { form, who } = ctx.state as RouteState;
    const back = (told: Record<string, string>): void => {
      ctx.status = 303;
      ctx.redirect(`${ADDRESS}?${new URLSearchParams(told)}`);
    };
    if (!mayManage(ctx)) return back({ told: 'forbidden' });
    const isRetry = form?.get('do') === 'retry';
    const outcome: ShownDelivery | Refusal = isRetry
      ? await desk.retry(form?.get('id') ?? '', who)
      : await desk.test(form?.get('name') ?? '', who);
    if (typeof outcome === 'string') return back({ told: outcome });
    back(isRetry ? { told: 'again' } : { told: 'tested', id: outcome.id });
  });
}
