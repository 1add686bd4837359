import { type AnswerHead, asObject, count, type JsonObject, type Note } from '../../src/adapter.ts';

/**
 * What llama.cpp measures of every answer, in the shape of usage: it tells usage itself
 * only where that is asked for.
 *
 * `prompt_n` counts only the tokens that were evaluated anew; without `cache_n`, of older
 * builds, nobody knows how long the prompt was.
 */
export function timingsUsage(timings: unknown, note: Note): JsonObject | null {
  const measured = asObject(timings);
  if (measured === null) return null;
  const evaluated = count(measured, 'prompt_n', note);
  const cached = count(measured, 'cache_n', note);
  return {
    prompt_tokens: evaluated === undefined || cached === undefined ? null : evaluated + cached,
    prompt_tokens_details: { cached_tokens: cached ?? null },
    completion_tokens: count(measured, 'predicted_n', note) ?? null,
  };
}

/**
 * What Fireworks counts beside usage, in the shape of usage: in headers, or in the
 * `perf_metrics` of a stream, whose values are texts.
 */
export function fireworksUsage(head: AnswerHead | null, metrics: unknown): JsonObject | null {
  const told = asObject(metrics);
  const prompt = whole(told?.['prompt-tokens'] ?? head?.header('fireworks-prompt-tokens'));
  const cached = whole(told?.['cached-prompt-tokens'] ?? head?.header('fireworks-cached-prompt-tokens'));
  if (prompt === null && cached === null) return null;
  return { prompt_tokens: prompt, prompt_tokens_details: { cached_tokens: cached } };
}

function whole(value: unknown): number | null {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
