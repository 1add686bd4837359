/** How gateway.yaml says settings. */

export const charsSchema = {
  type: 'integer',
  minimum: 10_000,
  description: 'Characters of history from which a session counts as long: 200000 unless told.',
} as const;

export const minutesSchema = {
  type: 'integer',
  minimum: 1,
  maximum: 60,
  description: 'Minutes between two looks at session files: 5 unless told.',
} as const;

const flag = (description: string) => ({ type: 'boolean', description }) as const;
const names = (description: string) =>
  ({ type: 'array', maxItems: 500, items: { type: 'string', minLength: 1, maxLength: 256 }, description }) as const;
const count = (least: number, description: string) =>
  ({ type: 'integer', minimum: least, maximum: 10_000, description }) as const;
const chars = (description: string) =>
  ({ type: ['integer', 'null'], minimum: 1, maximum: 100_000_000, description }) as const;

export const filtersSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'What of requests is taken out before they leave; see plugin trim. What is left out is as built in.',
  properties: {
    enabled: flag('Whether anything is taken out at all.'),
    log_details: flag('Whether the log says what was taken out.'),
    tools: {
      type: 'object',
      additionalProperties: false,
      description: 'Definitions of tools.',
      properties: {
        enabled: flag('Whether tools are taken out.'),
        mode: { enum: ['allowlist', 'blocklist'], description: 'Which of the two lists counts.' },
        allowlist: names('Only these are left.'),
        blocklist: names('These are taken out.'),
      },
    },
    system_prompt: {
      type: 'object',
      additionalProperties: false,
      description: 'The system prompt.',
      properties: {
        enabled: flag('Whether the system prompt is changed.'),
        mode: { enum: ['strip_sections', 'replace', 'truncate'], description: 'How it is changed.' },
        strip_sections: {
          ...names('Headings, such as "## Sandbox", of sections that are taken out.'),
          items: { type: 'string', minLength: 3, maxLength: 256, pattern: '^#{1,6}\\s+\\S' },
        },
        custom_replacement: {
          type: ['string', 'null'],
          minLength: 1,
          maxLength: 20_000,
          description: 'What stands in its place.',
        },
        max_chars: chars('Characters that are left of it.'),
      },
    },
    history: {
      type: 'object',
      additionalProperties: false,
      description: 'Earlier messages.',
      properties: {
        enabled: flag('Whether the history is shortened.'),
        max_pairs: count(1, 'Questions with what came after them that are left, the newest.'),
        always_keep_system: flag('Whether system messages are left in any case.'),
        always_keep_last_n: count(0, 'Messages at the end that are left in any case.'),
        truncate_tool_results_chars: chars('Characters that are left of a tool result; null: all.'),
        drop_old_tool_calls: flag('Whether tool calls are taken out of older parts.'),
        drop_old_tool_calls_after_pairs: count(0, 'How many of the newest questions keep theirs.'),
        max_total_chars: chars('Characters that are left of the history; null: all.'),
      },
    },
  },
} as const;

export const agentsSchema = {
  type: 'object',
  maxProperties: 1000,
  description: 'What holds for one agent, by name; what is left out, or null, is as for all.',
  propertyNames: { minLength: 1, maxLength: 128 },
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: {
      session_char_limit: { ...charsSchema, type: ['integer', 'null'] },
      poll_interval_minutes: { ...minutesSchema, type: ['integer', 'null'] },
      filters: filtersSchema,
    },
  },
} as const;
