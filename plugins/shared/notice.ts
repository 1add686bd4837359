/** What people are told, whoever finds it out: alerts, budgets, pauses and the like, on its way to channels. */

export const SEVERITIES = ['info', 'warning', 'critical'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** Published as this event: `lent.publish(NOTICE, notice)`. */
export const NOTICE = 'notice';

/** Names, labels, sizes and dollars only: no text of prompts or answers, no key. */
export interface Notice {
  /** The same for the same happening, whoever tells it and how often: receivers know it again by this. */
  readonly id: string;
  /** What kind of happening, and which of it behind a dot: `alert.triggered`, `budget_exceeded`, `session_reset`. */
  readonly event: string;
  /** Of the end of something, that of its beginning: so both reach the same channels. */
  readonly severity: Severity;
  /** True: what was told with this `key` before is over. */
  readonly resolves: boolean;
  /** The incident: notices of its beginning and its end have the same. */
  readonly key: string;
  /** One line. */
  readonly title: string;
  /** A few sentences, plain text. */
  readonly text: string;
  /** When it happened, UTC ISO. */
  readonly at: string;
  /** Facts by name, JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Names of channels; none: those whose `events` name the event. */
  readonly notify: readonly string[];
  /** Whose it is, where it is one tenant's. */
  readonly tenant: string | null;
}

const NAMES = ['id', 'event', 'key', 'title', 'text', 'at'] as const;

/** A notice that was published, or kept; null: it is none. Events have any shape, as any plugin may publish. */
export function noticeOf(value: unknown): Notice | null {
  if (typeof value !== 'object' || value === null) return null;
  const { severity, resolves, data, notify, tenant, ...rest } = value as Record<string, unknown>;
  const isNotice =
    NAMES.every((name) => typeof rest[name] === 'string') &&
    SEVERITIES.some((known) => known === severity) &&
    typeof resolves === 'boolean' &&
    typeof data === 'object' &&
    data !== null &&
    Array.isArray(notify) &&
    notify.every((name) => typeof name === 'string') &&
    (tenant === null || typeof tenant === 'string');
  return isNotice ? (value as Notice) : null;
}

/** The kind of a happening, as channels list it under `events`: `alert` of `alert.triggered`. */
export const kindOf = (event: string): string => event.split('.', 1)[0]!;
