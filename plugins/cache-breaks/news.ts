import type { CacheBreak, Exchange, Lent } from '../../src/plugin.ts';

/** An agent's breaks are logged this often, milliseconds. */
const PAUSE_MS = 60_000;
/** Names of agents are the clients' to choose: so many are told apart. */
const MOST_AGENTS = 500;

/** What open pages and alerts are told. No text of a prompt. */
export interface BreakNews {
  /** UTC ISO: when its request came. */
  readonly time: string;
  readonly tenant: string | null;
  readonly agent: string | null;
  readonly session: string | null;
  readonly cause: CacheBreak['cause'];
  readonly part: CacheBreak['part'];
  readonly tokens: number;
  readonly cost_usd: string | null;
}

/** Tells of breaks: as an event each, as metrics, and in the log once a minute for each agent. */
export class BreakTeller {
  readonly #lent: Pick<Lent, 'log' | 'publish'>;
  readonly #count: (found: CacheBreak) => void;
  /** When an agent's were logged, and how many have not been since; the oldest first. */
  readonly #logged = new Map<string, { at: number; silent: number }>();

  constructor(lent: Pick<Lent, 'log' | 'publish' | 'metrics'>) {
    this.#lent = lent;
    const breaks = lent.metrics.counter('breaks', 'Requests whose cache broke.', ['cause']);
    const tokens = lent.metrics.counter('tokens', 'Tokens that were in the cache and had to be paid again.', ['cause']);
    this.#count = (found) => {
      breaks.add(1, { cause: found.cause });
      tokens.add(found.tokens, { cause: found.cause });
    };
  }

  tell({ startedAt, state }: Exchange, found: CacheBreak, now = Date.now()): void {
    const { cause, part, tokens, cost_usd } = found;
    const [agent, session, tenant] = [state.agent ?? null, state.session?.id ?? null, state.tenant ?? null];
    const news: BreakNews = {
      time: new Date(startedAt).toISOString(),
      tenant,
      agent,
      session,
      cause,
      part,
      tokens,
      cost_usd,
    };
    this.#count(found);
    this.#lent.publish('cache_break', news);
    const silent = this.#turnOf(agent ?? '', now);
    if (silent === null) return;
    const facts = { agent, session, cause, part: part && `${part.kind} ${part.name}`.trim(), tokens, cost_usd };
    this.#lent.log.info('the cache broke', silent > 0 ? { ...facts, not_logged_since: silent } : facts);
  }

  /** How many of this agent's were left out since the last one that was logged; null: so is this. */
  #turnOf(agent: string, now: number): number | null {
    const last = this.#logged.get(agent);
    if (last && now - last.at < PAUSE_MS) {
      last.silent++;
      return null;
    }
    this.#logged.delete(agent);
    this.#logged.set(agent, { at: now, silent: 0 });
    if (this.#logged.size > MOST_AGENTS) this.#logged.delete(this.#logged.keys().next().value!);
    return last?.silent ?? 0;
  }
}
