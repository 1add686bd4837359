import { membersOf } from '../bytes/json-members.ts';
import { asList, asObject, type JsonObject } from '../metering/counters.ts';
import { readError } from '../metering/error-member.ts';

/** What is read of an error's body, bytes. */
export const MOST_BODY = 16 * 1024;

/** Characters of one text that are looked at: vendors say what is wrong first, and quote the request behind it. */
const LONGEST_TEXT = 2048;

/** Quota ids of Google's `QuotaFailure` and the like that are looked at. */
const MOST_DETAILS = 20;

/** The words of an error, for the decision what to do about it. They may quote a prompt: they are kept nowhere and shown to nobody. */
export interface ErrorWords {
  /** Types and codes, lower case, blanks between; '' where there are none. */
  readonly codes: string;
  /** Where the body tells it: Gemini's and OpenRouter's `code`. */
  readonly status: number | null;
  /** Messages, lower case; '' where there are none. */
  readonly text: string;
  /** Limits of Google that are exceeded: `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  readonly quotas: readonly string[];
  /** Seconds of Google's `RetryInfo`. */
  readonly retryAfterS: number | null;
  /** A page for browsers: it is of something between, not of the provider's API. */
  readonly isPage: boolean;
}

export const NO_WORDS: ErrorWords = Object.freeze({
  codes: '',
  status: null,
  text: '',
  quotas: [],
  retryAfterS: null,
  isPage: false,
});

/**
 * Reads an error's body in whatever shape a vendor gives it: `{"error":{...}}`, `{"error":"..."}`,
 * `{"message":...}`, `{"detail":...}`, Gemini's list of one. Anything else, and what is cut off,
 * is taken as text. Never throws.
 */
export function readWords(body: Buffer | null): ErrorWords {
  if (body === null || body.length === 0) return NO_WORDS;
  const cut = body.subarray(0, MOST_BODY);
  const text = cut.toString('utf8').trimStart();
  if (text.startsWith('<')) return { ...NO_WORDS, isPage: true };
  const object = parsed(text);
  if (object === null) {
    const all = text.slice(0, LONGEST_TEXT).toLowerCase();
    return { ...NO_WORDS, codes: all, text: all };
  }
  const read = readError(membersOf(text.startsWith('[') ? Buffer.from(JSON.stringify(object)) : cut));
  const error = asObject(object.error) ?? asObject(object.detail) ?? object;
  return {
    codes: words([
      read?.type,
      read?.code,
      ...codesOf(object),
      ...codesOf(error),
      ...codesOf(asObject(error.innererror)),
    ]),
    status: [error.code, object.code, error.status].find(isStatus) ?? null,
    text: words([...textsOf(object), ...textsOf(error), rawOf(error)]),
    quotas: quotasOf(error),
    retryAfterS: read?.retryAfterS ?? null,
    isPage: false,
  };
}

function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return asObject(Array.isArray(value) ? value[0] : value);
  } catch {
    return null;
  }
}

const codesOf = (object: JsonObject | null): unknown[] =>
  object === null
    ? []
    : [object.type, object.code, object.status, object.error_type, asObject(object.details)?.error_code];

const textsOf = (object: JsonObject): unknown[] => [object.message, object.error, object.detail];

/** What a reseller was told by whom it resells (OpenRouter's `metadata.raw`). */
const rawOf = (error: JsonObject): unknown => asObject(error.metadata)?.raw;

const isStatus = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599;

function words(values: readonly unknown[]): string {
  const texts = values.filter((value) => typeof value === 'string').map((value) => value.slice(0, LONGEST_TEXT));
  return [...new Set(texts)]
    .join(' ')
    .slice(0, 2 * LONGEST_TEXT)
    .toLowerCase();
}

/** The limits that Google says are exceeded, and the reasons it gives. */
function quotasOf(error: JsonObject): string[] {
  const names: string[] = [];
  for (const each of asList(error.details).slice(0, MOST_DETAILS)) {
    const detail = asObject(each);
    if (typeof detail?.reason === 'string') names.push(detail.reason);
    for (const one of asList(detail?.violations).slice(0, MOST_DETAILS)) {
      const violation = asObject(one);
      if (typeof violation?.quotaId === 'string') names.push(violation.quotaId);
    }
  }
  return names;
}
