/** Alerts as somebody sees them, and what they can do with them. The holder of a tenant's key sees their own groups. */
import type { Lent, Principal } from '../../src/plugin.ts';
import { NOTICE } from '../shared/notice.ts';
import { keyOf, type Labels } from './ask.ts';
import { type AlertBook, type Change, type Mark, ownerOf } from './book.ts';
import type { Evaluator } from './evaluator.ts';
import type { GroupState, State } from './machine.ts';
import type { Rule } from './rule.ts';
import { testNotice } from './tell.ts';

export type Who = Principal | null;
export type Word = State | 'PAUSED';

export interface GroupView {
  readonly key: string;
  readonly labels: Labels;
  readonly group: GroupState;
  readonly acknowledged: Mark | null;
}

export interface RuleView {
  readonly rule: Rule;
  /** The worst of its groups. */
  readonly state: Word;
  /** Null: it is looked at. */
  readonly paused: (Mark & { readonly inFile: false }) | { readonly inFile: true } | null;
  /** Epoch milliseconds; null: never. */
  readonly at: number | null;
  readonly failing: { readonly since: number; readonly why: string } | null;
  readonly reason: string | null;
  readonly cut: boolean;
  /** The worst first. */
  readonly groups: readonly GroupView[];
}

/** Why something cannot be done. */
export type Refusal = 'not_found' | 'not_yours' | 'nothing_to_acknowledge' | 'paused_in_file';

const ORDER: readonly State[] = ['ALERT', 'WARNING', 'NO_DATA', 'OK'];

export interface DeskParts {
  readonly rules: readonly Rule[];
  readonly evaluator: Pick<Evaluator, 'standing'>;
  readonly book: AlertBook;
  readonly audit: Pick<Lent['audit'], 'write'>;
  publish(event: string, data: unknown): void;
  now(): number;
}

export class AlertDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  all(who: Who): RuleView[] {
    return this.#parts.rules.flatMap((rule) => this.#viewOf(who, rule) ?? []);
  }

  history(who: Who, { name, limit }: { name?: string | undefined; limit: number }): readonly Change[] {
    return this.#parts.book
      .history()
      .filter((change) => isTheirs(who, change) && (name === undefined || change.alert === name))
      .slice(0, limit);
  }

  /** Says that somebody takes care of it; without labels of all that is bad. Rejects when the database does not answer. */
  async acknowledge(who: Who, by: string | null, name: string, labels?: Labels): Promise<Refusal | null> {
    const view = this.#find(who, name);
    if (view === null) return 'not_found';
    const { rule, groups } = view;
    const bad = groups.filter(({ group }) => group.state === 'ALERT' || group.state === 'WARNING');
    const meant = labels === undefined ? bad : bad.filter(({ key }) => key === keyOf(labels));
    if (meant.length === 0) return 'nothing_to_acknowledge';
    const keys = meant.map(({ key }) => key);
    await this.#parts.book.acknowledge(rule.id, keys, { by, at: this.#parts.now() });
    await this.#note(rule, 'acknowledged', by, { groups: meant.map((one) => one.labels).slice(0, 20) }, meant[0]);
    return null;
  }

  async pause(who: Who, by: string | null, name: string): Promise<Refusal | null> {
    const rule = this.#whole(who, name);
    if (typeof rule === 'string') return rule;
    if (rule.paused) return 'paused_in_file';
    await this.#parts.book.pause(rule.id, { by, at: this.#parts.now() });
    await this.#note(rule, 'paused', by);
    return null;
  }

  async resume(who: Who, by: string | null, name: string): Promise<Refusal | null> {
    const rule = this.#whole(who, name);
    if (typeof rule === 'string') return rule;
    if (rule.paused) return 'paused_in_file';
    await this.#parts.book.resume(rule.id);
    await this.#note(rule, 'resumed', by);
    return null;
  }

  /** Sends a notice that is marked as a test to the channels of a rule. */
  async test(who: Who, by: string | null, name: string): Promise<Refusal | null> {
    const rule = this.#whole(who, name);
    if (typeof rule === 'string') return rule;
    this.#parts.publish(NOTICE, testNotice(rule, this.#parts.now()));
    await this.#note(rule, 'tested', by, { notify: rule.notify });
    return null;
  }

  #find(who: Who, name: string): RuleView | null {
    const rule = this.#parts.rules.find((one) => one.name === name);
    return rule ? this.#viewOf(who, rule) : null;
  }

  /** A rule that is theirs as a whole; what stops or tells of all groups is for nobody else. */
  #whole(who: Who, name: string): Rule | Refusal {
    const view = this.#find(who, name);
    if (view === null) return 'not_found';
    return isTheirs(who, ownerOf(view.rule, null)) ? view.rule : 'not_yours';
  }

  /** Null: nothing of it is theirs. */
  #viewOf(who: Who, rule: Rule): RuleView | null {
    const { book, evaluator } = this.#parts;
    const isWhole = isTheirs(who, ownerOf(rule, null));
    const standing = evaluator.standing(rule);
    const groups = Object.entries(standing?.groups ?? {})
      .filter(([, { labels }]) => isWhole || (labels !== null && isTheirs(who, ownerOf(rule, labels))))
      .map(([key, group]) => ({ key, labels: group.labels, group, acknowledged: book.acknowledged(rule.id, key) }))
      .sort((one, other) => byGravity(rule, one.group, other.group));
    if (!isWhole && groups.length === 0) return null;
    const mark = book.paused(rule.id);
    const paused = rule.paused ? ({ inFile: true } as const) : mark && ({ ...mark, inFile: false } as const);
    const worst = ORDER.find((state) => groups.some(({ group }) => group.state === state)) ?? 'NO_DATA';
    const { at = 0, failing = null, reason = null, cut = false } = standing ?? {};
    return { rule, state: paused ? 'PAUSED' : worst, paused, at: at === 0 ? null : at, failing, reason, cut, groups };
  }

  async #note(
    { name }: Rule,
    what: string,
    who: string | null,
    facts: Readonly<Record<string, unknown>> = {},
    one?: GroupView,
  ): Promise<void> {
    const agent = one?.labels?.agent ?? null;
    const session = one?.labels?.session ?? null;
    this.#parts.publish('alert', { alert: name });
    await this.#parts.audit.write({ who, action: `alert.${what}`, subject: `alert ${name}`, agent, session, facts });
  }
}

/** Whether the holder of a key may see it: anything, unless the key is of a tenant or a project; then what is of just that. */
function isTheirs(who: Who, owner: { tenant: string | null; project: string | null }): boolean {
  const isOwn = (own: string | undefined, its: string | null): boolean => own === undefined || own === its;
  return isOwn(who?.tenant, owner.tenant) && isOwn(who?.project, owner.project);
}

/** The worst state first, then the value that is nearest to the threshold, or farthest beyond it. */
function byGravity({ direction }: Rule, one: GroupState, other: GroupState): number {
  const order = ORDER.indexOf(one.state) - ORDER.indexOf(other.state);
  if (order !== 0) return order;
  const [a, b] = [one, other].map(({ value }) => (value === null ? Number.NaN : Number(value)));
  if (Number.isNaN(a!) || Number.isNaN(b!)) return Number(Number.isNaN(a!)) - Number(Number.isNaN(b!));
  return direction === 'above' ? b! - a! : a! - b!;
}
