import type { JsonWalk } from '../bytes/json-walk.ts';
import type { Piece } from '../pipeline/prompt.ts';
import type { Hasher } from './hasher.ts';
import type { Raw } from './raw.ts';
import { HELD_SCHEMAS, SCHEMA_MEMBERS } from './vocabulary.ts';
import { weighJson } from './weigh.ts';

const BRACE = 123;
const JSON_HASH = 0;
/** What may be a schema or the name of a format, and what is a schema anyway. */
const MAYBE = 1;

/**
 * Reads the next value, which says how answers must look: a piece where that is a schema, none where it is a
 * format's name. As long as its JSON, with what stands around the schema.
 *
 * @param isHeld the value holds it, beside other things
 */
export function readSchemas(walk: JsonWalk, raw: Raw, hasher: Hasher, isHeld: boolean): Piece[] {
  if (walk.peek() !== BRACE) return [];
  if (!isHeld) return isSchema(walk) ? [pieceOf(walk, raw, hasher)] : [];
  const pieces: Piece[] = [];
  walk.at++;
  for (let name = walk.nextMember(HELD_SCHEMAS); name !== -1; name = walk.nextMember(HELD_SCHEMAS)) {
    const isOne = name !== 0 && walk.peek() === BRACE && (name !== MAYBE || isSchema(walk));
    if (isOne) pieces.push(pieceOf(walk, raw, hasher));
    else walk.skip();
  }
  return pieces;
}

/** Whether the object that comes next has a schema in it; stays before it. */
function isSchema(walk: JsonWalk): boolean {
  const start = walk.at;
  let found = false;
  walk.at++;
  for (let name = walk.nextMember(SCHEMA_MEMBERS); name !== -1; name = walk.nextMember(SCHEMA_MEMBERS)) {
    found ||= name !== 0;
    walk.skip();
  }
  walk.at = start;
  return found;
}

function pieceOf(walk: JsonWalk, raw: Raw, hasher: Hasher): Piece {
  const start = walk.at;
  walk.skip();
  const chars = raw.chars(start, walk.at);
  const hash = hasher.of(walk.bytes, start, walk.at, JSON_HASH);
  return { kind: 'schema', name: '', hash, chars, weight: weighJson(chars, walk.at - start), message: -1, mark: null };
}
