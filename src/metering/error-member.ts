import type { JsonMembers } from '../bytes/json-members.ts';
import { asObject, codeOf } from './counters.ts';
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
    return { type: codeOf(error.type ?? error.status), code: codeOf(error.code ?? details?.error_code) };
  }
  if (typeof value === 'string' && value !== '') return { type: null, code: null };
  if (body.get('object') === 'error') return { type: codeOf(body.get('type')), code: codeOf(body.get('code')) };
  return null;
}
