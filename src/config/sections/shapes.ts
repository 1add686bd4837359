/** Small schemas that several sections share. */

export const timeSpan = { type: ['string', 'number'], format: 'time-span' } as const;
export const size = { type: ['string', 'number'], format: 'size' } as const;
export const text = { type: 'string', minLength: 1, maxLength: 1024 } as const;

/** A name that may stand in a URL, a metric label and a log line. */
export const name = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  patternErrorMessage: 'may hold letters, digits and . _ - only, 64 at most',
} as const;

/** One glob or a list of them; `*` stands for any run of characters and nothing else is special. */
export const globs = {
  type: ['string', 'array'],
  minLength: 1,
  maxLength: 512,
  minItems: 1,
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 512 },
} as const;

export const tags = {
  type: 'object',
  maxProperties: 32,
  additionalProperties: { type: 'string', minLength: 1, maxLength: 256 },
} as const;
