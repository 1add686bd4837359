/** One line of the journal: eight hex digits of CRC-32, a space, the row as JSON. */
import { crc32 } from 'node:zlib';
import type { Row } from './row.ts';

/** Escapes that Postgres cannot store as text: the zero character and halves of a surrogate pair. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;
const UNSTORABLE_CHARACTER = /[\0\p{Surrogate}]/gu;

/** Writes a row as JSON, once for the journal and the insert. What no database takes is replaced by U+FFFD. */
export function encode(row: Row): string {
  const text = JSON.stringify(row);
  return UNSTORABLE.test(text) ? JSON.stringify(storable(row)) : text;
}

/** The id of a row that was written so: its first member, 32 hex digits. */
export function idOf(text: string): string {
  return text.slice(7, 39);
}

/** Makes the line, its end included. */
export function lineOf(text: string): string {
  return `${sum(text)} ${text}\n`;
}

/** Gives the row's JSON, or null when the line is torn or changed. */
export function textOf(line: string): string | null {
  const text = line.slice(9);
  return line[8] === ' ' && line.slice(0, 8) === sum(text) ? text : null;
}

function sum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** Gives a value with U+FFFD for what no database takes. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNSTORABLE_CHARACTER, '\uFFFD');
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storable(name), storable(member)]));
}
