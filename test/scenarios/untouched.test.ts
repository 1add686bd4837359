/** What a client sends to a provider of its own format arrives as it was sent: bytes, cache marks, fields that nobody knows yet. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';

import { CHAT, MESSAGES, usePair } from '../support/pair.ts';
import type { Received } from '../support/upstream.ts';

const TURNS = 200;
const EPHEMERAL = { cache_control: { type: 'ephemeral', ttl: '1h' } };

const hash = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Turn `n` of an agent that works with tools: the prompt grows, and what stands before stays as it was. */
function turn(n: number): object {
  const history = Array.from({ length: n % 20 }, (_, at) => [
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: `t${at}`, name: 'read', input: { path: `src/${at}.ts`, ключ: 1.0 } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: `t${at}`, content: `line ${at}\n“naïve” 🙂` }] },
  ]).flat();
  const last = { type: 'text', text: `go on, ${n}`, ...EPHEMERAL };
  return {
    model: 'claude-sonnet-4-5',
    max_tokens: 1024,
    stream: n % 2 === 0,
    system: [{ type: 'text', text: 'You are an agent.', ...EPHEMERAL }],
    tools: [{ name: 'read', input_schema: { type: 'object', properties: {} }, ...EPHEMERAL }],
    messages: [...history, { role: 'user', content: [last] }],
  };
}

describe('a request in the format of its provider', () => {
  const pair = usePair();

  it(`leaves as it came: ${TURNS} turns of an agent, byte by byte`, async () => {
    const bodies = Array.from({ length: TURNS }, (_, n) => JSON.stringify(turn(n), null, n % 3));
    for (const [n, body] of bodies.entries()) {
      const headers = { 'content-type': 'application/json', 'anthropic-beta': `beta-${n}` };
      await pair.send(MESSAGES, { body, headers });
      const arrived = pair.up.received[n]!;
      expect(hash(arrived.body), `turn ${n}`).to.equal(hash(body));
      expect(arrived.headers['anthropic-beta']).to.equal(`beta-${n}`);
    }
    await pair.rows(TURNS);
  });

  it('keeps every byte before what it adds, so that a prompt cache still fits', async () => {
    const body =
      '{ "model":"gpt-4o", "messages":[{"role":"user","content":"hi"}], "seed":9007199254740993,"stream":true }';
    await pair.send(CHAT, { body, headers: { 'content-type': 'application/json' } });
    const arrived = pair.up.received[0]!.body.toString();
    const kept = body.slice(0, -1);
    expect(arrived.startsWith(kept)).to.equal(true);
    expect(arrived.slice(kept.length)).to.equal(',"stream_options":{"include_usage":true}}');
    await pair.row();
  });

  it('brings members and headers along that nobody knows yet', async () => {
    const random = (n: number): string => `x${hash(`seed ${n}`).slice(0, 12)}`;
    for (let n = 0; n < 50; n++) {
      const strange = { [random(n)]: { [random(n + 1)]: [null, 1e-7, { deep: random(n + 2) }] } };
      const path = n % 2 === 0 ? CHAT : MESSAGES;
      const message = { role: 'user', content: [{ type: 'text', text: 'hi', ...strange }], ...strange };
      const body = JSON.stringify({ model: 'm', max_tokens: 5, messages: [message], ...strange });
      const headers = {
        'content-type': 'application/json',
        'anthropic-beta': `${random(n)},${random(n + 3)}`,
        'openai-beta': random(n + 4),
        [`x-${random(n + 5)}`]: random(n + 6),
      };
      await pair.send(path, { body, headers });
      const arrived = pair.up.received[n]!;
      expect(arrived.body.toString()).to.equal(body);
      expect(lost(headers, arrived)).to.deep.equal([]);
    }
    await pair.rows(50);
  });
});

/** Headers that did not arrive as they were sent. */
const lost = (sent: Record<string, string>, { headers }: Received): string[] =>
  Object.keys(sent).filter((name) => headers[name] !== sent[name]);
