/** What is kept of alerts in the database: states, what was told, who has acknowledged what. */
import { createHash } from 'node:crypto';
import type { Documents, Json } from '../../src/plugin.ts';
import type { Severity } from '../shared/notice.ts';
import type { Labels } from './ask.ts';
import type { GroupState, State } from './machine.ts';
import type { Rule } from './rule.ts';

const RULE = 'rule:';
const HISTORY = 'history:';
const ACK = 'ack:';
const PAUSE = 'pause:';
/** Changes that are remembered, of all rules together. */
export const MOST_HISTORY = 500;

/** A rule as it stands. Times are epoch milliseconds. */
export interface Standing {
  readonly name: string;
  /** Of the rule by which it was looked at. */
  readonly shape: string;
  readonly notify: readonly string[];
  readonly severity: Severity;
  readonly groups: Readonly<Record<string, GroupState>>;
  /** When it was looked at last; 0: never. */
  readonly at: number;
  /** Since when it cannot be looked at, and why. */
  readonly failing: { readonly since: number; readonly why: string } | null;
  /** Why there is nothing to look at, where it is not that nothing was. */
  readonly reason: string | null;
  /** There were more groups than are kept. */
  readonly cut: boolean;
}

/** A change of state. */
export interface Change {
  readonly at: number;
  readonly alert: string;
  readonly labels: Labels;
  readonly tenant: string | null;
  readonly project: string | null;
  readonly metric: string;
  readonly from: State;
  readonly to: State;
  readonly value: string | null;
  readonly threshold: string;
  /** Whether channels were told. */
  readonly told: boolean;
}

/** Who did something, and when. */
export interface Mark {
  readonly by: string | null;
  readonly at: number;
}

export class AlertBook {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** As it was stored last; null: it was never looked at. */
  standing(id: string): Standing | null {
    const body = this.#documents.all().get(RULE + id) as unknown as Partial<Standing> | undefined;
    // Somebody may have written something else there.
    return typeof body?.groups === 'object' && body.groups !== null ? (body as Standing) : null;
  }

  /** Ids of all rules that were ever looked at. */
  known(): string[] {
    return [...this.#documents.all().keys()].flatMap((id) => (id.startsWith(RULE) ? [id.slice(RULE.length)] : []));
  }

  /** Stores a rule's standing with what changed, in one step; `well` are groups whose acknowledgement is over. */
  save(id: string, standing: Standing | null, changes: readonly Change[], well: readonly string[]): Promise<void> {
    const bodies = new Map<string, Json | null>([[RULE + id, standing as unknown as Json | null]]);
    let next = this.#newest();
    for (const change of changes) {
      next++;
      bodies.set(HISTORY + (next % MOST_HISTORY), { n: next, ...change } as unknown as Json);
    }
    const all = this.#documents.all();
    for (const key of well) if (all.has(ackOf(id, key))) bodies.set(ackOf(id, key), null);
    if (standing === null) {
      for (const name of all.keys()) if (name.startsWith(`${ACK}${id}:`) || name === PAUSE + id) bodies.set(name, null);
    }
    return this.#documents.putAll(bodies);
  }

  /** All changes that are remembered, the newest first. */
  history(): readonly Change[] {
    return this.#changes()
      .sort((one, other) => other.n - one.n)
      .map(({ n: _, ...change }) => change);
  }

  acknowledged(id: string, key: string): Mark | null {
    return (this.#documents.all().get(ackOf(id, key)) as unknown as Mark | undefined) ?? null;
  }

  acknowledge(id: string, keys: readonly string[], mark: Mark): Promise<void> {
    return this.#documents.putAll(new Map(keys.map((key) => [ackOf(id, key), { ...mark }])));
  }

  /** Who has paused it while the gateway ran; null: nobody. */
  paused(id: string): Mark | null {
    return (this.#documents.all().get(PAUSE + id) as unknown as Mark | undefined) ?? null;
  }

  pause(id: string, mark: Mark): Promise<void> {
    return this.#documents.put(PAUSE + id, { ...mark });
  }

  async resume(id: string): Promise<void> {
    await this.#documents.delete(PAUSE + id);
  }

  #changes(): (Change & { n: number })[] {
    return [...this.#documents.all()].flatMap(([id, body]) =>
      id.startsWith(HISTORY) ? [body as unknown as Change & { n: number }] : [],
    );
  }

  #newest(): number {
    return this.#changes().reduce((newest, { n }) => Math.max(newest, n), 0);
  }
}

/** Keys of groups are callers' words, and may be long. */
const ackOf = (id: string, key: string): string =>
  `${ACK}${id}:${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;

/** What a rule, or a group of it, is of, for those who may see their own only. */
export function ownerOf({ where, groupBy }: Rule, labels: Labels): { tenant: string | null; project: string | null } {
  const of = (dimension: 'tenant' | 'project'): string | null => {
    const [only = null, ...more] = where[dimension] ?? [];
    const fixed = more.length === 0 && !only?.includes('*') ? only : null;
    return labels?.[dimension] ?? (groupBy === dimension ? null : fixed);
  };
  return { tenant: of('tenant'), project: of('project') };
}
