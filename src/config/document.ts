/**
 * From YAML nodes to plain data, in one walk that also remembers where everything stood.
 *
 * The walk is ours because it decides what a library cannot: which keys are allowed, how
 * far aliases may unfold, what a variable becomes, and which line an error belongs to.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { FORBIDDEN } from './overrides.ts';
import { type Path, pathText, pointer } from './problem.ts';
import { coreType, type Environment, expand } from './variables.ts';

const MAX_DEPTH = 32;
const MAX_ALIASES = 50;
/** Aliases of aliases multiply; this is what all of them together may come to. */
const MAX_NODES = 250_000;

/** Offsets in the text: of the key that names a value, and of the value. */
export interface Mark {
  key: number;
  value: number;
}

export interface Complaint {
  offset: number;
  path: Path;
  message: string;
}

export interface Walked {
  data: unknown;
  /** By JSON pointer. */
  marks: Map<string, Mark>;
  /** Text of scalars that were one variable and nothing else, by JSON pointer: their type was guessed. */
  guessed: Map<string, string>;
  /** JSON pointers of scalars that hold something of the environment. */
  expanded: Set<string>;
  complaints: Complaint[];
}

/** Ends the walk at once: what it found makes all the rest meaningless. */
class Stop extends Error {}

/** Turns a parsed document into data, replacing variables. Never throws; whatever is wrong is a complaint. */
export function walkDocument(document: Document, env: Environment, lineOf: (offset: number) => number): Walked {
  const walk = new Walk(document, env, lineOf);
  try {
    walk.walked.data = walk.value(document.contents as Node | null, [], 0);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return walk.walked;
}

class Walk {
  readonly walked: Walked = { data: null, marks: new Map(), guessed: new Map(), expanded: new Set(), complaints: [] };
  readonly #document: Document;
  readonly #env: Environment;
  readonly #lineOf: (offset: number) => number;
  #nodes = 0;
  #aliases = 0;

  constructor(document: Document, env: Environment, lineOf: (offset: number) => number) {
    this.#document = document;
    this.#env = env;
    this.#lineOf = lineOf;
  }

  value(node: Node | null, path: Path, keyAt: number): unknown {
    const offset = node?.range?.[0] ?? keyAt;
    const id = pointer(path);
    // What an alias unfolds to is marked with its own place, not with that of its anchor.
    if (!this.walked.marks.has(id)) this.walked.marks.set(id, { key: keyAt, value: offset });
    if (path.length > MAX_DEPTH) this.#stop(offset, path, 'is nested too deeply; 32 levels are the most');
    if (++this.#nodes > MAX_NODES) this.#stop(offset, path, 'unfolds to too much; write fewer aliases');
    if (node?.tag !== undefined && !isAlias(node)) this.#complain(offset, path, 'has a tag (!); remove it');
    if (node === null) return null;
    if (isAlias(node)) return this.#alias(node, path, keyAt);
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) return node.items.map((item, i) => this.value(item as Node | null, [...path, i], offset));
    return this.#scalar(node as Scalar, path, offset);
  }

  #alias(node: Alias, path: Path, keyAt: number): unknown {
    const offset = node.range?.[0] ?? keyAt;
    if (++this.#aliases > MAX_ALIASES) this.#stop(offset, path, 'is one alias too many; 50 are the most');
    const target = node.resolve(this.#document);
    if (target === undefined) this.#complain(offset, path, 'is an alias without an anchor; define it with & above');
    return this.value(target ?? null, path, offset);
  }

  #map(node: YAMLMap, path: Path): Record<string, unknown> {
    const data: Record<string, unknown> = {};
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.#key(pair.key, path);
      if (key === null) continue;
      const at = pair.key.range?.[0] ?? 0;
      const below = [...path, key];
      if (Object.hasOwn(data, key))
        this.#complain(at, below, `is written twice; ${this.#firstAt(below)}keep one of them`);
      else data[key] = this.value(pair.value, below, at);
    }
    return data;
  }

  #key(node: Node | null, path: Path): string | null {
    const at = node?.range?.[0] ?? 0;
    if (!isScalar(node) || node.value === null) {
      this.#complain(at, path, 'has a key that is no text; put it in quotes');
      return null;
    }
    const key = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    if (key === '<<') this.#complain(at, path, 'has a merge key (<<); write the members out');
    else if (FORBIDDEN.has(key)) this.#complain(at, path, `has a key ${key}, which is not allowed; rename it`);
    else return key;
    return null;
  }

  #scalar(node: Scalar, path: Path, offset: number): unknown {
    if (typeof node.value !== 'string') return node.value;
    const found = expand(node.value, this.#env);
    if (found === null) return node.value;
    if (!found.ok) {
      this.#complain(offset, path, found.message);
      return node.value;
    }
    this.walked.expanded.add(pointer(path));
    if (!found.whole) return found.text;
    this.walked.guessed.set(pointer(path), found.text);
    return coreType(found.text);
  }

  #firstAt(path: Path): string {
    const first = this.walked.marks.get(pointer(path));
    return first === undefined ? '' : `first on line ${this.#lineOf(first.key)}; `;
  }

  #complain(offset: number, path: Path, message: string): void {
    this.walked.complaints.push({ offset, path, message });
  }

  #stop(offset: number, path: Path, message: string): never {
    // A path of 32 steps says nothing; where it begins does.
    this.walked.complaints.push({ offset, path: path.slice(0, 3), message });
    throw new Stop(`${pathText(path)} ${message}`);
  }
}
