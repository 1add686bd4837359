import type { Documents } from '../accounts/documents.ts';
import type { Rope } from '../bytes/rope.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { CutPrompt } from '../pipeline/prompt.ts';
import { type CutBody, cutBody } from './body.ts';
import { OperatorComponents } from './components.ts';
import { Hasher } from './hasher.ts';
import type { ComponentSpec, Components, Prompts } from './prompts.ts';
import { Salt } from './salt.ts';
import { SystemPrompts } from './system.ts';

/** A body is looked at up to here, bytes: beyond it, taking it apart would hold the loop for others. */
const LOOKED_AT = 4 * 1024 * 1024;
/** What these APIs are given is no prompt that a cache could hold or a session go on from: texts to embed, to say, to judge. */
const NO_PROMPT = /embed|moderation|image|audio|speech|models|files|batches|stored|resources|predict/;

/** What came of a body: for its own rules alone, and for the components that were asked for last. */
interface Cuts {
  readonly body: CutBody | null;
  readonly systemKey: string;
  bare: CutPrompt | null;
  components: OperatorComponents | null;
  withComponents: CutPrompt | null;
}

/**
 * Takes prompts apart, those of one database.
 *
 * The pieces of a prompt come in the order in which providers cache it: tools, schema, system, messages. What they
 * count as their characters (code points) is this, and nothing is counted twice:
 *
 * - tools: the JSON of the member that lists them; a piece reaches from the end of the tool before to its own end,
 *   the last one to the list's end
 * - schema: the JSON of the object with the schema
 * - system: the decoded text of all blocks, joined by line feeds, each of which is the piece's before it; of a block
 *   without text its JSON. OpenAI's system messages belong to it when they stand before all others; else to the history
 * - messages: of each text block, thought, text of a tool's result, and string in place of blocks the decoded text;
 *   of anything else, such as calls and pictures, the JSON of its block. Roles, ids and what stands around is not counted
 *
 * Hashes leave cache marks out; those of calls are of name and arguments. A message's hash is of its role and its
 * blocks, so a text is the same as a string and as one block. Messages from the 2,001st on, and pieces of
 * messages from the 6,001st on, are put together by who speaks, tools from the 513th on with that one.
 */
export class PromptCutter implements Prompts {
  #hasher: Hasher;
  /** By what the bytes lie in: a changed request has another. */
  #cuts = new WeakMap<Rope, Cuts>();
  #bare = new SystemPrompts(null);
  #byComponents = new WeakMap<Components, SystemPrompts>();

  /** @param documents where the salt is kept */
  constructor(documents: Documents) {
    const salt = new Salt(documents, (bytes) => this.#begin(bytes));
    this.#hasher = new Hasher(salt.bytes);
  }

  cut(exchange: Exchange, components?: Components): CutPrompt | null {
    const { api, request } = exchange;
    const rope = request.bytes;
    if (rope === null || api === null || NO_PROMPT.test(api)) return null;
    let cuts = this.#cuts.get(rope);
    if (!cuts) {
      cuts = this.#cut(rope, request.scan?.members ?? null);
      this.#cuts.set(rope, cuts);
    }
    return components instanceof OperatorComponents ? this.#with(cuts, components) : this.#without(cuts);
  }

  components(specs: readonly ComponentSpec[]): Components {
    return new OperatorComponents(specs);
  }

  /** Another salt: nothing of before holds. */
  #begin(salt: Buffer): void {
    this.#hasher = new Hasher(salt);
    this.#cuts = new WeakMap();
    this.#bare = new SystemPrompts(null);
    this.#byComponents = new WeakMap();
  }

  #cut(rope: Rope, places: Parameters<typeof cutBody>[3]): Cuts {
    const isWhole = rope.length <= LOOKED_AT;
    const bytes = isWhole ? rope.join() : rope.slice(0, LOOKED_AT);
    const body = cutBody(bytes, isWhole, this.#hasher, places);
    const systemKey = body === null || body.system.length === 0 ? '' : this.#hasher.key(bytes, body.system);
    return { body, systemKey, bare: null, components: null, withComponents: null };
  }

  #without(cuts: Cuts): CutPrompt | null {
    cuts.bare ??= this.#assemble(cuts, this.#bare);
    return cuts.bare;
  }

  #with(cuts: Cuts, components: OperatorComponents): CutPrompt | null {
    if (components.names.length === 0 || cuts.systemKey === '') return this.#without(cuts);
    if (cuts.components === components) return cuts.withComponents;
    let prompts = this.#byComponents.get(components);
    if (!prompts) {
      prompts = new SystemPrompts(components);
      this.#byComponents.set(components, prompts);
    }
    cuts.components = components;
    cuts.withComponents = this.#assemble(cuts, prompts);
    return cuts.withComponents;
  }

  #assemble({ body, systemKey }: Cuts, prompts: SystemPrompts): CutPrompt | null {
    if (body === null) return null;
    const { raw, system, before, after, rest } = body;
    const own = systemKey === '' ? [] : prompts.pieces(raw, system, systemKey, this.#hasher);
    const systemHash = systemKey === '' ? null : Number.parseInt(systemKey.slice(0, 12), 16);
    return { pieces: [...before, ...own, ...after], systemHash, ...rest };
  }
}
