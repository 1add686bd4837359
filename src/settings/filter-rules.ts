/** What members of filters may be. */
import { isLine, join, membersOf, Wrong } from './members.ts';
import type { Filters, FiltersPart } from './settings.ts';

interface Rule {
  /** Reads on from the name of the member. */
  readonly said: string;
  readonly fits: (value: unknown) => boolean;
  /** Null is a value: there is none. */
  readonly nullable?: true;
}

type Sections = Omit<Filters, 'enabled' | 'log_details'>;

const MOST_NAMES = 500;
const LONGEST_NAME = 256;
const LONGEST_TEXT = 20_000;
const MOST_CHARS = 100_000_000;

const flag: Rule = { said: 'must be true or false', fits: (value) => typeof value === 'boolean' };
const word = (...words: readonly string[]): Rule => ({
  said: `must be one of ${words.join(', ')}`,
  fits: (value) => words.includes(value as string),
});
const count = (least: number, most: number): Rule => ({
  said: `must be a whole number from ${least} to ${most}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});
const chars: Rule = { ...count(1, MOST_CHARS), said: `${count(1, MOST_CHARS).said}, or null`, nullable: true };
const list = (what: string, fits: (text: string) => boolean): Rule => ({
  said: `must be a list of at most ${MOST_NAMES} ${what}`,
  fits: (value) => Array.isArray(value) && value.length <= MOST_NAMES && value.every((one) => isName(one) && fits(one)),
});
const isName = (one: unknown): one is string =>
  typeof one === 'string' && one !== '' && one.length <= LONGEST_NAME && isLine(one);
const names = list('names of tools', () => true);
const headings = list('Markdown headings, such as "## Sandbox"', (text) => /^#{1,6}\s+\S/.test(text));
const text: Rule = {
  said: `must be a text of 1 to ${LONGEST_TEXT} characters, or null`,
  fits: (value) => typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT && value.isWellFormed(),
  nullable: true,
};

const FLAGS = ['enabled', 'log_details'] as const;
const SECTIONS: { readonly [K in keyof Sections]: Readonly<Record<keyof Sections[K], Rule>> } = {
  tools: { enabled: flag, mode: word('allowlist', 'blocklist'), allowlist: names, blocklist: names },
  system_prompt: {
    enabled: flag,
    mode: word('strip_sections', 'replace', 'truncate'),
    strip_sections: headings,
    custom_replacement: text,
    max_chars: chars,
  },
  history: {
    enabled: flag,
    max_pairs: count(1, 10_000),
    always_keep_system: flag,
    always_keep_last_n: count(0, 10_000),
    truncate_tool_results_chars: chars,
    drop_old_tool_calls: flag,
    drop_old_tool_calls_after_pairs: count(0, 10_000),
    max_total_chars: chars,
  },
};
const SECTION_NAMES = Object.keys(SECTIONS) as (keyof Sections)[];

/** Whether null is a value of its own there, and not "as for all". */
export const mayBeNone = (section: string, member: string): boolean =>
  (SECTIONS as Readonly<Record<string, Readonly<Record<string, Rule>>>>)[section]?.[member]?.nullable ?? false;

/** Reads some of the filters; null of any member is let through. Throws `Wrong`. */
export function readFilters(value: unknown, at: string): FiltersPart {
  const part = membersOf(value, at, [...FLAGS, ...SECTION_NAMES]);
  for (const name of FLAGS) check(flag, part[name], join(at, name));
  for (const name of SECTION_NAMES) {
    if (part[name] === undefined || part[name] === null) continue;
    const rules = SECTIONS[name] as Readonly<Record<string, Rule>>;
    const section = membersOf(part[name], join(at, name), Object.keys(rules));
    for (const [member, rule] of Object.entries(rules)) check(rule, section[member], join(join(at, name), member));
  }
  return part as FiltersPart;
}

function check({ said, fits }: Rule, value: unknown, field: string): void {
  if (value !== undefined && value !== null && !fits(value)) throw new Wrong(field, said);
}
