import type { Exchange, LateBill, Lent } from '../../src/plugin.ts';
import { BLANK, type Caller, putCaller } from '../shared/blank-record.ts';
import { Recent } from '../shared/recent.ts';

/** Who asked, and for what: of the exchange that an answer belongs to. */
export type Asker = Caller & { requestModel: string | null };

/** The API whose answers can be fetched later. */
const API = 'openai.responses';
/** Answers remembered at a time; beyond it the oldest are looked up where their rows are. */
const REMEMBERED = 10_000;
/** How far the provider's clock and the way there may put the row from where the provider saw it begin, milliseconds. */
const SLACK_MS = 60_000;
/** How long an exchange may take to be noted after its last byte, milliseconds: its estimate is made before. */
const NOTING_MS = 5000;

/**
 * The answers whose usage was not told when they were given: made in the background, or cut
 * off by a client that fetches them later.
 */
export class OpenAnswers {
  readonly #records: Lent['records'];
  readonly #open = new Recent<Asker>(REMEMBERED);
  /** Made in the background, and told all the same: by a stream that was read to its end. */
  readonly #settled = new Recent<true>(REMEMBERED);
  readonly #underWay = new Map<Exchange, { noted: Promise<void>; done: () => void }>();

  constructor(records: Lent['records']) {
    this.#records = records;
  }

  /** Hears of an exchange that begins; `note` has to follow. */
  expect(exchange: Exchange): void {
    if (exchange.api !== API) return;
    let done = (): void => {};
    const noted = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#underWay.set(exchange, { noted, done });
  }

  /** Remembers an exchange that ended without usage, by the provider's id of its answer. */
  note(exchange: Exchange): void {
    if (exchange.api !== API) return;
    this.#underWay.get(exchange)?.done();
    this.#underWay.delete(exchange);
    const { reading } = exchange.state;
    if (!reading || reading.responseId === null) return;
    const key = keyOf(exchange, reading.responseId);
    const { usageStatus } = reading;
    if (usageStatus === 'missing' || usageStatus === 'partial') this.#open.set(key, askerOf(exchange));
    else if (usageStatus === 'final' && exchange.request.member('background') === true) this.#settled.set(key, true);
  }

  /**
   * Finds who asked for the answer of a bill; null where its usage was told, or nobody here asked for it.
   *
   * What was forgotten, by a restart too, or was asked at another gateway on the same database,
   * is looked for among the rows: only for answers that say that they were made in the
   * background, since it reads all rows of two minutes.
   */
  async find(exchange: Exchange, { api, responseId, at, background }: LateBill): Promise<Asker | null> {
    const key = keyOf(exchange, responseId);
    if (!this.#open.has(key)) await this.#allNoted();
    const known = this.#open.get(key);
    if (known || at === null || !background || this.#settled.has(key)) return known ?? null;
    const record = await this.#records.unsettled({
      api,
      provider: exchange.provider?.name ?? '',
      responseId,
      from: new Date(at.getTime() - SLACK_MS),
      to: new Date(at.getTime() + SLACK_MS),
    });
    return record && { ...record, requestModel: record.model.request };
  }

  /** Waits for exchanges that the client has had whole, and that are not noted yet: a quick client comes between. */
  async #allNoted(): Promise<void> {
    const ending = [...this.#underWay].filter(([exchange]) => exchange.finishedAt !== null);
    if (ending.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, NOTING_MS);
    });
    await Promise.race([Promise.all(ending.map(([, { noted }]) => noted)), late]);
    clearTimeout(timer);
  }
}

/** The caller of an exchange, as its row names him. */
export function askerOf(exchange: Exchange): Asker {
  const { tenant, project, agent, key, user, session, environment, tags } = BLANK;
  const caller = { tenant, project, agent, key, user, session, environment, tags };
  putCaller(caller, exchange);
  return { ...caller, requestModel: exchange.request.model?.slice(0, 256) ?? null };
}

const keyOf = ({ provider }: Exchange, responseId: string): string => `${provider?.name}\n${responseId}`;
