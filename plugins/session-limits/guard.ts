import { type Exchange, type Lent, repeatsOf, type Verdict } from '../../src/plugin.ts';
import { factsOf } from '../shared/facts.ts';
import { headerText } from '../shared/header-text.ts';
import { historyChars } from '../shared/history-chars.ts';
import { amountOf, type Measured, type Reached, reachedBy, type Sums, type Wanted, wantedOf } from './judge.ts';
import type { Action, SessionLimit } from './limit.ts';
import { keyOf, type Memory, type Sighting } from './memory.ts';
import { refusalOf } from './refusal.ts';
import { asksForSummary } from './summary.ts';
import type { Waits } from './wait.ts';

/** How long a request waits to hear what its session has come to, milliseconds. */
const PATIENCE_MS = 2000;
/** Beyond this a history is not counted in characters: its bytes are taken for them. */
const COUNTED_BYTES = 4 * 1024 * 1024;
/** The strictest first. */
const STRICT: readonly Action[] = ['refuse', 'trim', 'slow', 'warn'];

type Pending = Verdict | undefined | Promise<Verdict | undefined>;

export interface GuardParts {
  readonly lent: Pick<Lent, 'accounts' | 'prompts' | 'settings' | 'log' | 'publish' | 'audit'>;
  readonly memory: Memory;
  readonly waits: Waits;
  count(reached: Reached, action: Sighting['action']): void;
  /** Nobody could say what a session has come to. */
  unknown(): void;
}

/** Holds requests to the limits of their sessions. */
export class Guard {
  readonly limits: readonly SessionLimit[];
  readonly #parts: GuardParts;

  constructor(limits: readonly SessionLimit[], parts: GuardParts) {
    this.limits = limits;
    this.#parts = parts;
  }

  meet(exchange: Exchange): Pending {
    if (!exchange.bills) return undefined;
    const fact = factsOf(exchange);
    const limits = this.limits.filter((limit) => limit.concerns(fact));
    if (limits.length === 0) return undefined;
    const wanted = wantedOf(limits, exchange);
    if (wanted.length === 0) return this.#judge(exchange, limits, new Map());
    return this.#sums(wanted).then((sums) => this.#judge(exchange, limits, sums));
  }

  /** What sessions have come to; empty where the database does not answer: a guard that cannot see lets pass. */
  async #sums(wanted: readonly Wanted[]): Promise<Sums> {
    const standings = await within(this.#parts.lent.accounts.standings(wanted)).catch(() => null);
    if (standings === null) {
      this.#parts.unknown();
      return new Map();
    }
    const sums = new Map<SessionLimit, Map<Wanted['word'], bigint>>();
    wanted.forEach(({ limit, word }, i) => {
      const { spent, held } = standings[i]!;
      sums.set(limit, (sums.get(limit) ?? new Map()).set(word, spent + held));
    });
    return sums;
  }

  #judge(exchange: Exchange, limits: readonly SessionLimit[], sums: Sums): Pending {
    const { prompts, settings } = this.#parts.lent;
    const asks = (word: 'chars' | 'repeats'): boolean => limits.some(({ bounds }) => bounds.has(word));
    const cut = asks('repeats') ? prompts.cut(exchange) : null;
    const repeats = cut && repeatsOf(cut);
    const measured: Measured = {
      chars: asks('chars') ? charsOf(exchange) : null,
      repeats: repeats?.times ?? null,
      setting: settings.of(exchange.state.agent ?? null).sessionCharLimit,
    };
    const reached = reachedBy(limits, measured, sums).sort((one, other) => rank(one) - rank(other));
    const [worst] = reached;
    return worst === undefined ? undefined : this.#act(exchange, reached, worst, repeats?.name ?? null);
  }

  #act(exchange: Exchange, reached: readonly Reached[], worst: Reached, tool: string | null): Pending {
    sayIn(exchange, reached, worst);
    const why = actionOf(worst) === 'refuse' ? this.#excuse(exchange, reached) : null;
    for (const one of reached) this.#note(exchange, one, (actionOf(one) === 'refuse' ? why : null) ?? actionOf(one));
    if (actionOf(worst) === 'refuse' && why === null) return refusalOf(exchange, worst, tool);
    const trim = reached.find((one) => actionOf(one) === 'trim');
    if (trim) {
      exchange.state.shorten = trim.limit.name;
      exchange.state.shortenTo = Number(trim.bound);
    }
    const slow = Math.max(0, ...reached.filter((one) => actionOf(one) === 'slow').map(({ limit }) => limit.slow));
    return slow === 0 || this.#parts.waits.full ? undefined : this.#slow(exchange, slow);
  }

  async #slow(exchange: Exchange, milliseconds: number): Promise<Verdict | undefined> {
    await this.#parts.waits.wait(milliseconds, (leave) => exchange.onGone(leave));
    // Much may have been said since it came.
    return exchange.state.recheck?.(exchange);
  }

  /**
   * Why a request passes that would be refused. An agent whose history is too long has to send all of it
   * once more to have it summarised; without that it could never become shorter.
   */
  #excuse(exchange: Exchange, reached: readonly Reached[]): 'compaction' | 'grace' | null {
    const refusing = reached.filter((one) => actionOf(one) === 'refuse');
    if (refusing.some(({ word }) => word !== 'chars')) return null;
    if (asksForSummary(exchange)) return 'compaction';
    const now = performance.now();
    const granted = refusing.every((one) =>
      this.#parts.memory.grant(keyOf(sightingOf(exchange, one, 'grace')), one.limit.rule.grace, now),
    );
    return granted ? 'grace' : null;
  }

  /** Each one is counted; log, feed and audit hear of it once for each session. */
  #note(exchange: Exchange, reached: Reached, action: Sighting['action']): void {
    const { memory, count, lent } = this.#parts;
    const sighting = sightingOf(exchange, reached, action);
    const { limit: name, measure: of, value: at, bound: most } = sighting;
    exchange.note('session-limits', action, { limit: name, measure: of, value: at, bound: most });
    count(reached, action);
    memory.see(sighting);
    if (!memory.tells(sighting)) return;
    const { limit, session, agent, state, measure, value, bound } = sighting;
    lent.log.warn('a session is at its limit', { limit, session, agent, state, measure, value, bound, action });
    lent.publish('session_limit', sighting);
    if (state === 'soft') return;
    const facts = { limit, measure, value, bound, action };
    const entry = { who: null, action: 'session.limit', subject: `session limit ${limit}`, agent, session, facts };
    void lent.audit.write(entry).catch(() => lent.log.warn('a session at its limit is in no audit', { limit }));
  }
}

const actionOf = ({ limit, state }: Reached): Action => limit.actions[state];

const rank = (one: Reached): number => STRICT.indexOf(actionOf(one)) * 2 + (one.state === 'hard' ? 0 : 1);

/** Characters of the history; of a body beyond four megabytes its bytes. */
function charsOf({ request }: Exchange): number | null {
  return request.bodyBytes > COUNTED_BYTES ? request.bodyBytes : historyChars(request);
}

/** The worst first. */
function sayIn(exchange: Exchange, reached: readonly Reached[], worst: Reached): void {
  const states = reached.map(({ state }) => state);
  const said = reached.map(({ limit, word, value, bound }) => {
    const name = limit.name.replace(/[,;]/g, ' ');
    return `${name}; ${word}=${amountOf(word, value)}/${amountOf(word, bound)}`;
  });
  exchange.setHeader('x-token-spy-session-state', states.includes('hard') ? 'hard' : worst.state);
  exchange.setHeader('x-token-spy-session-limit', headerText(said.join(', ')));
}

function sightingOf({ state }: Exchange, reached: Reached, action: Sighting['action']): Sighting {
  const { limit, word, value, bound } = reached;
  return {
    time: new Date().toISOString(),
    session: state.session?.id ?? null,
    agent: state.agent ?? null,
    tenant: state.tenant ?? null,
    project: state.project ?? null,
    limit: limit.name,
    state: reached.state,
    measure: word,
    value: amountOf(word, value),
    bound: amountOf(word, bound),
    action,
  };
}

/** Null after two seconds. */
async function within<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
