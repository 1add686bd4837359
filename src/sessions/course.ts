/** How lines begin and go on. */
import type { Asked, Found } from './chain.ts';
import type { Line, Tip } from './line.ts';
import type { Lines } from './lines.ts';

const NOTHING = new Float64Array();

/** Begins a line; `asked` is its first request, null where nothing can be compared. */
export function begin(
  lines: Lines,
  asked: Asked | null,
  line: Pick<Line, 'scope' | 'session' | 'isNamed'> & { now: number; firstSeen?: number; chars?: number | null },
): Line {
  const { scope, session, isNamed, now, firstSeen = asked?.marks.length ?? 0, chars = null } = line;
  const begun: Line = {
    scope,
    session,
    isNamed,
    marks: asked?.marks ?? NOTHING,
    chars: asked?.chars ?? chars,
    systemHash: asked?.cut.systemHash ?? null,
    tips: [],
    firstSeen,
    steps: 0,
    landmarks: [],
    usedAt: now,
    prior: null,
    priorFrom: 0,
    newestAnswer: null,
    answerBefore: null,
  };
  lines.add(begun);
  return begun;
}

/** Goes on with a line that does not fork, and gives the request that others may go on from. */
export function goOn(lines: Lines, { line, tip, relation }: Found, asked: Asked): Tip {
  const newest = line.tips.at(-1);
  if (newest && newest !== tip) newest.leftAt = line.steps;
  if (relation === 'retry' && tip !== null) return repeat(lines, tip, asked);
  if (relation !== 'branch') line.steps++;
  if (tip !== null) lines.dropTip(tip);
  describe(lines, line, asked);
  return addTip(lines, line, asked);
}

/** The newest request of a line is one that others may go on from. */
export function addTip(lines: Lines, line: Line, { chain, cut, now }: Asked): Tip {
  const tip: Tip = {
    line,
    hash: chain[chain.length - 1]!,
    length: chain.length,
    systemHash: cut.systemHash,
    at: now,
    open: 1,
    answered: false,
    outputChars: null,
    leftAt: Number.POSITIVE_INFINITY,
  };
  lines.addTip(tip);
  return tip;
}

function repeat(lines: Lines, tip: Tip, asked: Asked): Tip {
  const { line } = tip;
  tip.open++;
  tip.at = asked.now;
  if (line.tips.at(-1) !== tip) {
    line.tips.splice(line.tips.indexOf(tip), 1);
    line.tips.push(tip);
    tip.leftAt = Number.POSITIVE_INFINITY;
  }
  describe(lines, line, asked);
  return tip;
}

function describe(lines: Lines, line: Line, { marks, chars, cut, now }: Asked): void {
  lines.grow(line, marks);
  line.chars = chars;
  line.systemHash = cut.systemHash;
  lines.use(line, now);
}
