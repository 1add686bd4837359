/** How a session does that is known by its file alone; the predecessor's scale for it. */

export type Recommendation = 'healthy' | 'monitor' | 'compact_soon' | 'reset_recommended' | 'no_data';

/** An agent that has called tools so often is taken to go round in circles. */
const MANY_RESULTS = 480;

/** @param limit characters of history */
export function recommend(toolResults: number, chars: number, limit: number): Recommendation {
  if (toolResults >= MANY_RESULTS || chars > limit) return 'reset_recommended';
  if (chars > limit * 0.8) return 'compact_soon';
  return chars > limit * 0.6 ? 'monitor' : 'healthy';
}
