/** A history held against its limit. */
import { thousands } from './view-growth.ts';

/** Shares of the limit from which on a bar is amber, then red; the predecessor's. */
const AMBER = 0.6;
const RED = 0.8;
const WIDTH = 1000;
/** Characters of a token, roughly. */
const CHARS_A_TOKEN = 4;

export interface HistoryBar {
  /** `120K`. */
  readonly chars: string;
  readonly limit: string;
  /** `60%`. */
  readonly share: string;
  readonly tone: 'good' | 'warn' | 'bad';
  /** Of 1000. */
  readonly width: number;
  /** Roughly. */
  readonly tokens: string;
}

/** Null where nobody knows how long the history is. */
export function historyBar(chars: number | null, limit: number): HistoryBar | null {
  if (chars === null) return null;
  const share = chars / limit;
  return {
    chars: thousands(chars),
    limit: thousands(limit),
    share: `${Math.round(share * 100)}%`,
    tone: share > RED ? 'bad' : share > AMBER ? 'warn' : 'good',
    width: Math.round(Math.min(1, share) * WIDTH),
    tokens: thousands(Math.round(chars / CHARS_A_TOKEN)),
  };
}
