/** What a request carries that only the account or the machine that made it can read. */
import type { ExchangeRequest } from '../pipeline/request.ts';

/** Ids that a request goes on from; null where it has none. */
export interface NamedState {
  /** As the API calls it: `previous_response_id`. */
  readonly name: string;
  readonly id: string;
}

/** `/v1/responses/resp_1/input_items`: what is asked about is kept by who made it. */
const KEPT = /\/(responses|conversations)\/([^/]{1,256})/;

/** The response or conversation that is gone on from, by its name in the request. */
export function namedState(request: ExchangeRequest): NamedState | null {
  const previous = request.text('previous_response_id');
  if (previous) return { name: 'previous_response_id', id: previous };
  const conversation = conversationOf(request);
  if (conversation !== null) return { name: 'conversation', id: conversation };
  const [, kind, id] =
    request.path.includes('/responses/') || request.path.includes('/conversations/')
      ? (KEPT.exec(request.path) ?? [])
      : [];
  return id === undefined ? null : { name: kind === 'responses' ? 'a response' : 'a conversation', id };
}

/** OpenAI's `conversation`: its id, or a map with the id. */
export function conversationOf(request: ExchangeRequest): string | null {
  const said = request.member('conversation');
  const id = typeof said === 'object' && said !== null ? (said as { id?: unknown }).id : said;
  return typeof id === 'string' && id !== '' ? id : null;
}

/** How state stands in a body: as a member of any value, as a member that is text (tools have parameters of that name), as a kind. */
const STATES: ReadonlyMap<string, 'member' | 'text' | 'kind'> = new Map([
  ['encrypted_content', 'member'],
  ['thoughtSignature', 'member'],
  ['thought_signature', 'member'],
  ['redactedContent', 'member'],
  ['signature', 'text'],
  ['redacted_thinking', 'kind'],
  ['item_reference', 'kind'],
]);
/** How these names end, with the quote: one pass for all of them costs little more than a search for one. */
const ENDINGS = /(?:_content|ignature|_thinking|edContent|_reference)"/g;
const LONGEST_NAME = 20;
/** Bytes that are looked at in one piece, and what is looked at again with the next: a name, its colon and blanks around it. */
const WINDOW = 256 * 1024;
const OVERLAP = 64;

/**
 * What of that kind stands in the body, by its name; null for nothing. One pass over the bytes
 * and no parse: what looks so inside a string is escaped there and does not match.
 */
export function carriedState({ bytes }: ExchangeRequest): string | null {
  let tail = '';
  for (const piece of bytes?.pieces ?? []) {
    for (let from = 0; from < piece.length; from += WINDOW) {
      const text = tail + piece.toString('latin1', from, Math.min(from + WINDOW, piece.length));
      const found = stateIn(text);
      if (found !== null) return found;
      tail = text.slice(-OVERLAP);
    }
  }
  return null;
}

function stateIn(text: string): string | null {
  ENDINGS.lastIndex = 0;
  while (ENDINGS.test(text)) {
    const end = ENDINGS.lastIndex - 1;
    const start = text.lastIndexOf('"', end - 1);
    if (start === -1 || end - start > LONGEST_NAME || text[start - 1] === '\\') continue;
    const name = text.slice(start + 1, end);
    const state = STATES.get(name);
    if (state === 'kind' || (state !== undefined && isMember(text, end + 1, state === 'text'))) return name;
  }
  return null;
}

/** Whether a colon follows, and a string after it where only that counts. */
function isMember(text: string, from: number, isText: boolean): boolean {
  const colon = skipSpace(text, from);
  return text[colon] === ':' && (!isText || text[skipSpace(text, colon + 1)] === '"');
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}
