import { JsonWalk } from '../bytes/json-walk.ts';
import type { CutPrompt, Piece } from '../pipeline/prompt.ts';
import { readMark } from './cache-mark.ts';
import type { Hasher } from './hasher.ts';
import { History, type SystemBlock } from './history.ts';
import { MessageReader } from './message-reader.ts';
import { Raw } from './raw.ts';
import { readSchemas } from './schemas.ts';
import { readSystem } from './system-reader.ts';
import { Tools } from './tools.ts';
import { TOP, TOP_NAMES, Top } from './vocabulary.ts';

const BRACE = 123;
const LETTER_N = 110;

/** A body taken apart, but for its system prompt, of which only the places are known. */
export interface CutBody {
  readonly raw: Raw;
  readonly system: readonly SystemBlock[];
  /** In cache order: what comes before the system prompt, and what after it. */
  readonly before: readonly Piece[];
  readonly after: readonly Piece[];
  readonly rest: Omit<CutPrompt, 'pieces' | 'systemHash'>;
}

/** Where the value of a member lies. */
type Places = ReadonlyMap<string, { readonly valueStart: number }>;

/** Members that hold messages, in the order in which they are read: they stand in any order in the body. */
const LISTS = [Top.chatHistory, Top.messages, Top.input, Top.contents, Top.prompt, Top.message] as const;
const SYSTEMS = [Top.instructions, Top.system, Top.systemInstruction, Top.preamble] as const;
const TOOLS = [Top.tools, Top.toolConfig, Top.functions] as const;
const SCHEMAS = [Top.schema, Top.holdsSchema] as const;

/**
 * Takes a body apart without parsing it; null where there is no prompt in it.
 *
 * @param bytes the body, or the beginning of one that is too long
 * @param places of its members, where somebody has looked for them already
 */
export function cutBody(bytes: Buffer, isWhole: boolean, hasher: Hasher, places: Places | null): CutBody | null {
  const walk = new JsonWalk(bytes);
  const raw = new Raw(bytes);
  const members = byNumber(places ?? lookFor(walk));
  const each = (names: readonly number[], read: (name: number) => void): void => {
    for (const name of names) {
      for (const at of members.get(name) ?? []) {
        walk.at = at;
        const first = walk.peek();
        if (first !== LETTER_N && first !== -1) read(name);
      }
    }
  };
  const before: Piece[] = [];
  const tools = new Tools(walk, raw, hasher);
  each(TOOLS, (name) => tools.read(name === Top.toolConfig));
  before.push(...tools.pieces);
  each(SCHEMAS, (name) => before.push(...readSchemas(walk, raw, hasher, name === Top.holdsSchema)));
  const system: SystemBlock[] = [];
  each(SYSTEMS, () => system.push(...readSystem(walk)));
  const history = new History(raw, hasher);
  const reader = new MessageReader(walk, history);
  each(LISTS, (name) => (name === Top.prompt ? reader.plain() : reader.read()));
  system.push(...history.system);
  each([Top.mark], () => history.mark(readMark(walk)));
  let isHere = isWhole && !reader.isElsewhere;
  each([Top.elsewhere], () => {
    isHere = false;
  });
  const after = history.pieces();
  if (before.length + system.length + after.length + history.messages.length === 0) return null;
  const { hash: toolsHash, names } = tools;
  const { messages, calls, images } = history;
  const { toolResults, isCompacted } = reader;
  const rest = { messages, toolsHash, calls, toolResults, images, tools: names, isCompacted, isWhole: isHere };
  return { raw, system, before, after, rest };
}

/** Where members lie; of a name that comes twice, the last. */
function lookFor(walk: JsonWalk): Places {
  const places = new Map<string, { valueStart: number }>();
  if (walk.peek() !== BRACE) return places;
  walk.at++;
  for (let name = walk.nextMember(TOP); name !== -1; name = walk.nextMember(TOP)) {
    if (name !== 0) places.set(keyOf(walk), { valueStart: walk.at });
    walk.skip();
  }
  return places;
}

function keyOf({ bytes, keyStart, textEnd }: JsonWalk): string {
  const raw = bytes.toString('latin1', keyStart + 1, textEnd);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function byNumber(places: Places): ReadonlyMap<number, readonly number[]> {
  const members = new Map<number, number[]>();
  for (const [name, { valueStart }] of places) {
    if (!Object.hasOwn(TOP_NAMES, name)) continue;
    const number = TOP_NAMES[name]!;
    members.set(number, [...(members.get(number) ?? []), valueStart]);
  }
  return members;
}
