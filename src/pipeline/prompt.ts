/**
 * A prompt taken apart, in the order in which providers cache it: tools, system, messages.
 * Nothing of its text is in here: labels, salted hashes and sizes.
 */

/**
 * - `tool`: the definition of a tool, by its name; `schema`: the shape an answer must have
 * - `system`: what is left of the system prompt when the following are taken out
 * - `file`: a workspace file, by its heading, such as `AGENTS.md`; `skills`: the skills section
 * - `component`: what the operator named in the options of plugin `prompts`
 * - `history`: earlier messages, by who speaks: `user`, `assistant`, `tool_results`, `thinking`, `images`, `documents`
 * - `new`: what came since the model spoke last, by the same names
 */
export type PartKind = 'tool' | 'schema' | 'system' | 'file' | 'skills' | 'component' | 'history' | 'new';

/** The smallest stretch that is told apart. */
export interface Piece {
  readonly kind: PartKind;
  /** Label: the tool, the file, who speaks; '' where the kind says it. Never text of the prompt. */
  readonly name: string;
  /** Of its text with the gateway's salt: 48 bits. Cache marks are not part of it. */
  readonly hash: number;
  /** Characters of its text: what a heading or a string says, decoded; of anything else its JSON. */
  readonly chars: number;
  /** What it takes of the prompt's tokens, by its length and what it is; only shares of it mean anything. */
  readonly weight: number;
  /** Which message it belongs to; -1: none. */
  readonly message: number;
  /** How long the client asked to have everything up to here cached; null: no mark ends here. */
  readonly mark: '5m' | '1h' | null;
}

/** A message as a whole. */
export interface Message {
  /** `user`, `assistant`, `tool`, `system`: as the API says it, in one vocabulary. */
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** Of all of it but cache marks, salted: 48 bits. The same text as a string and as one block has the same hash. */
  readonly hash: number;
}

/** A tool call in the history. */
export interface PastCall {
  readonly name: string;
  /** Of name and arguments, salted. */
  readonly hash: number;
  readonly message: number;
}

/** What a request's prompt is made of. */
export interface CutPrompt {
  readonly pieces: readonly Piece[];
  /** Without those of the system. */
  readonly messages: readonly Message[];
  /** Of the system prompt and of the tools as a whole, salted; null where there are none. */
  readonly systemHash: number | null;
  readonly toolsHash: number | null;
  readonly calls: readonly PastCall[];
  readonly toolResults: number;
  readonly images: number;
  /** Names of the tools on offer. */
  readonly tools: readonly string[];
  /** The history says itself that it was shortened: a compaction item, or an opening that a known client writes then. */
  readonly isCompacted: boolean;
  /** False: the body is too long to be looked at to its end, or not all of the prompt is in it. */
  readonly isWhole: boolean;
}

/** A piece as it is kept for the next turn. */
export type RememberedPiece = Pick<Piece, 'kind' | 'name' | 'hash' | 'mark'>;

/** What of a prompt is kept for the next turn. */
export interface RememberedPrompt {
  readonly isWhole: boolean;
  /** How many pieces it has. */
  readonly length: number;
  /** Makes them anew; in the order of the prompt. */
  pieces(): readonly RememberedPiece[];
}

/** What became of a part's tokens; they sum to its tokens. */
export interface Fate {
  read: number;
  /** Written for any time, `write_1h` included. */
  write: number;
  write_1h: number;
  uncached: number;
}

/** A part with what it cost; parts of one kind and name are one. */
export interface PromptPart extends Fate {
  kind: PartKind;
  name: string;
  /** 12 hex digits: of one piece its hash, of several a hash of theirs. */
  hash: string;
  /** How many pieces it is. */
  pieces: number;
  chars: number;
  /** Its share of what the provider counted; null where nobody has counted. */
  tokens: number | null;
  /** US dollars, exact, so that the parts sum to the input's cost; null where that is unknown. */
  cost_usd: string | null;
}

/**
 * How a request relates to those before it.
 *
 * - `start`: a first message, nothing before it
 * - `next`: the messages of an earlier request and more
 * - `retry`: the same messages once more
 * - `branch`: shares the beginning with an earlier request, then goes another way
 * - `compacted`: the history of an earlier request, shortened
 * - `joined`: nothing proves it; the predecessor's history rule put it there
 * - `named`: an id says it, and the messages do not tell more
 */
export type TurnRelation = 'start' | 'next' | 'retry' | 'branch' | 'compacted' | 'joined' | 'named';

/** Why less came from the provider's cache than the request before it had put there. */
export interface CacheBreak {
  /** `model`: another model or provider answers now. */
  cause: 'prefix_change' | 'ttl_lapse' | 'model' | 'provider';
  /** The first part that changed; null where none did. */
  part: { kind: PartKind; name: string } | null;
  /** Tokens that were in the cache and had to be paid again. */
  tokens: number;
  /** What that cost beyond reading them; US dollars, null where a price is unknown. */
  cost_usd: string | null;
  /** Seconds since the request before it. */
  idle_s: number;
}
