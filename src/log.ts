import { pino } from 'pino';

import { openDestination } from './log-destination.ts';
import type { Scrubber } from './scrub.ts';

/** Characters of one value; a log line stays below 16 KiB. */
const MAX_VALUE = 2048;
const MAX_LINE_VALUES = 14 * 1024;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Writes one JSON object a line, without secrets, without control characters, without making anybody wait. */
export interface GatewayLog {
  debug(message: string, facts?: Record<string, unknown>): void;
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
  /** The same log with facts that stand in every line. */
  child(facts: Record<string, unknown>): GatewayLog;
  setLevel(level: LogLevel): void;
  /** Lines that nobody read in time. */
  readonly dropped: number;
  /** Writes what is left, before the process ends; waits half a second for a reader, not longer. */
  flush(): Promise<void>;
}

/** Opens the log on standard output, or on another file descriptor. */
export function openLog(scrubber: Scrubber, level: LogLevel = 'info', fd = 1): GatewayLog {
  const destination = openDestination(fd);
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );

  const wrap = (bound: Record<string, unknown>): GatewayLog => {
    const write =
      (kind: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, facts: Record<string, unknown> = {}) => {
        if (root.isLevelEnabled(kind)) root[kind](clean({ ...bound, ...facts }, scrubber), scrubber.text(cut(message)));
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (facts) => wrap({ ...bound, ...facts }),
      setLevel: (next) => {
        root.level = next;
      },
      get dropped() {
        return destination.dropped;
      },
      flush: () => destination.flush(),
    };
  };
  return wrap({});
}

function clean(facts: Record<string, unknown>, scrubber: Scrubber): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  let left = MAX_LINE_VALUES;
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) {
      out[name] = value;
      continue;
    }
    const text = scrubber.text(cut(typeof value === 'string' ? value : describe(value)));
    left -= text.length;
    out[name] = left > 0 ? text : '(left out)';
  }
  return out;
}

/** The author's own frames of an error; other objects as JSON. */
function describe(value: unknown): string {
  if (value instanceof Error)
    return (value.stack ?? value.message)
      .split('\n')
      .filter((line) => !line.includes('node:internal'))
      .join('\n');
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

const cut = (text: string): string => (text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text);
