/** What one model costs, as it is written in gateway.yaml, in a price file and in the shipped tables. */
import { compare, type Decimal, parseDecimal } from './decimal.ts';

/** US dollars, exact: a number literal or, to keep every digit, its text. */
export type Rate = number | string;

/** Rates per million tokens, and the part of an answer that each one prices. */
const TOKEN_RATES = {
  input: 'input tokens that no other rate of the entry covers',
  output: 'output tokens, reasoning included, that no other rate covers',
  cache_read: 'input tokens read from a prompt cache',
  cache_write: 'input tokens written to a prompt cache for its shortest time (Anthropic: 5 minutes)',
  cache_write_30m: 'cache writes kept for 30 minutes; without it they cost cache_write',
  cache_write_1h: 'cache writes kept for an hour',
  cache_write_12h: 'cache writes kept for 12 hours',
  input_audio: 'audio input tokens',
  cache_read_audio: 'audio input tokens read from a cache',
  input_image: 'image input tokens; without it they cost input',
  input_video: 'video input tokens; without it they cost input',
  output_audio: 'audio output tokens',
  output_image: 'image output tokens',
  output_reasoning: 'reasoning tokens; without it they are plain output',
} as const;

/** Rates for what is not counted in tokens. */
const UNIT_RATES = {
  audio_per_second: 'second of audio',
  audio_per_minute: 'minute of audio',
  audio_per_hour: 'hour of audio',
  request_per_1k: '1,000 requests, beside their tokens',
  web_search_per_1k: '1,000 web searches',
  web_fetch_per_1k: '1,000 web fetches; without it they are free',
  file_search_per_1k: '1,000 file searches',
  code_execution_per_1k: '1,000 code executions',
} as const;

export type TokenRateName = keyof typeof TOKEN_RATES;
export type UnitRateName = keyof typeof UNIT_RATES;
export type RateName = TokenRateName | UnitRateName;
export const tokenRateNames = Object.keys(TOKEN_RATES) as TokenRateName[];
export const rateNames = [...tokenRateNames, ...Object.keys(UNIT_RATES)] as RateName[];

export type Rates = { [name in RateName]?: Rate };

/** Other rates under a condition: rates of its own, or all token rates times a number. */
export type Selector = Rates & { multiplier?: Rate };
export type PriceTier = Rates & { input_over?: number; input_at_least?: number };
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Hours = Selector & {
  from: string;
  to: string;
  days?: readonly (typeof weekdays)[number][];
  except?: readonly string[];
};

export type PriceEntry = Rates & {
  match?: string | readonly string[];
  dated?: boolean;
  free?: boolean;
  tiers?: readonly PriceTier[];
  service_tiers?: Readonly<Record<string, Selector>>;
  speeds?: Readonly<Record<string, Selector>>;
  geo_multiplier?: Readonly<Record<string, Rate>>;
  hours?: readonly Hours[];
  same_as?: { readonly [name in RateName]?: RateName };
  starts?: string;
  ends?: string;
  source?: string;
};

const rate = (description: string) =>
  ({
    type: ['number', 'string'],
    minimum: 0,
    maxLength: 32,
    pattern: '^[0-9]*\\.?[0-9]+([eE]-?[0-9]{1,2})?$',
    description,
  }) as const;

type RateSchemas = { readonly [name in RateName]: ReturnType<typeof rate> };
const rates = Object.fromEntries([
  ...Object.entries(TOKEN_RATES).map(([name, of]) => [name, rate(`US dollars per million tokens: ${of}.`)]),
  ...Object.entries(UNIT_RATES).map(([name, of]) => [name, rate(`US dollars per ${of}.`)]),
]) as RateSchemas;

const selector = {
  ...rates,
  multiplier: rate('All token rates that are not named beside it, times this number.'),
} as const;

const moment = {
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,3})?)?Z)?$',
} as const;
const clock = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;
const name = { type: 'string', minLength: 1, maxLength: 256 } as const;

/** JSON Schema of a price entry: plain data, so that gateway.schema.json and editors can show it. */
export const priceEntrySchema = {
  type: 'object',
  description: 'What a model costs. Token rates are US dollars per million tokens; unknown is left out, never 0.',
  additionalProperties: false,
  properties: {
    ...rates,
    match: {
      type: ['string', 'array'],
      minLength: 1,
      maxLength: 256,
      maxItems: 1000,
      items: name,
      description:
        'Further names of the model. Exact; `*` stands for anything, and nothing matches by its beginning alone.',
    },
    dated: {
      type: 'boolean',
      description:
        'Its names followed by a date cost the same: gpt-5-2025-08-07, claude-sonnet-4@20250514. Without it: no.',
    },
    free: { type: 'boolean', description: 'Costs nothing.' },
    tiers: {
      type: 'array',
      maxItems: 20,
      description:
        'Long prompts: from its threshold on, a tier replaces the rates it names for every token of the request.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          ...rates,
          input_over: {
            type: 'integer',
            minimum: 0,
            description: 'For prompts of more tokens than this, cache included.',
          },
          input_at_least: { type: 'integer', minimum: 0, description: 'For prompts of at least this many tokens.' },
        },
      },
    },
    service_tiers: {
      type: 'object',
      maxProperties: 20,
      description:
        'Rates by the service tier the answer names: flex, priority, batch. An answer of a tier not named here has no price.',
      additionalProperties: { type: 'object', additionalProperties: false, properties: selector },
    },
    speeds: {
      type: 'object',
      maxProperties: 20,
      description: 'Rates by the speed the answer names, such as fast.',
      additionalProperties: { type: 'object', additionalProperties: false, properties: selector },
    },
    geo_multiplier: {
      type: 'object',
      maxProperties: 50,
      description:
        'All token rates times this number where the answer names the region, such as us: 1.1. An answer of another region, unless it is global, has no price.',
      additionalProperties: rate('A factor.'),
    },
    hours: {
      type: 'array',
      maxItems: 50,
      description: 'Rates by the hour (UTC) in which the request started.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['from', 'to'],
        properties: {
          ...selector,
          from: { ...clock, description: 'HH:MM, UTC, included.' },
          to: { ...clock, description: 'HH:MM, UTC, excluded; earlier than from: past midnight.' },
          days: {
            type: 'array',
            maxItems: 7,
            items: { type: 'string', enum: weekdays },
            description: 'Without it: every day.',
          },
          except: {
            type: 'array',
            maxItems: 400,
            items: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' },
            description: 'Dates (UTC) on which it does not hold: public holidays.',
          },
        },
      },
    },
    same_as: {
      type: 'object',
      maxProperties: 30,
      propertyNames: { enum: rateNames },
      additionalProperties: { type: 'string', enum: rateNames },
      description: 'What the vendor charges like something else, such as cache_write: input. Never assumed.',
    },
    starts: { ...moment, description: 'First day it holds, UTC.' },
    ends: { ...moment, description: 'First day it no longer holds, UTC.' },
    source: { type: 'string', maxLength: 1000, description: 'Where the numbers were read.' },
  },
} as const;

const MOST = parseDecimal('1000');
const LEAST = parseDecimal('0.0001');

/**
 * Names what cannot be right in an entry: rates of an absurd size, times and thresholds that say nothing.
 *
 * A token rate above 1,000 or below 0.0001 dollars per million is nearly always a price per
 * token or per thousand in the wrong unit; a plain 0 is a statement and passes.
 */
export function checkPriceEntry(entry: PriceEntry): string[] {
  const faults: string[] = [...checkRates('', entry)];
  entry.tiers?.forEach((tier, at) => {
    faults.push(...checkRates(`tiers[${at}].`, tier));
    if ((tier.input_over === undefined) === (tier.input_at_least === undefined))
      faults.push(`tiers[${at}] needs one of input_over and input_at_least (tokens)`);
  });
  for (const group of ['service_tiers', 'speeds'] as const)
    for (const [which, selected] of Object.entries(entry[group] ?? {}))
      faults.push(...checkRates(`${group}.${which}.`, selected));
  entry.hours?.forEach((window, at) => {
    faults.push(...checkRates(`hours[${at}].`, window));
  });
  for (const edge of ['starts', 'ends'] as const)
    if (entry[edge] !== undefined && Number.isNaN(Date.parse(entry[edge])))
      faults.push(`${edge} is not a date: ${entry[edge]}`);
  return faults;
}

function checkRates(path: string, rates: Rates): string[] {
  return rateNames.flatMap((name) => {
    const fault = rates[name] === undefined ? null : checkRate(rates[name], name in TOKEN_RATES);
    return fault === null ? [] : [`${path}${name} ${fault}`];
  });
}

function checkRate(rate: Rate, perMillion: boolean): string | null {
  let value: Decimal;
  try {
    value = parseDecimal(rate);
  } catch {
    return `is not a decimal number of US dollars: ${rate}`;
  }
  if (value.digits < 0n) return `is negative: ${rate}`;
  if (!perMillion || value.digits === 0n) return null;
  if (compare(value, MOST) > 0) return `is ${rate} US dollars per million tokens, above 1,000: is the unit right?`;
  if (compare(value, LEAST) < 0)
    return `is ${rate} US dollars per million tokens, below 0.0001: this looks like a price per token; multiply it by 1,000,000`;
  return null;
}
