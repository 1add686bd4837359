/** Messages and token counting, as Anthropic answers them. */
import type { Block, PromptCache } from './cache.ts';
import { type Answer, answerTo, type Fields, fields, limitOf, list, text, words } from './question.ts';
import { events, json, named, newId, problem, type Reply } from './reply.ts';
import { tokensOf } from './text.ts';

/** What the prompt holds beside its words: roles and borders. */
const TOKENS_PER_MESSAGE = 3;
const MOST_BREAKPOINTS = 4;

/** Answers POST /v1/messages. */
export function messages(body: Fields, cache: PromptCache): Reply {
  const limit = limitOf(body.max_tokens);
  if (limit === null) return problem('anthropic', 400, 'max_tokens: Field required');
  if (list(body.messages).length === 0) return problem('anthropic', 400, 'messages: Field required');
  const model = text(body.model);
  const blocks = read(body);
  if (blocks.filter(({ mark }) => mark !== null).length > MOST_BREAKPOINTS) {
    return problem('anthropic', 400, `A maximum of ${MOST_BREAKPOINTS} blocks with cache_control may be provided.`);
  }
  const prompt = promptOf(blocks);
  const last = fields(list(body.messages).at(-1));
  const answer = answerTo({
    model,
    prompt,
    asked: last.role === 'user' ? spoken(last.content) : '',
    tools: toolsOf(body),
    limit,
  });
  const cached = cache.marked(model, blocks);
  const written = cached.written5m + cached.written1h;
  const input = {
    input_tokens: Math.max(inputTokens(body, prompt) - cached.read - written, 1),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached.read,
  };
  const split = { ephemeral_5m_input_tokens: cached.written5m, ephemeral_1h_input_tokens: cached.written1h };
  const usage = (output_tokens: number) => ({
    ...input,
    cache_creation: split,
    output_tokens,
    service_tier: 'standard',
  });
  const head = { id: newId('msg_'), type: 'message', role: 'assistant', model };
  if (body.stream !== true) {
    return json({ ...head, content: [blockOf(answer)], ...stopOf(answer), usage: usage(answer.pieces.length) });
  }
  const begun = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: usage(1) };
  return events(eventsOf(begun, answer, { ...input, output_tokens: answer.pieces.length }));
}

/** Answers POST /v1/messages/count_tokens. */
export function countTokens(body: Fields): Reply {
  if (list(body.messages).length === 0) return problem('anthropic', 400, 'messages: Field required');
  return json({ input_tokens: inputTokens(body, promptOf(read(body))) });
}

const inputTokens = (body: Fields, prompt: string): number =>
  tokensOf(prompt.length) + TOKENS_PER_MESSAGE * list(body.messages).length;

const toolsOf = (body: Fields) =>
  list(body.tools).map((tool) => ({ name: text(fields(tool).name), schema: fields(tool).input_schema }));

/** Returns what a person said, without the results of tools, which stand in the same place. */
const spoken = (content: unknown): string =>
  typeof content === 'string' ? content : words(list(content).filter((block) => fields(block).type === 'text'));

const promptOf = (blocks: readonly Block[]): string => blocks.map((block) => block.text).join('');

/** Reads the prompt in the order in which it is cached, with the places where the client asked for it. */
function read(body: Fields): Block[] {
  const blocks: Block[] = [];
  const take = (said: string, block: unknown): void =>
    void blocks.push({ text: `${said}\n`, mark: markOf(fields(block).cache_control) });
  for (const tool of list(body.tools)) {
    const { cache_control: _, ...rest } = fields(tool);
    take(JSON.stringify(rest), tool);
  }
  for (const block of blocksOf(body.system)) take(text(fields(block).text), block);
  for (const message of list(body.messages).map(fields)) {
    for (const block of blocksOf(message.content)) take(`${text(message.role)}: ${blockWords(fields(block))}`, block);
  }
  // Asked for the request as a whole, it holds for the last block.
  const last = blocks.pop();
  if (last) blocks.push({ ...last, mark: last.mark ?? markOf(body.cache_control) });
  return blocks;
}

function markOf(cacheControl: unknown): Block['mark'] {
  const { type, ttl } = fields(cacheControl);
  if (type !== 'ephemeral') return null;
  return ttl === '1h' ? '1h' : '5m';
}

const blocksOf = (content: unknown): unknown[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : list(content);
const blockWords = (block: Fields): string =>
  text(block.text) || words(block.content) || (block.input === undefined ? '' : JSON.stringify(block.input));

function blockOf({ pieces, tool }: Answer): Fields {
  if (tool === null) return { type: 'text', text: pieces.join('') };
  return { type: 'tool_use', id: newId('toolu_'), name: tool, input: whole(pieces.join('')) };
}

/** Reads the arguments of a tool; those that the limit cut come as an empty object. */
function whole(argumentsText: string): unknown {
  try {
    return JSON.parse(argumentsText);
  } catch {
    return {};
  }
}

const stopOf = ({ tool, cut }: Answer): Fields => ({
  stop_reason: cut ? 'max_tokens' : tool === null ? 'end_turn' : 'tool_use',
  stop_sequence: null,
});

function eventsOf(message: Fields, answer: Answer, usage: Fields): string[] {
  const { pieces, tool } = answer;
  const block =
    tool === null ? { type: 'text', text: '' } : { type: 'tool_use', id: newId('toolu_'), name: tool, input: {} };
  const delta = (piece: string): Fields =>
    tool === null ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece };
  return [
    named('message_start', { message }),
    named('content_block_start', { index: 0, content_block: block }),
    named('ping', {}),
    ...pieces.map((piece) => named('content_block_delta', { index: 0, delta: delta(piece) })),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: stopOf(answer), usage }),
    named('message_stop', {}),
  ];
}
