import type { JsonMembers } from '../bytes/json-members.ts';
import { asList, asObject, codeOf, type JsonObject } from './counters.ts';
import type { Reading } from './usage.ts';

/**
 * Reads type and code of an error body, never its message: messages quote prompts.
 *
 * Understands `{"error":{type,code}}` (OpenAI, Anthropic, Gemini), `{"error":"..."}`
 * (Ollama) and `{"object":"error",type,code}` (old vLLM); null when it is none of them.
 */
export function readError(body: JsonMembers): Reading['error'] {
  const value = body.get('error');
  const error = asObject(value);
  if (error !== null) {
    const details = asObject(error.details);
    // Gemini's status is a word; Azure's is the number that the answer has already.
    const status = typeof error.status === 'string' ? error.status : null;
    const read = { type: codeOf(error.type ?? status), code: codeOf(error.code ?? details?.error_code) };
    const retryAfterS = retryDelay(error);
    return retryAfterS === null ? read : { ...read, retryAfterS };
  }
  if (typeof value === 'string' && value !== '') return { type: null, code: null };
  if (body.get('object') === 'error') return { type: codeOf(body.get('type')), code: codeOf(body.get('code')) };
  return null;
}

/**
 * Reads the type of an AWS error, `ThrottlingException`, from the header that names it
 * (`x-amzn-errortype: ThrottlingException:http://...`): the body has a message only.
 */
export function readErrorHeader(errorType: string | undefined): Reading['error'] {
  const type = codeOf(errorType?.replace(/:.*/s, '').replace(/.*#/s, ''));
  return type === null ? null : { type, code: null };
}

/** Seconds of Google's `{"@type":".../google.rpc.RetryInfo","retryDelay":"21.5s"}`: its answers have no `retry-after`. */
function retryDelay(error: JsonObject): number | null {
  for (const each of asList(error.details)) {
    const delay = asObject(each)?.retryDelay;
    const [, seconds] = typeof delay === 'string' ? (/^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(delay) ?? []) : [];
    if (seconds !== undefined) return Number(seconds);
  }
  return null;
}
