/** Checks of single values that a JSON Schema cannot say. Each returns what is wrong, or null. */

/** A base URL is http or https and nothing but origin and path: the rest of a request is not its to say. */
export function baseUrlFault(text: string): string | null {
  const wanted = 'write it like https://api.example.org/v1';
  if (!URL.canParse(text)) return `is not a URL; ${wanted}`;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `must begin with http:// or https://; ${wanted}`;
  if (url.username !== '' || url.password !== '') return 'has credentials in it; put the key under api_key';
  if (text.includes('?')) return `has a query; ${wanted}`;
  if (text.includes('#')) return `has a fragment (#); ${wanted}`;
  return /\s/.test(text) ? `has a blank in it; ${wanted}` : null;
}

/** An origin as browsers send it. */
export function originFault(text: string): string | null {
  const wanted = 'write an origin such as https://chat.example.org';
  if (text === '*') return `would let every website read the API; ${wanted}`;
  if (!URL.canParse(text) || !/^https?:/.test(text)) return `is not an origin; ${wanted}`;
  return new URL(text).origin === text ? null : `is not an origin; ${wanted}, in small letters and without a path`;
}

/** A credential travels in a header, where blanks and line ends cannot. */
export function credentialFault(text: string): string | null {
  return /^[\x21-\x7e]*$/.test(text) ? null : 'has a blank, a line end or a letter beyond ASCII in it; remove that';
}

/** Headers that belong to the connection, not to the provider. */
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
]);

/** A header of the user's own. */
export function headerFault(name: string, value: string): string | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return 'is not the name of a header';
  if (OWN_HEADERS.has(name.toLowerCase())) return 'is set by the gateway; remove it';
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? null
    : 'has a value that no header can carry; remove line ends and letters beyond Latin-1';
}

/** A date, or a date and time with its zone. */
export function momentFault(text: string): string | null {
  const shaped = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  return shaped && !Number.isNaN(Date.parse(text)) ? null : 'is no date; write 2027-01-31 or 2027-01-31T12:00:00Z';
}

/** Tells addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}
