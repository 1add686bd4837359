/** What models take and give at most: the operator's words first, then the shipped table, never a guess. */
import { fits, undated } from './price-layer.ts';

/** Tokens; null where nobody has said it. */
export interface ModelLimits {
  readonly maxOutput: number | null;
  readonly contextWindow: number | null;
}

/** Tokens, as they are written in YAML. */
export interface LimitEntry {
  /** The most that one answer may have, reasoning included. */
  readonly max_output?: number;
  /** The most that prompt and answer may have together. */
  readonly context_window?: number;
  /** Further names of the model; those with a `*` are patterns. */
  readonly match?: string | readonly string[];
}

export type LimitEntries = Readonly<Record<string, LimitEntry | null>>;

/** Models that were looked up in one place. */
export interface LimitGroup {
  readonly source: string;
  /** Holds for the models of this provider only, and before what holds for all. */
  readonly provider?: string;
  readonly models: LimitEntries;
}

const NONE: ModelLimits = Object.freeze({ maxOutput: null, contextWindow: null });
/** Pairs of providers and models seen; made-up names cannot fill the memory. */
const MOST_REMEMBERED = 4096;
/** Characters; no vendor's name comes near. */
const LONGEST_NAME = 512;

/**
 * Finds the limits of a model: what gateway.yaml says of a provider's models, then what the
 * table says of that provider's, then what it says of the model wherever it runs.
 *
 * A name matches whole, without the date of its release, and without what resellers put
 * around it. It never matches by its beginning alone. Each of the two numbers comes from the
 * first place that has it.
 */
export class LimitBook {
  readonly #own: ReadonlyMap<string, LimitIndex>;
  readonly #sold = new Map<string, LimitIndex>();
  readonly #all = new LimitIndex();
  readonly #remembered = new Map<string, ModelLimits>();

  /** @param own by the provider's name in gateway.yaml */
  constructor(own: ReadonlyMap<string, LimitEntries>, groups: readonly LimitGroup[]) {
    this.#own = new Map([...own].map(([provider, entries]) => [provider, new LimitIndex().add(entries)]));
    for (const { provider, models } of groups) {
      if (provider === undefined) this.#all.add(models);
      else this.#sold.set(provider, (this.#sold.get(provider) ?? new LimitIndex()).add(models));
    }
  }

  find(provider: string, model: string | null): ModelLimits {
    if (model === null || model.length > LONGEST_NAME) return NONE;
    const key = `${provider}\n${model}`;
    let limits = this.#remembered.get(key);
    if (limits === undefined) {
      if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
      limits = this.#look(provider, namesOf(model));
      this.#remembered.set(key, limits);
    }
    return limits;
  }

  #look(provider: string, names: readonly string[]): ModelLimits {
    const entries = [this.#own.get(provider), this.#sold.get(provider), this.#all].map((index) => index?.find(names));
    const maxOutput = entries.find((entry) => entry?.max_output !== undefined)?.max_output ?? null;
    const contextWindow = entries.find((entry) => entry?.context_window !== undefined)?.context_window ?? null;
    return Object.freeze({ maxOutput, contextWindow });
  }
}

/** Entries of one place by all of their names. Upper and lower case are the same. */
class LimitIndex {
  readonly #named = new Map<string, LimitEntry>();
  readonly #patterns: { parts: readonly string[]; entry: LimitEntry }[] = [];

  add(entries: LimitEntries): this {
    for (const [model, entry] of Object.entries(entries)) {
      if (entry !== null)
        for (const name of [model, ...[entry.match ?? []].flat()]) this.#put(name.toLowerCase(), entry);
    }
    return this;
  }

  /** Exact names before patterns, and the fuller name before the plainer one. */
  find(names: readonly string[]): LimitEntry | undefined {
    for (const name of names) {
      const entry = this.#named.get(name);
      if (entry !== undefined) return entry;
    }
    for (const name of names) {
      const found = this.#patterns.find(({ parts }) => fits(parts, name));
      if (found !== undefined) return found.entry;
    }
    return undefined;
  }

  #put(name: string, entry: LimitEntry): void {
    if (name.includes('*')) this.#patterns.push({ parts: name.split('*'), entry });
    else if (!this.#named.has(name)) this.#named.set(name, entry);
  }
}

/** Where Bedrock runs a model, and whose it is: `us.anthropic.`, `amazon.`. */
const BEDROCK = /^(?:(?:us|us-gov|eu|apac|ap|jp|au|ca|sa|me|global)\.)?(?:[a-z][a-z0-9]*\.)(?=[a-z])/;

/** A model's names, the fullest first: as it is asked for, without its date, and without what resellers put around it. */
function namesOf(model: string): readonly string[] {
  const asked = model.toLowerCase();
  // `models/gemini-2.5-pro`, `openai/gpt-4o`, `accounts/fireworks/models/llama-v3p1-8b-instruct`, an ARN.
  const sold = asked.slice(asked.lastIndexOf('/') + 1);
  // `gpt-4o:free`, `ft:gpt-4o-mini-2024-07-18:org::id`, `...-v1:0`.
  const untagged = sold.replace(/^ft:/, '').replace(/-v?\d:0$|:.*$/, '');
  const plain = untagged.replace(BEDROCK, '').replace(/-v\d+$/, '');
  const names = [asked, sold, untagged, plain].flatMap((name) => [name, undated(name)]);
  return [...new Set([...names, undated(plain).replace(/-latest$/, '')])].filter((name) => name !== '');
}
