/** Remembers prompts like a provider's prompt cache, so that repeated beginnings are billed as cache reads. */
import { createHash } from 'node:crypto';
import { hash, tokensOf } from './text.ts';

/** Shorter prompts are never cached. */
const LEAST_TOKENS = 1024;
/** OpenAI finds prefixes that grow in steps of this size. */
const STEP_TOKENS = 128;
const CHARS_PER_TOKEN = 4;
const MAX_REMEMBERED = 20_000;
const FIVE_MINUTES = 5 * 60_000;
const ONE_HOUR = 60 * 60_000;
/** So many blocks before a breakpoint are looked for as well: a client moves its mark along with the conversation. */
const LOOK_BACK = 20;

/** A block of the prompt. */
export interface Block {
  readonly text: string;
  /** The client asked to cache the prompt up to the end of it. */
  readonly mark: '5m' | '1h' | null;
}

/** The prompt up to the end of a block. */
interface Prefix {
  readonly key: string;
  readonly tokens: number;
  readonly mark: Block['mark'];
}

interface Entry {
  /** Epoch milliseconds; each use moves it on. */
  until: number;
  readonly keptFor: number;
}

export interface CacheUse {
  read: number;
  written5m: number;
  written1h: number;
}

export class PromptCache {
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry>();

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

  /** Returns what reading and writing at the client's marks comes to, as Anthropic does. */
  marked(model: string, blocks: readonly Block[]): CacheUse {
    const use: CacheUse = { read: 0, written5m: 0, written1h: 0 };
    const prefixes = prefixesOf(model, blocks);
    use.read = this.#find(prefixes);
    let covered = use.read;
    for (const { key, tokens, mark } of prefixes) {
      if (mark === null || tokens < LEAST_TOKENS) continue;
      const isHour = mark === '1h';
      if (!this.#knows(key)) this.#remember(key, isHour ? ONE_HOUR : FIVE_MINUTES);
      if (tokens <= covered) continue;
      use[isHour ? 'written1h' : 'written5m'] += tokens - covered;
      covered = tokens;
    }
    return use;
  }

  /** Tokens of the longest prefix that is known, at a mark or shortly before it. */
  #find(prefixes: readonly Prefix[]): number {
    let found = 0;
    prefixes.forEach(({ mark }, at) => {
      if (mark === null) return;
      const near = prefixes.slice(Math.max(0, at - LOOK_BACK), at + 1);
      const hit = near.findLast(({ key }) => this.#knows(key));
      if (hit === undefined) return;
      this.#remember(hit.key, this.#entries.get(hit.key)!.keptFor);
      found = Math.max(found, hit.tokens);
    });
    return found;
  }

  #knows(key: string): boolean {
    return (this.#entries.get(key)?.until ?? 0) > Date.now();
  }

  #remember(key: string, keptFor: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { until: Date.now() + keptFor, keptFor });
    if (this.#entries.size > MAX_REMEMBERED) this.#entries.delete(this.#entries.keys().next().value!);
  }
}

function prefixesOf(model: string, blocks: readonly Block[]): Prefix[] {
  const sum = createHash('sha256').update(model);
  let chars = 0;
  return blocks.map(({ text, mark }) => {
    sum.update(`\n${text}`);
    chars += text.length;
    return { key: sum.copy().digest('base64'), tokens: tokensOf(chars), mark };
  });
}
