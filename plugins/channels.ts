import { definePlugin, type Lent } from '../src/plugin.ts';
import { DeliveryBook } from './channels/book.ts';
import { channelOf } from './channels/channel.ts';
import { type ChannelEntry, faultsIn } from './channels/check.ts';
import { Courier } from './channels/courier.ts';
import type { Delivery } from './channels/delivery.ts';
import { ChannelDesk } from './channels/desk.ts';
import { newRefusalState, noticeFrom } from './channels/events.ts';
import { addForms, PAGE, pageOf } from './channels/page.ts';
import { addRoutes } from './channels/routes.ts';
import { channelsSchema } from './channels/schema.ts';
import { NOTICE, type Notice, noticeOf } from './shared/notice.ts';

/**
 * Sends alerts and events to Slack, Discord, PagerDuty, e-mail and webhooks of your own, and tries again until they arrive.
 *
 * A rule of `alerts` names channels; other events go to channels that list them under `events`. What waits is kept in
 * the database and survives a restart; each is tried six times in some twelve minutes and then given up, which the
 * dashboard shows. Of several processes with one database one sends it. Addresses are looked at when a connection is
 * made: private ones are refused unless the channel says `allow_private`, and redirects are not followed. Nothing of
 * it stands in the way of requests.
 *
 * @example
 *   - plugin: channels
 *     dashboard_url: https://spy.example.com
 * channels:
 *   team: { type: slack, url: "https://hooks.slack.com/services/${SLACK_PATH}", events: [budget_exceeded, config_refused] }
 *   ops: { type: pagerduty, routing_key: "${PAGERDUTY_KEY}", min_severity: critical }
 *   mail: { type: email, smtp: "smtp://spy:${SMTP_PASSWORD}@mail.example.com:587", from: spy@example.com, to: [ops@example.com] }
 *   own: { type: webhook, url: "https://hooks.example.com/token-spy", secret: "${WEBHOOK_SECRET}", events: [session_reset] }
 */
export default definePlugin({
  summary:
    'Sends alerts and events to Slack, Discord, PagerDuty, e-mail and webhooks of your own, and tries again until they arrive.',
  section: 'channels',
  options: {
    channels: channelsSchema,
    dashboard_url: {
      type: 'string',
      pattern: '^https?://[^\\s<>"|]{1,500}$',
      patternErrorMessage: 'must be where people open the dashboard, such as https://spy.example.com',
      description: 'Where people open the dashboard: messages then link to it.',
    },
  },
  requires: { alerts: 'above' },
  check: ({ channels }) => faultsIn(channels as Readonly<Record<string, ChannelEntry>>),
  setup: (lent) => {
    const { options, publish, subscribe, every, shared, documents } = lent;
    const turn = takeTurn(shared('turns', (): object[] => []));
    const refusal = shared('refusal', newRefusalState);
    const quiet = shared('quiet', () => new Map<string, number>());
    const unsaved = shared('unsaved', () => new Map<string, Delivery>());
    const book = new DeliveryBook(documents, unsaved, () => publish('delivery', null));
    const entries = Object.entries(options.channels as Readonly<Record<string, ChannelEntry>>);
    const channels = new Map(entries.map(([name, entry]) => [name, channelOf(name, entry)]));
    const courier: Courier = new Courier({
      ...partsOf(lent, book, (notice, except) => courier.take(notice, except)),
      channels,
      book,
      quiet,
      isInForce: turn.isMine,
      dashboard: options.dashboard_url ?? null,
    });
    subscribe((event, data) => {
      if (!turn.isMine()) return;
      const notice = event === NOTICE ? noticeOf(data) : noticeFrom(event, data, refusal);
      if (notice !== null) void courier.take(notice);
    });
    every(TICK_MS, courier.tick);
    const desk = new ChannelDesk({ channels, book, courier, quiet, lent });
    return {
      routes(router) {
        addRoutes(router, desk);
        addForms(router, desk);
      },
      pages: [{ name: PAGE, title: 'Channels', live: true, data: (question) => pageOf(desk, question) }],
      close: async () => {
        turn.end();
        await courier.close();
        book.close();
      },
    };
  },
});

/** How often is looked for what is due, milliseconds. */
const TICK_MS = 250;
const HOUR_MS = 3_600_000;

/**
 * A new configuration is set up beside the one in force, and what is heard must be sent by one of them: the newest.
 * When that is refused in the end, it closes, and the one before goes on.
 */
function takeTurn(turns: object[]): { isMine(): boolean; end(): void } {
  const me = {};
  turns.push(me);
  return { isMine: () => turns.at(-1) === me, end: () => void turns.splice(turns.indexOf(me), 1) };
}

/** What a courier tells others. */
function partsOf(
  { log, metrics }: Pick<Lent, 'log' | 'metrics'>,
  book: DeliveryBook,
  take: (notice: Notice, except: string) => Promise<void>,
) {
  const deliveries = metrics.counter('deliveries', 'Tries to deliver alerts and events.', ['type', 'state']);
  metrics.gauge('waiting', 'Deliveries of alerts and events that wait.', () => book.waiting().length);
  return {
    log,
    clock: { now: Date.now, random: Math.random },
    count: ({ type }: Pick<Delivery, 'type'>, state: string) => deliveries.add(1, { type, state }),
    givenUp: (delivery: Delivery) => {
      const notice = failureOf(delivery);
      if (notice !== null) void take(notice, delivery.channel);
    },
  };
}

/** Tells other channels that one does not work, once an hour for each. Of such a word that does not arrive nothing is told. */
function failureOf(
  { channel, type, notice, attempts, status, error, once }: Delivery,
  now = Date.now(),
): Notice | null {
  if (once || notice.event === FAILED) return null;
  return {
    id: `${FAILED}:${channel}:${Math.floor(now / HOUR_MS)}`,
    event: FAILED,
    severity: 'warning',
    resolves: false,
    key: `${FAILED}:${channel}`,
    title: `Channel ${channel} cannot be reached`,
    text: `"${notice.title}" was given up after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${error ?? 'nobody knows why'}.`,
    at: new Date(now).toISOString(),
    data: { channel, type, event: notice.event, attempts, status, error },
    notify: [],
    tenant: notice.tenant,
  };
}

const FAILED = 'delivery_failed';
