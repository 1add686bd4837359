/** What is remembered of a conversation: numbers only, nothing that was said. */

import type { CutPrompt } from '../pipeline/prompt.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import type { PriorTurn } from '../pipeline/turn.ts';

export type SessionName = NonNullable<ExchangeRecord['session']>;

/** A request of a line that something may go on from. */
export interface Tip {
  readonly line: Line;
  /** Of the whole list, from its scope's seed on. */
  readonly hash: number;
  /** How many messages it has. */
  readonly length: number;
  readonly systemHash: number | null;
  /** Epoch milliseconds: when it was asked last. */
  at: number;
  /** How many such requests are under way. */
  open: number;
  answered: boolean;
  /** Characters of its answer's text; null: unknown. */
  outputChars: number | null;
  /** How many steps its line had made when it went another way. */
  leftAt: number;
}

/**
 * One conversation. A session that nobody names has one line; one that an id names has as many as talk in its name,
 * such as an agent and its helpers.
 */
export interface Line {
  /** Within which lists are compared: hash of who calls, or of who calls and the id. */
  readonly scope: number;
  readonly session: string;
  /** An id says so, of each of its requests. */
  readonly isNamed: boolean;
  /** The newest request's messages, as `marksOf` has them. */
  marks: Float64Array;
  /** Characters of that request's messages. */
  chars: number | null;
  systemHash: number | null;
  /** The newest request, at the end, and those it went away from. What it went on from is gone. */
  readonly tips: Tip[];
  /** Messages of the first list that was seen: it grew from there on. */
  readonly firstSeen: number;
  /** How often it went on. */
  steps: number;
  /** Messages that it is found by when its beginning is gone. */
  landmarks: readonly number[];
  /** Epoch milliseconds. */
  usedAt: number;
  prior: PriorTurn | null;
  /** When the request of `prior` came, epoch milliseconds. */
  priorFrom: number;
  /** Hashes of the ids of its newest answer, and of the one that this went on from, where a client names them. */
  newestAnswer: number | null;
  answerBefore: number | null;
}

const ROLES = { system: 0, user: 1, assistant: 2, tool: 3 } as const;
const USER = ROLES.user;
const ASSISTANT = ROLES.assistant;
const KINDS = 4;

/**
 * One number for each message, of its hash and of who speaks; 50 bits. What carries results of tools is the tools', also
 * in APIs where the user says it.
 */
export function marksOf({ messages, pieces }: Pick<CutPrompt, 'messages' | 'pieces'>): Float64Array {
  const marks = new Float64Array(messages.length);
  for (let at = 0; at < messages.length; at++) {
    const { role, hash } = messages[at]!;
    marks[at] = hash * KINDS + ROLES[role];
  }
  for (let at = 0; at < pieces.length; at++) {
    const { name, message } = pieces[at]!;
    if (name === 'tool_results' && isUser(marks[message])) marks[message]! += ROLES.tool - USER;
  }
  return marks;
}

export const isAssistant = (mark: number | undefined): boolean => mark !== undefined && mark % KINDS === ASSISTANT;
export const isUser = (mark: number | undefined): boolean => mark !== undefined && mark % KINDS === USER;
export const sameRole = (one: number | undefined, other: number | undefined): boolean =>
  one !== undefined && other !== undefined && one % KINDS === other % KINDS;

/** How many messages there are before the model answers the user for the first time: all of them in a first turn. */
export function openingOf(marks: Float64Array): number {
  let spoken = false;
  for (let at = 0; at < marks.length; at++) {
    if (isUser(marks[at])) spoken = true;
    else if (spoken && isAssistant(marks[at])) return at;
  }
  return marks.length;
}

/** Characters of all messages. */
export function charsOf({ pieces }: CutPrompt): number {
  let chars = 0;
  for (let at = 0; at < pieces.length; at++) if (pieces[at]!.message >= 0) chars += pieces[at]!.chars;
  return chars;
}
