import { compileGlobs, type Dimension } from '../../src/plugin.ts';
import type { Where } from './rule.ts';

/** Whether what a figure is of lies in a scope. What it does not say is in no scope that asks for it. */
export function fits(where: Where, subject: Readonly<Record<string, string>> | null): boolean {
  return Object.entries(where).every(([dimension, globs = []]) => {
    const value = subject?.[dimension as Dimension];
    return value !== undefined && compileGlobs(globs)(value);
  });
}
