import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Chat, obedient, type Turn } from '../support/chat.ts';
import { send } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { type Stage, setStage } from '../support/play.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';

const KNOWN = 'sessions of before are known';
const sessionsOf = (turns: readonly Turn[]): (string | null)[] => turns.map(({ session }) => session);
const relationsOf = (turns: readonly Turn[]): (string | null)[] => turns.map(({ relation }) => relation);
const only = <T>(values: readonly T[]): T => {
  expect(new Set(values), 'one for all').to.have.lengthOf(1);
  return values[0]!;
};

describe('plugins/sessions', () => {
  let stage: Stage;
  let count = 0;
  /** Chats of an agent that nobody has used before. */
  let agent: string;
  const chat = (headers: Record<string, string> = {}): Chat =>
    new Chat(stage.running, { 'x-token-spy-agent': agent, ...headers });

  before(async () => {
    stage = await setStage({
      plugins: 'identity, { plugin: sessions, on_error: skip }, include-usage, { plugin: usage, count_tokens: false }',
    });
  });
  after(() => stage.close());
  beforeEach(() => {
    agent = `agent-${count++}`;
    stage.upstream.always(obedient);
  });

  describe('two conversations that alternate', () => {
    const alternate = async (one: Chat, other: Chat, words: (who: number, round: number) => string): Promise<void> => {
      const turns: [Turn[], Turn[]] = [[], []];
      for (let round = 0; round < 4; round++)
        for (const [at, talk] of [one, other].entries())
          turns[at]!.push(await talk.say(words(at, round), { answer: `${at}`.repeat(10 + 20 * at + round) }));
      const ids = turns.map((own) => only(sessionsOf(own)));
      expect(ids[0]).not.to.equal(ids[1]);
      for (const own of turns) expect(relationsOf(own)).to.eql(['start', 'next', 'next', 'next']);
    };

    it('are two sessions by their ids, every row of them', () =>
      alternate(chat({ 'x-session-id': `${agent}-a` }), chat({ 'x-session-id': `${agent}-b` }), () => 'Go on.'));
    it('are two sessions without ids', () =>
      alternate(chat(), chat(), (who, round) => `I am ${who}, this is ${round}`));
    it('are two sessions though both begin with the same words', () => alternate(chat(), chat(), () => 'Hello'));
    it('are two sessions where one is long and the other short', () =>
      alternate(chat(), chat(), (who, round) => `${who} ${round} ${'x'.repeat(who * 20_000)}`));
  });

  it('tells twenty conversations apart that take turns', async () => {
    const chats = Array.from({ length: 20 }, () => chat());
    const first = await Promise.all(chats.map((one, at) => one.say(`Number ${at}`)));
    expect(new Set(sessionsOf(first))).to.have.lengthOf(20);
    for (let round = 0; round < 2; round++) {
      const turns = await Promise.all(chats.map((one) => one.say('And now?', { answer: 'The same for all.' })));
      expect(sessionsOf(turns)).to.eql(sessionsOf(first));
      expect(new Set(relationsOf(turns))).to.eql(new Set(['next']));
    }
  });

  it('goes on where the model and the provider change in the middle', async () => {
    const talk = chat();
    const turns = [await talk.say('One'), await talk.say('Two', { model: 'gpt-4o' })];
    talk.messages.push({ role: 'user', content: 'Three' });
    const answer = await send({
      url: `${stage.running.url}/v1/messages`,
      headers: { 'content-type': 'application/json', 'x-token-spy-agent': agent, 'x-say': 'x' },
      body: { model: 'claude-sonnet-4', max_tokens: 10, messages: talk.messages },
    });
    turns.push(await talk.turnOf(answer));
    only(sessionsOf(turns));
    expect(turns.at(-1)!.record.provider).to.equal('anthropic');
    expect(turns.at(-1)!.relation).to.equal('next');
  });

  it('takes the same once more after a 500 for a retry, in its session', async () => {
    const talk = chat();
    const turns = [await talk.say('One', { 'x-status': '500' }), await talk.say('One'), await talk.say('Two')];
    turns.push(await talk.say('Three', { 'x-status': '503' }), await talk.say('Three'));
    only(sessionsOf(turns));
    expect(relationsOf(turns)).to.eql(['start', 'retry', 'next', 'next', 'retry']);
  });

  it('knows a client again that left before its answer was there', async () => {
    const talk = chat();
    talk.messages.push({ role: 'user', content: 'Slowly now' });
    await talk.leave(100, { 'x-wait': 'yes' });
    await until('it is recorded', async () =>
      (await stage.running.rows()).some((row) => row.agent === agent && row.outcome === 'client_aborted'),
    );
    const again = await talk.ask();
    expect(again.relation).to.equal('retry');
    const rows = (await stage.running.rows()).filter((row) => row.agent === agent);
    only(rows.map(({ session }) => session?.id));
    stage.upstream.release();
  });

  it('has turns of one conversation that run together in one session', async () => {
    const talk = chat();
    const first = await talk.say('One');
    const turns = await Promise.all(['a', 'b', 'c'].map((content) => chatOf(talk, content).ask()));
    const next = await chatOf(talk, 'b', 'Yes.', 'and on').ask();
    only(sessionsOf([first, ...turns, next]));
    expect(relationsOf(turns).filter((relation) => relation === 'next')).to.have.lengthOf(1);
    expect(relationsOf(turns).filter((relation) => relation === 'branch')).to.have.lengthOf(2);
  });

  /** The conversation so far, with more said. */
  const chatOf = ({ messages }: Chat, ...more: string[]): Chat => {
    const said = more.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content }));
    return new Chat(stage.running, { 'x-token-spy-agent': agent }, [...messages, ...said]);
  };

  it('stays in its session when the client compacts the history', async () => {
    const talk = chat();
    const turns: Turn[] = [];
    for (let round = 0; round < 6; round++) turns.push(await talk.say(`Round ${round} ${'x'.repeat(500)}`));
    talk.messages = [{ role: 'user', content: 'What was said so far: much.' }, ...talk.messages.slice(-3)];
    turns.push(await talk.say('Now go on'), await talk.say('And on'));
    only(sessionsOf(turns));
    expect(relationsOf(turns).slice(-2)).to.eql(['compacted', 'next']);
  });

  it('makes a session of its own of a branch, which names the one it comes from', async () => {
    const talk = chat();
    const first = await talk.say('One');
    const messages = [...talk.messages];
    await talk.say('Two');
    await talk.say('Three');
    const other = new Chat(stage.running, { 'x-token-spy-agent': agent }, messages);
    const branch = await other.say('Instead of two');
    expect(branch.session).not.to.equal(first.session);
    expect(branch.record.turn).to.eql({ relation: 'branch', parent: first.session });
    expect((await other.say('and on')).session).to.equal(branch.session);
    expect((await talk.say('Four')).session).to.equal(first.session);
  });

  it('hears from OpenCode which session it comes from', async () => {
    const { record } = await chat({ 'x-session-id': 'ses_child', 'x-parent-session-id': 'ses_parent' }).say('Do it');
    expect([record.session?.id, record.turn]).to.eql(['ses_child', { relation: 'start', parent: 'ses_parent' }]);
  });

  describe('ids that name one request', () => {
    it('yield to the chain', async () => {
      const talk = chat();
      const ids = ['one', 'two', 'three'];
      const turns: Turn[] = [];
      for (const id of ids) turns.push(await talk.say(id, { 'x-client-request-id': `request-${id}-${agent}` }));
      expect(only(sessionsOf(turns))).to.equal(`request-one-${agent}`);
      expect(turns.map(({ record }) => record.session?.source)).to.eql([
        'header:x-client-request-id',
        'chain',
        'chain',
      ]);
    });

    it('name a session where nothing else tells: calls of one trace', async () => {
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      const traceparent = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
      const turns = [await chat(traceparent).say('Plan'), await chat(traceparent).say('Do')];
      expect(only(sessionsOf(turns))).to.equal(trace);
    });
  });

  it('is one session for a conversation whose requests name the answer before', async () => {
    const turns: Turn[] = [];
    let answers = 0;
    const respond = async (input: string, previous?: string): Promise<Turn> => {
      const id = `resp_${agent}_${++answers}`;
      stage.upstream.next(json({ id, object: 'response', status: 'completed', output: [], usage: USAGE }));
      const body = { model: 'gpt-4o', input, ...(previous && { previous_response_id: previous }) };
      const headers = { 'content-type': 'application/json', 'x-token-spy-agent': agent };
      return chat().turnOf(await send({ url: `${stage.running.url}/v1/responses`, headers, body }));
    };
    for (const input of ['One', 'Two', 'Two'])
      turns.push(await respond(input, answers ? `resp_${agent}_${answers}` : undefined));
    expect(only(sessionsOf(turns))).to.match(/^chain-/);
    expect(relationsOf(turns)).to.eql(['start', 'next', 'next']);
    const again = await respond('Another three', `resp_${agent}_2`);
    expect([again.session, again.relation]).to.eql([turns[0]!.session, 'branch']);
    const fork = await respond('From the first on', `resp_${agent}_1`);
    expect(fork.record.turn).to.eql({ relation: 'branch', parent: turns[0]!.session });
    expect((await respond('and on', `resp_${agent}_5`)).session).to.equal(fork.session);
    const stranger = await respond('Of another life', 'resp_unknown_to_us');
    expect([stranger.session, stranger.record.session?.confidence]).to.eql(['resp_unknown_to_us', 'low']);
    expect((await respond('and on', `resp_${agent}_7`)).session).to.equal('resp_unknown_to_us');
  });

  const USAGE = { input_tokens: 10, output_tokens: 2, total_tokens: 12 };

  it('has turns within a session that an id names: lines that run side by side stay apart', async () => {
    const id = { 'x-claude-code-session-id': `cc-${agent}` };
    const [main, helper] = [chat(id), chat(id)];
    const turns = [await main.say('Write it'), await helper.say('Look for it'), await main.say('Go on')];
    turns.push(await helper.say('Go on'), await main.ask());
    expect(only(sessionsOf(turns))).to.equal(`cc-${agent}`);
    expect(relationsOf(turns)).to.eql(['start', 'start', 'next', 'next', 'next']);
    expect(turns.map(({ record }) => record.session?.source)).to.eql(Array(5).fill('header:x-claude-code-session-id'));
  });

  it('goes on in a conversation of before a restart, and begins new ones beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-spy-sessions-'));
    const yaml = `providers: { openai: { base_url: "${stage.upstream.url}" } }\nplugins: [history, identity, sessions, { plugin: usage, count_tokens: false }]`;
    const before = await startGateway(yaml, { folder });
    const talk = new Chat(before);
    const first = await talk.say('Remember me');
    await before.close();
    const after = await startGateway(yaml, { folder });
    await until('those of before are known', () => after.lines.some(({ msg }) => msg === KNOWN));
    const next = await new Chat(after, {}, talk.messages).say('Do you?');
    expect([next.session, next.relation]).to.eql([first.session, 'joined']);
    await after.close();
    const again = await startGateway(yaml, { folder });
    await until('those of before are known', () => again.lines.some(({ msg }) => msg === KNOWN));
    const other = await new Chat(again).say('Remember me');
    expect([other.session === first.session, other.relation]).to.eql([false, 'start']);
    await again.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves alone what is no conversation', async () => {
    const answer = await send({
      url: `${stage.running.url}/v1/embeddings`,
      headers: { 'content-type': 'application/json', 'x-token-spy-agent': agent },
      body: { model: 'text-embedding-3-small', input: 'words' },
    });
    expect(await chat().turnOf(answer)).to.deep.include({ session: null, relation: null });
  });

  it('keeps nothing that was said: neither in rows nor in the log', async () => {
    const { record } = await chat().say('TOP-SECRET-WORDS');
    expect(JSON.stringify([record, stage.running.lines])).not.to.contain('TOP-SECRET-WORDS');
  });
});
