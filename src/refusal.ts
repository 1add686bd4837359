import { ConfigError } from './config/problem.ts';
import type { Scrubber } from './scrub.ts';

/** A configuration that was refused, and why. */
export interface Refusal {
  /** UTC ISO. */
  at: string;
  lines: readonly string[];
}

/** What an attempt to read or to build a configuration threw, one line for each problem, without secrets. */
export function refusalOf(error: unknown, scrubber: Scrubber): Refusal {
  const lines =
    error instanceof ConfigError ? error.message.split('\n') : [error instanceof Error ? error.message : String(error)];
  return { at: new Date().toISOString(), lines: lines.map((line) => scrubber.text(line)) };
}
