import type { RedactOptions } from './redactor.ts';

/** What an entry of the list does, without the words and patterns themselves: those may say what must not be known. */
export interface EntryFacts {
  readonly find: readonly string[];
  /** Names of the operator's own kinds, and how many words each has. */
  readonly words: readonly { readonly name: string; readonly count: number }[];
  readonly patterns: readonly string[];
  readonly action: 'replace' | 'block';
  readonly block: readonly string[];
  readonly restore: boolean;
  readonly unreadable: 'refuse' | 'pass';
}

/** By the folder of their gateway.yaml: the entries that live, in the order in which they began. */
const LIVING = new Map<string, Set<Entry>>();

/** An entry of a list. It may be listed more than once, and the page tells of all: the newest one shows it. */
export class Entry {
  readonly facts: EntryFacts;
  readonly #folder: string;

  constructor(folder: string, options: RedactOptions) {
    this.#folder = folder;
    this.facts = factsOf(options);
    LIVING.set(folder, (LIVING.get(folder) ?? new Set()).add(this));
  }

  get all(): readonly Entry[] {
    return [...(LIVING.get(this.#folder) ?? [])];
  }

  get isNewest(): boolean {
    return this.all.at(-1) === this;
  }

  close(): void {
    const all = LIVING.get(this.#folder);
    all?.delete(this);
    if (all?.size === 0) LIVING.delete(this.#folder);
  }
}

const factsOf = ({ find, words, patterns, action, block, restore, unreadable }: RedactOptions): EntryFacts => ({
  find,
  words: Object.entries(words).map(([name, list]) => ({ name, count: list.length })),
  patterns: Object.keys(patterns),
  action,
  block,
  restore,
  unreadable,
});
