/** The keys of a provider as gateway.yaml lists them: which there are, and what each is called. */
import type { ProviderEntry } from './schema.ts';

export interface ListedKey {
  /** Null where it was given none: then it is called by its place. */
  name: string | null;
  value: string;
}

/** What stands under `api_keys`. */
export const listedKeys = ({ api_keys = [] }: ProviderEntry): ListedKey[] =>
  (api_keys as readonly (string | { name: string; key: string })[]).map((key) =>
    typeof key === 'string' ? { name: null, value: key } : { name: key.name, value: key.key },
  );

/** The name of a key that was given none: its place in the list, from 1, where `api_key` is the first if there is one. */
export const keyPlace = ({ api_key = '' }: ProviderEntry, index: number): string =>
  String(index + (api_key === '' ? 1 : 2));

/** All keys that are not empty: an empty one is a variable of the environment that nobody has set. */
export function keysOf(entry: ProviderEntry): { name: string; value: string }[] {
  const { api_key = '' } = entry;
  const listed = listedKeys(entry).map(({ name, value }, i) => ({ name: name ?? keyPlace(entry, i), value }));
  return [{ name: '1', value: api_key }, ...listed].filter(({ value }) => value !== '');
}
