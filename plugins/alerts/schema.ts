/** How gateway.yaml says alerts. */

import { SEVERITIES } from '../shared/notice.ts';
import { DIMENSIONS, scopeSchema } from '../shared/scope.ts';

export const GROUPS = ['none', ...DIMENSIONS] as const;
export const NO_DATA_MODES = ['keep', 'ok', 'no_data', 'alert'] as const;

const NUMBER = '^\\d+(\\.\\d+)?$';

const threshold = (description: string) =>
  ({
    type: ['number', 'string'],
    minimum: 0,
    pattern: NUMBER,
    patternErrorMessage: 'must be a number, such as 10 or "0.50"',
    description,
  }) as const;

const time = (description: string) => ({ type: 'string', format: 'time-span', description }) as const;

/** One alert. `check` says what of this a schema cannot say. */
export const alertSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'metric'],
  description: 'A metric, a threshold, and who is told when it is passed.',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 128, description: 'What it is called; no two alike.' },
    metric: {
      type: 'string',
      pattern: '^[a-z][a-z0-9_]{0,63}$',
      patternErrorMessage: 'must be the name of a metric, such as cost_usd',
      description:
        'What is looked at: cost_usd, tokens, input_tokens, output_tokens, requests, errors, error_rate, refusals, latency_ms, time_to_first_token_ms, cache_hit, unpriced_requests, unpriced_models, fallbacks, redactions, cost_spike, budget_used, unhealthy_sessions, or a figure that a plugin of yours offers.',
    },
    window: {
      type: 'string',
      pattern: '^[1-9]\\d{0,5}(m|h|d)$',
      patternErrorMessage: 'must be a time from 1m to 31d, such as 15m, 1h or 1d',
      description: 'How far back it looks, 1m to 31d. Figures of plugins have none.',
    },
    percentile: {
      type: 'integer',
      enum: [50, 90, 95, 99],
      description: 'Of latency_ms and time_to_first_token_ms. Without it: 95.',
    },
    group_by: {
      type: 'string',
      pattern: `^(${GROUPS.join('|')}|team|(tag |tags\\.).{1,64})$`,
      patternErrorMessage: `must be one of ${GROUPS.join(', ')}, team, tags.NAME`,
      description: 'What has a state of its own for each of its values, such as agent. Without it: none.',
    },
    scope: scopeSchema,
    above: threshold('It is critical when the metric is above this. In the unit of the metric; percent are 0 to 100.'),
    below: threshold('It is critical when the metric is below this.'),
    warn_above: threshold('It is a warning when the metric is above this; less than `above`.'),
    warn_below: threshold('It is a warning when the metric is below this; more than `below`.'),
    no_data: {
      type: 'string',
      enum: NO_DATA_MODES,
      description:
        'What becomes of it when there are no rows to look at. keep: it stays as it was. ok: all is well. no_data: that is a state of its own. alert: that is critical. Without it: no_data.',
    },
    for: time('How long it must hold before it becomes worse. Without it: at once.'),
    renotify: time('How often it is told again while it lasts, until somebody acknowledges it. Without it: never.'),
    cooldown: time('How long the same worsening of the same group is not told again. Without it: 10m.'),
    severity: {
      type: 'string',
      enum: SEVERITIES,
      description: 'How grave it is when it is critical, for channels that tell it apart. Without it: critical.',
    },
    notify: {
      type: 'array',
      maxItems: 20,
      items: { type: 'string', minLength: 1, maxLength: 128 },
      description: 'Names of channels. Without it: those whose own `events` name it.',
    },
    paused: { type: 'boolean', description: 'true: it is not looked at, and tells nothing.' },
  },
} as const;
