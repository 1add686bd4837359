import type { Filters } from './settings.ts';

/** What holds where nobody has said anything; the predecessor's values. */
export const BUILT_IN: {
  readonly session_char_limit: number;
  readonly poll_interval_minutes: number;
  readonly filters: Filters;
} = {
  session_char_limit: 200_000,
  poll_interval_minutes: 5,
  filters: {
    enabled: false,
    log_details: true,
    tools: {
      enabled: false,
      mode: 'allowlist',
      allowlist: [
        'exec',
        'read',
        'write',
        'edit',
        'apply_patch',
        'web_fetch',
        'web_search',
        'process',
        'memory_search',
        'memory_get',
      ],
      blocklist: [],
    },
    system_prompt: {
      enabled: false,
      mode: 'strip_sections',
      strip_sections: [
        '## Heartbeats',
        '## Silent Replies',
        '## OpenClaw Self-Update',
        '## OpenClaw CLI Quick Reference',
        '## Reactions',
        '## Sandbox',
        '## Model Aliases',
      ],
      custom_replacement: null,
      max_chars: null,
    },
    history: {
      enabled: false,
      max_pairs: 20,
      always_keep_system: true,
      always_keep_last_n: 6,
      truncate_tool_results_chars: 2000,
      drop_old_tool_calls: true,
      drop_old_tool_calls_after_pairs: 8,
      max_total_chars: null,
    },
  },
};
