import type { Notice } from '../shared/notice.ts';

/** A notice on its way to one channel. */
export interface Parcel {
  /** Of the notice at this channel, the same at each try: receivers know it again by this. Letters and digits only. */
  readonly id: string;
  readonly notice: Notice;
  /** When this try begins, epoch milliseconds. */
  readonly at: number;
  /** Where people open the dashboard; null: messages link nowhere. */
  readonly dashboard: string | null;
}

export const USER_AGENT = 'token-spy';

/** Headers of every POST. */
export const headersOf = ({ id }: Parcel): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': USER_AGENT,
  'idempotency-key': id,
});

/** A JSON object in an answer; null for anything else. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** A vendor's own short word for a fault, such as `invalid_payload`; '' for what is longer or looks otherwise. */
export const wordOf = (value: unknown): string =>
  typeof value === 'string' && /^[a-z][a-z _-]{1,59}$/i.test(value.trim()) ? value.trim() : '';
