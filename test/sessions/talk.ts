/** Prompts to look for sessions by, written down shortly. */

import { createHash } from 'node:crypto';
import type { CutPrompt, Message, Piece } from '../../src/pipeline/prompt.ts';
import { remember } from '../../src/prompts/remembered.ts';
import { SessionBook, type SessionQuestion } from '../../src/sessions/book.ts';
import type { Place } from '../../src/sessions/place.ts';

const ROLES = { u: 'user', a: 'assistant', t: 'tool', s: 'system' } as const;
const NAMES = { u: 'user', a: 'assistant', t: 'tool_results', s: 'user' } as const;

/** `u:Hello`, `a:Hi.`, `t:42`: who says what. */
export type Said = `${keyof typeof ROLES}:${string}`;

const hashOf = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6);

export function promptOf(said: readonly Said[], more: Partial<CutPrompt> = {}): CutPrompt {
  const messages: Message[] = [];
  const pieces: Piece[] = [];
  said.forEach((one, message) => {
    const [who, text] = [one[0] as keyof typeof ROLES, one.slice(2)];
    const hash = hashOf(text);
    messages.push({ role: ROLES[who], hash });
    const kind = said.slice(message).some((later) => later.startsWith('a:')) ? 'history' : 'new';
    pieces.push({ kind, name: NAMES[who], hash, chars: text.length, weight: text.length / 4, message, mark: null });
  });
  const calls = { calls: [], toolResults: 0, images: 0, tools: [] };
  return { pieces, messages, systemHash: 1, toolsHash: null, ...calls, isCompacted: false, isWhole: true, ...more };
}

export interface Asking extends Partial<Omit<SessionQuestion, 'cut'>> {
  cut?: Partial<CutPrompt>;
  /** What the answer says: so long is it. */
  says?: string;
  ends?: 'answered' | 'failed' | 'open';
  answerId?: string;
}

/** A book whose requests come a second apart. */
export class Desk {
  readonly book: SessionBook;
  now = Date.UTC(2026, 10, 20);

  constructor(book = new SessionBook()) {
    this.book = book;
  }

  /** Asks, and is answered at once unless told. */
  ask(said: readonly Said[] | null, { cut, says = '', ends = 'answered', answerId, ...question }: Asking = {}): Place {
    this.now += 1000;
    const place = this.book.place({
      key: 'key',
      agent: 'agent',
      cut: said && promptOf(said, cut),
      historyChars: () => null,
      now: this.now,
      ...question,
    });
    if (ends !== 'open') end(place, { ends, says, answerId, at: this.now, said: said ?? [] });
    return place;
  }
}

function end(
  place: Place,
  {
    ends,
    says,
    answerId,
    at,
    said,
  }: { ends: string; says: string; answerId: string | undefined; at: number; said: readonly Said[] },
): void {
  const answered = ends === 'answered';
  place.finish({
    answered,
    outputChars: says === '' ? null : says.length,
    answerId: answerId ?? null,
    prior: answered
      ? { at, prompt: remember(promptOf(said)), tokens: null, usage: null, provider: 'p', model: 'm' }
      : null,
  });
}
