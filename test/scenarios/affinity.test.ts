/**
 * Conversations that carry what only its origin can read: a thousand of them over four keys of one
 * provider that fails now and then. None may meet a key that cannot read it while its own is well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';

import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type OriginWorld, startOrigins } from '../support/origins.ts';

const KEYS = ['a', 'b', 'c', 'd'];
const KEY = (name: string): string => `sk-origin-${name}-0123456789abcdef`;
const SESSIONS = 1000;
const AT_ONCE = 16;
const FAILING = 5;

type Kind = 'stored' | 'sealed, named' | 'sealed' | 'signed';
const KINDS: readonly Kind[] = ['stored', 'sealed, named', 'sealed', 'signed'];

interface Said {
  status: number;
  body: string;
}

/** A client with one conversation; what is not answered is sent once more, as SDKs do. */
class Talk {
  readonly #url: string;
  readonly #number: number;
  readonly #kind: Kind;
  #history: object[] = [];
  #previous: string | null = null;

  constructor(url: string, number: number) {
    this.#url = url;
    this.#number = number;
    this.#kind = KINDS[number % KINDS.length]!;
  }

  async turn(at: number): Promise<Said> {
    const content = `What about ${this.#number}, the ${at}th time?`;
    return this.#kind === 'signed' ? this.#message(content) : this.#response(content, at);
  }

  async #response(content: string, at: number): Promise<Said> {
    const item = { type: 'message', role: 'user', content };
    const isStored = this.#kind === 'stored';
    const streams = (this.#number + at) % 5 === 0;
    const input = isStored ? [item] : [...this.#history, item];
    const named = this.#kind === 'sealed, named' ? { session_id: `talk-${this.#number}` } : {};
    const said = await this.#post(
      '/v1/responses',
      {
        model: 'reasoner',
        input,
        store: isStored,
        ...(streams ? { stream: true } : {}),
        ...(this.#previous === null ? {} : { previous_response_id: this.#previous }),
        ...(isStored ? {} : { include: ['reasoning.encrypted_content'] }),
      },
      named,
    );
    if (said.status !== 200) return said;
    const text = streams ? /^data: (\{"type":"response.completed".*)$/m.exec(said.body)![1]! : said.body;
    const whole = JSON.parse(text) as { id: string; output: object[]; response?: { id: string; output: object[] } };
    const { id, output } = whole.response ?? whole;
    if (isStored) this.#previous = id;
    else this.#history = [...input, ...output];
    return said;
  }

  async #message(content: string): Promise<Said> {
    const messages = [...this.#history, { role: 'user', content }];
    const said = await this.#post('/v1/messages', { model: 'thinker', max_tokens: 100, messages });
    if (said.status !== 200) return said;
    const answer = JSON.parse(said.body) as { content: object[] };
    this.#history = [...messages, { role: 'assistant', content: answer.content }];
    return said;
  }

  async #post(path: string, body: object, headers: Record<string, string> = {}): Promise<Said> {
    const answer = await fetch(this.#url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.text() };
  }
}

interface Outcome {
  turns: number;
  /** What clients were told beside answers. */
  failed: string[];
}

/** Holds so many conversations of three or four turns, some at a time. */
async function converse(url: string, from: number, count: number): Promise<Outcome> {
  const outcome: Outcome = { turns: 0, failed: [] };
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < from + count) {
      const number = next++;
      const talk = new Talk(url, number);
      for (let at = 1; at <= 3 + (number % 2); at++) await insist(talk, at, outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcome;
}

async function insist(talk: Talk, at: number, outcome: Outcome): Promise<void> {
  for (let tries = 1; tries <= 3; tries++) {
    outcome.turns += 1;
    const said = await talk.turn(at);
    if (said.status === 200) return;
    // A machine that is busy with other tests: nothing of it has left.
    if (said.body.includes('The gateway has more to do')) {
      tries -= 1;
      await sleep(100);
    } else outcome.failed.push(`${said.status} ${said.body.slice(0, 200)}`);
  }
  throw new Error(`a conversation cannot go on: ${outcome.failed.at(-1)}`);
}

const ofState = ({ failed }: Outcome): string[] =>
  failed.filter((text) => /invalid_encrypted_content|Invalid `signature`/.test(text));

const yamlOf = (url: string, plugins: string): string => `
providers:
  many:
    base_url: "${url}/v1"
    adapter: [openai_responses, anthropic_messages]
    api_keys: [ ${KEYS.map((name) => `{ name: ${name}, key: ${KEY(name)} }`).join(', ')} ]
    models: { reasoner: { input: 1, output: 1 }, thinker: { input: 1, output: 1 } }
routes:
  - { name: spread, match: { model: [reasoner, thinker] }, targets: [ { provider: many } ], retry: { backoff: 10ms } }
plugins: [${plugins}]
`;

describe('conversations with state of their origin', function () {
  this.timeout(40_000);
  let world: OriginWorld;
  let gateway: TestGateway;
  before(async () => {
    world = await startOrigins(FAILING);
    gateway = await startGateway(yamlOf(world.url, 'history, identity, sessions, include-usage, usage'));
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  it(`${SESSIONS} of them, ${FAILING} % failures: nobody gets what another key has made`, async () => {
    const outcome = await converse(gateway.url, 0, SESSIONS);
    const { turns, failed } = outcome;
    expect(world.foreign, 'calls with state of another key').to.deep.equal([]);
    expect(ofState(outcome)).to.deep.equal([]);
    expect(failed.length, failed.join('\n')).to.be.at.most(turns / 500);
    expect(world.failed / world.asked.length).to.be.within(0.03, 0.07);
    // No key has all of them.
    const shares = KEYS.map((name) => (world.answers.get(KEY(name)) ?? 0) / turns);
    for (const share of shares) expect(share).to.be.within(0.15, 0.35);
  });

  for (const kind of KINDS) {
    it(`of which the origin is down for good are told so (${kind})`, async () => {
      const number = 2000 + KINDS.indexOf(kind);
      const conversation = new Talk(gateway.url, number);
      expect((await conversation.turn(1)).status).to.equal(200);
      const origin = world.asked.at(-1)!;
      world.down = origin;
      const before = world.asked.length;
      const said = await conversation.turn(2);
      world.down = null;
      expect(new Set(world.asked.slice(before)), 'nobody else is asked').to.deep.equal(new Set([origin]));
      const name = KEYS.find((one) => KEY(one) === origin)!;
      expect(said.status).to.equal(503);
      const { error } = JSON.parse(said.body) as { error: { message: string } };
      expect(error.message).to.include(`bound to many key ${name}: `);
      expect(error.message).to.not.include('sk-');
      expect(world.foreign).to.deep.equal([]);
    });
  }
});

describe('conversations of which nobody remembers the origin', function () {
  this.timeout(40_000);
  let world: OriginWorld;
  let gateway: TestGateway;
  before(async () => {
    world = await startOrigins(FAILING);
    gateway = await startGateway(yamlOf(world.url, 'history, identity, include-usage, usage'));
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  it('go from key to key until one can read it, and their clients see nothing of that', async () => {
    const outcome = await converse(gateway.url, 0, 100);
    expect(world.foreign.length).to.be.greaterThan(0);
    expect(ofState(outcome)).to.deep.equal([]);
  });
});
