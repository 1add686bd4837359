/** The Responses API, as OpenAI answers it: events have names and numbers, and there is no [DONE]. */
import type { PromptCache } from './cache.ts';
import { type Answer, answerTo, type Fields, fields, limitOf, list, type Question, text, words } from './question.ts';
import { events, json, named, newId, problem, type Reply } from './reply.ts';
import { tokensOf } from './text.ts';

/** Answers POST /v1/responses. */
export function responses(body: Fields, cache: PromptCache): Reply {
  if (body.input === undefined) return problem('openai', 400, "Missing required parameter: 'input'.", 'input');
  const question = questionOf(body);
  const answer = answerTo(question);
  const input = tokensOf(question.prompt.length);
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cache.automatic(question.model, question.prompt) },
    output_tokens: answer.pieces.length,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + answer.pieces.length,
  };
  const begun = beginning(body, question);
  const item = itemOf(answer, newId(answer.tool === null ? 'msg_' : 'fc_'));
  const ended = {
    ...begun,
    status: answer.cut ? 'incomplete' : 'completed',
    completed_at: answer.cut ? null : Math.floor(Date.now() / 1000),
    incomplete_details: answer.cut ? { reason: 'max_output_tokens' } : null,
    output: [item],
    service_tier: 'default',
    usage,
  };
  return body.stream === true ? events(eventsOf(begun, ended, item, answer)) : json(ended);
}

function questionOf(body: Fields): Question {
  const items = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : list(body.input).map(fields);
  const last = fields(items.at(-1));
  const tools = list(body.tools).map(fields);
  const said = items.map(
    (item) => `${text(item.role)}: ${words(item.content) || JSON.stringify(item.output ?? item.arguments ?? '')}`,
  );
  return {
    model: text(body.model),
    prompt: [...tools.map((tool) => JSON.stringify(tool)), text(body.instructions), ...said].join('\n'),
    asked: last.role === 'user' ? words(last.content) : '',
    tools: tools.map((tool) => ({ name: text(tool.name), schema: tool.parameters })),
    limit: limitOf(body.max_output_tokens),
  };
}

function beginning(body: Fields, { model, limit }: Question): Fields {
  return {
    id: newId('resp_'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: limit,
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'auto',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: list(body.tools),
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: fields(body.metadata),
  };
}

function itemOf({ pieces, tool, cut }: Answer, id: string): Fields {
  const status = cut ? 'incomplete' : 'completed';
  if (tool !== null) {
    return { id, type: 'function_call', status, call_id: newId('call_'), name: tool, arguments: pieces.join('') };
  }
  return { id, type: 'message', status, role: 'assistant', content: [part(pieces.join(''))] };
}

const part = (said: string): Fields => ({ type: 'output_text', annotations: [], logprobs: [], text: said });

function eventsOf(begun: Fields, ended: Fields, item: Fields, answer: Answer): string[] {
  const steps: [type: string, data: Fields][] = [
    ['response.created', { response: begun }],
    ['response.in_progress', { response: begun }],
    ...(answer.tool === null ? messageSteps(item, answer.pieces) : callSteps(item, answer.pieces)),
    ['response.output_item.done', { output_index: 0, item }],
    [answer.cut ? 'response.incomplete' : 'response.completed', { response: ended }],
  ];
  return steps.map(([type, data], sequence_number) => named(type, { ...data, sequence_number }));
}

function messageSteps(item: Fields, pieces: string[]): [string, Fields][] {
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  const whole = pieces.join('');
  return [
    ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }],
    ['response.content_part.added', { ...at, part: part('') }],
    ...pieces.map((delta): [string, Fields] => ['response.output_text.delta', { ...at, delta, logprobs: [] }]),
    ['response.output_text.done', { ...at, text: whole, logprobs: [] }],
    ['response.content_part.done', { ...at, part: part(whole) }],
  ];
}

function callSteps(item: Fields, pieces: string[]): [string, Fields][] {
  const at = { item_id: item.id, output_index: 0 };
  return [
    ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } }],
    ...pieces.map((delta): [string, Fields] => ['response.function_call_arguments.delta', { ...at, delta }]),
    ['response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments }],
  ];
}
