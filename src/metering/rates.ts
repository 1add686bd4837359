/** From a price entry to the rates of one request: long prompt, service tier, speed, region and hour. */
import { type Decimal, formatDecimal, multiply, ONE, parseDecimal, widen } from './decimal.ts';
import {
  type Hours,
  type PriceEntry,
  type RateName,
  rateNames,
  type Selector,
  tokenRateNames,
  weekdays,
} from './price-entry.ts';

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
  readonly text: PriceText;
  readonly sameAs: NonNullable<PriceEntry['same_as']>;
}

/** Rates as decimal texts; `free: true` where nothing is charged. */
export type PriceText = Readonly<Record<string, string | true>>;

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
  /** Dates without it, as `2026-10-01`. */
  except: ReadonlySet<string>;
}

/** Words for the ordinary rate. `auto` is what a request asks for; an answer that repeats it says nothing else. */
const ORDINARY = new Set(['', 'default', 'standard', 'auto', 'on_demand', 'unspecified']);
/** Words of an answer that was served nowhere in particular. */
const EVERYWHERE = new Set(['', 'global', 'default', 'not_available', 'unspecified']);
/**
 * One tier under several names: OpenAI answers `priority` or, from GPT-6 on, `fast`; Vertex AI
 * has words of its own. A tier's own name comes first, so that an entry can tell them apart.
 */
const SERVICE_TIER_NAMES: Readonly<Record<string, readonly string[]>> = {
  fast: ['priority'],
  priority: ['fast'],
  on_demand_priority: ['priority'],
  on_demand_flex: ['flex'],
};
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
    const regions = Object.entries(entry.geo_multiplier ?? {});
    this.#geo = new Map(regions.map(([where, by]) => [where.toLowerCase(), parseDecimal(by)]));
    this.#hours = (entry.hours ?? []).map(readWindow);
    this.#sameAs = entry.same_as ?? {};
  }

  /**
   * Tells the rates of one request; null when the entry does not say them.
   *
   * A service tier or a speed that the entry does not name has no known price, and where regions
   * have prices neither has another region. Neither has a request to which two conditions apply
   * that give the same rate two different values: which of them the vendor means is not ours to
   * guess. A factor is multiplied with the rates of all other conditions, in whatever order.
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
    const region = this.#regionOf(geo);
    const choices: Choice[] = [];
    const named = [pick(this.#serviceTiers, serviceTier, SERVICE_TIER_NAMES[serviceTier]), pick(this.#speeds, speed)];
    for (const choice of [tier, hours, ...named]) {
      if (choice === null) return null;
      if (choice !== undefined) choices.push(choice);
    }
    const own = ownRates(choices);
    if (own === null || region === null) return null;
    return freeze(multiplied({ ...this.#base, ...own }, choices, region), this.#sameAs);
  }

  #regionOf(geo: string): Decimal | null {
    return this.#geo.get(geo) ?? (this.#geo.size === 0 || EVERYWHERE.has(geo) ? ONE : null);
  }
}

/** Undefined: nothing to change. Null: a condition without a price. */
function pick(
  choices: ReadonlyMap<string, Choice>,
  word: string,
  others: readonly string[] = [],
): Choice | null | undefined {
  for (const name of [word, ...others]) {
    const choice = choices.get(name);
    if (choice !== undefined) return choice;
  }
  return ORDINARY.has(word) ? undefined : null;
}

/** The rates that conditions name; null when two of them name one differently. */
function ownRates(choices: readonly Choice[]): Numbers | null {
  const own: Numbers = {};
  for (const { rates } of choices)
    for (const name of rateNames) {
      const value = rates[name];
      if (value === undefined) continue;
      if (own[name] !== undefined && formatDecimal(own[name]) !== formatDecimal(value)) return null;
      own[name] = value;
    }
  return own;
}

/**
 * A condition's factor is for the rates that it does not name itself: half price, but cached
 * tokens at 0.125. Per-call charges such as web search are the same in every tier and region.
 */
function multiplied(rates: Numbers, choices: readonly Choice[], region: Decimal): Numbers {
  for (const name of tokenRateNames) {
    let rate = rates[name];
    if (rate === undefined) continue;
    for (const choice of choices)
      if (choice.multiplier !== ONE && choice.rates[name] === undefined) rate = multiply(rate, choice.multiplier);
    rates[name] = region === ONE ? rate : multiply(rate, region);
  }
  return rates;
}

function freeze(rates: Numbers, sameAs: NonNullable<PriceEntry['same_as']>): AppliedRates {
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

function readChoice(from: Selector): Choice {
  const multiplier = from.multiplier === undefined ? ONE : parseDecimal(from.multiplier);
  return { rates: readRates(from as PriceEntry), multiplier };
}

function readChoices(from: PriceEntry['service_tiers']): ReadonlyMap<string, Choice> {
  return new Map(Object.entries(from ?? {}).map(([name, selector]) => [name.toLowerCase(), readChoice(selector)]));
}

function readWindow(hours: Hours): Window {
  const days = hours.days ? new Set(hours.days.map((day) => weekdays.indexOf(day))) : ALL_DAYS;
  return {
    ...readChoice(hours),
    from: minutes(hours.from),
    to: minutes(hours.to),
    days,
    except: new Set(hours.except),
  };
}

function minutes(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
}

/** A window past midnight belongs to the day on which it began. */
function covers(window: Window, at: Date): boolean {
  const { from, to } = window;
  const now = at.getUTCHours() * 60 + at.getUTCMinutes();
  if (from < to) return now >= from && now < to && isDay(window, at);
  return (now >= from && isDay(window, at)) || (now < to && isDay(window, new Date(at.getTime() - DAY_MS)));
}

function isDay({ days, except }: Window, day: Date): boolean {
  return days.has(day.getUTCDay()) && (except.size === 0 || !except.has(day.toISOString().slice(0, 10)));
}

const DAY_MS = 86_400_000;
