/** A gateway with budgets, a provider with known prices, and what both say of it. */
import { idOf } from '../../plugins/budgets/spec.ts';
import { type Answer, send } from './client.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { json, type Script, sse, stream } from './script.ts';
import { until } from './until.ts';
import { type Received, startUpstream, type Upstream } from './upstream.ts';

/** Dollars per million tokens. */
export const PRICES = `pricing:
  models:
    openai/gpt-4o: { input: 2.5, output: 10 }
    openai/gpt-4o-mini: { input: 0.15, output: 0.6 }
    anthropic/claude-test: { input: 3, output: 15 }
`;
/** A call with nine tokens of input and a thousand of output, and what it may come to at most. */
export const HELLO = { model: 'gpt-4o', max_tokens: 1000, messages: [{ role: 'user', content: 'Hello!' }] };
export const INPUT = 9;
export const EACH = 0.0100225;
/** As many of them, as a text of dollars. */
export const times = (calls: number): string => String(Math.round(EACH * 1e7 * calls) / 1e7);
const PIPELINE = 'history, identity, prediction';

export interface BudgetStage {
  running: TestGateway;
  upstream: Upstream;
  /** Sends a chat completion of an agent; `output` is its max_tokens. */
  ask(agent: string, more?: Ask): Promise<Answer>;
  /** How accounts of a budget stand, by the values of their subject. */
  accounts(name: string): Promise<Record<string, Account>>;
  /** Waits until nothing is held in any account of a budget. */
  quiet(name: string): Promise<void>;
  /** Replaces the budgets, and waits until they are in force. */
  reload(budgets: string, options?: string): Promise<void>;
  /** How many requests reached the provider since the last time this was asked. */
  reached(): number;
  warnings(): Record<string, unknown>[];
  close(): Promise<void>;
}

export interface Ask {
  body?: object;
  path?: string;
  headers?: Record<string, string>;
}

export interface Account {
  spent: string;
  held: string;
  remaining: string;
  limit: string;
}

interface Answered {
  model?: string;
  output?: number;
  stream?: boolean;
}

/** What a provider answers; unless told, it uses all that was held. */
export function answer({ model = 'gpt-4o', output = 1000, stream: isStream = false }: Answered = {}): Script {
  const usage = { prompt_tokens: INPUT, completion_tokens: output, total_tokens: INPUT + output };
  const head = { id: 'c', model };
  if (isStream) {
    const delta = { ...head, choices: [{ index: 0, delta: { content: 'hi' } }] };
    return stream(sse([delta, { ...head, choices: [], usage }, '[DONE]']));
  }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }];
  return json({ ...head, object: 'chat.completion', choices, usage });
}

/** The same, as headers of the request ask for it: its body is not here yet. */
export const answerTo = ({ headers }: Received): Script =>
  answer({
    model: String(headers['x-model'] ?? 'gpt-4o'),
    output: Number(headers['x-output'] ?? 1000),
    stream: headers['x-stream'] !== undefined,
  });

/** These headers for a body. */
export function wishesOf(body: { model?: unknown; max_tokens?: unknown; stream?: unknown }): Record<string, string> {
  const { model, max_tokens: output, stream: isStream } = body;
  return {
    ...(typeof model === 'string' && { 'x-model': model }),
    ...(typeof output === 'number' && { 'x-output': String(output) }),
    ...(isStream === true && { 'x-stream': '1' }),
  };
}

/** @param options of the plugin's entry, such as `status: 429` */
export async function startBudgets(budgets: string, options = '', more = ''): Promise<BudgetStage> {
  const upstream = await startUpstream();
  upstream.always(answerTo);
  const yaml = (list: string, entry: string): string => `${PRICES}${more}
providers: { openai: { base_url: "${upstream.url}" }, anthropic: { base_url: "${upstream.url}" }, mine: { base_url: "${upstream.url}", adapter: [openai_chat], free: true } }
budgets:
${list.trim().replace(/^ */gm, '  ')}
plugins: [${PIPELINE}, { plugin: budgets${entry && `, ${entry}`} }, include-usage, usage]
`;
  const running = await startGateway(yaml(budgets, options));
  let seen = 0;
  const accounts = async (name: string): Promise<Record<string, Account>> => {
    const { text } = await send({ url: `${running.url}/api/v1/budgets/${idOf(name)}/accounts` });
    const { accounts: data } = JSON.parse(text) as { accounts: (Account & { subject: Record<string, string> })[] };
    return Object.fromEntries(data.map((account) => [Object.values(account.subject).join(' '), account]));
  };
  return {
    running,
    upstream,
    accounts,
    ask: (agent, { body = {}, path = '/v1/chat/completions', headers = {} } = {}) =>
      send({
        url: running.url + path,
        headers: { 'x-token-spy-agent': agent, ...wishesOf({ ...HELLO, ...body }), ...headers },
        body: { ...HELLO, ...body },
      }),
    quiet: (name) =>
      until(`nothing is held in ${name}`, async () =>
        Object.values(await accounts(name)).every(({ held }) => held === '0'),
      ),
    reload: async (list, entry = '') => {
      const { version } = running.gateway.current.blueprint;
      await running.save(yaml(list, entry));
      await until('the change is in force', () => running.gateway.current.blueprint.version !== version);
    },
    reached: () => {
      const news = upstream.received.length - seen;
      seen = upstream.received.length;
      return news;
    },
    warnings: () => running.lines.filter(({ level, plugin }) => level === 'warn' && plugin === 'budgets'),
    close: async () => {
      await running.close();
      await upstream.close();
    },
  };
}
