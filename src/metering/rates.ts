/** From a price entry to the rates of one request: long prompt, service tier, speed, region and hour. */
import { type Decimal, formatDecimal, multiply, ONE, parseDecimal, widen } from './decimal.ts';
import { type Hours, type PriceEntry, type RateName, rateNames, tokenRateNames, weekdays } from './price-entry.ts';

/** What a request says about the rates that apply to it. */
export interface Selection {
  /** All of them, cache included: the tier looks at the whole prompt. */
  inputTokens: number;
  serviceTier: string | null;
  speed: string | null;
  geo: string | null;
  at: Date;
}

export interface AppliedRates {
  /** Token rates are per million, others per unit of their name. */
  readonly rates: { readonly [name in RateName]?: Decimal };
  /** The same as they are stored with the cost; frozen, since many costs share it. */
  readonly text: Record<string, string>;
  readonly sameAs: NonNullable<PriceEntry['same_as']>;
}

type Numbers = { [name in RateName]?: Decimal };
interface Choice {
  rates: Numbers;
  multiplier: Decimal;
}
interface Window extends Choice {
  /** Minutes of the day, UTC. */
  from: number;
  to: number;
  days: ReadonlySet<number>;
}

/** Words for the ordinary rate. `auto` is what a request asks for; an answer that repeats it says nothing else. */
const ORDINARY = new Set(['', 'default', 'standard', 'auto', 'on_demand']);
/** What is asked for as `fast` runs, and is charged, as `priority`. */
const SERVICE_TIER_NAMES: Readonly<Record<string, string>> = { fast: 'priority' };
const MOST_CHOICES = 256;
const ALL_DAYS = new Set([0, 1, 2, 3, 4, 5, 6]);

/** One price entry with its numbers read, ready to be asked on every request. */
export class EntryRates {
  readonly #base: Numbers;
  /** Lowest threshold first; `from` is the smallest prompt it applies to. */
  readonly #tiers: readonly (Choice & { from: number })[];
  readonly #serviceTiers: ReadonlyMap<string, Choice>;
  readonly #speeds: ReadonlyMap<string, Choice>;
  readonly #geo: ReadonlyMap<string, Decimal>;
  readonly #hours: readonly Window[];
  readonly #sameAs: NonNullable<PriceEntry['same_as']>;
  readonly #chosen = new Map<string, AppliedRates | null>();

  /** Throws a RangeError where a rate is not a decimal number. */
  constructor(entry: PriceEntry) {
    this.#base = readRates(entry);
    this.#tiers = (entry.tiers ?? [])
      .map((tier) => ({ ...readChoice(tier), from: tier.input_at_least ?? (tier.input_over ?? 0) + 1 }))
      .sort((a, b) => a.from - b.from);
    this.#serviceTiers = readChoices(entry.service_tiers);
    this.#speeds = readChoices(entry.speeds);
    this.#geo = new Map(Object.entries(entry.geo_multiplier ?? {}).map(([where, by]) => [where, parseDecimal(by)]));
    this.#hours = (entry.hours ?? []).map(readWindow);
    this.#sameAs = entry.same_as ?? {};
  }

  /**
   * Tells the rates of one request; null when the entry does not say them.
   *
   * A service tier or a speed that the entry does not name has no known price. Neither has
   * a request to which two conditions apply that give the same rate two different values:
   * which of them the vendor means is not ours to guess.
   */
  choose(selection: Selection): AppliedRates | null {
    const tier = this.#tiers.findLastIndex(({ from }) => selection.inputTokens >= from);
    const hours = this.#hours.length === 0 ? -1 : this.#hours.findIndex((window) => covers(window, selection.at));
    const { serviceTier, speed, geo } = selection;
    const key = `${tier}\n${hours}\n${serviceTier}\n${speed}\n${geo}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    const words = [serviceTier, speed, geo].map((word) => word?.toLowerCase() ?? '');
    const applied = this.#apply(this.#tiers[tier], this.#hours[hours], words);
    if (this.#chosen.size >= MOST_CHOICES) this.#chosen.clear();
    this.#chosen.set(key, applied);
    return applied;
  }

  #apply(tier: Choice | undefined, hours: Choice | undefined, words: string[]): AppliedRates | null {
    const [serviceTier = '', speed = '', geo = ''] = words;
    const choices = [tier, hours, pick(this.#serviceTiers, serviceTier), pick(this.#speeds, speed)];
    let multiplier = this.#geo.get(geo) ?? ONE;
    const own: Numbers = {};
    for (const choice of choices) {
      if (choice === null) return null;
      if (choice === undefined) continue;
      multiplier = multiply(multiplier, choice.multiplier);
      for (const name of rateNames) {
        const value = choice.rates[name];
        if (value === undefined) continue;
        if (own[name] !== undefined && formatDecimal(own[name]) !== formatDecimal(value)) return null;
        own[name] = value;
      }
    }
    return freeze({ ...this.#base, ...own }, multiplier, this.#sameAs);
  }
}

/** Undefined: nothing to change. Null: a condition without a price. */
function pick(choices: ReadonlyMap<string, Choice>, word: string): Choice | null | undefined {
  const choice = choices.get(word) ?? choices.get(SERVICE_TIER_NAMES[word] ?? word);
  return choice ?? (ORDINARY.has(word) ? undefined : null);
}

function freeze(rates: Numbers, multiplier: Decimal, sameAs: NonNullable<PriceEntry['same_as']>): AppliedRates {
  // Per-call charges such as web search are the same in every tier and region.
  if (multiplier !== ONE)
    for (const name of tokenRateNames) if (rates[name] !== undefined) rates[name] = multiply(rates[name], multiplier);
  const scale = Math.max(0, ...tokenRateNames.map((name) => rates[name]?.scale ?? 0));
  for (const name of tokenRateNames) if (rates[name] !== undefined) rates[name] = widen(rates[name], scale);
  const text = Object.entries(rates).map(([name, value]) => [name, formatDecimal(value)]);
  return { rates, text: Object.freeze(Object.fromEntries(text)), sameAs };
}

function readRates(from: PriceEntry | Hours): Numbers {
  const numbers: Numbers = {};
  for (const name of rateNames) {
    const rate = from[name];
    if (rate !== undefined) numbers[name] = parseDecimal(rate);
  }
  return numbers;
}

function readChoice(from: Omit<Hours, 'from' | 'to' | 'days'>): Choice {
  const multiplier = from.multiplier === undefined ? ONE : parseDecimal(from.multiplier);
  return { rates: readRates(from as PriceEntry), multiplier };
}

function readChoices(from: PriceEntry['service_tiers']): ReadonlyMap<string, Choice> {
  return new Map(Object.entries(from ?? {}).map(([name, selector]) => [name.toLowerCase(), readChoice(selector)]));
}

function readWindow(hours: Hours): Window {
  const days = hours.days ? new Set(hours.days.map((day) => weekdays.indexOf(day))) : ALL_DAYS;
  return { ...readChoice(hours), from: minutes(hours.from), to: minutes(hours.to), days };
}

function minutes(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
}

/** A window past midnight belongs to the day on which it began. */
function covers({ from, to, days }: Window, at: Date): boolean {
  const now = at.getUTCHours() * 60 + at.getUTCMinutes();
  const today = at.getUTCDay();
  if (from < to) return now >= from && now < to && days.has(today);
  return (now >= from && days.has(today)) || (now < to && days.has((today + 6) % 7));
}
