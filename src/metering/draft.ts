import { charsIn, charsOf } from '../bytes/search.ts';
import type { Note } from './counters.ts';
import { KeptText } from './kept-text.ts';
import type { Reading, StopReason, Usage, UsagePart } from './usage.ts';

const MAX_RAW_USAGE = 4096;
const MAX_INCONSISTENCIES = 20;
const MAX_TOOLS = 64;
/** Characters of a tool's name that are kept. */
const MAX_TOOL_NAME = 128;

/** A reading while it is being written: what an adapter has understood of an answer so far. */
export class Draft {
  usage: Usage | null = null;
  /** The usage is the provider's last word, whatever follows. */
  usageIsFinal = false;
  /** The provider charges nothing for this answer, though it counts. */
  isUnbilled = false;
  /** Somebody who charges made this answer, though the provider that passed it on is free. */
  isPaid = false;
  /** It is made after this: another call will tell it. */
  isDeferred = false;
  parts: UsagePart[] | null = null;
  model: string | null = null;
  responseId: string | null = null;
  serviceTier: string | null = null;
  speed: string | null = null;
  geo: string | null = null;
  stopReason: StopReason | null = null;
  reportedCostUsd: string | null = null;
  error: Reading['error'] = null;
  outputChars = 0;
  /** What was generated, to be counted where the provider does not say how much it was. */
  readonly text = new KeptText();
  /** Content was seen: not a comment, a ping or a role. */
  started = false;
  /** A finish reason was seen: what follows is only the bill. */
  finishing = false;
  /** The protocol's own end was seen. */
  ended = false;
  toolCalls: Record<string, number> | null = null;
  readonly inconsistencies: string[] = [];
  #rawUsage: string | null = null;

  readonly note: Note = (inconsistency) => {
    const { inconsistencies } = this;
    if (inconsistencies.length < MAX_INCONSISTENCIES && !inconsistencies.includes(inconsistency)) {
      inconsistencies.push(inconsistency);
    }
  };

  /** Keeps the text of the last usage object, at most 4 KiB of it. */
  keepRawUsage(text: string | undefined): void {
    if (text !== undefined && text !== 'null') this.#rawUsage = text.slice(0, MAX_RAW_USAGE);
  }

  /** Keeps and counts output that is plain text. */
  addText(text: string): void {
    this.text.addPlain(text);
    this.addOutput(charsIn(text));
  }

  /** Keeps and counts the first text in `json` under a member of that name; returns its characters. */
  addTextIn(json: Buffer, name: Buffer): number {
    const chars = charsOf(json, name, this.text);
    this.addOutput(chars);
    return chars;
  }

  /** Counts visible output; any of it means that the answer has started. */
  addOutput(chars: number): void {
    this.outputChars += chars;
    if (chars > 0) this.started = true;
  }

  /** Notes that the answer calls a tool of the client's; what is no name says nothing. */
  called(tool: unknown): void {
    if (typeof tool !== 'string' || tool === '') return;
    const name = tool.slice(0, MAX_TOOL_NAME).replaceAll('\0', '\uFFFD').toWellFormed();
    this.toolCalls ??= Object.create(null) as Record<string, number>;
    const calls = this.toolCalls;
    if (name in calls || Object.keys(calls).length < MAX_TOOLS) calls[name] = (calls[name] ?? 0) + 1;
  }

  stop(reason: StopReason): void {
    this.stopReason = reason;
    this.finishing = true;
  }

  reading(ending: Reading['ending'], answers: boolean): Reading {
    return {
      usage: answers ? this.usage : null,
      usageStatus: answers ? this.#usageStatus() : 'not_applicable',
      rawUsage: answers ? this.#rawUsage : null,
      parts: answers ? this.parts : null,
      model: this.model,
      responseId: this.responseId,
      serviceTier: this.serviceTier,
      speed: this.speed,
      geo: this.geo,
      stopReason: this.stopReason,
      toolCalls: this.toolCalls,
      reportedCostUsd: answers ? this.reportedCostUsd : null,
      paid: answers && this.isPaid,
      deferred: answers && ending === 'complete' && this.isDeferred,
      error: this.error,
      ending,
      outputChars: this.outputChars,
      inconsistencies: this.inconsistencies,
    };
  }

  #usageStatus(): Reading['usageStatus'] {
    if (this.isUnbilled) return 'not_applicable';
    if (this.usage !== null) return this.usageIsFinal ? 'final' : 'partial';
    // An error before anything was generated leaves nothing to bill; any other silence is unknown.
    return this.error !== null && !this.started ? 'not_applicable' : 'missing';
  }
}
