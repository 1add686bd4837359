/** What readers of the predecessor know. Money is a float there, and so not exact. */

/** One agent in `GET /api/summary`. Averages are of turns that have the figure. */
export interface AgentSummary {
  agent: string;
  turns: number;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cache_read: number;
  total_cache_write: number;
  /** A float for the predecessor's readers; the exact sum is in `totals`. */
  total_cost: number;
  avg_input_tokens: number | null;
  max_input_tokens: number | null;
  avg_system_chars: number | null;
  avg_history_chars: number | null;
  avg_skill_chars: number | null;
  avg_base_prompt_chars: number | null;
  is_local_model?: true;
}

/** One row of `GET /api/usage`. What the record does not hold is null. */
export interface UsageRow {
  id: number;
  timestamp: string;
  agent: string;
  model: string | null;
  request_body_bytes: number;
  message_count: number | null;
  user_message_count: number | null;
  assistant_message_count: number | null;
  tool_count: number | null;
  system_prompt_total_chars: number | null;
  workspace_agents_chars: number | null;
  workspace_soul_chars: number | null;
  workspace_tools_chars: number | null;
  workspace_identity_chars: number | null;
  workspace_user_chars: number | null;
  workspace_heartbeat_chars: number | null;
  workspace_bootstrap_chars: number | null;
  workspace_memory_chars: number | null;
  skill_injection_chars: number | null;
  base_prompt_chars: number | null;
  conversation_history_chars: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  /** Six decimals, as the predecessor gave it. */
  estimated_cost_usd: number | null;
  duration_ms: number | null;
  stop_reason: string | null;
  provider_name: string | null;
  cost_source: PredecessorSource;
  filter_chars_saved: number | null;
  filter_tokens_saved: number | null;
  filter_tools_removed: number | null;
  /** Beyond the predecessor's row: it had no way to tell a failure from an empty turn. */
  status: number | null;
  error_type: string | null;
  time_to_first_token_ms: number | null;
}

/**
 * Where a cost came from, in the predecessor's words. `actual_billed` is the provider's own figure, which it knew and
 * never produced; `estimated` is new: tokens counted or estimated here, times the price table.
 */
export type PredecessorSource = 'actual_billed' | 'priced_from_tokens' | 'estimated' | 'local_zero_cost' | 'untracked';

export interface ReportTokens {
  requests: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
}

export type ReportLine = ReportTokens & { cost_usd: number };

/** `GET /api/report`: whole UTC days. What has no known cost counts as 0 and as `untracked`. */
export interface Report {
  period: { start: string; end: string };
  summary: ReportTokens & {
    spend_usd: number;
    /** The four kinds together. */
    total_tokens: number;
    tracked_providers: number;
    billing_providers: number;
    local_providers: number;
    untracked_providers: number;
    paid_cost_usd: number;
    local_cost_usd: number;
  };
  daily: (ReportTokens & { date: string; spend_usd: number })[];
  models: (ReportLine & { model: string; provider: string; service: string; cost_source: PredecessorSource })[];
  services: (ReportLine & { service: string })[];
  sources: (ReportLine & { source: PredecessorSource })[];
}
