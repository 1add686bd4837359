/** Looks at the sessions of all agents now and then, as often as the settings say. */
import type { Lent } from '../../src/plugin.ts';
import type { CleanRules } from './clean.ts';
import type { SessionDesk } from './desk.ts';

export interface ManagerRules extends CleanRules {
  /** Whether sessions that are too long go by themselves. */
  readonly resets: boolean;
  readonly cleans: boolean;
}

const MINUTE_MS = 60_000;
const MISSING = 'the directory is not there';

export class SessionManager {
  readonly #desk: SessionDesk;
  readonly #rules: ManagerRules;
  readonly #settings: Lent['settings'];
  readonly #log: Lent['log'];
  /** By agent: when it was last looked at, epoch milliseconds. */
  readonly #looked = new Map<string, number>();
  /** By agent: what kept it from being tidied up, so that it is told once. */
  readonly #told = new Map<string, string>();

  constructor(desk: SessionDesk, rules: ManagerRules, { settings, log }: Pick<Lent, 'settings' | 'log'>) {
    this.#desk = desk;
    this.#rules = rules;
    this.#settings = settings;
    this.#log = log;
  }

  /** Tells at the start which directories are not there. They may come later. */
  async greet(): Promise<void> {
    for (const agent of this.#desk.dirs.keys()) if (await this.#desk.isMissing(agent)) this.#tellOnce(agent, MISSING);
  }

  /** Looks at the agents whose time has come; an interval that was changed holds from now on. */
  async check(now = Date.now()): Promise<void> {
    for (const agent of this.#desk.dirs.keys()) {
      const pause = this.#settings.of(agent).pollIntervalMinutes * MINUTE_MS;
      const last = this.#looked.get(agent);
      // Timers are not exact: what is due within a second is due.
      if (last !== undefined && now - last < pause - 1000) continue;
      this.#looked.set(agent, now);
      await this.#look(agent);
    }
  }

  async #look(agent: string): Promise<void> {
    const { resets, cleans, keep, spare } = this.#rules;
    const { state, recommendation, file } = await this.#desk.status(agent);
    if (state === 'missing') return this.#tellOnce(agent, MISSING);
    const isTooLong = recommendation === 'reset_recommended' && file !== null;
    // Just the file that was looked at, and no other.
    if (resets && isTooLong && !this.#desk.isCooling(agent)) await this.#desk.reset(agent, { cause: 'manager', file });
    if (!cleans) return;
    const done = await this.#desk.clean(agent, { keep, spare });
    if ('reason' in done) return this.#tellOnce(agent, done.reason);
    this.#told.delete(agent);
    if (done.leftovers + done.unknown + done.surplus > 0)
      this.#log.info('files of sessions were deleted', { agent, ...done });
  }

  #tellOnce(agent: string, reason: string): void {
    if (this.#told.get(agent) === reason) return;
    this.#told.set(agent, reason);
    this.#log.warn('files of sessions are left alone', { agent, reason });
  }
}
