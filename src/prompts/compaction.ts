/**
 * What known clients begin a message with when they have put a summary in the place of their history:
 *
 * - Claude Code: `This session is being continued from a previous conversation that ran out of context. ...`
 * - Codex CLI: `SUMMARY_PREFIX` in core/templates/compact/summary_prefix.md
 * - Pi, and OpenClaw, which is built on it: `COMPACTION_SUMMARY_PREFIX`
 * - Cline: `contextTruncationNotice` in core/prompts/responses.ts, before the model's first answer
 * - Aider: `summary_prefix` in prompts.py
 * - Goose: `CONVERSATION_CONTINUATION_TEXT` in context_mgmt, as the model's words
 * - Gemini CLI and Qwen Code: their summary is a `<state_snapshot>`
 * - OpenCode, and LangChain's deep agents: the question before the summary, and nothing else
 */
const OPENINGS: readonly Buffer[] = [
  'This session is being continued from a previous conversation',
  'Another language model started to solve this problem and produced a summary',
  'The conversation history before this point was compacted into the following summary',
  '[NOTE] Some previous conversation history with the user has been removed',
  'I spoke to you previously about a number of things.',
  'The previous message contains a summary that was prepared because a context limit was reached',
  '<state_snapshot>',
  // As Go's encoder writes it.
  '\\u003cstate_snapshot\\u003e',
].map((text) => Buffer.from(text));

/** All of a first message. */
const QUESTION = Buffer.from('What did we do so far?');

const FIRST_BYTES: ReadonlySet<number> = new Set(OPENINGS.map((opening) => opening[0]!));

/** Whether a text, as it stands between its quotes, says that the history before it was shortened. */
export function saysCompacted(bytes: Buffer, start: number, end: number, isFirst: boolean): boolean {
  if (isFirst && end - start === QUESTION.length && bytes.compare(QUESTION, 0, QUESTION.length, start, end) === 0)
    return true;
  if (!FIRST_BYTES.has(bytes[start]!)) return false;
  return OPENINGS.some(
    ({ length }, n) => end - start >= length && bytes.compare(OPENINGS[n]!, 0, length, start, start + length) === 0,
  );
}
