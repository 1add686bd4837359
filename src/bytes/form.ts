/** Fields longer than this are no names or flags; bytes. */
const MAX_FIELD = 512;
/** A part's headers are short; what is longer is not one of ours; bytes. */
const MAX_HEADERS = 4096;
const HEADERS_END = Buffer.from('\r\n\r\n');
const LF = 10;
const CR = 13;
const DASH = 45;
const SPACES = new Set([32, 9]);

/** RFC 2046 allows 70 characters; some clients take more. */
const BOUNDARY = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;,"]{1,200})(?=[\s;,]|$))/i;
/** The first one in the part's headers, as a quoted text or a plain word. */
const NAME = /^content-disposition:\s*form-data\b[^\r\n]*?;\s*name=(?:"([^"\r\n]*)"|([^\s;"]+))/im;

/**
 * Reads short text fields of a `multipart/form-data` body, without touching it.
 *
 * Files are passed over whatever their name is, and so is a part that has not come to its
 * end: half a name is no name.
 *
 * @param contentType the request's header, which names the boundary
 * @returns the fields that are there, the first of each name; empty where the body is no form
 */
export function readForm(body: Buffer, contentType: string, names: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return fields;
  const mark = Buffer.from(`--${boundary}`);
  let open = delimiter(body, mark, 0);
  while (open !== null && open.contentAt !== -1 && fields.size < names.length) {
    const close = delimiter(body, mark, open.contentAt);
    if (close === null) break;
    readPart(body.subarray(open.contentAt, close.at), names, fields);
    open = close;
  }
  return fields;
}

/** A line that parts two parts; `contentAt` is -1 for the last one. */
interface Delimiter {
  /** Where the line end before it begins, which belongs to it. */
  at: number;
  contentAt: number;
}

/** Finds the next delimiter: the mark at the beginning of a line, and nothing but blanks or `--` behind it. */
function delimiter(body: Buffer, mark: Buffer, from: number): Delimiter | null {
  for (let at = body.indexOf(mark, from); at !== -1; at = body.indexOf(mark, at + 1)) {
    if (at > 0 && (body[at - 2] !== CR || body[at - 1] !== LF)) continue;
    const after = at + mark.length;
    const lineStart = Math.max(0, at - 2);
    if (body[after] === DASH && body[after + 1] === DASH) return { at: lineStart, contentAt: -1 };
    let end = after;
    while (SPACES.has(body[end]!)) end++;
    if (body[end] === CR && body[end + 1] === LF) return { at: lineStart, contentAt: end + 2 };
  }
  return null;
}

function readPart(part: Buffer, names: readonly string[], fields: Map<string, string>): void {
  const headersEnd = part.subarray(0, MAX_HEADERS).indexOf(HEADERS_END);
  if (headersEnd === -1) return;
  const name = nameIn(part.toString('utf8', 0, headersEnd));
  const value = part.subarray(headersEnd + HEADERS_END.length);
  if (name === null || !names.includes(name) || fields.has(name) || value.length > MAX_FIELD) return;
  fields.set(name, value.toString('utf8'));
}

/** The name of a part that is a plain field; null for a file. */
function nameIn(headers: string): string | null {
  if (/;\s*filename\*?\s*=/i.test(headers)) return null;
  const [, quoted, plain] = NAME.exec(headers) ?? [];
  return quoted ?? plain ?? null;
}
