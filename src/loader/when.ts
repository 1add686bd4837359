import { compileGlobs } from '../bytes/glob.ts';
import type { When } from '../config/schema.ts';

/** What is known of an exchange when a plugin's `when` is asked. Unknown is null. */
export interface Facts {
  readonly provider: string | null;
  readonly model: string | null;
  readonly path: string;
  readonly agent: string | null;
  readonly listener: string;
  readonly tags: Readonly<Record<string, string>>;
}

const NAMES = ['provider', 'model', 'path', 'agent', 'listener'] as const;

/** Compiles a `when` into one test: all its members must match. What is unknown matches nothing, `*` included. */
export function compileWhen(when: When): (facts: Facts) => boolean {
  const tests: ((facts: Facts) => boolean)[] = [];
  for (const name of NAMES) {
    const globs = when[name];
    if (globs === undefined) continue;
    const test = compileGlobs(globs);
    tests.push((facts) => {
      const fact = facts[name];
      return fact !== null && test(fact);
    });
  }
  for (const [tag, globs] of Object.entries(when.tags ?? {})) {
    const test = compileGlobs(globs);
    tests.push(({ tags }) => Object.hasOwn(tags, tag) && test(tags[tag]!));
  }
  if (tests.length === 1) return tests[0]!;
  return (facts) => tests.every((test) => test(facts));
}
