/** What all APIs have in common that send a conversation along. */
import type { Slice } from '../shared/json-slices.ts';

/** One element of the list that is the conversation. */
export interface Item {
  /** As it stands in its list, blanks included. */
  readonly raw: Buffer;
  readonly members: readonly Slice[];
  /**
   * - `system`: instructions among the messages
   * - `user`, `assistant`: who speaks
   * - `result`: what tools answered
   * - `fixed`: it sums up what came before
   */
  readonly side: 'system' | 'user' | 'assistant' | 'result' | 'fixed';
  /** Ids of the tool calls it makes, and of those that it answers. */
  readonly calls: readonly string[];
  readonly results: readonly string[];
  /** It has thinking that is signed: in the model's last turn it must stay as it is. */
  readonly thinks: boolean;
  /** It stands for something that is not in the request: nobody knows what belongs to it. */
  readonly opaque: boolean;
}

/** What is left of something: its JSON, null where nothing is. */
export type Rest = Buffer | null;

/** How an API writes conversations. */
export interface Speech {
  /** The member that is the conversation. */
  readonly list: string;
  /** Members of the body that are system text. */
  readonly systemMembers: readonly string[];
  /** Where texts stand in an element, or in one of `systemMembers` that is an object. */
  readonly content: string;
  /** @throws Error where it is none that this API has */
  read(slice: Slice): Item;
  /** Takes tool calls and their results out of these neighbours; what is left of each. */
  strip(items: readonly Item[]): Rest[];
  /** The element with tool results of at most so many characters; null where none is longer. */
  shorten(item: Item, most: number): Rest;
  /** Two elements of one side as one; null where that cannot be. Absent where neighbours of one side are good. */
  join?(first: Buffer, second: Buffer): Rest;
  /** A message of the model's in place of one of which nothing is left. Absent where none is needed. */
  readonly filler?: Buffer;
  /** Instructions among the messages do not outlive what they stand between. */
  readonly bindsSystem?: true;
}

/** What an item is unless something else is said. */
export const plainItem = ({ raw }: Slice, members: readonly Slice[], side: Item['side']): Item => ({
  raw,
  members,
  side,
  calls: [],
  results: [],
  thinks: false,
  opaque: false,
});
