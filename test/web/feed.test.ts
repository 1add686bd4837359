import { request } from 'node:http';
import { expect } from 'chai';
import { KEY, openHouse, type TestHouse } from '../support/house.ts';

interface Turn {
  id: number;
  agent: string;
}

/** Reads a feed until `count` turns were here, or it ended. */
function read(
  url: string,
  headers: Record<string, string>,
  count: number,
): Promise<{ turns: Turn[]; text: string; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const req = request(`${url}/token_events`, { headers, agent: false }, (res) => {
      let text = '';
      let ended = false;
      const finish = (): void => {
        req.destroy();
        resolve({ turns: turnsIn(text), text, ended });
      };
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (turnsIn(text).length >= count) setTimeout(finish, 60); // more than asked would show
      });
      res.on('end', () => {
        ended = true;
        finish();
      });
    });
    req.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error));
    req.end();
  });
}

function turnsIn(text: string): Turn[] {
  return text.split('\n\n').flatMap((event) => {
    const match = /^id: (\d+)\ndata: (.*)$/.exec(event);
    return match ? [{ id: Number(match[1]), agent: JSON.parse(match[2]!).agent_name }] : [];
  });
}

/** Logs in with the key, as the form does, and gives the cookie. */
async function cookieOf(url: string): Promise<string> {
  const form = await fetch(`${url}/login`);
  const first = form.headers.getSetCookie().map((one) => one.split(';')[0]);
  const token = /name="token" value="([^"]+)"/.exec(await form.text())![1]!;
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: first.join('; '), origin: url },
    body: new URLSearchParams({ token, key: KEY, next: '/dashboard' }),
  });
  return answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
}

describe('/token_events', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen();
  });
  afterEach(() => test.close());

  const open = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 200));
  };
  const agents = (count: number, from = 0): { agent: string }[] =>
    Array.from({ length: count }, (_, i) => ({ agent: `t${from + i}` }));

  it('tells seven turns as seven events, in their order, with the predecessor’s data', async () => {
    await test.add({ agent: 'before' });
    const feed = read(url, {}, 7);
    await open();
    for (const turn of agents(7)) await test.add(turn);
    const { turns, text } = await feed;
    expect(turns.map(({ agent }) => agent)).to.eql(['t0', 't1', 't2', 't3', 't4', 't5', 't6']);
    expect(JSON.parse(/data: (.*)/.exec(text)![1]!)).to.include({
      type: 'token_usage',
      provider: 'openai',
      input_tokens: 1200,
      output_tokens: 300,
      total_tokens: 1500,
      cost_usd: 0.000345,
      session_id: '',
    });
    expect(text).to.match(/^: here\n\n/);
  });

  it('goes on where a reader left, by header and by query, each turn exactly once', async () => {
    await test.add(...agents(5));
    const [first] = (await read(url, { 'last-event-id': '0' }, 5)).turns;
    await test.add(...agents(5, 5));
    const header = await read(url, { 'last-event-id': String(first!.id) }, 9);
    expect(header.turns.map(({ agent }) => agent)).to.eql(['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9']);
    const ids = header.turns.map(({ id }) => id);
    expect(ids).to.eql([...new Set(ids)].sort((a, b) => a - b));
  });

  it('reads a long absence page by page', async () => {
    await test.add(...agents(350));
    const { turns } = await read(url, { 'last-event-id': '0' }, 350);
    expect(turns).to.have.length(350);
    expect(turns.at(-1)!.agent).to.equal('t349');
  });

  it('tells the session, the provider and the agent of a turn, to a browser by the cookie of its login', async () => {
    const locked = await test.listen({ locked: true });
    const session = { id: 'chain-0123456789abcdef', source: 'chain', confidence: 'high' } as const;
    await test.add({ agent: 'coder', provider: 'anthropic', session });
    // As EventSource asks: with the cookie, and with no header of ours.
    const cookie = await cookieOf(locked);
    const { text } = await read(`${locked}`, { cookie, accept: 'text/event-stream', 'last-event-id': '0' }, 1);
    expect(JSON.parse(/data: (.*)/.exec(text)![1]!)).to.include({
      session_id: session.id,
      provider: 'anthropic',
      agent_name: 'coder',
    });
  });

  it('leaves out what was no turn', async () => {
    await test.add(
      { agent: 'refused', outcome: 'refused', status: 402, usage: null, usage_status: 'not_applicable' },
      { agent: 'good' },
    );
    expect((await read(url, { 'last-event-id': '0' }, 1)).turns.map(({ agent }) => agent)).to.eql(['good']);
  });

  it('ends with the gateway and with the login it was opened with', async () => {
    const feed = read(url, {}, 1);
    await open();
    test.app.close();
    expect((await feed).ended).to.equal(true);
  });

  it('needs a key on a locked listener', async () => {
    const locked = await test.listen({ locked: true });
    expect((await fetch(`${locked}/token_events`)).status).to.equal(401);
    await test.add(...agents(1));
    expect((await read(locked, { authorization: `Bearer ${KEY}`, 'last-event-id': '0' }, 1)).turns).to.have.length(1);
  });
});
