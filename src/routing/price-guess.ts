import { compare, type Decimal, parseDecimal } from '../metering/decimal.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Provider } from '../pipeline/provider.ts';
import { bodyBytes } from './match.ts';

/** What a request would cost somewhere, about. */
export interface Guess {
  /** US dollars; null where nobody can say. */
  readonly cost: Decimal | null;
  /** The same for people: `0.00012`, `unknown`. */
  readonly text: string;
}

/** How long a request is, in steps, so that few prices are asked for many requests. */
export interface Weight {
  readonly input: number;
  readonly output: number;
  readonly step: number;
}

const BYTES_PER_TOKEN = 4;
/** Of a request that does not say how long its answer may be. */
const USUAL_OUTPUT = 500;
const MOST_OUTPUT = 1_000_000;
/** Steps from one power of two to the next: two requests of one step differ by less than a fifth. */
const STEPS = 4;
const MINUTE_MS = 60_000;
/** Names of models may be made up by clients. */
const MOST_KNOWN = 20_000;

/** Where APIs say how long an answer may be. */
const LIMITS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'] as const;
const NESTED: readonly (readonly [member: string, name: string])[] = [
  ['generationConfig', 'maxOutputTokens'],
  ['inferenceConfig', 'maxTokens'],
  ['options', 'num_predict'],
];

/** Tokens in and out, about: four bytes a token, and as much as the answer may have. */
export function weigh(exchange: Exchange): Weight {
  const input = stepOf(bodyBytes(exchange) / BYTES_PER_TOKEN);
  const output = stepOf(outputOf(exchange));
  return { input: tokensOf(input), output: tokensOf(output), step: input * 1024 + output };
}

const stepOf = (tokens: number): number => Math.round(Math.log2(Math.max(tokens, 1)) * STEPS);
const tokensOf = (step: number): number => Math.round(2 ** (step / STEPS));

function outputOf({ request }: Exchange): number {
  for (const name of LIMITS) {
    const said = request.member(name);
    if (isLimit(said)) return Math.min(said, MOST_OUTPUT);
  }
  for (const [member, name] of NESTED) {
    const said = request.member(member) as Record<string, unknown> | null | undefined;
    const limit = typeof said === 'object' && said !== null ? said[name] : undefined;
    if (isLimit(limit)) return Math.min(limit, MOST_OUTPUT);
  }
  return USUAL_OUTPUT;
}

const isLimit = (said: unknown): said is number => typeof said === 'number' && said > 0;

/** What requests cost at providers, remembered for a minute: some prices change by the hour. */
export class PriceGuesses {
  readonly #known = new Map<Provider, Map<string, Map<number, Guess>>>();
  #count = 0;
  #minute = 0;

  of(provider: Provider, model: string, weight: Weight, exchange: Exchange): Guess {
    const minute = Math.floor(exchange.startedAt / MINUTE_MS);
    if (minute !== this.#minute || this.#count >= MOST_KNOWN) {
      this.#known.clear();
      this.#count = 0;
      this.#minute = minute;
    }
    const guesses = this.#guessesOf(provider, model);
    let guess = guesses.get(weight.step);
    if (guess === undefined) {
      guess = guessOf(provider, model, weight, exchange);
      guesses.set(weight.step, guess);
      this.#count++;
    }
    return guess;
  }

  #guessesOf(provider: Provider, model: string): Map<number, Guess> {
    let models = this.#known.get(provider);
    if (!models) {
      models = new Map();
      this.#known.set(provider, models);
    }
    let guesses = models.get(model);
    if (!guesses) {
      guesses = new Map();
      models.set(model, guesses);
    }
    return guesses;
  }
}

const UNKNOWN: Guess = { cost: null, text: 'unknown' };

function guessOf(provider: Provider, model: string, weight: Weight, { terms, startedAt }: Exchange): Guess {
  const { cost_usd } = terms.cost({
    provider: provider.name,
    free: provider.free,
    requestModel: model,
    responseModel: null,
    usage: { input_tokens: weight.input, output_tokens: weight.output },
    parts: null,
    serviceTier: null,
    speed: null,
    geo: null,
    at: new Date(startedAt),
    reportedCostUsd: null,
  });
  return cost_usd === null ? UNKNOWN : { cost: parseDecimal(cost_usd), text: shown(cost_usd) };
}

/** Two digits that count are enough to see which is less. */
const shown = (usd: string): string => {
  const [, zeros = '', digits = ''] = /^0\.(0*)(\d*)/.exec(usd) ?? [];
  return digits === '' ? usd.replace(/\.(\d\d)\d+$/, '.$1') : `0.${zeros}${digits.slice(0, 3)}`;
};

/** The less expensive first; what nobody knows comes last. */
export function byPrice(a: Guess, b: Guess): number {
  if (a.cost === null || b.cost === null) return a.cost === b.cost ? 0 : a.cost === null ? 1 : -1;
  return compare(a.cost, b.cost);
}
