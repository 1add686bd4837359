/**
 * Which headers cross, and which stay.
 *
 * Everything crosses but hop-by-hop headers, what only concerns the way here (host,
 * forwarding, cookies), gateway credentials, and headers that speak to a gateway.
 */

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

const NEVER_UP = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length', // written anew from the bytes that leave
  'expect', // answered here
  'cookie',
  'forwarded',
  'via',
  'x-real-ip',
  'origin', // a browser's business with us, not with the provider
  'referer',
]);

/** Headers addressed to a gateway, ours or one that we replace: never for the provider. */
const GATEWAY_PREFIXES = [
  'x-token-spy-',
  'x-tokencap-',
  'x-openclaw-',
  'x-forwarded-',
  'helicone-',
  'x-portkey-',
  'x-litellm-',
  'x-bf-',
  'cf-aig-',
  'sec-fetch-',
];

/** CORS, cookies and banners of the provider speak about its own site; a browser must not take them for ours. */
const NEVER_DOWN = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'server',
  'x-powered-by',
  'via',
  'alt-svc',
  'strict-transport-security',
  'location',
]);

/** Encodings that can be read beside their way to the client. Others are not offered to the provider. */
const READABLE = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'identity', '*']);

const goesUp = new Map<string, boolean>();
const goesDown = new Map<string, boolean>();
const REMEMBERED = 2000;

/** The headers that leave for the provider, in their order and spelling, as undici takes them: name, value, name, value. */
export function upstreamHeaders(raw: readonly string[], hidden: ReadonlySet<string>): string[] {
  const out: string[] = [];
  let connection: Set<string> | null = null;
  let authorized = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const lower = name.toLowerCase();
    if (lower === 'connection') connection = named(raw[i + 1]!, connection);
    else if (lower === 'authorization' && authorized) continue;
    else if (remember(goesUp, lower, crossesUp) && !hidden.has(lower)) {
      // Node reads the first of them only: a further one has not been looked at, and may be a key of ours.
      authorized ||= lower === 'authorization';
      const value = lower === 'accept-encoding' ? readable(raw[i + 1]!) : raw[i + 1]!;
      if (value !== '') out.push(name, value);
    }
  }
  return connection === null ? out : without(out, connection);
}

/** An answer's headers: what leaves for the client, and all of them by lower-case name. */
export interface DownHeaders {
  out: string[];
  all: Map<string, string>;
}

/** Reads undici's raw headers, once. */
export function downstreamHeaders(raw: readonly Buffer[]): DownHeaders {
  const out: string[] = [];
  const all = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1');
    const value = raw[i + 1]!.toString('latin1');
    const lower = name.toLowerCase();
    const before = all.get(lower);
    all.set(lower, before === undefined ? value : `${before}, ${value}`);
    if (remember(goesDown, lower, crossesDown)) out.push(name, value);
  }
  const connection = all.get('connection');
  return { out: connection === undefined ? out : without(out, named(connection)), all };
}

/** Drops headers by lower-case name from a flat list. */
export function without(flat: readonly string[], names: ReadonlySet<string>): string[] {
  if (names.size === 0) return [...flat];
  const out: string[] = [];
  for (let i = 0; i < flat.length; i += 2) if (!names.has(flat[i]!.toLowerCase())) out.push(flat[i]!, flat[i + 1]!);
  return out;
}

export function has(flat: readonly string[], name: string): boolean {
  for (let i = 0; i < flat.length; i += 2) if (flat[i]!.toLowerCase() === name) return true;
  return false;
}

const crossesUp = (name: string): boolean =>
  !NEVER_UP.has(name) && !GATEWAY_PREFIXES.some((prefix) => name.startsWith(prefix));
const crossesDown = (name: string): boolean => !NEVER_DOWN.has(name) && !name.startsWith('access-control-');

/** Names are few and come again; strangers may invent any number of them, so the memory is bounded. */
function remember(memory: Map<string, boolean>, name: string, decide: (name: string) => boolean): boolean {
  const known = memory.get(name);
  if (known !== undefined) return known;
  const crosses = decide(name);
  if (memory.size < REMEMBERED) memory.set(name, crosses);
  return crosses;
}

/** The names in a connection header, which are for this hop only, beside those of an earlier one. */
function named(connection: string, earlier: Iterable<string> | null = null): Set<string> {
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set([...(earlier ?? []), ...names.filter((name) => name !== '' && name !== 'close')]);
}

function readable(accepted: string): string {
  const parts = accepted.split(',').map((part) => part.trim());
  const kept = parts.filter((part) => READABLE.has(part.split(';', 1)[0]!.trim().toLowerCase()));
  if (kept.length === parts.length) return accepted;
  return kept.length > 0 ? kept.join(', ') : 'identity';
}
