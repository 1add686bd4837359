import type { JsonWalk } from '../bytes/json-walk.ts';
import { Words } from '../bytes/words.ts';
import type { Mark } from './blocks.ts';

const COMMA = 44;
const BRACE = 123;
const QUOTE = 34;
const TTL = new Words({ ttl: 1 });
const TTLS = new Words({ '5m': 1, '1h': 2 });

/** Reads `{"type":"ephemeral","ttl":"1h"}`, or what else stands there: the next value. Anthropic's own default is five minutes. */
export function readMark(walk: JsonWalk): Mark {
  if (walk.peek() !== BRACE) {
    walk.skip();
    return null;
  }
  let mark: Mark = '5m';
  walk.at++;
  for (let name = walk.nextMember(TTL); name !== -1; name = walk.nextMember(TTL)) {
    if (name === 0 || walk.peek() !== QUOTE) walk.skip();
    else mark = walk.word(TTLS) === 2 ? '1h' : '5m';
  }
  return mark;
}

/** Widens the stretch of a member by the comma before it, or behind it: what is left is as if it had never been there. */
export function withComma(bytes: Buffer, start: number, end: number): { start: number; end: number } {
  let before = start - 1;
  while (bytes[before] === 32 || bytes[before] === 10 || bytes[before] === 13 || bytes[before] === 9) before--;
  if (bytes[before] === COMMA) return { start: before, end };
  let behind = end;
  while (bytes[behind] === 32 || bytes[behind] === 10 || bytes[behind] === 13 || bytes[behind] === 9) behind++;
  return { start, end: bytes[behind] === COMMA ? behind + 1 : end };
}
