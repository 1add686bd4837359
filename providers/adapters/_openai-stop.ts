import type { StopKind, StopReason } from '../../src/adapter.ts';

/** Finish reasons of Chat Completions and of servers that speak it, each with its habits. */
const KINDS: ReadonlyMap<string, StopKind> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['refusal', 'refusal'],
  ['error', 'error'],
  ['insufficient_system_resource', 'error'],
]);

export function chatStop(raw: string): StopReason {
  return { raw, normalized: KINDS.get(raw.toLowerCase()) ?? null };
}
