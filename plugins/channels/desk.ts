/** What people see of channels and deliveries, and what they may do with them. */
import { randomUUID } from 'node:crypto';
import type { Lent, Principal } from '../../src/plugin.ts';
import type { Notice } from '../shared/notice.ts';
import type { DeliveryBook, DeliveryQuestion } from './book.ts';
import type { Channel } from './channel.ts';
import type { Courier } from './courier.ts';
import type { Delivery } from './delivery.ts';

export interface DeskParts {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly book: DeliveryBook;
  readonly courier: Courier;
  readonly quiet: ReadonlyMap<string, number>;
  readonly lent: Pick<Lent, 'audit' | 'log'>;
}

/** Channels belong to the whole gateway, so to its operator: the key of a tenant or a project manages none. */
export const isOperator = (who: Principal | null): boolean => who?.tenant === undefined && who?.project === undefined;

/** Whether the holder of a key may see a delivery: those of a tenant what is its own. */
export function maySee(who: Principal | null, { notice }: Delivery): boolean {
  if (isOperator(who)) return true;
  return who?.project === undefined && notice.tenant !== null && notice.tenant === who?.tenant;
}

/** A delivery as API and page show it. */
export function shown({ notice, ...delivery }: Delivery) {
  const { id, channel, type, state, attempts, status, error, made, next, done, once } = delivery;
  return {
    id,
    channel,
    type,
    event: notice.event,
    notice: notice.id,
    severity: notice.severity,
    resolves: notice.resolves,
    title: notice.title,
    tenant: notice.tenant,
    test: once,
    state,
    attempts,
    status,
    error,
    made_at: made,
    next_at: next,
    done_at: done,
  };
}

export type ShownDelivery = ReturnType<typeof shown>;

/** Why nothing could be done. */
export type Refusal = 'unknown' | 'full' | 'sent' | 'taken' | 'gone';

export class ChannelDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  get names(): readonly string[] {
    return [...this.#parts.channels.keys()];
  }

  get dropped(): number {
    return this.#parts.courier.dropped;
  }

  /** Without any secret: where they lead is told by the host and four characters. */
  channels() {
    const { channels, book, quiet } = this.#parts;
    const list = book.list();
    return [...channels.values()].map(({ name, type, target, events, minSeverity, allowPrivate, timeout }) => {
      const own = list.filter(({ channel }) => channel === name);
      const until = quiet.get(name) ?? 0;
      return {
        name,
        type,
        target,
        events,
        min_severity: minSeverity,
        allow_private: allowPrivate,
        timeout_ms: timeout,
        waiting: own.filter(({ state }) => state === 'waiting').length,
        quiet_until: until > Date.now() ? new Date(until).toISOString() : null,
        last: own[0] ? shown(own[0]) : null,
      };
    });
  }

  deliveries(who: Principal | null, question: DeliveryQuestion, limit: number): ShownDelivery[] {
    const list = this.#parts.book.list(question).filter((delivery) => maySee(who, delivery));
    return list.slice(0, limit).map(shown);
  }

  get(id: string): ShownDelivery | null {
    const delivery = this.#parts.book.get(id);
    return delivery ? shown(delivery) : null;
  }

  /** Sends a test, once, and resolves with what came of it: within the timeout of the channel, and of what is before it. */
  async test(name: string, who: string | null): Promise<ShownDelivery | Refusal> {
    const { channels, courier } = this.#parts;
    const channel = channels.get(name);
    if (channel === undefined) return 'unknown';
    const notice = testNotice(name, who);
    const delivery = await courier.test(channel, notice);
    if (delivery === null) return 'full';
    const { state, status, error } = delivery;
    this.#note(who, 'channel.tested', name, { type: channel.type, state, status, error });
    // Nobody should be called at night for a test that is over.
    if (state === 'sent' && channel.type === 'pagerduty')
      void courier.test(channel, { ...notice, id: `${notice.id}:end`, resolves: true });
    return shown(delivery);
  }

  /** Begins anew with what was given up; what waits is tried at once. */
  async retry(id: string, who: string | null): Promise<ShownDelivery | Refusal> {
    const { channels, courier, book } = this.#parts;
    const delivery = book.get(id);
    if (delivery === null) return 'unknown';
    if (delivery.state === 'sent') return 'sent';
    if (!channels.has(delivery.channel)) return 'gone';
    if (!(await courier.retry(delivery))) return 'taken';
    this.#note(who, 'channel.retried', delivery.channel, { delivery: id, event: delivery.notice.event });
    return shown(book.get(id) ?? delivery);
  }

  #note(who: string | null, action: string, name: string, facts: Record<string, unknown>): void {
    const { audit, log } = this.#parts.lent;
    const entry = { who, action, subject: `channel ${name}`, agent: null, session: null, facts };
    log.info(action === 'channel.tested' ? 'a channel was tested' : 'a delivery begins anew', {
      channel: name,
      by: who,
      ...facts,
    });
    void audit.write(entry).catch(() => log.warn('a channel was used and is in no audit', { channel: name, action }));
  }
}

function testNotice(name: string, who: string | null): Notice {
  const id = `test:${randomUUID()}`;
  return {
    id,
    event: 'test',
    severity: 'info',
    resolves: false,
    key: id,
    title: `Test of the channel ${name}`,
    text: `This is a test${who === null ? '' : ` by ${who}`}. Alerts and events of Token Spy arrive like this.`,
    at: new Date().toISOString(),
    data: { channel: name },
    notify: [name],
    tenant: null,
  };
}
