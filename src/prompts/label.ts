/** A name of a tool or a heading may be as long as that, UTF-16 units: callers may write anything. */
const MOST = 128;
/** Bytes that may stand for so many. */
const MOST_RAW = MOST * 6;
const PLAIN = /^[ !#-[\]-~]*$/;

/** The name between the quotes of a JSON string, fit for a database and a page. */
export function labelAt(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString('latin1', start, Math.min(end, start + MOST_RAW));
  return PLAIN.test(raw)
    ? raw.slice(0, MOST)
    : label(decoded(bytes.toString('utf8', start, Math.min(end, start + MOST_RAW))));
}

/** Without what databases refuse or pages cannot show: control characters, and halves of pairs. */
export function label(text: string): string {
  return text
    .slice(0, MOST)
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}

function decoded(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
