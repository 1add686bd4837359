/** Fields longer than this are no names or flags; bytes. */
const MAX_FIELD = 512;
const HEADERS_END = Buffer.from('\r\n\r\n');
/** A part's headers are short; what is longer is not one of ours. */
const MAX_HEADERS = 4096;

/**
 * Reads short text fields of a `multipart/form-data` body, without touching it.
 *
 * @param contentType the request's header, which names the boundary
 * @returns the fields that are there, the first of each name; empty where the body is no form
 */
export function readForm(body: Buffer, contentType: string, names: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  const boundary = /boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))/i.exec(contentType);
  if (boundary === null) return fields;
  const mark = Buffer.from(`--${boundary[1] ?? boundary[2]}`);
  let at = body.indexOf(mark);
  while (at !== -1) {
    const start = at + mark.length;
    const headersEnd = body.indexOf(HEADERS_END, start);
    if (headersEnd === -1) break;
    const next = body.indexOf(mark, headersEnd);
    const valueStart = headersEnd + HEADERS_END.length;
    const valueEnd = (next === -1 ? body.length : next) - 2;
    const name = headersEnd - start > MAX_HEADERS ? null : nameIn(body.toString('latin1', start, headersEnd));
    const fits = valueEnd >= valueStart && valueEnd - valueStart <= MAX_FIELD;
    if (name !== null && fits && names.includes(name) && !fields.has(name))
      fields.set(name, body.toString('utf8', valueStart, valueEnd));
    at = next;
  }
  return fields;
}

/** The name of a part that is a plain field; null for a file. */
function nameIn(headers: string): string | null {
  if (/;\s*filename\*?=/i.test(headers)) return null;
  return /^content-disposition:[^\r\n]*;\s*name="?([^"\r\n;]{1,64})"?/im.exec(headers)?.[1] ?? null;
}
