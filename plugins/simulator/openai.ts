/** Chat Completions, legacy Completions, Embeddings and Models, as OpenAI answers them. */
import type { PromptCache } from './cache.ts';
import { type Answer, answerTo, type Fields, fields, limitOf, list, type Question, text, words } from './question.ts';
import { DONE, events, json, newId, problem, type Reply, unnamed } from './reply.ts';
import { dice, hash, tokensOf } from './text.ts';

const MOST_CHOICES = 8;
/** Legacy Completions stop after this many tokens unless told otherwise. */
const LEGACY_LIMIT = 16;
/** What a message costs beside its words. */
const TOKENS_PER_MESSAGE = 4;
const DIMENSIONS = 1536;
const MOST_DIMENSIONS = 3072;

/** Answers POST /v1/chat/completions. */
export function chat(body: Fields, cache: PromptCache): Reply {
  const messages = list(body.messages).map(fields);
  if (messages.length === 0) return problem('openai', 400, "Missing required parameter: 'messages'.", 'messages');
  const question = chatQuestion(body, messages);
  const answers = choicesOf(body.n).map((variant) => answerTo(question, variant));
  const read = tokensOf(question.prompt.length) + TOKENS_PER_MESSAGE * messages.length;
  const usage = usageOf(read, answers, cache.automatic(question.model, question.prompt));
  const head = { id: newId('chatcmpl-'), created: now(), model: question.model, system_fingerprint: 'fp_simulated' };
  if (body.stream === true) return events(chatEvents(head, answers, asksUsage(body) ? usage : null));
  const choices = answers.map((answer, index) => ({
    index,
    message: { role: 'assistant', ...chatMessage(answer), refusal: null, annotations: [] },
    logprobs: null,
    finish_reason: finishReason(answer),
  }));
  return json({ ...head, object: 'chat.completion', choices, usage, service_tier: 'default' });
}

function chatQuestion(body: Fields, messages: Fields[]): Question {
  const functions = list(body.tools).map((tool) => fields(fields(tool).function));
  const last = messages.at(-1);
  return {
    model: text(body.model),
    prompt: [...functions.map((tool) => JSON.stringify(tool)), ...messages.map(chatWords)].join('\n'),
    asked: last?.role === 'user' ? words(last.content) : '',
    tools: functions.map((tool) => ({ name: text(tool.name), schema: tool.parameters })),
    limit: limitOf(body.max_completion_tokens, body.max_tokens),
  };
}

const chatWords = (message: Fields): string =>
  `${text(message.role)}: ${words(message.content)}${message.tool_calls ? JSON.stringify(message.tool_calls) : ''}`;

function chatMessage({ pieces, tool }: Answer): Fields {
  if (tool === null) return { content: pieces.join('') };
  return {
    content: null,
    tool_calls: [{ id: newId('call_'), type: 'function', function: { name: tool, arguments: pieces.join('') } }],
  };
}

const finishReason = ({ tool, cut }: Answer): string => (cut ? 'length' : tool === null ? 'stop' : 'tool_calls');

/** Choices take turns, as they do upstream. With `usage`, every chunk but the last says `usage: null`. */
function chatEvents(head: Fields, answers: Answer[], usage: Fields | null): string[] {
  const extra = usage ? { usage: null } : {};
  const chunk = (index: number, delta: Fields, finish_reason: string | null = null) =>
    unnamed({
      ...head,
      object: 'chat.completion.chunk',
      service_tier: 'default',
      choices: [{ index, delta, logprobs: null, finish_reason }],
      ...extra,
    });
  const out = answers.map((answer, i) => chunk(i, { role: 'assistant', ...firstDelta(answer), refusal: null }));
  const longest = Math.max(...answers.map(({ pieces }) => pieces.length));
  for (let n = 0; n < longest; n += 1) {
    answers.forEach(({ pieces, tool }, i) => {
      if (n < pieces.length) out.push(chunk(i, nextDelta(pieces[n]!, tool)));
    });
  }
  answers.forEach((answer, i) => void out.push(chunk(i, {}, finishReason(answer))));
  if (usage)
    out.push(unnamed({ ...head, object: 'chat.completion.chunk', service_tier: 'default', choices: [], usage }));
  return [...out, DONE];
}

const firstDelta = ({ tool }: Answer): Fields =>
  tool === null
    ? { content: '' }
    : {
        content: null,
        tool_calls: [{ index: 0, id: newId('call_'), type: 'function', function: { name: tool, arguments: '' } }],
      };

const nextDelta = (piece: string, tool: string | null): Fields =>
  tool === null ? { content: piece } : { tool_calls: [{ index: 0, function: { arguments: piece } }] };

/** Answers POST /v1/completions. */
export function completions(body: Fields, cache: PromptCache): Reply {
  if (body.prompt === undefined) return problem('openai', 400, "Missing required parameter: 'prompt'.", 'prompt');
  const prompt = words(body.prompt);
  const model = text(body.model);
  const limit = limitOf(body.max_tokens) ?? LEGACY_LIMIT;
  const answers = choicesOf(body.n).map((n) => answerTo({ model, prompt, asked: '', tools: [], limit }, n));
  const usage = usageOf(tokensOf(prompt.length), answers, cache.automatic(model, prompt));
  const head = { id: newId('cmpl-'), object: 'text_completion', created: now(), model };
  const choice = (index: number, said: string, finish_reason: string | null) => ({
    index,
    text: said,
    logprobs: null,
    finish_reason,
  });
  if (body.stream !== true) {
    const choices = answers.map((answer, i) => choice(i, answer.pieces.join(''), finishReason(answer)));
    return json({ ...head, choices, usage });
  }
  const extra = asksUsage(body) ? { usage: null } : {};
  const out = answers.flatMap((answer, i) => [
    ...answer.pieces.map((piece) => unnamed({ ...head, choices: [choice(i, piece, null)], ...extra })),
    unnamed({ ...head, choices: [choice(i, '', finishReason(answer))], ...extra }),
  ]);
  if (asksUsage(body)) out.push(unnamed({ ...head, choices: [], usage }));
  return events([...out, DONE]);
}

const asksUsage = (body: Fields): boolean => fields(body.stream_options).include_usage === true;
const choicesOf = (n: unknown): number[] =>
  Array.from({ length: Math.min(limitOf(n) ?? 1, MOST_CHOICES) }, (_, variant) => variant);
const now = (): number => Math.floor(Date.now() / 1000);

function usageOf(prompt_tokens: number, answers: Answer[], cached_tokens: number): Fields {
  const completion_tokens = answers.reduce((sum, { pieces }) => sum + pieces.length, 0);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** Answers POST /v1/embeddings: the same vector of length 1 for the same text. */
export function embeddings(body: Fields): Reply {
  const input = typeof body.input === 'string' ? [body.input] : list(body.input);
  if (input.length === 0) return problem('openai', 400, "Missing required parameter: 'input'.", 'input');
  const inputs = typeof input[0] === 'number' ? [input] : input;
  const size = Math.min(limitOf(body.dimensions) ?? DIMENSIONS, MOST_DIMENSIONS);
  const data = inputs.map((one, index) => {
    const vector = vectorOf(typeof one === 'string' ? one : JSON.stringify(one), size);
    const embedding = body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding };
  });
  const tokens = inputs.reduce<number>(
    (sum, one) => sum + (Array.isArray(one) ? one.length : tokensOf(text(one).length)),
    0,
  );
  return json({
    object: 'list',
    data,
    model: text(body.model),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

function vectorOf(input: string, size: number): Float32Array {
  const roll = dice(hash(input));
  const vector = Float32Array.from({ length: size }, () => roll(2001) / 1000 - 1);
  const norm = Math.hypot(...vector) || 1;
  return vector.map((x) => x / norm);
}
