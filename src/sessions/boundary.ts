/** Below this many characters a history is too short for its shrinking to mean anything. */
const LEAST_CHARS = 1000;

/**
 * The predecessor's history rule: whether a request begins a new session, told by the length of its history alone.
 * It does when the one before had more than 1000 characters and it has less than half of them, both strictly.
 *
 * @param previousChars characters of the history before it, as JSON text; null: unknown, and it begins none
 */
export const beginsSession = (previousChars: number | null, currentChars: number | null): boolean =>
  previousChars !== null && currentChars !== null && previousChars > LEAST_CHARS && currentChars < previousChars / 2;
