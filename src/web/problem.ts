/** A refusal by the pages or the API: a stable code beside words that may be shown. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** One text for a missing and a wrong key: the difference would help only who guesses. */
export const KEY_NEEDED = new Problem(
  401,
  'invalid_gateway_key',
  'A gateway key is needed: as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.',
  { 'www-authenticate': 'Bearer' },
);

export const TOO_MANY_FAILURES = new Problem(
  429,
  'too_many_failures',
  'Too many wrong keys came from here. Wait a minute and try again.',
  { 'retry-after': '60' },
);

/** A parameter that is unknown or out of bounds, named. */
export function badParameter(name: string, rule: string): Problem {
  return new Problem(400, 'invalid_parameter', `${name}: ${rule}`);
}
