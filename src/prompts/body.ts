import type { CutPrompt, Message, Piece } from '../pipeline/prompt.ts';
import type { Hasher } from './hasher.ts';

/** Takes a body apart: for now its messages alone. */
export function cutBody(bytes: Buffer, isWhole: boolean, hasher: Hasher): CutPrompt | null {
  let body: { messages?: unknown };
  try {
    body = JSON.parse(bytes.toString('utf8')) as { messages?: unknown };
  } catch {
    return null;
  }
  const pieces: Piece[] = [];
  const messages: Message[] = [];
  const list = Array.isArray(body.messages) ? (body.messages as { role?: unknown; content?: unknown }[]) : [];
  const last = list.findLastIndex((one) => one.role === 'assistant');
  list.forEach(({ role, content }, message) => {
    const text = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content ?? ''));
    const hash = hasher.of(text, 0, text.length);
    const name = role === 'assistant' ? 'assistant' : role === 'tool' ? 'tool_results' : 'user';
    pieces.push({
      kind: message > last ? 'new' : 'history',
      name,
      hash,
      chars: text.length,
      weight: text.length / 4,
      message,
      mark: null,
    });
    messages.push({ role: role === 'assistant' || role === 'tool' ? role : 'user', hash });
  });
  if (pieces.length === 0) return null;
  return {
    pieces,
    messages,
    systemHash: null,
    toolsHash: null,
    calls: [],
    toolResults: 0,
    images: 0,
    tools: [],
    isCompacted: false,
    isWhole,
  };
}
