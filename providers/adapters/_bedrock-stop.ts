import type { StopKind, StopReason } from '../../src/adapter.ts';

/** Stop reasons of Converse, and of the vendors whose bodies InvokeModel passes on; in lower case. */
const KINDS: ReadonlyMap<string, StopKind> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['guardrail_intervened', 'content_filter'],
  ['content_filtered', 'content_filter'],
  ['malformed_model_output', 'error'],
  ['malformed_tool_use', 'error'],
  ['refusal', 'refusal'],
  // Llama, Mistral, Titan, Cohere
  ['stop', 'stop'],
  ['finish', 'stop'],
  ['finished', 'stop'],
  ['complete', 'stop'],
  ['stop_criteria_met', 'stop'],
  ['length', 'length'],
  ['error_limit', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_call', 'tool_calls'],
  ['error_toxic', 'content_filter'],
  ['error', 'error'],
]);

export function bedrockStop(raw: string): StopReason {
  return { raw, normalized: KINDS.get(raw.toLowerCase()) ?? null };
}
