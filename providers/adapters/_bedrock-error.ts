import type { EventFrame, Problem, Reading } from '../../src/adapter.ts';

/** Error types by status, as the Bedrock SDKs know them. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'AccessDeniedException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
};

/** AWS has no status for want of money; its SDKs try again after 429, whatever the type. */
const OWN_TYPES: Readonly<Record<string, string>> = { budget_exceeded: 'ServiceQuotaExceededException' };

/**
 * An error in AWS's words. The SDKs take `__type` for its class, so there is no `code`
 * beside it: they would take that first. Ours stands in the header x-token-spy-error.
 */
export function bedrockError({ status, code, message, requestId, details }: Problem): string {
  const type = OWN_TYPES[code] ?? TYPES[status] ?? (status >= 500 ? 'InternalServerException' : 'ValidationException');
  return JSON.stringify({ message, __type: type, requestId, details });
}

/** The error that a message of a stream is, or null for an ordinary event. */
export function frameError({ kind, name }: EventFrame): Reading['error'] {
  return kind === 'event' ? null : { type: name || null, code: null };
}
