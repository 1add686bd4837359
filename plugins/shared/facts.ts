import type { Dimension, Exchange, FactOf } from '../../src/plugin.ts';

/** A project that nobody names. */
const PROJECT = 'default';

/** Tells what is known of an exchange before it leaves, as its row will say it. */
export function factsOf(exchange: Exchange): FactOf {
  return (dimension) => factOf(exchange, dimension);
}

/** One of these facts; null: nobody has said it. */
export function factOf({ state, principal, provider, request }: Exchange, dimension: Dimension): string | null {
  switch (dimension) {
    case 'tenant':
      return state.tenant ?? null;
    case 'project':
      return state.project ?? PROJECT;
    case 'agent':
      return state.agent ?? null;
    case 'key':
      return principal?.name ?? null;
    case 'user':
      return state.user ?? null;
    case 'session':
      return state.session?.id ?? null;
    case 'provider':
      return provider?.name ?? null;
    case 'model':
      return request.model === null ? null : modelName(request.model);
    case 'environment':
      return state.environment ?? null;
    default: {
      const tag = dimension.slice('tags.'.length);
      const { tags } = state;
      return tags && Object.hasOwn(tags, tag) ? tags[tag]! : null;
    }
  }
}

/** Characters of a model's name that a row has. */
const MODEL = 256;

/** What no database takes is written in its place as a row has it, so that it cannot pass for another name. */
const modelName = (model: string): string => model.slice(0, MODEL).replaceAll('\0', '\uFFFD').toWellFormed();
