/** Whether a request asks the model to make the conversation short: it has all of the history once more, and has to. */
import type { Exchange } from '../../src/plugin.ts';

/** What known clients write then: Claude Code and its like; Codex; OpenCode; Pi and OpenClaw; Gemini CLI. */
const ASKED =
  /create a detailed summary of (?:the|our|this) conversation|context checkpoint compaction|detailed prompt for continuing our conversation|create a structured context checkpoint summary|generate the <state_snapshot>/i;
/** Beyond this a body is not parsed to find out, bytes. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Characters of a message that are looked at, at its beginning and at its end. */
const LOOKED_AT = 20_000;

/** Looks at the last message only, and only where it is a user's own text: a tool may have read such words somewhere. Parses the body. */
export function asksForSummary({ request }: Exchange): boolean {
  if (request.path.endsWith('/responses/compact')) return true;
  if (request.bodyBytes > MOST_BYTES) return false;
  const { messages, input, contents } = request.json() ?? {};
  const list = [messages, input, contents].find(Array.isArray) as unknown[] | undefined;
  const texts = list === undefined ? [input] : textsOf(list.at(-1));
  return texts.some(
    (text) => typeof text === 'string' && (ASKED.test(text.slice(0, LOOKED_AT)) || ASKED.test(text.slice(-LOOKED_AT))),
  );
}

function textsOf(message: unknown): unknown[] {
  if (!isObject(message) || (message.role !== undefined && message.role !== 'user')) return [];
  const { content, parts } = message;
  const blocks = [content, parts].find(Array.isArray) as unknown[] | undefined;
  return blocks === undefined ? [content] : blocks.flatMap((block) => (isObject(block) ? [block.text] : []));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
