import type { JsonWalk } from '../bytes/json-walk.ts';
import { BlockReader } from './block-reader.ts';
import { Blocks } from './blocks.ts';
import type { SystemBlock } from './history.ts';
import { Kind, SAID, Said } from './vocabulary.ts';

const BRACE = 123;

/** Reads a member that holds a system prompt: a text, blocks, or Gemini's object of parts. */
export function readSystem(walk: JsonWalk): SystemBlock[] {
  const blocks = new Blocks();
  const reader = new BlockReader(walk, blocks);
  const at = walk.peek() === BRACE ? partsIn(walk) : -1;
  if (at !== -1) walk.at = at;
  reader.content(Kind.text);
  return Array.from({ length: blocks.count }, (_, n) => {
    const { start, end, isText, mark } = blocks.get(n);
    return { start, end, isText, mark };
  });
}

/** Where the parts of an object lie; -1: it has none, and stands for itself. */
function partsIn(walk: JsonWalk): number {
  const start = walk.at;
  let found = -1;
  walk.at++;
  for (let name = walk.nextMember(SAID); name !== -1; name = walk.nextMember(SAID)) {
    if (name === Said.content) found = walk.at;
    walk.skip();
  }
  walk.at = start;
  return found;
}
