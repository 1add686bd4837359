import type { Cost } from '../../src/plugin.ts';
import type { MostOfAll } from './outlook.ts';
import type { View } from './view.ts';

/** What cannot be said of a request, and why. */
export interface Unknown {
  /** Name of the member that is null, or that is more than need be. */
  readonly field: string;
  readonly why: string;
}

/** Tells what an estimate leaves open. */
export function unknownsOf(view: View, most: MostOfAll, price: Cost | null): Unknown[] {
  const unknown: Unknown[] = [];
  const add = (field: string, why: string | null): void => {
    if (why !== null) unknown.push({ field, why });
  };
  const [place] = view.places;
  const { asked } = view;
  if (view.body === null || asked.gives === 'other')
    add('input_tokens', 'this API is charged by pictures, seconds or characters, which no tokenizer counts');
  else if (most.hasUnseen)
    add(
      'input_tokens_max',
      'something is in it that is no text, or lies with the provider: it may fill the context window',
    );
  if (place === undefined) add('provider', 'no provider in gateway.yaml answers for this API and model');
  else {
    if (place.limits.contextWindow === null && most.hasUnseen)
      add('input_tokens_max', 'nobody has said the context window of this model: see unknown_context_window');
    if (place.limits.maxOutput === null && view.output.each === null)
      add('output_tokens_max', 'nobody has said how much this model writes at most: see unknown_max_output');
    add('cost_usd', whyUnpriced(price));
  }
  if (asked.hosted && price?.cost_source !== 'free')
    add('cost_usd_max', 'tools that run at the provider are charged by the call, and may be called again and again');
  if (asked.writes === 'asked') add('cost_usd', 'what will be read from a cache: all of it is priced as written to it');
  return unknown;
}

function whyUnpriced(price: Cost | null): string | null {
  if (price === null || price.unpriced === null) return null;
  const { reason, missing } = price.unpriced;
  if (reason === 'no_price') return 'the model has no price';
  return missing === null ? 'the price does not say it' : `the price has no rate for ${missing}`;
}
