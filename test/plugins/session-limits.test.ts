import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { type Answer, open, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { json, type Script } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const LIMITS = `
session_limits:
  - { name: long, scope: { agent: "long*" }, chars: { soft: 2000, hard: 10000 } }
  - { name: strict, scope: { agent: strict }, chars: 10000, grace: 0, at_hard: block, status: 429 }
  - { name: by setting, scope: { agent: "set*" }, chars: setting, grace: 0 }
  - { name: turns, scope: { agent: turns }, turns: 2 }
  - { name: tokens, scope: { agent: tokens }, tokens: { soft: 1000, hard: 2020 } }
  - { name: usd, scope: { agent: usd }, usd: { hard: "0.0055" }, status: 413 }
  - { name: slow, scope: { agent: slow }, turns: { soft: 1, hard: 50 }, at_soft: slow, slow: 300ms }
  - { name: short, scope: { agent: trimmed }, chars: 3000, at_hard: trim }
  - { name: circles, scope: { agent: circles }, repeats: { soft: 2, hard: 3 } }
  - { name: "Größe; all, of it", scope: { agent: odd }, chars: { soft: 10 } }
`;
const YAML = (url: string, limits = LIMITS, more = '') => `
${more}
providers: { openai: { base_url: "${url}" }, anthropic: { base_url: "${url}" } }
pricing: { models: { openai/gpt-4o: { input: 2.5, output: 10 } } }
${limits}
plugins: [history, identity, settings, session-limits, trim, { plugin: usage, count_tokens: false }]
`;
const chat: Script = json({
  id: 'c',
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 },
});
/** What each of these costs. */
const EACH = 0.0026;

interface Refused {
  type: string;
  code: string;
  message: string;
  details: Record<string, unknown>;
}

describe('plugins/session-limits', function () {
  this.timeout(20_000);
  let upstream: Upstream;
  let running: TestGateway;

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(YAML(upstream.url));
  });
  after(async () => {
    await running.close();
    await upstream.close();
  });
  beforeEach(() => upstream.always(chat));

  let count = 0;
  const newSession = (): string => `session-${++count}`;
  const text = (length: number): string => 'x'.repeat(length);
  const sending = (
    agent: string,
    { session = newSession(), chars = 0, url = running.url, messages = [] as object[] } = {},
  ) => ({
    url: `${url}/v1/chat/completions`,
    headers: { 'x-token-spy-agent': agent, ...(session && { 'x-token-spy-session': session }) },
    body: { model: 'gpt-4o', messages: [...messages, { role: 'user', content: text(chars) }] },
  });
  /** Asks, and waits for its row, which is when sums know of it. */
  const ask = async (agent: string, more: Parameters<typeof sending>[1] = {}, gateway = running): Promise<Answer> => {
    const answer = await send(sending(agent, { url: gateway.url, ...more }));
    await gateway.row(String(answer.headers['x-token-spy-id']));
    return answer;
  };
  const errorOf = ({ text }: Answer): Refused => (JSON.parse(text) as { error: Refused }).error;
  const said = ({ status, headers }: Answer) => [
    status,
    headers['x-token-spy-session-state'] ?? null,
    headers['x-token-spy-session-limit'] ?? null,
  ];
  const told = (agent: string) =>
    running.lines.filter((line) => line.msg === 'a session is at its limit' && line.agent === agent);

  it('lets pass what is below, and says nothing', async () => {
    expect(said(await ask('long', { chars: 1000 }))).to.eql([200, null, null]);
    expect(said(await ask('nobody', { chars: 50_000 }))).to.eql([200, null, null]);
  });

  describe('at a soft bound', () => {
    it('warns in headers each time, and in log, feed and counters once for each session', async () => {
      const session = newSession();
      const events: unknown[] = [];
      running.gateway.events.subscribe((name, data) => name === 'session_limit' && events.push(data));
      for (const chars of [3000, 4000]) {
        const answer = await ask('long-1', { session, chars });
        const size = chars + '[{"role":"user","content":""}]'.length;
        expect(said(answer)).to.eql([200, 'soft', `long; chars=${size}/2000`]);
      }
      expect(told('long-1').length).to.equal(1);
      expect(told('long-1')[0]).to.include({ level: 'warn', limit: 'long', session, measure: 'chars', action: 'warn' });
      expect(events.length).to.equal(1);
      await ask('long-1', { chars: 3000 });
      expect(told('long-1').length, 'another session').to.equal(2);
      const metrics = (await send({ url: `${running.url}/metrics` })).text;
      expect(metrics).to.match(/gateway_session_limits_reached_total\{[^}]*limit="long"[^}]*action="warn"[^}]*\} 3/);
    });

    it('keeps names fit for a header', async () => {
      expect(said(await ask('odd'))[2]).to.equal('Gr??e  all  of it; chars=30/10');
    });

    it('slows down, and asks again whether it may leave', async () => {
      const session = newSession();
      const first = await ask('slow', { session });
      expect(first.endAt).to.be.below(250);
      const second = await ask('slow', { session });
      expect(second.endAt).to.be.within(290, 2000);
      expect(said(second)).to.eql([200, 'soft', 'slow; turns=1/1']);
    });

    it('ends the wait of a client that leaves, and sends nothing on', async () => {
      const session = newSession();
      await ask('slow', { session });
      const before = upstream.received.length;
      const call = open(sending('slow', { session }));
      const waiting = async () =>
        /session_limits_waiting (\d+)/.exec((await send({ url: `${running.url}/metrics` })).text)![1];
      await until('it waits', async () => (await waiting()) === '1');
      call.abort();
      await until('nobody waits', async () => (await waiting()) === '0', 250);
      await running.rows();
      expect(upstream.received.length).to.equal(before);
    });
  });

  describe('at a hard bound of characters', () => {
    it('refuses, and tells an agent what to do', async () => {
      const session = newSession();
      const answer = await ask('strict', { session, chars: 12_000 - 30 });
      expect(said(answer)).to.eql([429, 'hard', 'strict; chars=12000/10000']);
      expect(answer.headers).to.include({ 'x-should-retry': 'false', 'x-token-spy-error': 'session_limit_exceeded' });
      expect(errorOf(answer)).to.deep.include({
        code: 'session_limit_exceeded',
        message:
          'This session has 12,000 of 10,000 characters of history (session limit strict). Compact or summarise the conversation, or start a new session; the same request again is refused again.',
        details: {
          limit: 'strict',
          measure: 'chars',
          spent: '12000',
          hard: '10000',
          session,
          resets: 'a shorter history, or a new session',
        },
      });
      const row = await running.row(String(answer.headers['x-token-spy-id']));
      expect([row.outcome, row.error?.code]).to.eql(['refused', 'session_limit_exceeded']);
      expect(said(await ask('strict', { session, chars: 5000 })), 'what is short again passes').to.eql([
        200,
        null,
        null,
      ]);
      const [note] = await running.gateway.store.audit.list({ sessions: [session] });
      expect(note).to.deep.include({ action: 'session.limit', agent: 'strict', session });
      expect(note!.facts).to.include({ limit: 'strict', value: '12000', action: 'refuse' });
    });

    it('holds where nobody knows the session', async () => {
      expect((await ask('strict', { session: '', chars: 12_000 })).status).to.equal(429);
    });

    it('refuses in the words of each API, and SDKs see it once', async () => {
      const headers = { 'x-token-spy-agent': 'strict' };
      const before = upstream.received.length;
      const openai = new OpenAI({ apiKey: 'sk-x', baseURL: `${running.url}/v1`, defaultHeaders: headers });
      const messages = [{ role: 'user' as const, content: text(12_000) }];
      const one = await openai.chat.completions.create({ model: 'gpt-4o', messages }).then(
        () => null,
        (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
      );
      expect([one?.status, one?.code]).to.eql([429, 'session_limit_exceeded']);
      const anthropic = new Anthropic({ apiKey: 'sk-x', baseURL: running.url, defaultHeaders: headers });
      const two = await anthropic.messages.create({ model: 'claude-test', max_tokens: 10, messages }).then(
        () => null,
        (error: unknown) => error as InstanceType<typeof Anthropic.APIError>,
      );
      expect(two?.status).to.equal(429);
      expect(JSON.stringify(two?.error)).to.include('12,0').and.include('Compact or summarise');
      const three = await openai.responses.create({ model: 'gpt-4o', input: text(12_000) }).then(
        () => null,
        (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
      );
      expect(three?.code).to.equal('session_limit_exceeded');
      const rows = (await running.rows()).filter(({ outcome, agent }) => outcome === 'refused' && agent === 'strict');
      const paths = rows.slice(-3).map(({ path }) => path);
      expect(paths).to.eql(['/v1/chat/completions', '/v1/messages', '/v1/responses']);
      expect(upstream.received.length).to.equal(before);
    });

    it('lets one request pass in ten minutes, so that an agent can ask for a summary in its own words', async () => {
      const session = newSession();
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await ask('long', { session, chars: 20_000 })).status);
      expect(statuses).to.eql([200, 402, 402]);
      expect((await ask('long', { chars: 20_000 })).status, 'another session').to.equal(200);
    });

    const SUMMARIES = [
      'Your task is to create a detailed summary of the conversation so far, paying close attention',
      'You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary',
      'Provide a detailed prompt for continuing our conversation above.',
      'The messages above are a conversation to summarize. Create a structured context checkpoint summary that',
      'First, reason in your scratchpad. Then, generate the <state_snapshot>.',
    ];
    for (const words of SUMMARIES) {
      it(`lets pass who asks for a summary: ${words.slice(0, 60)}`, async () => {
        const body = (content: unknown, role = 'user') => ({
          ...sending('strict').body,
          messages: [
            { role: 'user', content: text(20_000) },
            { role, content },
          ],
        });
        const post = async (content: unknown, role?: string) =>
          (await send({ ...sending('strict'), body: body(content, role) })).status;
        expect(await post(words)).to.equal(200);
        expect(await post([{ type: 'text', text: words }])).to.equal(200);
        expect(await post(words, 'tool'), 'a tool has read it').to.equal(429);
        expect(await post([{ type: 'tool_result', content: words }])).to.equal(429);
      });
    }

    it('goes by the agent’s setting, which may change', async () => {
      const { settings } = running.gateway;
      expect((await ask('set-1', { chars: 15_000 })).status).to.equal(200);
      await settings.change({ agents: { 'set-1': { session_char_limit: 10_000 } } }, null);
      const answer = await ask('set-1', { chars: 15_000 });
      expect(said(answer)).to.eql([402, 'hard', 'by setting; chars=15030/10000']);
      expect((await ask('set-2', { chars: 15_000 })).status).to.equal(200);
      await settings.change({ agents: { 'set-1': null } }, null);
    });

    it('shortens the history to the bound, where it is told to trim', async () => {
      const turn = (i: number) => [
        { role: 'user', content: `question ${i} ${text(500)}` },
        { role: 'assistant', content: `answer ${i}` },
      ];
      const messages = Array.from({ length: 10 }, (_, i) => turn(i)).flat();
      const answer = await ask('trimmed', { messages, chars: 10 });
      expect(said(answer).slice(0, 2)).to.eql([200, 'hard']);
      const received = JSON.parse(upstream.received.at(-1)!.body.toString()) as { messages: { content: string }[] };
      expect(JSON.stringify(received.messages).length).to.be.below(3000);
      expect(received.messages.at(-1)!.content).to.equal(text(10));
      expect((await running.row(String(answer.headers['x-token-spy-id']))).rewritten_by).to.include('trim');
    });
  });

  describe('by what a session has come to', () => {
    it('counts requests that were sent on', async () => {
      const session = newSession();
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push(await ask('turns', { session }));
      expect(answers.map(({ status }) => status)).to.eql([200, 200, 402, 402]);
      expect(errorOf(answers[3]!).message).to.equal(
        'This session has had 2 of 2 requests (session limit turns). Start a new session; if it needs what was said here, begin it with a short summary.',
      );
      expect((await ask('turns')).status, 'a new session').to.equal(200);
    });

    it('counts tokens', async () => {
      const session = newSession();
      const answers = [];
      for (let i = 0; i < 3; i++) answers.push(said(await ask('tokens', { session })));
      expect(answers).to.eql([
        [200, null, null],
        [200, 'soft', 'tokens; tokens=1010/1000'],
        [402, 'hard', 'tokens; tokens=2020/2020'],
      ]);
    });

    it('counts dollars, exactly', async () => {
      const session = newSession();
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push(await ask('usd', { session }));
      expect(answers.map(({ status }) => status)).to.eql([200, 200, 200, 413]);
      expect(errorOf(answers[3]!).details).to.include({ spent: String(EACH * 3), hard: '0.0055' });
      expect(errorOf(answers[3]!).message).to.include(`has cost ${EACH * 3} of 0.0055 US dollars`);
    });

    it('says nothing where nobody knows the session', async () => {
      for (let i = 0; i < 3; i++) expect((await ask('turns', { session: '' })).status).to.equal(200);
    });

    it('keeps sessions of tenants apart that have the same id', async () => {
      const keys = `
listen: [{ port: 0, auth: key }]
keys: [{ name: a, key: key-of-tenant-a-0123, tenant: a }, { name: b, key: key-of-tenant-b-0123, tenant: b }]`;
      const own = await startGateway(
        YAML(
          upstream.url,
          'session_limits: [{ name: t, turns: 1 }, { name: of a, scope: { tenant: a }, turns: 9 }]',
          keys,
        ),
      );
      try {
        const as = async (key: string) => {
          const call = sending('x', { session: 'main', url: own.url });
          const answer = await send({ ...call, headers: { ...call.headers, 'x-token-spy-key': key } });
          await own.row(String(answer.headers['x-token-spy-id']));
          return answer.status;
        };
        expect([await as('key-of-tenant-a-0123'), await as('key-of-tenant-a-0123')]).to.eql([200, 402]);
        expect(await as('key-of-tenant-b-0123')).to.equal(200);
        const listed = async (key: string) =>
          JSON.parse((await send({ url: `${own.url}/api/v1/session-limits`, headers: { 'x-api-key': key } })).text);
        const [a, b] = [await listed('key-of-tenant-a-0123'), await listed('key-of-tenant-b-0123')];
        expect([a.session_limits.map(({ name }: { name: string }) => name), b.session_limits]).to.eql([['of a'], []]);
        expect([a.reached.length, b.reached.length]).to.eql([1, 0]);
      } finally {
        await own.close();
      }
    });
  });

  it('stops who calls a tool again and again with the same arguments', async () => {
    const call = (args: string, id: string) => ({
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'search', arguments: args } }],
    });
    const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'nothing' });
    const calls = (...args: string[]) => args.flatMap((one, i) => [call(one, `c${i}`), result(`c${i}`)]);
    const post = async (...args: string[]) =>
      send({
        ...sending('circles'),
        body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Find it.' }, ...calls(...args)] },
      });
    expect(said(await post('{"q":1}', '{"q":2}', '{"q":3}'))).to.eql([200, null, null]);
    expect(said(await post('{"q":1}', '{"q":1}'))).to.eql([200, 'soft', 'circles; repeats=2/2']);
    const answer = await post('{"q":1}', '{"q":1}', '{"q":1}');
    expect(answer.status).to.equal(402);
    expect(errorOf(answer).message).to.equal(
      'The tool search was called 3 times with the same arguments since the user spoke last, of 3 (session limit circles). Once more will not help: do something else, or tell the user what is missing.',
    );
    expect(errorOf(answer).details).to.include({ tool: 'search', spent: '3' });
  });

  it('lists limits with the sessions that have come to most, and those at one', async () => {
    const session = newSession();
    for (let i = 0; i < 3; i++) await ask('turns', { session });
    const { text } = await send({ url: `${running.url}/api/v1/session-limits` });
    const { session_limits: limits, reached } = JSON.parse(text) as {
      session_limits: Record<string, unknown>[];
      reached: Record<string, unknown>[];
    };
    expect(limits.find(({ name }) => name === 'long')).to.eql({
      name: 'long',
      scope: { agent: 'long*' },
      chars: { soft: 2000, hard: 10_000 },
      at_soft: 'warn',
      at_hard: 'refuse',
      slow_s: 2,
      grace: 1,
      status: 402,
      largest: [],
    });
    expect(limits.find(({ name }) => name === 'by setting')).to.deep.include({
      chars: { soft: null, hard: 'setting' },
    });
    expect(limits.find(({ name }) => name === 'usd')).to.deep.include({ usd: { soft: null, hard: '0.0055' } });
    const turns = limits.find(({ name }) => name === 'turns')!;
    expect(turns.largest).to.deep.include({ session, measure: 'turns', value: '2' });
    expect(reached[0]).to.include({
      session,
      agent: 'turns',
      limit: 'turns',
      state: 'hard',
      measure: 'turns',
      value: '2',
      bound: '2',
      action: 'refuse',
    });
  });

  it('knows after a restart, and in another process, what a session has come to', async function () {
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const yaml = YAML(upstream.url, 'session_limits: [{ name: t, turns: 3 }]', `database: "${database.url}"`);
    const first = await startGateway(yaml);
    const session = newSession();
    await ask('x', { session }, first);
    const second = await startGateway(yaml);
    await ask('x', { session }, second);
    await first.close();
    const third = await startGateway(yaml);
    expect((await ask('x', { session }, third)).status).to.equal(200);
    expect((await ask('x', { session }, second)).status).to.equal(402);
    expect((await ask('x', { session }, third)).status).to.equal(402);
    await Promise.all([second.close(), third.close()]);
  });

  describe('in gateway.yaml', () => {
    const refused = async (limits: string, plugins = 'session-limits, trim, usage'): Promise<string> => {
      try {
        const started = await startGateway(`session_limits: ${limits}\nplugins: [history, identity, ${plugins}]\n`);
        await started.close();
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const WRONG: [limits: string, said: RegExp][] = [
      [
        '[{ name: a, turns: 1 }, { name: a, turns: 2 }]',
        /session_limits\[1\]\.name a is taken by another; names must differ/,
      ],
      ['[{ name: a }]', /session_limits\[0\] \(a\) limits nothing; give it one of chars, repeats, turns, tokens, usd/],
      ['[{ name: a, turns: { soft: 5, hard: 4 } }]', /session_limits\[0\]\.turns has a soft bound above the hard one/],
      ['[{ name: a, usd: { soft: 1, hard: "1.0" } }]', /session_limits\[0\]\.usd has the same bound twice/],
      ['[{ name: a, usd: 0 }]', /session_limits\[0\]\.usd must be more than 0/],
      ['[{ name: a, turns: 5, slow: 2m }]', /session_limits\[0\]\.slow is longer than a minute/],
      [
        '[{ name: a, turns: 5, at_hard: trim }]',
        /at_hard trim makes the history shorter, which does nothing for turns/,
      ],
      ['[{ name: a, chars: settings }]', /session_limits\[0\]\.chars must be a number of characters, or setting/],
      ['[{ name: a, turns: {} }]', /session_limits\[0\]\.turns/],
      ['[{ name: a, turns: 1.5 }]', /session_limits\[0\]\.turns/],
      ['[{ name: a, turns: 1, at_soft: refuse }]', /session_limits\[0\]\.at_soft/],
      ['[{ name: a, tuns: 1 }]', /did you mean turns/],
    ];
    for (const [limits, words] of WRONG)
      it(`refuses ${limits}`, async () => {
        expect(await refused(limits)).to.match(words);
      });

    it('needs the plugin trim where a limit trims, and only there', async () => {
      const trims = '[{ name: a, chars: 5000, at_hard: trim }]';
      expect(await refused(trims, 'session-limits, usage')).to.include(
        'needs the plugin trim, which is not in the list',
      );
      expect(await refused(trims)).to.equal('');
      expect(await refused('[{ name: a, chars: 5000 }]', 'session-limits, usage')).to.equal('');
    });
  });
});
