import { type JsonMembers, MAX_VALUE, membersOf, TAIL } from './json-members.ts';
import { JsonScan } from './json-scan.ts';
import { asBuffer } from './search.ts';

/** Up to here a body is kept as it is and looked at once, at its end; bytes. */
const SMALL = 64 * 1024;

const NOTHING: ReadonlySet<string> = new Set();

/** Offsets of a value, and as much of its bytes as was kept. */
interface Kept {
  size: number;
  /** Whole when it is `size` long, else the end of it. */
  bytes: Buffer;
}

/**
 * Reads the wanted members of a JSON object that arrives in chunks, in bounded memory.
 *
 * A small body is kept. Of a large one only the member that is being received is kept,
 * and only while its name is wanted and it is not larger than 1 MiB: embeddings and
 * images pass by.
 */
export class JsonBody {
  readonly #names: Iterable<string>;
  #wanted: ReadonlySet<string> = NOTHING;
  #pieces: Buffer[] = [];
  /** Offset of the first byte of the first piece. */
  #from = 0;
  #seen = 0;
  #scan: JsonScan | null = null;
  readonly #kept = new Map<string, Kept>();

  constructor(wanted: Iterable<string>) {
    this.#names = wanted;
  }

  push(chunk: Uint8Array): void {
    const bytes = asBuffer(chunk);
    if (this.#scan !== null) {
      this.#feed(this.#scan, bytes);
      return;
    }
    this.#pieces.push(bytes);
    this.#seen += bytes.length;
    if (this.#seen <= SMALL) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#seen = 0;
    this.#scan = new JsonScan();
    this.#wanted = new Set(this.#names);
    for (const piece of pieces) this.#feed(this.#scan, piece);
  }

  /** Says that no more bytes follow. */
  end(): JsonMembers {
    if (this.#scan === null) {
      const [only = Buffer.alloc(0)] = this.#pieces;
      return membersOf(this.#pieces.length > 1 ? Buffer.concat(this.#pieces, this.#seen) : only);
    }
    this.#scan.end();
    return new KeptMembers(this.#scan.problem, this.#kept);
  }

  #feed(scan: JsonScan, bytes: Buffer): void {
    if (scan.problem !== null) return;
    const before = this.#seen;
    this.#pieces.push(bytes);
    this.#seen += bytes.length;
    scan.push(bytes);
    this.#harvest(scan, before);
    this.#trim(scan);
  }

  /** Takes the wanted values that ended behind `before`. */
  #harvest(scan: JsonScan, before: number): void {
    let window: Buffer | null = null;
    for (const name of this.#wanted) {
      const member = scan.member(name);
      if (member === undefined || member.valueEnd <= before) continue;
      window ??= Buffer.concat(this.#pieces);
      const size = member.valueEnd - member.valueStart;
      const start = Math.max(size > MAX_VALUE ? member.valueEnd - TAIL : member.valueStart, this.#from);
      const bytes = Buffer.from(window.subarray(start - this.#from, member.valueEnd - this.#from));
      this.#kept.set(name, { size, bytes });
    }
  }

  /** Drops the bytes that no wanted value needs any more. */
  #trim(scan: JsonScan): void {
    const open = scan.pending;
    if (open === null || (open.name !== undefined && !this.#wanted.has(open.name))) this.#drop();
    else if (this.#seen - open.keyStart > MAX_VALUE) this.#dropAllButTail();
    else {
      while (this.#pieces.length > 0 && this.#from + this.#pieces[0]!.length <= open.keyStart) {
        this.#from += this.#pieces.shift()!.length;
      }
    }
  }

  #drop(): void {
    this.#pieces = [];
    this.#from = this.#seen;
  }

  #dropAllButTail(): void {
    const tail = Buffer.from(Buffer.concat(this.#pieces).subarray(-TAIL));
    this.#pieces = [tail];
    this.#from = this.#seen - tail.length;
  }
}

class KeptMembers implements JsonMembers {
  readonly problem: string | null;
  readonly #kept: ReadonlyMap<string, Kept>;

  constructor(problem: string | null, kept: ReadonlyMap<string, Kept>) {
    this.problem = problem;
    this.#kept = kept;
  }

  get(name: string): unknown {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  text(name: string): string | undefined {
    const kept = this.#kept.get(name);
    return kept === undefined || kept.bytes.length < kept.size ? undefined : kept.bytes.toString('utf8');
  }

  within(name: string): JsonMembers | null {
    const kept = this.#kept.get(name);
    if (kept === undefined || kept.bytes.length < kept.size) return null;
    const inner = membersOf(kept.bytes);
    return inner.problem === null ? inner : null;
  }

  size(name: string): number {
    return this.#kept.get(name)?.size ?? 0;
  }

  tail(name: string): string {
    return this.#kept.get(name)?.bytes.subarray(-TAIL).toString('utf8') ?? '';
  }
}
