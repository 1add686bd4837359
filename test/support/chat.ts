/** A client that holds a conversation, as SDKs do: all that was said goes with each request. */
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, open, send } from './client.ts';
import type { TestGateway } from './gateway.ts';
import { json, type Script } from './script.ts';
import type { Received } from './upstream.ts';

interface Message {
  role: string;
  content: string;
}

export interface Turn {
  answer: Answer;
  session: string | null;
  relation: string | null;
  record: ExchangeRecord;
}

/** What a provider does for chats: it says what the client wants it to say. Its headers come with the request's. */
export function obedient({ headers }: Received): Script {
  if (headers['x-status'] !== undefined) return json({ error: {} }, { status: Number(headers['x-status']) });
  const content = String(headers['x-say']);
  const usage = { prompt_tokens: 100, completion_tokens: Math.ceil(content.length / 4) };
  const answer = json({
    id: 'c',
    choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  });
  return headers['x-wait'] === undefined ? answer : { ...answer, delay: 'release' };
}

export class Chat {
  messages: Message[];
  readonly #running: TestGateway;
  readonly #headers: Record<string, string>;

  constructor(running: TestGateway, headers: Record<string, string> = {}, messages: Message[] = []) {
    this.#running = running;
    this.#headers = headers;
    this.messages = messages;
  }

  /** The user says something, and the model what is wanted; the rest are headers. What failed is taken back. */
  async say(content: string, said: Record<string, string> = {}): Promise<Turn> {
    const { answer = `Answer to ${content}`, ...headers } = said;
    this.messages.push({ role: 'user', content });
    const turn = await this.ask({ 'x-say': answer, ...headers });
    if (turn.answer.status === 200) this.messages.push({ role: 'assistant', content: answer });
    else this.messages.pop();
    return turn;
  }

  /** Sends all that was said. */
  async ask({ model = 'gpt-4o-mini', ...headers }: Record<string, string> = {}): Promise<Turn> {
    return this.turnOf(await send(this.#sending(model, headers)));
  }

  /** Sends it, and goes away after some time. */
  leave(milliseconds: number, headers: Record<string, string> = {}): Promise<Answer> {
    return open({ ...this.#sending('gpt-4o-mini', headers), abortAfterMs: milliseconds }).done;
  }

  async turnOf(answer: Answer): Promise<Turn> {
    const record = await this.#running.row(String(answer.headers['x-token-spy-id']));
    return { answer, record, session: record.session?.id ?? null, relation: record.turn?.relation ?? null };
  }

  #sending(model: string, headers: Record<string, string>) {
    const all = { 'content-type': 'application/json', 'x-say': 'Yes.', ...this.#headers, ...headers };
    return { url: `${this.#running.url}/v1/chat/completions`, headers: all, body: { model, messages: this.messages } };
  }
}
