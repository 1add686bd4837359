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
const HALF = 1_000_000;

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
type Sum = { line: Omit<HourLine, 'key'> } & Record<'last' | 'newest' | 'unpriced', Cell>;

export class HourSums {
  /** By sender, then by kind and name of the part. */
  readonly #sums = new Map<string, Map<string, Sum>>();
  /** Lines. */
  size = 0;

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
    const sums = this.#sums.get(key) ?? new Map<string, Sum>();
    this.#sums.set(key, sums);
    const sumOf = (kind: string, name: string): Sum => {
      let sum = sums.get(`${kind}:${name}`);
      if (!sum) {
        const line = { ...sender, kind, name, ...AMOUNTS, newest_chars: 0, newest_ms: null };
        sum = { line, last: null, newest: null, unpriced: null };
        sums.set(`${kind}:${name}`, sum);
        this.size++;
      }
      return sum;
    };
    if (row.parts !== null) addParts(sumOf, row, JSON.parse(String(row.parts)) as PackedPart[]);
    if (row.called !== null) addCalls(sumOf, JSON.parse(String(row.called)) as PackedCalls);
  }

  /** What is to be added to the database, each line once. */
  lines(): HourLine[] {
    const lines: HourLine[] = [];
    for (const [sender, sums] of this.#sums)
      for (const [part, { line }] of sums) lines.push({ ...line, key: hashOf(`${sender}${part}`) });
    return lines;
  }
}

function addParts(sumOf: (kind: string, name: string) => Sum, row: SummedRow, parts: readonly PackedPart[]): void {
  const whole = sumOf('', '');
  begin(whole, row);
  for (const [place, part] of parts.entries()) {
    const sum = sumOf(PART_KINDS[part[0]] ?? 'system', place < MOST_NAMES ? part[1] : REST);
    begin(sum, row);
    const [high, low] = halvesOf(part[5]);
    add(sum, row, part, high, low);
    add(whole, row, part, high, low);
  }
}

/** A tool may be called that is not on offer: models make names up, too. */
function addCalls(sumOf: (kind: string, name: string) => Sum, calls: PackedCalls): void {
  for (let at = 0; at < calls.length; at += 2) {
    const { line } = sumOf('tool', at < 2 * MOST_NAMES ? String(calls[at]) : REST);
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

function add(sum: Sum, { seq }: SummedRow, part: PackedPart, high: number | null, low: number): void {
  const { line } = sum;
  const [, , , chars, tokens, , read, uncached, write, write1h] = part;
  line.chars += whole(chars);
  line.tokens += whole(tokens);
  line.read += whole(read);
  line.uncached += whole(uncached);
  line.write += whole(write);
  line.write_1h += whole(write1h);
  if (sum.newest === seq) line.newest_chars += whole(chars);
  if (high !== null) {
    line.cost_high += high;
    line.cost_low += low;
  } else if (sum.unpriced !== seq) {
    sum.unpriced = seq;
    line.unpriced++;
  }
}

/** Dollars as the two halves of pico-dollars, as they are summed up; null where the cost is unknown. */
function halvesOf(dollars: string | null | undefined): [high: number | null, low: number] {
  const pico = typeof dollars === 'string' ? toPico(dollars) : null;
  if (pico === null) return [null, 0];
  const high = pico.length <= 15 ? Math.trunc(Number(pico) / HALF) : Number(BigInt(pico) / BigInt(HALF));
  return [high, Number(pico.slice(-6)) * (pico.startsWith('-') && pico.length > 6 ? -1 : 1)];
}

/** A sum must not fail for one number that is none. */
const whole = (value: number | null | undefined): number => count(Math.round(value ?? 0)) ?? 0;

function hashOf(words: string): string {
  return createHash('sha256').update(words).digest('base64url').slice(0, 22);
}
