/** Remembers prompts like a provider's prompt cache, so that repeated beginnings are billed as cache reads. */
import { createHash } from 'node:crypto';
import { hash, tokensOf } from './_simulator-text.ts';

/** Shorter prompts are never cached. */
const LEAST_TOKENS = 1024;
/** OpenAI finds prefixes that grow in steps of this size. */
const STEP_TOKENS = 128;
const CHARS_PER_TOKEN = 4;
const MAX_REMEMBERED = 20_000;
const FIVE_MINUTES = 5 * 60_000;
const ONE_HOUR = 60 * 60_000;

/** A place in the prompt up to which a client asked to cache. */
export interface Breakpoint {
  /** The prompt from its beginning to here. */
  prefix: string;
  hour: boolean;
}

export interface CacheUse {
  read: number;
  written5m: number;
  written1h: number;
}

export class PromptCache {
  /** Key to the time at which it is forgotten, oldest first. */
  readonly #until = new Map<string, number>();

  /** Returns the tokens of the prompt's beginning that were seen before, found without being asked, as OpenAI does. */
  automatic(model: string, prompt: string): number {
    const step = STEP_TOKENS * CHARS_PER_TOKEN;
    let digest = hash(model);
    let found = 0;
    for (let end = step; end <= prompt.length; end += step) {
      digest = hash(prompt.slice(end - step, end), digest);
      if (tokensOf(end) < LEAST_TOKENS) continue;
      const key = `${model} ${end} ${digest}`;
      if (this.#knows(key)) found = tokensOf(end);
      this.#remember(key, FIVE_MINUTES);
    }
    return found;
  }

  /** Returns what reading and writing at the client's breakpoints comes to, as Anthropic does. */
  marked(model: string, breakpoints: readonly Breakpoint[]): CacheUse {
    const use: CacheUse = { read: 0, written5m: 0, written1h: 0 };
    const keys = breakpoints.map(({ prefix }) => `${model} ${createHash('sha256').update(prefix).digest('base64')}`);
    const sizes = breakpoints.map(({ prefix }) => tokensOf(prefix.length));
    const hit = keys.findLastIndex((key) => this.#knows(key));
    if (hit >= 0) use.read = sizes[hit]!;
    let covered = use.read;
    breakpoints.forEach(({ hour }, i) => {
      if (sizes[i]! < LEAST_TOKENS) return;
      this.#remember(keys[i]!, hour ? ONE_HOUR : FIVE_MINUTES);
      if (i <= hit) return;
      use[hour ? 'written1h' : 'written5m'] += sizes[i]! - covered;
      covered = sizes[i]!;
    });
    return use;
  }

  #knows(key: string): boolean {
    return (this.#until.get(key) ?? 0) > Date.now();
  }

  #remember(key: string, milliseconds: number): void {
    this.#until.delete(key);
    this.#until.set(key, Date.now() + milliseconds);
    if (this.#until.size > MAX_REMEMBERED) this.#until.delete(this.#until.keys().next().value!);
  }
}
