import type { ExchangeRequest } from '../../src/plugin.ts';

/** Characters of a request's history as JSON text: of its messages, whatever their API calls them. Null where it has none. */
export function historyChars(request: ExchangeRequest): number | null {
  return (
    request.length('messages') ??
    request.length('input') ??
    request.length('prompt') ??
    (request.count('contents') === null ? null : request.length('contents'))
  );
}
