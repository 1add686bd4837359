import { isAscii } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';

import { codePoints } from '../bytes/code-points.ts';
import { type JsonScan, scanJson } from '../bytes/json-scan.ts';
import { Rope } from '../bytes/rope.ts';
import { tallyMembers } from '../bytes/tally-members.ts';
import { countElements, removeMember, renameInArray, settingMember } from './edit.ts';

export interface RequestParts {
  method: string;
  path: string;
  search: string;
  headers: IncomingHttpHeaders;
  /** Agent named by a `/agents/NAME/` prefix of the path. */
  pathAgent: string | null;
  /** The JSON body in plain bytes with its scan, or null: no body, or one that passes unread. */
  body: { bytes: Rope; scan: JsonScan } | null;
  /** Bytes as they came from the client: of a body that was read whole. */
  raw: Rope | null;
  /** Where the path names the model, for APIs whose body does not: the offsets of its spelling. */
  pathModel?: { start: number; end: number } | null;
  /** Fields of a form body that say what a JSON body says: `model`, `stream`. */
  form?: ReadonlyMap<string, string> | null;
  /** What a request is whose body does not say `stream`. */
  streams?: boolean;
}

/**
 * The client's request. Reading it never changes what leaves; `set`, `remove`,
 * `rename` and `rewrite` do, and say who did.
 */
export class ExchangeRequest {
  readonly method: string;
  /** As the provider will know it: without a provider or agent prefix and without the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly pathAgent: string | null;
  /** Header names that stay here, in lower case. */
  readonly hiddenHeaders = new Set<string>();
  /** Plugins that changed the body, in order. */
  readonly rewrittenBy: string[] = [];

  readonly #raw: Rope | null;
  readonly #pathModel: { start: number; end: number } | null;
  readonly #form: ReadonlyMap<string, string> | null;
  readonly #streams: boolean;
  #search: string;
  #query: URLSearchParams | null = null;
  #bytes: Rope | null;
  /** Null without a body, and after a change until somebody asks for a member. */
  #scan: JsonScan | null;
  #json: Record<string, unknown> | null | undefined;
  #model: string | null | undefined;
  #stream: boolean | undefined;

  constructor(parts: RequestParts) {
    this.method = parts.method;
    this.path = parts.path;
    this.headers = parts.headers;
    this.pathAgent = parts.pathAgent;
    this.#search = parts.search;
    this.#raw = parts.raw;
    this.#pathModel = parts.pathModel ?? null;
    this.#form = parts.form ?? null;
    this.#streams = parts.streams ?? false;
    this.#bytes = parts.body?.bytes ?? null;
    this.#scan = parts.body?.scan ?? null;
  }

  /** The body in plain bytes when it is one JSON object; null otherwise. A large one is copied into one piece first. */
  get body(): Buffer | null {
    return this.#bytes?.join() ?? null;
  }

  /** The same as it lies, in pieces where it is large; another object after each change. */
  get bytes(): Rope | null {
    return this.#bytes;
  }

  /** The body as it came, still compressed where it was; null where it is sent on from socket to socket. */
  get raw(): Rope | null {
    return this.#raw;
  }

  /** Where its members lie; null where nobody has looked since it changed. */
  get scan(): JsonScan | null {
    return this.#scan;
  }

  /** Length of `body`, which a body of megabytes is better asked for first; 0 when there is none. */
  get bodyBytes(): number {
    return this.#bytes?.length ?? 0;
  }

  /** The query as it will leave, with its `?`; '' when there is none. */
  get search(): string {
    return this.#search;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Searches the body for a text: a memory search, to ask before a parse. */
  mentions(text: string): boolean {
    return this.#bytes?.includes(text) ?? false;
  }

  /** Reads one top-level member of the JSON body without parsing the rest; undefined when it is not there. */
  member(name: string): unknown {
    const value = this.#value(name);
    return value === null ? undefined : parseJson(value);
  }

  /** Reads one top-level member that is a string. */
  text(name: string): string | undefined {
    const value = this.#value(name);
    const parsed = value?.[0] === 0x22 ? parseJson(value) : undefined;
    return typeof parsed === 'string' ? parsed : undefined;
  }

  /** Characters of one top-level member's value as JSON text; null when it is not there. */
  length(name: string): number | null {
    const value = this.#value(name);
    if (value === null) return null;
    return isAscii(value) ? value.length : codePoints(value);
  }

  /**
   * Counts the values of `"key": "..."` inside a top-level member: how many messages of
   * which role. A memory search: keys inside strings are escaped there and do not match.
   * Null when the member is not there.
   */
  tally(name: string, key: string): ReadonlyMap<string, number> | null {
    const value = this.#value(name);
    return value && tallyMembers(value, key);
  }

  /** Counts the elements of a top-level list; null when there is none. */
  count(name: string): number | null {
    const value = this.#value(name);
    return value?.[0] === 0x5b ? countElements(value) : null;
  }

  #value(name: string): Buffer | null {
    if (this.#bytes === null) return null;
    const member = this.#members(this.#bytes).member(name);
    return member === undefined ? null : this.#bytes.slice(member.valueStart, member.valueEnd);
  }

  /** A changed body is scanned when somebody asks, not before: mostly nobody does. */
  #members(bytes: Rope): JsonScan {
    this.#scan ??= scanJson(bytes.join());
    return this.#scan;
  }

  /** The model that is asked for, wherever the API names it: path, JSON body or form. */
  get model(): string | null {
    if (this.#model === undefined) {
      const { start, end } = this.#pathModel ?? {};
      if (start === undefined) this.#model = this.text('model') ?? this.#form?.get('model') ?? null;
      else this.#model = decoded(this.path.slice(start, end));
    }
    return this.#model;
  }

  /** Whether the answer is asked for as a stream. */
  get stream(): boolean {
    if (this.#stream === undefined) {
      const said = this.member('stream') ?? this.#form?.get('stream');
      this.#stream = said === undefined || said === null ? this.#streams : said === true || said === 'true';
    }
    return this.#stream;
  }

  /** The model is named in the path, not in the body. */
  get namesModelInPath(): boolean {
    return this.#pathModel !== null;
  }

  /** The path with another model in it, where it names one; the path itself for null. */
  pathFor(model: string | null): string {
    if (model === null || this.#pathModel === null) return this.path;
    const { start, end } = this.#pathModel;
    return this.path.slice(0, start) + encodeURIComponent(model) + this.path.slice(end);
  }

  /** The parsed body, shared by all plugins: to be read only. Null when there is none or it does not parse. */
  json(): Readonly<Record<string, unknown>> | null {
    if (this.#json === undefined) {
      const parsed = this.#bytes === null ? undefined : parseJson(this.#bytes.join());
      this.#json = parsed === undefined ? null : (parsed as Record<string, unknown>);
    }
    return this.#json;
  }

  /** Sets a member of the body, such as `['stream_options', 'include_usage']`, and leaves all other bytes alone. */
  set(path: readonly string[], value: unknown, by: string): void {
    if (this.#bytes === null || path.length === 0) return;
    const { model, stream } = this;
    this.#replace(this.#with(this.#bytes, path, value), by);
    if (path[0] !== 'model') this.#model = model;
    if (path[0] !== 'stream') this.#stream = stream;
  }

  remove(path: readonly string[], by: string): void {
    this.#edit((bytes) => removeMember(bytes, path), by);
  }

  /** Renames string values in a list of objects: `rename('messages', 'role', { developer: 'system' })`. */
  rename(array: string, name: string, words: Readonly<Record<string, string>>, by: string): void {
    this.#edit((bytes) => renameInArray(bytes, array, name, words), by);
  }

  /** Replaces the whole body. Last resort: key order and long numbers are the caller's to keep. */
  rewrite(body: Buffer, by: string): void {
    this.#replace(new Rope([body]), by);
  }

  /** Keeps a header of the client's here. */
  hideHeader(name: string): void {
    this.hiddenHeaders.add(name);
  }

  /** Keeps a parameter of the query here; the others keep their spelling. */
  hideQuery(name: string): void {
    const kept = this.#search
      .slice(1)
      .split('&')
      .filter((part) => part !== '' && nameOf(part) !== name);
    this.#search = kept.length > 0 ? `?${kept.join('&')}` : '';
    this.#query = null;
  }

  /**
   * What leaves: the rewritten bytes, the client's own, or null when the socket itself is to be sent on.
   *
   * @param model the name that goes into the body instead of the one asked for; null: as it is
   */
  outgoing(model: string | null = null): { bytes: Rope; isRewritten: boolean } | null {
    if (model !== null && this.#bytes !== null && !this.namesModelInPath)
      return { bytes: this.#with(this.#bytes, ['model'], model), isRewritten: true };
    const isRewritten = this.rewrittenBy.length > 0;
    const bytes = isRewritten ? this.#bytes : this.#raw;
    return bytes && { bytes, isRewritten };
  }

  /** The body with one member set; nothing of it is copied. */
  #with(bytes: Rope, path: readonly string[], value: unknown): Rope {
    const slice = (start: number, end: number): Buffer => bytes.slice(start, end);
    const edit = settingMember(this.#members(bytes), slice, path, JSON.stringify(value));
    return bytes.splice(edit.start, edit.end, edit.bytes);
  }

  #edit(edit: (bytes: Buffer) => Buffer, by: string): void {
    if (this.#bytes === null) return;
    const before = this.#bytes.join();
    const after = edit(before);
    if (after !== before) this.#replace(new Rope([after]), by);
  }

  #replace(bytes: Rope, by: string): void {
    this.#bytes = bytes;
    this.#scan = null;
    this.#json = undefined;
    this.#model = undefined;
    this.#stream = undefined;
    if (!this.rewrittenBy.includes(by)) this.rewrittenBy.push(by);
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function nameOf(part: string): string {
  return decoded((part.split('=', 1)[0] ?? '').replaceAll('+', ' '));
}

/** Without percent signs; as it is where they make no sense. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
