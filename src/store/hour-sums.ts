/** What the parts of prompts came to by the hour: of some rows, in memory, before it is added to the database. */
import { createHash } from 'node:crypto';
import { type Cell, textOf } from './columns.ts';
import { toPico } from './money.ts';
import { PART_KINDS, type PackedCalls, type PackedPart } from './packed-parts.ts';
import { floorTo, HOUR_MS } from './queries/hours.ts';
import { count } from './row-values.ts';

/** Parts of one prompt, and tools called by one answer, that are told apart. Who has more makes names up. */
const MOST_NAMES = 256;
const REST = 'other';
/** Pico-dollars from which on the upper half of a sum counts. */
const HALF = 1_000_000n;
const TOOL = PART_KINDS.indexOf('tool');
const SYSTEM = PART_KINDS.indexOf('system');

/** What is read of a row. */
export type SummedRow = Record<
  'seq' | 'time_ms' | 'tenant' | 'project' | 'agent' | 'provider' | 'model' | 'called' | 'parts',
  Cell
>;

/** Who sent prompts, and in which hour. */
type Sender = { hour_ms: number } & Record<'tenant' | 'project' | 'agent' | 'provider' | 'model', string | null>;

const AMOUNTS = {
  turns: 0,
  chars: 0,
  tokens: 0,
  read: 0,
  write: 0,
  write_1h: 0,
  uncached: 0,
  cost_high: 0,
  cost_low: 0,
  unpriced: 0,
  called: 0,
};
export const AMOUNT_NAMES = Object.keys(AMOUNTS) as (keyof typeof AMOUNTS)[];

/** A line of `prompt_hours`, or what is to be added to it. Without kind and name it counts whole prompts. */
export type HourLine = Sender &
  typeof AMOUNTS & { key: string; kind: string; name: string; newest_chars: number; newest_ms: number | null };

/** A line on its way, with the rows that were added to it last: at all, as the newest, without a price. */
interface Sum {
  line: Omit<HourLine, 'key'>;
  last: Cell;
  newest: Cell;
  unpriced: Cell;
}

/** What one sender's prompts came to: as a whole, and by name of their parts, each kind by itself. */
class SenderSums {
  readonly whole: Sum;
  readonly parts: Map<string, Sum>[] = [];
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
    this.whole = this.#blank('', '');
  }

  of(kind: number, name: string): Sum {
    this.parts[kind] ??= new Map();
    let sum = this.parts[kind].get(name);
    if (!sum) {
      sum = this.#blank(PART_KINDS[kind]!, name);
      this.parts[kind].set(name, sum);
    }
    return sum;
  }

  #blank(kind: string, name: string): Sum {
    const line = { ...this.#sender, kind, name, ...AMOUNTS, newest_chars: 0, newest_ms: null };
    return { line, last: null, newest: null, unpriced: null };
  }
}

export class HourSums {
  readonly #senders = new Map<string, SenderSums>();

  /** Lines, in the end. */
  get size(): number {
    let size = 0;
    for (const { parts } of this.#senders.values()) size = parts.reduce((sum, { size }) => sum + size, size + 1);
    return size;
  }

  /** Adds a row; rows come in the order of `seq`. */
  add(row: SummedRow): void {
    if (row.parts === null && row.called === null) return;
    const sender: Sender = {
      hour_ms: floorTo(Number(row.time_ms), HOUR_MS),
      tenant: textOf(row.tenant),
      project: textOf(row.project),
      agent: textOf(row.agent),
      provider: textOf(row.provider),
      model: textOf(row.model),
    };
    const key = JSON.stringify(Object.values(sender));
    let sums = this.#senders.get(key);
    if (!sums) {
      sums = new SenderSums(sender);
      this.#senders.set(key, sums);
    }
    if (row.parts !== null) addParts(sums, row, JSON.parse(String(row.parts)) as PackedPart[]);
    if (row.called !== null) addCalls(sums, JSON.parse(String(row.called)) as PackedCalls);
  }

  /** What is to be added to the database, each line once. */
  lines(): HourLine[] {
    const lines: HourLine[] = [];
    for (const [sender, { whole, parts }] of this.#senders) {
      const sums = parts.flatMap((byName) => [...byName.values()]);
      if (whole.line.turns > 0) sums.push(whole);
      for (const { line } of sums) lines.push({ ...line, key: hashOf(`${sender}${line.kind}:${line.name}`) });
    }
    return lines;
  }
}

function addParts(sums: SenderSums, row: SummedRow, parts: readonly PackedPart[]): void {
  begin(sums.whole, row);
  for (const [place, part] of parts.entries()) {
    const sum = sums.of(part[0] in PART_KINDS ? part[0] : SYSTEM, place < MOST_NAMES ? part[1] : REST);
    begin(sum, row);
    const cost = halvesOf(part[5]);
    add(sum, row.seq, part, cost);
    add(sums.whole, row.seq, part, cost);
  }
}

/** A tool may be called that is not on offer: models make names up, too. */
function addCalls(sums: SenderSums, calls: PackedCalls): void {
  for (let at = 0; at < calls.length; at += 2) {
    const { line } = sums.of(TOOL, at < 2 * MOST_NAMES ? String(calls[at]) : REST);
    line.called += count(Number(calls[at + 1])) ?? 0;
  }
}

/** A row is one turn of a part, however many of its pieces come under one name. */
function begin(sum: Sum, { seq, time_ms }: SummedRow): void {
  const { line } = sum;
  if (sum.last === seq) return;
  sum.last = seq;
  line.turns++;
  const time = Number(time_ms);
  if (line.newest_ms !== null && time < line.newest_ms) return;
  sum.newest = seq;
  line.newest_ms = time;
  line.newest_chars = 0;
}

function add(sum: Sum, seq: Cell, part: PackedPart, cost: Halves | null): void {
  const { line } = sum;
  const chars = whole(part[3]);
  line.chars += chars;
  line.tokens += whole(part[4]);
  line.read += whole(part[6]);
  line.uncached += whole(part[7]);
  line.write += whole(part[8]);
  line.write_1h += whole(part[9]);
  if (sum.newest === seq) line.newest_chars += chars;
  if (cost !== null) {
    line.cost_high += cost[0];
    line.cost_low += cost[1];
  } else if (sum.unpriced !== seq) {
    sum.unpriced = seq;
    line.unpriced++;
  }
}

/** Pico-dollars in millions, and the rest. */
type Halves = readonly [high: number, low: number];

/** Dollars as the two halves of pico-dollars, as they are summed up; null where the cost is unknown. */
function halvesOf(dollars: string | null | undefined): Halves | null {
  if (typeof dollars !== 'string') return null;
  // Most costs are less than a dollar: their halves are six digits each.
  if (dollars.length <= 14 && CENTS.test(dollars))
    return [Number(dollars.slice(2, 8).padEnd(6, '0')), Number(dollars.slice(8).padEnd(6, '0'))];
  const pico = toPico(dollars);
  return pico === null ? null : [Number(BigInt(pico) / HALF), Number(BigInt(pico) % HALF)];
}

const CENTS = /^0\.\d+$/;

/** A sum must not fail for one number that is none. */
const whole = (value: number | null | undefined): number => (value ? (count(Math.round(value)) ?? 0) : 0);

function hashOf(words: string): string {
  return createHash('sha256').update(words).digest('base64url').slice(0, 22);
}
