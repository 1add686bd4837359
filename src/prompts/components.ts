import { RE2JS } from 're2js';
import { label } from './label.ts';
import type { ComponentSpec, Components } from './prompts.ts';
import { between, type Span, sectionsUnder, tagged } from './sections.ts';
import { overlay, type Stretch } from './stretches.ts';

const MOST = 50;
const MOST_PATTERN = 512;
/** Steps of a pattern's program. Over 200 KB the worst of that size takes half a second; others take 1 to 30 ms. */
const MOST_STEPS = 250;
/** Patterns look at so much of a system prompt, UTF-16 units. */
const LOOKED_AT = 200_000;
/** When the patterns of a prompt took that long together, no further search begins, milliseconds. */
const LONGEST = 100;
const TAG = /^[A-Za-z_][\w.-]*$/;
const KINDS = ['heading', 'tag', 'pattern', 'from'] as const;

/** What is left of the time for patterns. */
interface Clock {
  left: number;
}

interface Component {
  readonly name: string;
  find(text: string, clock: Clock): Span[];
}

/**
 * The operator's components, read.
 *
 * Where two overlap, the one that stands first in the list has it; where one overlaps a workspace file, the skills or
 * the rest of the system prompt, it is taken out of that. A pattern stands for all of its matches, a heading and a tag
 * for all of their sections, `from` for one stretch. Patterns are RE2's, so a search takes time in proportion to the
 * text; they look at the first 200,000 characters, and after 100 ms for one prompt no further search begins. What
 * was found is remembered with the prompt's hash; a prompt that is another with each request is searched each time.
 */
export class OperatorComponents implements Components {
  readonly names: readonly string[];
  readonly #components: readonly Component[];

  /** Throws an Error of one line: which component, what is wrong, the mend. */
  constructor(specs: readonly ComponentSpec[]) {
    if (specs.length > MOST) throw new Error(`${specs.length} components are too many: name at most ${MOST}`);
    this.#components = specs.map(read);
    this.names = this.#components.map(({ name }) => name);
  }

  /** Where they are in a text, in order. */
  find(text: string): Stretch[] {
    const clock = { left: LONGEST };
    let found: Stretch[] = [];
    for (const { name, find } of this.#components) {
      const spans = find(text, clock);
      found = overlay(
        found,
        spans.map(({ start, end }) => ({ start, end, kind: 'component', name })),
      );
    }
    return found;
  }
}

function read(spec: ComponentSpec, n: number): Component {
  const name = label(spec.name);
  if (name === '') throw new Error(`component ${n + 1} has no name: give it one`);
  const said = KINDS.filter((kind) => spec[kind] !== undefined && spec[kind] !== '');
  const fail = (problem: string): Error => new Error(`component ${JSON.stringify(name)} ${problem}`);
  if (said.length !== 1)
    throw fail(
      `has ${said.length === 0 ? 'nothing to find it by' : said.join(' and ')}: give it one of ${KINDS.join(', ')}`,
    );
  if (spec.to !== undefined && spec.from === undefined)
    throw fail('has `to` without `from`: add `from`, or leave `to` out');
  const { heading, tag, from, to } = spec;
  if (heading) return { name, find: (text) => sectionsUnder(text, heading) };
  if (tag) {
    if (!TAG.test(tag)) throw fail(`has the tag ${JSON.stringify(tag)}: write its name alone, such as policy`);
    return { name, find: (text) => tagged(text, tag) };
  }
  if (from) return { name, find: (text) => between(text, from, to === '' ? undefined : to) };
  const pattern = compile(spec.pattern!, fail);
  return { name, find: (text, clock) => matches(pattern, text, clock) };
}

function compile(source: string, fail: (problem: string) => Error): RE2JS {
  if (source.length > MOST_PATTERN)
    throw fail(`has a pattern of ${source.length} characters: write at most ${MOST_PATTERN}`);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    throw fail(`has a pattern that RE2 does not read, ${why}: see github.com/google/re2/wiki/Syntax`);
  }
  const steps = pattern.programSize();
  if (steps > MOST_STEPS)
    throw fail(`has a pattern of ${steps} steps: write smaller counts in {}, it may have ${MOST_STEPS}`);
  return pattern;
}

/** All matches that are not empty. */
function matches(pattern: RE2JS, whole: string, clock: Clock): Span[] {
  const spans: Span[] = [];
  if (clock.left <= 0) return spans;
  const text = whole.slice(0, LOOKED_AT);
  const begun = performance.now();
  const matcher = pattern.matcher(text);
  while (performance.now() - begun < clock.left && matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (end > start) spans.push({ start, end });
  }
  clock.left -= performance.now() - begun;
  return spans;
}
