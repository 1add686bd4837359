/** What a request carries that only the account or the machine that made it can read. */
import type { Rope } from '../bytes/rope.ts';
import { marker, valueAfter } from '../bytes/search.ts';
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

/** Members whose value is such state, at any depth; of `signature` only a text, for tools have parameters of that name. */
const MEMBERS = ['encrypted_content', 'thoughtSignature', 'thought_signature', 'redactedContent', 'signature'].map(
  (name) => ({ name, mark: marker(name), isText: name === 'signature' }),
);
/** Kinds of blocks and items that are such state. */
const KINDS = ['redacted_thinking', 'item_reference'].map((name) => ({ name, mark: marker(name) }));

/**
 * What of that kind stands in the body, by its name; null for nothing. A memory search and no
 * parse: what looks so inside a string is escaped there and does not match.
 */
export function carriedState(request: ExchangeRequest): string | null {
  const { bytes } = request;
  if (bytes === null) return null;
  const { pieces } = bytes;
  if (pieces.length !== 1) return carriedInPieces(bytes);
  const body = pieces[0]!;
  for (const { name, mark, isText } of MEMBERS) if (hasMember(body, mark, isText)) return name;
  for (const { name, mark } of KINDS) if (hasWord(body, mark)) return name;
  return null;
}

/** A body of megabytes is not put together for this. */
function carriedInPieces(bytes: Rope): string | null {
  for (const { name, isText } of MEMBERS) {
    const endings = isText ? [':"', ': "'] : [':', ' :'];
    if (endings.some((ending) => bytes.includes(`"${name}"${ending}`))) return name;
  }
  for (const { name } of KINDS) if (bytes.includes(`"${name}"`)) return name;
  return null;
}

function hasMember(body: Buffer, mark: Buffer, isText: boolean): boolean {
  for (let at = valueAfter(body, mark); at !== -1; at = valueAfter(body, mark, at)) {
    if (!isText || body[at] === QUOTE) return true;
  }
  return false;
}

function hasWord(body: Buffer, mark: Buffer): boolean {
  for (let at = body.indexOf(mark); at !== -1; at = body.indexOf(mark, at + mark.length)) {
    if (body[at - 1] === QUOTE && body[at - 2] !== BACKSLASH) return true;
  }
  return false;
}

const QUOTE = 34;
const BACKSLASH = 92;
