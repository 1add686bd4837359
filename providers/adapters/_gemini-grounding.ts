import { asList, asObject, type Draft } from '../../src/adapter.ts';

/** Models before Gemini 3: `gemini-2.5-pro`, `gemini-1.5-flash`, `gemini-pro-1.5`. */
const BEFORE_3 = /\bgemini-(?:live-|pro-|flash-)?[12]\b/;

/**
 * Counts what Google charges for grounding with its search.
 *
 * From Gemini 3 on each query is charged that the model has run, once for the same words
 * and not at all for empty ones; before that a prompt is charged once, however often was
 * searched for it. No counter in the answer says either, so `groundingMetadata` is read.
 * The first searches of a day or month are free, which no answer tells: they are counted
 * like the others. Source: ai.google.dev/gemini-api/docs/google-search, "Pricing".
 */
export class Grounding {
  readonly #queries = new Set<string>();
  #isGrounded = false;

  read(metadata: unknown, draft: Draft): void {
    const grounding = asObject(metadata);
    if (grounding === null) return;
    for (const query of asList(grounding.webSearchQueries)) this.#add('web', query);
    for (const query of asList(grounding.imageSearchQueries)) this.#add('image', query);
    for (const chunk of asList(grounding.groundingChunks).map(asObject)) {
      if (asObject(chunk?.web) !== null) this.#isGrounded = true;
      if (asObject(chunk?.maps) !== null) draft.note('grounding with Google Maps is charged, and not counted');
    }
    if (asList(grounding.retrievalQueries).length > 0) {
      draft.note('grounding with Vertex AI Search is charged, and not counted');
    }
  }

  /** Charged searches; 0 when there was none. */
  requests(model: string | null): number {
    return isChargedByPrompt(model) ? Number(this.#isGrounded) : this.#queries.size;
  }

  #add(kind: string, query: unknown): void {
    if (typeof query !== 'string' || query.trim() === '') return;
    this.#isGrounded = true;
    this.#queries.add(`${kind} ${query}`);
  }
}

/** Whether a prompt is charged once, however often was searched for it. */
export function isChargedByPrompt(model: string | null): boolean {
  return model !== null && BEFORE_3.test(model);
}
