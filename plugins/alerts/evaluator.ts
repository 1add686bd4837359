/** Looks at the rules again and again, one after the other, and tells what became different. */
import type { Log } from '../../src/plugin.ts';
import { NOTICE, type Notice } from '../shared/notice.ts';
import type { Asker, Observed } from './ask.ts';
import { type AlertBook, type Change, MOST_HISTORY, type Standing } from './book.ts';
import { changeOf, kept, MOST_GROUPS, type Stepped, stepsOf } from './groups.ts';
import type { Lease } from './lease.ts';
import { metricOf } from './metrics.ts';
import type { Rule } from './rule.ts';
import { endOf, noticeOf } from './tell.ts';
import { groupWords, valueWords } from './words.ts';

/** How often values are stored where no state changes: other processes show them. */
const STORED_MS = 60_000;
/** A rule that takes long is looked at seldom: it may take so much of the time. */
const SHARE = 20;
const SELDOM_MS = 10 * 60_000;

export interface EvaluatorParts {
  readonly rules: readonly Rule[];
  readonly asker: Asker;
  readonly book: AlertBook;
  readonly lease: Lease;
  readonly everyMs: number;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Epoch milliseconds. */
  now(): number;
  /** For how long something takes, milliseconds. */
  elapsed(): number;
  publish(event: string, data: unknown): void;
  changed(alert: string, state: string): void;
  failed(alert: string): void;
}

export class Evaluator {
  readonly #parts: EvaluatorParts;
  /** When each rule is looked at next, and when it was stored last. */
  readonly #next = new Map<string, number>();
  readonly #stored = new Map<string, number>();
  readonly #unsaved = new Map<string, { changes: readonly Change[]; well: readonly string[] }>();
  /** What was found out of each rule: newer than what is stored. */
  readonly #memory = new Map<string, Standing>();
  #busy = false;
  /** Since when the database does not even say who looks. */
  #away: Standing['failing'] = null;

  constructor(parts: EvaluatorParts) {
    this.#parts = parts;
  }

  /** Looks at what is due, if this process is the one that does. Never rejects. */
  async look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (!(await this.#holds())) return;
      await this.#end();
      for (const rule of this.#parts.rules) {
        if (!this.#parts.lease.holdsAt(this.#parts.now())) return;
        // What is wrong with one says nothing about the others.
        if (this.#isDue(rule)) await this.#lookAt(rule).catch((error: unknown) => this.#fail(rule, error));
      }
    } finally {
      this.#busy = false;
    }
  }

  /** As it is known here: newer than what is stored, where this process looks at it. */
  standing({ id, shape }: Rule): Standing | null {
    const { book, lease, now } = this.#parts;
    const isNewest = lease.holdsAt(now()) || this.#away !== null;
    const known = isNewest ? (this.#memory.get(id) ?? book.standing(id)) : book.standing(id);
    if (known?.shape !== shape) return null;
    return { ...known, failing: known.failing ?? this.#away };
  }

  async #holds(): Promise<boolean> {
    const { lease, now, log } = this.#parts;
    const before = lease.holdsAt(now());
    try {
      const holds = await lease.take(now());
      this.#away = null;
      // What another process has stored meanwhile is newer than what was known here.
      if (!holds || !before) this.#memory.clear();
      return holds;
    } catch (error) {
      const why = (error as Error).name;
      if (this.#away === null) log.warn('alerts wait for the database', { error: why });
      this.#away ??= { since: now(), why };
      return before && lease.holdsAt(now());
    }
  }

  #isDue(rule: Rule): boolean {
    const { book, now } = this.#parts;
    return !rule.paused && book.paused(rule.id) === null && now() >= (this.#next.get(rule.id) ?? 0);
  }

  async #lookAt(rule: Rule): Promise<void> {
    const { asker, now, elapsed, everyMs, lease } = this.#parts;
    const at = now();
    const begun = elapsed();
    const observed = await asker.ask(rule, at).catch((error: unknown) => this.#fail(rule, error));
    const pause = Math.min(SELDOM_MS, (elapsed() - begun) * SHARE);
    this.#next.set(rule.id, at + Math.max(everyMs, pause));
    // Who asked for long may have lost the lease: then it is another's to tell.
    if (observed !== null && lease.holdsAt(now())) await this.#take(rule, observed, at);
  }

  /** A question without an answer says nothing about the state. */
  #fail(rule: Rule, error: unknown): null {
    const { failed, log, now } = this.#parts;
    const why = (error as Error).name;
    const before = this.#before(rule);
    failed(rule.name);
    if (before.failing === null) log.warn(`alert ${rule.name} cannot be asked`, { error: why });
    this.#memory.set(rule.id, { ...before, failing: before.failing ?? { since: now(), why } });
    return null;
  }

  #before(rule: Rule): Standing {
    const known = this.#memory.get(rule.id) ?? this.#parts.book.standing(rule.id);
    if (known?.shape === rule.shape) return known;
    if (known) this.#resolve(known);
    const { name, shape, notify, severity } = rule;
    return { name, shape, notify, severity, groups: {}, at: 0, failing: null, reason: null, cut: false };
  }

  async #take(rule: Rule, observed: Observed, at: number): Promise<void> {
    const before = this.#before(rule);
    const isAcknowledged = (key: string): boolean => this.#parts.book.acknowledged(rule.id, key) !== null;
    const steps = stepsOf(rule, before.groups, observed, { at, isAcknowledged });
    const { groups, cut } = kept(rule, steps, at);
    const { name, shape, notify, severity } = rule;
    const { reason } = observed;
    const standing: Standing = { name, shape, notify, severity, groups, at, failing: null, reason, cut };
    this.#tell(rule, steps, at);
    this.#memory.set(rule.id, standing);
    const isNews = steps.some(({ step: { changed, telling } }) => changed || telling !== null);
    this.#note(rule, steps, at);
    if (isNews || at - (this.#stored.get(rule.id) ?? 0) >= STORED_MS) await this.#store(rule, standing);
  }

  #tell(rule: Rule, steps: readonly Stepped[], at: number): void {
    const { log, changed, publish } = this.#parts;
    let isNews = false;
    for (const {
      key,
      before,
      step: { after, changed: isOther, telling },
    } of steps) {
      if (telling !== null) this.#publish(noticeOf(rule, { key, before, after, telling, at }));
      if (!isOther) continue;
      isNews = true;
      changed(rule.name, after.state);
      const group = groupWords(after.labels);
      const facts = { from: before?.state ?? 'OK', value: after.value, told: telling !== null };
      const line = `alert ${rule.name}${group && ` of ${group}`} is ${after.state}, ${valueWords(after.value, metricOf(rule.metric).unit)}`;
      // A gateway without traffic yet has no data, and that is no news to anybody.
      if (after.state === 'OK' || (after.state === 'NO_DATA' && telling === null)) log.info(line, facts);
      else log.warn(line, facts);
    }
    if (isNews) publish('alert', { alert: rule.name });
  }

  #publish(notice: Notice): void {
    this.#parts.publish(NOTICE, notice);
  }

  /** Notes what is to be stored with the standing: also of looks before, where the database was away. */
  #note(rule: Rule, steps: readonly Stepped[], at: number): void {
    const changed = steps.filter(({ step }) => step.changed);
    if (changed.length === 0) return;
    const { changes, well } = this.#unsaved.get(rule.id) ?? { changes: [], well: [] };
    const cured = changed.flatMap(({ key, step: { after } }) => (after.state === 'OK' ? [key] : []));
    const all = [...changes, ...changed.map((one) => changeOf(rule, one, at))];
    this.#unsaved.set(rule.id, { changes: all.slice(-MOST_HISTORY), well: [...well, ...cured].slice(-MOST_GROUPS) });
  }

  async #store(rule: Rule, standing: Standing): Promise<void> {
    const { book, log } = this.#parts;
    const { changes, well } = this.#unsaved.get(rule.id) ?? { changes: [], well: [] };
    try {
      await book.save(rule.id, standing, changes, well);
      this.#unsaved.delete(rule.id);
      this.#stored.set(rule.id, standing.at);
    } catch (error) {
      // It is known here, and stored with the next look. Until then a restart tells it again, by the same id.
      this.#stored.delete(rule.id);
      log.warn(`the state of alert ${rule.name} waits for the database`, { error: (error as Error).name });
    }
  }

  /** Ends what is not in the configuration any more: nobody would, and its incidents would stay open. */
  async #end(): Promise<void> {
    const { rules, book, asker } = this.#parts;
    const ids = new Set(rules.map(({ id }) => id));
    asker.keep(ids);
    for (const id of book.known()) {
      if (ids.has(id)) continue;
      const standing = this.#memory.get(id) ?? book.standing(id);
      if (standing) this.#resolve(standing);
      this.#memory.delete(id);
      await book.save(id, null, [], []).catch(() => {});
    }
  }

  #resolve(standing: Standing): void {
    for (const [key, group] of Object.entries(standing.groups))
      if (group.known !== 'OK') this.#publish(endOf(standing, key, group, this.#parts.now()));
  }
}
