import type { Accounts, Bound, Exchange, Standing, Taken, Verdict } from '../../src/plugin.ts';
import { claimedDollars, claimedTokens, microsIn, picoOf, sixDecimals, tell, UNFORESEEN } from '../shared/amounts.ts';
import { headerText } from '../shared/header-text.ts';
import type { Alerts } from './alerts.ts';
import {
  type Amounts,
  amountsIn,
  claimsOf,
  isHard,
  type Share,
  type Shortage,
  sharesOf,
  shortagesOf,
} from './claims.ts';
import type { BudgetList } from './list.ts';
import { leftIn, refusalOf, storeFull, unavailable } from './refusal.ts';
import { Relief } from './relief.ts';
import { unforeseen, unpricedVerdict } from './unpriced.ts';

/** What the requests of one configuration share. */
export interface PassageParts {
  readonly list: BudgetList;
  readonly accounts: Accounts;
  readonly alerts: Alerts;
  readonly status: 402 | 429;
  readonly apart: 'slice' | 'refuse';
  /** Header that tells what is left. */
  readonly remaining: string;
  /** No more rows can be kept. */
  isFull(): boolean;
  refused(budget: string, code: string): void;
}

type Pending<T> = T | Promise<T>;

/** How often a request is made to fit: others may take what was left in the meantime. */
const ROUNDS = 4;

/**
 * The way of one exchange past its budgets: what it may come to is held before it leaves, in
 * one step with the check, and ends with its row.
 *
 * While no limit is half used, what its length says is enough, though that is far more than the
 * truth: nothing waits, and the hold becomes smaller as soon as it is counted. Beyond that
 * it is counted first, so that one request does not keep others out for nothing.
 */
export class Passage {
  readonly #exchange: Exchange;
  readonly #parts: PassageParts;
  #shares: readonly Share[];
  #amounts: Amounts = { usd: 0n, tokens: 0n, requests: 1n };
  /** So many answers are held for: those before the last were given up after they had begun. */
  #answers = 1n;
  #standings: readonly Standing[] = [];
  #isHeld = false;

  constructor(exchange: Exchange, shares: readonly Share[], parts: PassageParts) {
    this.#exchange = exchange;
    this.#shares = shares;
    this.#parts = parts;
  }

  /** Lets it pass, or says why not. */
  begin(): Pending<Verdict | undefined> {
    const { foresight } = this.#exchange.state;
    this.#exchange.onFinish(() => this.#end());
    this.#exchange.state.payAgain = () => this.#again();
    if (isHard(this.#shares) && this.#parts.isFull())
      return this.#turnAway(storeFull(this.#exchange), 'budget_store_full');
    const wrong = this.#foresee(foresight?.bound() ?? null);
    if (wrong) return wrong;
    const canCount = foresight !== undefined && this.#shares.some(({ series }) => series.measure !== 'requests');
    const taken = this.#hold(canCount ? 2 : 1);
    const tried = (it: Taken): Pending<Verdict | undefined> => {
      if (it.taken) return this.#pass(it.standings, canCount);
      if (it.standings === null) return this.#unavailable();
      return foresight === undefined ? this.#refuse(this.#shortages(it.standings)) : this.#settle();
    };
    return taken instanceof Promise ? taken.then(tried) : tried(taken);
  }

  /** Says what it may come to, by its bound; a verdict where nobody can, and a budget lets no such request pass. */
  #foresee(bound: Bound | null): Verdict | undefined {
    const tokens = bound === null ? UNFORESEEN : claimedTokens(bound.tokens);
    if (!this.#shares.some(({ series }) => series.measure === 'usd')) {
      this.#amounts = { usd: 0n, tokens, requests: 1n };
      return undefined;
    }
    const cost = bound === null && this.#isFree() ? '0' : (bound?.cost_usd ?? null);
    if (cost !== null) {
      this.#amounts = { usd: claimedDollars(cost), tokens, requests: 1n };
      return undefined;
    }
    const found = unforeseen(this.#shares);
    if ('blockedBy' in found) {
      const verdict = unpricedVerdict(this.#exchange, found.blockedBy);
      this.#parts.refused(found.blockedBy.name, 'unpriced_model');
      return verdict;
    }
    this.#amounts = { usd: found.reserve || UNFORESEEN, tokens, requests: 1n };
    if (found.reserve > 0n) this.#exchange.state.reserve = tell('usd', found.reserve);
    return undefined;
  }

  #isFree(): boolean {
    return this.#exchange.targets.every(({ provider }) => provider.free);
  }

  #hold(part: 1 | 2): Pending<Taken> {
    const { accounts, apart } = this.#parts;
    const claims = claimsOf(this.#shares, times(this.#amounts, this.#answers), part);
    return accounts.hold(this.#exchange.id, claims, isHard(this.#shares) ? apart : 'slice');
  }

  /** One that was given up is charged as well as the one that takes its place. */
  #again(): Pending<boolean> {
    this.#answers++;
    const settle = (it: Taken): Pending<boolean> => {
      if (it.taken) return true;
      // What was spent in vain stays held until the row is here.
      this.#answers--;
      const held = this.#hold(1);
      return held instanceof Promise ? held.then(() => false) : false;
    };
    const taken = this.#hold(1);
    return taken instanceof Promise ? taken.then(settle) : settle(taken);
  }

  #shortages(standings: readonly Standing[]): Shortage[] {
    return shortagesOf(this.#shares, standings, this.#amounts, 'reject');
  }

  /** Counts, and tries it with that; what does not fit is changed where its budgets allow it. */
  async #settle(): Promise<Verdict | undefined> {
    const relief = new Relief(this.#exchange);
    let first: Shortage[] | null = null;
    for (let round = 0; round < ROUNDS; round++) {
      const { bound } = await this.#exchange.state.foresight!.counted();
      const wrong = this.#foresee(bound);
      if (wrong && first === null) return wrong;
      if (wrong) break;
      const taken = await this.#hold(1);
      if (taken.taken) {
        relief.announce();
        return this.#pass(taken.standings, false);
      }
      if (taken.standings === null) return this.#unavailable();
      const shortages = this.#shortages(taken.standings);
      first ??= shortages;
      const step = await relief.next(shortages);
      if (step === null) break;
      if (step === 'elsewhere') this.#shares = sharesOf(this.#parts.list, this.#exchange);
    }
    relief.undo();
    return this.#refuse(first ?? []);
  }

  /** It is held. `rough`: by its length, and still to be counted. */
  #pass(standings: readonly Standing[], rough: boolean): Pending<undefined> {
    this.#standings = standings;
    this.#isHeld = true;
    this.#exchange.note('budgets', 'hold', { accounts: this.#shares.length, ...heldOf(this.#shares, this.#amounts) });
    this.#exchange.setHeadersLate(() => this.#headers());
    const warnings = shortagesOf(this.#shares, standings, this.#amounts, 'warn');
    if (!rough) return this.#warn(warnings);
    const counted = this.#count();
    // Where there may be room for what it really comes to, only that says whether there is.
    const isOpen = warnings.some(({ budget, standing }) => leftIn(budget, standing) > 0n);
    if (!isOpen) return this.#warn(warnings);
    return counted.then(() => this.#warn(shortagesOf(this.#shares, standings, this.#amounts, 'warn')));
  }

  /** Holds no more than was counted. */
  async #count(): Promise<void> {
    const { bound } = await this.#exchange.state.foresight!.counted();
    const usd = bound.cost_usd === null ? this.#amounts.usd : claimedDollars(bound.cost_usd);
    this.#amounts = { usd, tokens: claimedTokens(bound.tokens), requests: 1n };
    this.#parts.accounts.adjust(this.#exchange.id, amountsIn(this.#shares, times(this.#amounts, this.#answers)));
  }

  #warn(shortages: readonly Shortage[]): undefined {
    if (shortages.length === 0) return;
    const told = shortages.map(({ budget, standing, amount }) => {
      const { measure } = budget.series;
      return `${budget.name}; spent=${tell(measure, standing.spent)}; limit=${tell(measure, budget.limit)}; estimated=${tell(measure, amount)}`;
    });
    this.#exchange.setHeader('x-token-spy-budget-warning', headerText(told.join(', ')));
    for (const { budget, share, standing } of shortages) this.#parts.alerts.exceeded(budget, share, standing);
  }

  async #refuse(shortages: readonly Shortage[]): Promise<Verdict> {
    const { alerts, remaining, status } = this.#parts;
    const left = leastOf(
      shortages
        .filter(({ budget }) => budget.series.measure === 'usd')
        .map(({ budget, standing }) => leftIn(budget, standing)),
    );
    if (left !== null) this.#exchange.setHeader(remaining, sixDecimals(microsIn(left)));
    for (const { budget, share, standing, amount } of shortages) {
      const { measure } = budget.series;
      this.#parts.refused(budget.name, 'budget_exceeded');
      alerts.exceeded(budget, share, standing);
      const [limit, spent, held] = [budget.limit, standing.spent, standing.held].map((of) => tell(measure, of));
      this.#exchange.note('budgets', 'exceeded', {
        ...{ budget: budget.name, measure, limit: limit!, spent: spent!, held: held! },
        asked: tell(measure, amount),
      });
    }
    return refusalOf(this.#exchange, shortages, status);
  }

  #unavailable(): Verdict {
    return this.#turnAway(unavailable(this.#exchange), 'budgets_unavailable');
  }

  #turnAway(verdict: Verdict, code: string): Verdict {
    for (const { budgets } of this.#shares)
      for (const { name, action } of budgets) if (action === 'reject') this.#parts.refused(name, code);
    return verdict;
  }

  /** What is left when its answer begins: of several budgets in dollars, the least. */
  #headers(): Record<string, string> {
    const own = this.#ownCost();
    const lefts = this.#shares.flatMap(({ series, budgets }, i) => {
      if (series.measure !== 'usd') return [];
      const { spent, held } = this.#standings[i]!;
      return budgets.map((budget) => leftIn(budget, { spent: spent + own, held }));
    });
    const left = leastOf(lefts);
    return left === null ? {} : { [this.#parts.remaining]: sixDecimals(microsIn(left)) };
  }

  /** What it costs, where that is known by then; else what is held for it; nothing, where it came to nothing. */
  #ownCost(): bigint {
    const { state, response } = this.#exchange;
    const cost = state.cost?.cost_usd ?? null;
    if (cost !== null) return picoOf(cost);
    return response === null || response.status >= 400 ? 0n : this.#amounts.usd;
  }

  #end(): void {
    const { accounts, alerts } = this.#parts;
    accounts.end(this.#exchange.id);
    if (this.#isHeld) {
      const { usd: held } = heldOf(this.#shares, this.#amounts);
      const usd = this.#exchange.state.cost?.cost_usd ?? null;
      this.#exchange.note('budgets', 'settle', { ...(held !== undefined && { held_usd: held }), usd });
    }
    for (const share of this.#shares) alerts.touch(share);
  }
}

/** What is held for a request, for its receipt; of what nobody can foresee nothing is said. */
function heldOf(shares: readonly Share[], { usd, tokens }: Amounts): { usd?: string; tokens?: string } {
  const measures = new Set(shares.map(({ series }) => series.measure));
  return {
    ...(measures.has('usd') && usd !== UNFORESEEN && { usd: tell('usd', usd) }),
    ...(measures.has('tokens') && tokens !== UNFORESEEN && { tokens: tell('tokens', tokens) }),
  };
}

/** It is one request, however many answers it takes. */
const times = ({ usd, tokens, requests }: Amounts, answers: bigint): Amounts =>
  answers === 1n ? { usd, tokens, requests } : { usd: usd * answers, tokens: tokens * answers, requests };

function leastOf(amounts: readonly bigint[]): bigint | null {
  return amounts.reduce<bigint | null>((least, amount) => (least === null || amount < least ? amount : least), null);
}
