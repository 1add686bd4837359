import type { Cost } from './cost.ts';
import { addUsage } from './counters.ts';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from './decimal.ts';
import type { Usage, UsagePart } from './usage.ts';

/** What one answer adds. */
export interface LedgerEntry {
  model: string | null;
  usage: Usage | null;
  parts: UsagePart[] | null;
}

/** What one model has used so far; its cost is null once one answer's is unknown. */
interface Account {
  readonly usage: Usage;
  cost: Decimal | null;
  priceKey: string | null;
}

/** A batch is of one model, or of a few; names beyond are made up, and share an account. */
const MOST_MODELS = 50;
const REST = 'other';

/**
 * Adds up what many answers used and cost, such as those of a batch: exactly, each at its own
 * price, and in memory that does not grow with their number.
 */
export class Ledger {
  /** Entries so far. */
  size = 0;
  readonly #accounts = new Map<string, Account>();
  readonly #sources = new Set<Cost['cost_source']>();
  #usage: Usage | null = null;
  #cost: Decimal | null = ZERO;
  #table: Decimal | null = ZERO;
  #price: Cost['price'] = null;
  #onePrice = true;
  #unpriced: Cost['unpriced'] = null;

  /** @param cost what the price table, or the provider, says about this entry alone */
  add({ model, usage, parts }: LedgerEntry, cost: Cost): void {
    this.#cost = plus(this.#cost, cost.cost_usd);
    this.#table = plus(this.#table, cost.cost_source === 'provider' ? cost.table_cost_usd : cost.cost_usd);
    this.#sources.add(cost.cost_source);
    this.#unpriced ??= cost.unpriced;
    if (this.size++ === 0) this.#price = cost.price;
    else if (!isSame(this.#price, cost.price)) this.#onePrice = false;
    if (usage !== null) {
      this.#usage ??= {};
      addUsage(this.#usage, usage);
    }
    if (parts === null) this.#account(model ?? REST, usage ?? {}, cost.cost_usd, cost.priced_as);
    else {
      for (const [at, part] of parts.entries()) {
        const line = cost.by_model?.[at];
        this.#account(part.model, part.usage, line?.cost_usd ?? null, line?.price_key ?? null);
      }
    }
  }

  /** All of it; null when nobody said what was used. */
  get usage(): Usage | null {
    return this.#usage && { ...this.#usage };
  }

  /** The model, where all answers are of one. */
  get model(): string | null {
    const [model] = this.#accounts.keys();
    return this.#accounts.size === 1 && model !== undefined && model !== REST ? model : null;
  }

  /** The sum. One unknown cost makes it unknown. */
  total(): Cost {
    const reported = this.#sources.has('provider');
    const price = this.#onePrice ? this.#price : null;
    const [source = null] = this.#sources;
    return {
      cost_usd: this.#cost && formatDecimal(this.#cost),
      cost_source: this.#cost === null ? null : this.#sources.size === 1 ? source : 'price_table',
      table_cost_usd: reported && this.#table ? formatDecimal(this.#table) : null,
      priced_as: price?.key ?? null,
      price,
      by_model: this.#accounts.size > 1 ? this.#byModel() : null,
      unpriced: this.#cost === null ? this.#unpriced : null,
    };
  }

  #account(model: string, usage: Usage, cost: string | null, priceKey: string | null): void {
    const name = this.#accounts.has(model) || this.#accounts.size < MOST_MODELS ? model : REST;
    let account = this.#accounts.get(name);
    if (!account) {
      account = { usage: {}, cost: ZERO, priceKey };
      this.#accounts.set(name, account);
    }
    addUsage(account.usage, usage);
    account.cost = plus(account.cost, cost);
    if (account.priceKey !== priceKey) account.priceKey = null;
  }

  #byModel(): NonNullable<Cost['by_model']> {
    return [...this.#accounts].map(([model, { usage, cost, priceKey }]) => ({
      model,
      usage,
      cost_usd: cost && formatDecimal(cost),
      price_key: priceKey,
    }));
  }
}

function plus(sum: Decimal | null, dollars: string | null): Decimal | null {
  return sum === null || dollars === null ? null : add(sum, parseDecimal(dollars));
}

/** Rates of one tier are one object, so most prices need no look inside. */
function isSame(one: Cost['price'], other: Cost['price']): boolean {
  if (one === null || other === null) return one === other;
  if (one.key !== other.key || one.version !== other.version) return false;
  return one.rates === other.rates || JSON.stringify(one.rates) === JSON.stringify(other.rates);
}
