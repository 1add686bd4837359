import { type AnswerReader, asList, asObject, count, type Draft, type JsonMembers } from '../../src/adapter.ts';

/**
 * Reads `predict`: the embeddings of Vertex count the tokens of each text, images and
 * videos count nothing, so that what they cost is unknown.
 */
export class PredictReader implements AnswerReader {
  readonly members = ['predictions'];
  #tokens: number | undefined;

  /** It does not stream. */
  event(): void {}

  body(body: JsonMembers, draft: Draft): void {
    const predictions = body.get('predictions');
    if (predictions === undefined && body.size('predictions') > 0)
      draft.note('the predictions are too large to be read');
    for (const prediction of asList(predictions)) {
      draft.started = true;
      const statistics = asObject(asObject(asObject(prediction)?.embeddings)?.statistics);
      const tokens = count(statistics, 'token_count', draft.note);
      if (tokens !== undefined) this.#tokens = (this.#tokens ?? 0) + tokens;
    }
    draft.usageIsFinal = true;
  }

  finish(draft: Draft): void {
    if (this.#tokens === undefined) return;
    draft.usage = { input_tokens: this.#tokens, output_tokens: 0 };
  }
}
