import type { Exchange } from '../pipeline/exchange.ts';
import type { CutPrompt } from '../pipeline/prompt.ts';

/** Takes prompts apart. */
export interface Prompts {
  /**
   * The prompt of an exchange as its request is now; null where the API has none or the body is not read.
   * It is taken apart once, and again after somebody has changed it.
   *
   * @param components what the operator wants told apart in system prompts; it costs nothing twice, with or without
   */
  cut(exchange: Exchange, components?: Components): CutPrompt | null;
  /** Reads the operator's components; throws an Error of one line that names what is wrong. */
  components(specs: readonly ComponentSpec[]): Components;
}

/** A part of system prompts that an operator wants told apart: one of `heading`, `tag`, `pattern`, or `from`. */
export interface ComponentSpec {
  readonly name: string;
  /** A Markdown heading: up to the next one of its level or above. */
  readonly heading?: string;
  /** An XML tag: `<name ...>` to `</name>`, both included. */
  readonly tag?: string;
  /** A regular expression in RE2's words, which takes time in proportion to the text. */
  readonly pattern?: string;
  /** From the first of these texts to the next `to`, or to the end. */
  readonly from?: string;
  readonly to?: string;
}

/** Components that were read. */
export type Components = { readonly names: readonly string[] };
