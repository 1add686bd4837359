/** A provider with several keys whose state only the key that made it can read: Responses and Messages that reason. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { sse } from './script.ts';

export interface OriginWorld {
  url: string;
  /** Keys that got state of somebody else. */
  readonly foreign: string[];
  /** Keys in the order in which they were asked. */
  readonly asked: string[];
  readonly answers: Map<string, number>;
  failed: number;
  /** A key that does not answer any more. */
  down: string | null;
  close(): Promise<void>;
}

interface Asked {
  model: string;
  stream?: boolean;
  previous_response_id?: string;
  input?: { type?: string; encrypted_content?: string; content?: unknown }[];
  messages?: { role: string; content: string | { type: string; signature?: string }[] }[];
}

/** `share`: of 100 calls so many fail, by a hash of what they say, the same in each run. */
export async function startOrigins(share: number): Promise<OriginWorld> {
  /** Whose each sealed text is. */
  const makers = new Map<string, string>();
  const attempts = new Map<string, number>();
  const decide = (key: string, asked: Asked): Reply => {
    const said = JSON.stringify(asked.messages?.at(-1) ?? asked.input?.at(-1));
    const attempt = 1 + (attempts.get(said) ?? 0);
    attempts.set(said, attempt);
    const failure = key === world.down ? UNWELL[0]! : chance(said, attempt, share);
    if (failure !== null) {
      world.failed += 1;
      return failure;
    }
    if (statesOf(asked).some((state) => makers.get(state) !== key)) {
      world.foreign.push(key);
      return asked.messages ? BAD_SIGNATURE : BAD_CONTENT;
    }
    world.answers.set(key, 1 + (world.answers.get(key) ?? 0));
    const state = seal(key, said);
    makers.set(state, key);
    if (asked.messages) return message(asked, state);
    const id = `resp_${digest(`${key} ${said}`).slice(0, 32)}`;
    makers.set(id, key);
    return response(asked, id, state);
  };
  const server = createServer((req, res) => {
    const key = keyOf(req);
    world.asked.push(key);
    void text(req).then((body) => send(res, decide(key, JSON.parse(body) as Asked)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const world: OriginWorld = {
    url: `http://127.0.0.1:${port}`,
    foreign: [],
    asked: [],
    answers: new Map(),
    failed: 0,
    down: null,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return world;
}

/** A status with its body, or the connection is reset. */
type Reply = { status: number; body: string; headers?: Record<string, string> } | 'reset';

const digest = (words: string): string => createHash('sha256').update(words).digest('hex');
const seal = (key: string, words: string): string => Buffer.from(digest(`${key} ${words}`)).toString('base64');

const keyOf = ({ headers }: IncomingMessage): string =>
  String(headers['x-api-key'] ?? String(headers.authorization).replace(/^Bearer /, ''));

function send(res: ServerResponse, reply: Reply): void {
  if (reply === 'reset') {
    res.socket?.resetAndDestroy();
    return;
  }
  const type = reply.body.startsWith('{') ? 'application/json' : 'text/event-stream';
  res.writeHead(reply.status, { 'content-type': type, ...reply.headers }).end(reply.body);
}

const json = (value: object, status = 200, headers: Record<string, string> = {}): Reply => ({
  status,
  body: JSON.stringify(value),
  headers,
});

const error = (type: string, code: string | null, message: string) => ({ error: { message, type, param: null, code } });

const UNWELL: readonly Reply[] = [
  json(error('server_error', null, 'The server had an error.'), 500),
  json(error('server_error', 'overloaded', 'Overloaded.'), 503),
  json(error('rate_limit_error', 'rate_limit_exceeded', 'Slow down.'), 429, { 'retry-after-ms': '20' }),
  'reset',
];

function chance(said: string, attempt: number, share: number): Reply | null {
  const number = createHash('sha256').update(`${said} ${attempt}`).digest().readUInt32BE();
  return number % 100 < share ? UNWELL[(number >>> 8) % UNWELL.length]! : null;
}

const BAD_CONTENT = json(
  error(
    'invalid_request_error',
    'invalid_encrypted_content',
    'The encrypted content could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
  ),
  400,
);
const BAD_SIGNATURE = json(
  {
    type: 'error',
    error: {
      type: 'invalid_request_error',
      message: 'messages.1.content.0: Invalid `signature` in `thinking` block',
    },
  },
  400,
);

/** All that only its maker can read. */
function statesOf({ previous_response_id, input = [], messages = [] }: Asked): string[] {
  const sealed = input.flatMap(({ encrypted_content }) => (encrypted_content === undefined ? [] : [encrypted_content]));
  const signed = messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap(({ signature }) => (signature === undefined ? [] : [signature])),
  );
  return [...(previous_response_id === undefined ? [] : [previous_response_id]), ...sealed, ...signed];
}

function response({ model, stream: streams = false }: Asked, id: string, state: string): Reply {
  const output = [
    { type: 'reasoning', id: `rs_${id.slice(5)}`, summary: [], encrypted_content: state },
    {
      type: 'message',
      id: `msg_${id.slice(5)}`,
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: `Said ${id.slice(-6)}`, annotations: [] }],
    },
  ];
  const usage = { input_tokens: 20, output_tokens: 10, total_tokens: 30 };
  const whole = { id, object: 'response', status: 'completed', model, output, usage };
  if (!streams) return json(whole);
  const events = sse([
    ['response.created', { type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } }],
    ['response.output_item.done', { type: 'response.output_item.done', output_index: 0, item: output[0] }],
    ['response.output_text.delta', { type: 'response.output_text.delta', delta: 'Said' }],
    ['response.completed', { type: 'response.completed', response: whole }],
  ]);
  return { status: 200, body: events.join('') };
}

function message({ model }: Asked, signature: string): Reply {
  const content = [
    { type: 'thinking', thinking: 'Hm.', signature },
    { type: 'text', text: `Said ${signature.slice(0, 6)}` },
  ];
  const usage = { input_tokens: 20, output_tokens: 10 };
  return json({ id: 'msg_1', type: 'message', role: 'assistant', model, content, stop_reason: 'end_turn', usage });
}
