/**
 * A provider's cache of prefixes, for scripted upstreams: it reads, writes and bills as Anthropic and OpenAI do.
 * A token is four characters.
 */
import { json, type Script } from './script.ts';

const MINUTE = 60_000;
const TIMES = { '5m': 5 * MINUTE, '1h': 60 * MINUTE } as const;
/** OpenAI counts what it read in blocks. */
const BLOCK = 128;

type Kept = keyof typeof TIMES;
type Mark = { cache_control?: { ttl?: Kept } };
type Block = Mark & Record<string, unknown>;

/** A block of a prompt: its text, and how long everything up to it is to be kept. */
interface Stretch {
  readonly text: string;
  readonly mark: Kept | null;
}

/** Words that make so many tokens; other words for another `seed`. */
export function words(tokens: number, seed = 'word'): string {
  const line = `${seed} ${'abcdefghijklmnopqrstuvwxyz'.slice(0, 26 - (seed.length % 5))} `;
  return line.repeat(Math.ceil((tokens * 4) / line.length)).slice(0, tokens * 4);
}

export class PrefixCache {
  /** Epoch milliseconds; a test may move it. */
  now = Date.now();
  /** Until when each prefix is kept, and how long a use of it keeps it. */
  readonly #kept = new Map<string, { until: number; time: number }>();

  /** Forgets all, as providers do. */
  forget(): void {
    this.#kept.clear();
  }

  /** Answers a request to the Messages API, with what it read and wrote. Its body is asked for before it leaves. */
  anthropic(body: object): Script {
    const {
      model,
      tools = [],
      system = [],
      messages,
    } = body as {
      model: string;
      tools?: Block[];
      system?: Block[];
      messages: { content: string | Block[] }[];
    };
    const blocks = [
      ...tools,
      ...system,
      ...messages.flatMap(({ content }) => (typeof content === 'string' ? [{ text: content }] : content)),
    ];
    const stretches = blocks.map(({ cache_control: mark, ...rest }) => ({
      text: typeof rest.text === 'string' ? rest.text : JSON.stringify(rest),
      mark: mark ? (mark.ttl ?? '5m') : null,
    }));
    return json({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text: 'Done.' }],
      stop_reason: 'end_turn',
      usage: { ...this.#bill(model, stretches), output_tokens: 5 },
    });
  }

  /** Answers a request to Chat Completions, which caches by itself. */
  openai(body: object): Script {
    const { model, messages } = body as { model: string; messages: { content: string }[] };
    const texts = messages.map(({ content }) => content);
    const input = tokensOf(texts.join(''));
    const known = prefixesOf(texts).findLast((prefix) => this.#holds(`${model} ${prefix}`));
    const read = known === undefined ? 0 : Math.floor(tokensOf(known) / BLOCK) * BLOCK;
    for (const prefix of prefixesOf(texts)) this.#keep(`${model} ${prefix}`, TIMES['5m']);
    return json({
      id: 'c-1',
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: input, completion_tokens: 5, prompt_tokens_details: { cached_tokens: read } },
    });
  }

  #bill(model: string, stretches: readonly Stretch[]) {
    const prefixes = prefixesOf(stretches.map(({ text }) => text));
    const last = stretches.findLastIndex(({ mark }) => mark !== null);
    let from = prefixes.findLastIndex((prefix, at) => at <= last && this.#holds(`${model} ${prefix}`));
    const read = from === -1 ? 0 : tokensOf(prefixes[from]!);
    const written = { '5m': 0, '1h': 0 };
    for (const [at, { mark }] of stretches.entries()) {
      if (mark === null) continue;
      const key = `${model} ${prefixes[at]!}`;
      if (at <= from) this.#keep(key, this.#kept.get(key)?.time ?? TIMES[mark]);
      else {
        written[mark] += tokensOf(prefixes[at]!) - (from === -1 ? 0 : tokensOf(prefixes[from]!));
        this.#keep(key, TIMES[mark]);
        from = at;
      }
    }
    return {
      input_tokens: tokensOf(prefixes.at(-1)!) - read - written['5m'] - written['1h'],
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written['5m'] + written['1h'],
      cache_creation: { ephemeral_5m_input_tokens: written['5m'], ephemeral_1h_input_tokens: written['1h'] },
    };
  }

  #holds(key: string): boolean {
    const entry = this.#kept.get(key);
    if (!entry || entry.until < this.now) return false;
    entry.until = this.now + entry.time;
    return true;
  }

  #keep(key: string, time: number): void {
    this.#kept.set(key, { until: this.now + time, time });
  }
}

const tokensOf = (text: string): number => Math.ceil(text.length / 4);

function prefixesOf(texts: readonly string[]): string[] {
  let all = '';
  return texts.map((text) => {
    all += text;
    return all;
  });
}
