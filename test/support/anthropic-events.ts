/** Builders of Messages answers, for tests of what reads them. */

export const STREAM = { api: 'anthropic.messages' };
export const JSON_ANSWER = { api: 'anthropic.messages', contentType: 'application/json', streamAsked: false };

export const start = (usage: unknown, more: object = {}) => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-a',
    content: [],
    stop_reason: null,
    usage,
    ...more,
  },
});
export const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
export const text = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Größe' } };
export const delta = (usage: unknown, reason: string | null = 'end_turn') => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null },
  usage,
});
export const stop = { type: 'message_stop' };
export const json = (usage: unknown, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      id: 'msg_1',
      type: 'message',
      model: 'claude-a',
      content: [{ type: 'text', text: 'Größe' }],
      stop_reason: 'end_turn',
      usage,
      ...more,
    }),
  );
