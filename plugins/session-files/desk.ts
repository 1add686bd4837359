/** What is known of agents' sessions on disk, and what is done to them: one thing at a time for each directory. */
import type { Lent } from '../../src/plugin.ts';
import { type Cleaned, type CleanRules, clean } from './clean.ts';
import { FileCounter } from './counts.ts';
import type { SessionDirs } from './dirs.ts';
import { type SessionFile, sessionsIn } from './folder.ts';
import { removeSession, type Target } from './reset.ts';
import { type Recommendation, recommend } from './state.ts';

/** Who wanted it: a turn that was too long, a person, or the look that is taken now and then. */
export type Cause = 'limit' | 'manual' | 'manager';

export interface Wish extends Target {
  readonly cause: Cause;
  /** Name of the key that was shown. */
  readonly who?: string | null;
}

/** As the predecessor answers. */
export type ResetAnswer =
  | { agent: string; action: 'killed'; session_id: string; size_bytes: number }
  | { agent: string; action: 'none'; reason: string };

/** What the file of the active session says; the predecessor's words where it had them. */
export interface FileStatus {
  agent: string;
  directory: string;
  /** `missing`: the directory is not there. */
  state: 'ok' | 'empty' | 'missing' | 'unreadable';
  session_files: number;
  session_id: string | null;
  /** UTC ISO: when its file was last written. */
  modified_at: string | null;
  file_bytes: number | null;
  total_lines: number | null;
  turns: number | null;
  tool_results: number | null;
  chars: number | null;
  session_char_limit: number;
  recommendation: Recommendation;
}

type Parts = Pick<Lent, 'settings' | 'audit' | 'log' | 'publish'>;

/** What outlives a change of the configuration. */
export interface Memory {
  /** By agent: when its session was last taken away, epoch milliseconds. */
  readonly resets: Map<string, number>;
  /** By directory: what is done there now. */
  readonly queues: Map<string, Promise<unknown>>;
  readonly counters: Map<string, FileCounter>;
}

export const newMemory = (): Memory => ({ resets: new Map(), queues: new Map(), counters: new Map() });

export class SessionDesk {
  readonly dirs: SessionDirs;
  readonly #parts: Parts;
  readonly #memory: Memory;
  readonly #cooldown: number;

  /** @param cooldown milliseconds between two sessions of an agent that go by themselves */
  constructor(dirs: SessionDirs, parts: Parts, memory: Memory, cooldown: number) {
    this.dirs = dirs;
    this.#parts = parts;
    this.#memory = memory;
    this.#cooldown = cooldown;
  }

  /** Whether a session of the agent went a moment ago. */
  isCooling(agent: string): boolean {
    return Date.now() - (this.#memory.resets.get(agent) ?? Number.NEGATIVE_INFINITY) < this.#cooldown;
  }

  /** Takes the active session of an agent away; null: it has no directory. Never rejects. */
  async reset(agent: string, { cause, who = null, ...target }: Wish): Promise<ResetAnswer | null> {
    const folder = this.dirs.get(agent);
    if (folder === undefined) return null;
    return this.#inTurn(folder, async () => {
      const none = (reason: string): ResetAnswer => ({ agent, action: 'none', reason });
      // Two turns may have ended together.
      if (cause !== 'manual' && this.isCooling(agent)) return none('a session of this agent was reset a moment ago');
      const outcome = await removeSession(folder, target);
      if ('reason' in outcome) {
        this.#parts.log.warn('no session was reset', { agent, cause, reason: outcome.reason });
        return none(outcome.reason);
      }
      this.#memory.resets.set(agent, Date.now());
      await this.#tell(agent, outcome.file, { cause, who, session: target.session });
      return { agent, action: 'killed', session_id: outcome.file.id, size_bytes: outcome.file.size };
    });
  }

  /** Tidies the directory of an agent up. Never rejects. */
  async clean(agent: string, rules: CleanRules): Promise<Cleaned | { readonly reason: string }> {
    const folder = this.dirs.get(agent)!;
    return this.#inTurn(folder, () => clean(folder, rules));
  }

  /** What the file says that was written last. Rejects never; what cannot be read is null. */
  async status(agent: string): Promise<FileStatus & { readonly file: SessionFile | null }> {
    const folder = this.dirs.get(agent)!;
    const limit = this.#parts.settings.of(agent).sessionCharLimit;
    const files = await sessionsIn(folder);
    const file = files?.[0] ?? null;
    const blank = { ...NOTHING, agent, directory: folder, session_char_limit: limit, file };
    if (files === null) return { ...blank, state: 'missing' };
    if (file === null) return blank;
    const facts = {
      ...blank,
      session_files: files.length,
      session_id: file.id,
      modified_at: new Date(file.at).toISOString(),
      file_bytes: file.size,
    };
    const counts = await this.#inTurn(`count ${folder}`, () => this.#counterOf(folder).count(file)).catch(() => null);
    if (counts === null) return { ...facts, state: 'unreadable' };
    const { lines, users, assistants, toolResults, chars } = counts;
    return {
      ...facts,
      state: 'ok',
      total_lines: lines,
      turns: users > 0 ? users : assistants,
      tool_results: toolResults,
      chars,
      recommendation: recommend(toolResults, chars, limit),
    };
  }

  /** Whether the directory of an agent is not there, or cannot be read. */
  async isMissing(agent: string): Promise<boolean> {
    return (await sessionsIn(this.dirs.get(agent)!)) === null;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#memory.queues.values());
  }

  #counterOf(folder: string): FileCounter {
    const counter = this.#memory.counters.get(folder) ?? new FileCounter();
    this.#memory.counters.set(folder, counter);
    return counter;
  }

  /** The log, the audit and open dashboards hear of it; a database that does not answer changes nothing. */
  async #tell(
    agent: string,
    file: SessionFile,
    why: { cause: Cause; who: string | null; session: string | undefined },
  ) {
    const { log, audit, publish } = this.#parts;
    const { cause, who, session = file.id } = why;
    log.info('a session was reset', { agent, session: file.id, cause, by: who, size_bytes: file.size });
    publish('session_reset', { agent, session, cause, size_bytes: file.size });
    const facts = { cause, size_bytes: file.size, file: file.id };
    await audit
      .write({ who, action: 'session.reset', subject: `agent ${agent}`, agent, session, facts })
      .catch((error: Error) => log.warn('a reset is not in the audit', { agent, error: error.name }));
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { queues } = this.#memory;
    const before = queues.get(name) ?? Promise.resolve();
    const now = before.then(work, work);
    queues.set(name, now);
    try {
      return await now;
    } finally {
      if (queues.get(name) === now) queues.delete(name);
    }
  }
}

const NOTHING = {
  state: 'empty',
  session_files: 0,
  session_id: null,
  modified_at: null,
  file_bytes: null,
  total_lines: null,
  turns: null,
  tool_results: null,
  chars: null,
  recommendation: 'no_data',
} as const;
