import { expect } from 'chai';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { PrefixCache, words } from '../support/prefix-cache.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const MINUTE = 60_000;
const MODEL = 'claude-sonnet-4-5';
/** US dollars a token: input, written for 5 minutes and for an hour, read. */
const PRICE = { input: 3e-6, write: 3.75e-6, hour: 6e-6, read: 0.3e-6 };

type Kept = '5m' | '1h';
const mark = (ttl: Kept) => ({ cache_control: { type: 'ephemeral', ...(ttl === '1h' && { ttl }) } });

interface Talk {
  agents?: string;
  soul?: string;
  tools?: number;
  model?: string;
  /** What was said so far, the newest last. */
  said: string[];
  /** How long the system, and how long the messages are to be kept; null: no mark. */
  system?: Kept | null;
  messages?: Kept | null;
}

/** A request to the Messages API: tools, then a system with workspace files, then the messages. */
function question({ agents = 'A', soul = 'S', tools = 2, model = MODEL, said, system = '5m', messages = '5m' }: Talk) {
  const last = said.length - 1;
  return {
    model,
    max_tokens: 100,
    tools: Array.from({ length: tools }, (_, at) => ({
      name: `tool-${at}`,
      description: words(900, `t${at}`),
      input_schema: { type: 'object' },
    })),
    system: [
      { type: 'text', text: `You are a coder.\n${words(500, 'base')}\n# Project Context\n` },
      {
        type: 'text',
        text: `## AGENTS.md\n${words(3000, agents)}\n## SOUL.md\n${words(2000, soul)}\n`,
        ...(system && mark(system)),
      },
    ],
    messages: said.map((text, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text, ...(at === last && messages && mark(messages)) }],
    })),
  };
}

describe('plugins/cache-breaks', () => {
  let upstream: Upstream;
  let running: TestGateway;
  let cache: PrefixCache;
  let session = 0;
  const clock = Date.now;
  const heard: Record<string, unknown>[] = [];

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(`
providers: { anthropic: { base_url: "${upstream.url}" }, openai: { base_url: "${upstream.url}" } }
plugins: [history, identity, sessions, cache-breaks, prompts, usage]
`);
    running.gateway.events.subscribe((event, data) => {
      if (event === 'cache_break') heard.push(data as Record<string, unknown>);
    });
  });
  after(async () => {
    await running.close();
    await upstream.close();
  });
  beforeEach(() => {
    cache = new PrefixCache();
    session++;
    heard.length = 0;
  });
  afterEach(() => {
    Date.now = clock;
  });

  const ask = async (body: object, path = '/v1/messages'): Promise<ExchangeRecord> => {
    upstream.next(path === '/v1/messages' ? cache.anthropic(body) : cache.openai(body));
    const answer = await send({
      url: running.url + path,
      body,
      headers: { 'x-session-id': `s-${session}`, 'x-token-spy-agent': 'coder' },
    });
    expect(answer.status, answer.text).to.equal(200);
    return running.row(String(answer.headers['x-token-spy-id']));
  };
  /** Moves the clocks of both sides on. */
  const wait = (milliseconds: number): void => {
    const moved = Date.now() + milliseconds - clock();
    Date.now = () => clock() + moved;
    cache.now += milliseconds;
  };
  const usage = ({ usage }: ExchangeRecord) => ({
    input: usage!.input_tokens!,
    read: usage!['cache_read.input_tokens']!,
    written: usage!['cache_creation.input_tokens']!,
  });
  const dollars = (amount: number) => Number(amount.toFixed(12));
  const opening = ['Read the repository.', words(400, 'answer'), 'Go on.'];
  const later = [...opening, words(300, 'more'), 'And now?'];

  it('finds none while each turn reads what the one before wrote', async () => {
    const first = usage(await ask(question({ said: opening.slice(0, 1) })));
    expect([first.read, first.written > 7000]).to.eql([0, true]);
    const rows = [await ask(question({ said: opening })), await ask(question({ said: later }))];
    expect(rows.map(({ cache_break }) => cache_break)).to.eql([null, null]);
    expect(usage(rows[0]!).read).to.equal(first.written);
    expect(heard).to.eql([]);
  });

  it('names the file that changed, what was paid again, and what that cost', async () => {
    await ask(question({ said: opening.slice(0, 1) }));
    const was = usage(await ask(question({ said: opening })));
    const row = await ask(question({ said: later, agents: 'B' }));
    const now = usage(row);
    expect(now.read).to.equal(0); // The only marks stand behind the file.
    const tokens = was.read + was.written;
    expect(row.cache_break).to.deep.include({
      cause: 'prefix_change',
      part: { kind: 'file', name: 'AGENTS.md' },
      tokens,
      cost_usd: String(dollars(tokens * (PRICE.write - PRICE.read))),
    });
    expect(heard).to.have.length(1);
    expect(heard[0]).to.eql({
      time: row.time,
      tenant: null,
      agent: 'coder',
      session: `s-${session}`,
      cause: 'prefix_change',
      part: { kind: 'file', name: 'AGENTS.md' },
      tokens,
      cost_usd: row.cache_break!.cost_usd,
    });
    const line = running.lines.find(({ msg }) => msg === 'the cache broke');
    expect(line).to.deep.include({ level: 'info', agent: 'coder', part: 'file AGENTS.md', tokens });
    const metrics = await running.gateway.metrics.registry.metrics();
    expect(metrics).to.include('gateway_cache_breaks_breaks_total{cause="prefix_change"} 1');
    expect(metrics).to.include(`gateway_cache_breaks_tokens_total{cause="prefix_change"} ${tokens}`);
  });

  it('counts what stands behind the change only, where a mark stands before it', async () => {
    const talk = (soul: string, said: string[]) => {
      const body = question({ said, soul });
      Object.assign(body.tools.at(-1)!, mark('5m'));
      return body;
    };
    const was = usage(await ask(talk('S', opening)));
    const row = await ask(talk('T', later));
    const now = usage(row);
    expect(now.read).to.be.greaterThan(1500);
    expect(row.cache_break).to.deep.include({
      cause: 'prefix_change',
      part: { kind: 'file', name: 'SOUL.md' },
      tokens: was.written - now.read,
      cost_usd: String(dollars((was.written - now.read) * (PRICE.write - PRICE.read))),
    });
  });

  it('takes a change behind the last mark for none, and blames it for nothing', async () => {
    const talk = (agents: string, said: string[]) => {
      const body = question({ agents, said, system: null, messages: null });
      Object.assign(body.system[0]!, mark('5m'));
      return body;
    };
    const first = usage(await ask(talk('A', opening.slice(0, 1))));
    expect([first.written > 2000, first.input - first.written > 5000]).to.eql([true, true]);
    const row = await ask(talk('B', opening));
    expect([usage(row).read, row.cache_break]).to.eql([first.written, null]);
    cache.forget();
    const forgot = await ask(talk('C', later));
    expect([forgot.cache_break?.cause, forgot.cache_break?.tokens]).to.eql(['provider', first.written]);
  });

  it('names tools that came', async () => {
    await ask(question({ said: opening }));
    const row = await ask(question({ said: later, tools: 3 }));
    expect([row.cache_break?.cause, row.cache_break?.part]).to.eql(['prefix_change', { kind: 'tool', name: 'tool-2' }]);
  });

  it('tells a pause that was too long for 5 minutes, and not for an hour', async () => {
    const was = usage(await ask(question({ said: opening })));
    wait(6 * MINUTE);
    const row = await ask(question({ said: later }));
    expect(row.cache_break).to.deep.include({ cause: 'ttl_lapse', part: null, tokens: was.written });
    expect(row.cache_break!.idle_s).to.be.closeTo(360, 5);
    const hour = { system: '1h', messages: '1h' } as const;
    session++;
    cache = new PrefixCache();
    const kept = usage(await ask(question({ said: opening, ...hour })));
    wait(6 * MINUTE);
    const good = await ask(question({ said: later, ...hour }));
    expect([usage(good).read, good.cache_break]).to.eql([kept.written, null]);
    wait(61 * MINUTE);
    const late = await ask(question({ said: [...later, 'Yes.', 'Well?'], ...hour }));
    expect([late.cache_break?.cause, late.cache_break?.tokens]).to.eql([
      'ttl_lapse',
      usage(good).read + usage(good).written,
    ]);
    const lost = late.cache_break!.tokens * (PRICE.hour - PRICE.read);
    expect(late.cache_break!.cost_usd).to.equal(String(dollars(lost)));
  });

  it('blames the provider where nothing else explains it, and the model where it is another', async () => {
    await ask(question({ said: opening }));
    cache.forget();
    const forgot = await ask(question({ said: later }));
    expect([forgot.cache_break?.cause, forgot.cache_break?.part]).to.eql(['provider', null]);
    const other = await ask(question({ said: [...later, 'Yes.', 'Well?'], model: 'claude-haiku-4-5' }));
    expect([other.cache_break?.cause, other.cache_break?.part]).to.eql(['model', null]);
    // $1 a million tokens, of which writing costs 1.25 and reading 0.10.
    expect(other.cache_break!.cost_usd).to.equal(String(dollars(other.cache_break!.tokens * 1.15e-6)));
  });

  it('says of a history that was cut at its beginning that it is the history', async () => {
    const long = Array.from({ length: 21 }, (_, at) => words(500, `m${at}`));
    await ask(question({ said: long.slice(0, 19), system: null }));
    const row = await ask(question({ said: long.slice(4), system: null }));
    expect([row.cache_break?.cause, row.cache_break?.part]).to.eql([
      'prefix_change',
      { kind: 'history', name: 'user' },
    ]);
    // What is gone was not paid again: fifteen messages are left of what was in the cache.
    expect(row.cache_break!.tokens).to.be.within(14_500, 16_500);
  });

  it('is exact where the provider caches by itself, and silent while it rounds', async () => {
    const talk = (system: string, said: string[]) => ({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: system },
        ...said.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
      ],
    });
    const say = (system: string, said: string[]) => ask(talk(system, said), '/v1/chat/completions');
    const system = words(5000, 'sys');
    const first = await say(system, opening.slice(0, 1));
    const second = await say(system, opening);
    const third = await say(system, later);
    expect([first, second, third].map(({ cache_break }) => cache_break)).to.eql([null, null, null]);
    const read = third.usage!['cache_read.input_tokens']!;
    expect(read).to.be.greaterThan(5000);
    const broken = await say(words(5000, 'other'), [...later, 'Yes.', 'Well?']);
    expect(broken.cache_break).to.deep.include({
      cause: 'prefix_change',
      part: { kind: 'system', name: '' },
      tokens: read,
    });
    // $2.50 a million tokens, half of it from the cache.
    expect(broken.cache_break!.cost_usd).to.equal(String(dollars(read * 1.25e-6)));
  });

  it('says what is lost and not what it cost, where the price is unknown', async () => {
    const model = 'claude-of-my-own';
    await ask(question({ said: opening, model }));
    const row = await ask(question({ said: later, agents: 'B', model }));
    expect([row.cache_break?.cause, row.cache_break?.cost_usd]).to.eql(['prefix_change', null]);
  });

  it('keeps no text: not in rows, events and the log', async () => {
    const secret = 'xyzzy-secret-words';
    const said = [words(2000, secret), secret, secret];
    await ask(question({ said: said.slice(0, 1) }));
    const row = await ask(question({ said, agents: secret, soul: secret }));
    expect(row.cache_break).to.not.equal(null);
    expect(JSON.stringify([row, heard, running.lines])).to.not.include('xyzzy');
  });
});
