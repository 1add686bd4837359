/** Routes on real sockets: which target is asked by which strategy, what stays where, and what is told of it. */
import { expect } from 'chai';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script } from '../support/script.ts';
import { type Received, startUpstream, type Upstream } from '../support/upstream.ts';

const KEYS = ['key-of-openai-a', 'key-of-openai-b', 'key-of-openai-c', 'key-of-openai-d'];
const GATEWAY_KEY = 'gateway-key-of-ci-0123';

const yaml = (openai: string, spare: string): string => `
keys: [ { name: ci, key: ${GATEWAY_KEY} } ]
aliases: { quick: fast, fast: gpt-4o-mini }
providers:
  openai:
    base_url: ${openai}/v1
    api_keys: [ { name: a, key: ${KEYS[0]} }, { name: b, key: ${KEYS[1]} }, ${KEYS[2]}, { name: d, key: ${KEYS[3]} } ]
  spare: { base_url: "${spare}/v1", api_key: key-of-spare }
routes:
  - name: weighted
    match: { model: weighted }
    strategy: weighted
    targets: [ { provider: openai, weight: 3 }, { provider: spare, weight: 1 } ]
  - name: cheap
    match: { model: cheap }
    strategy: cheapest
    targets: [ { provider: spare }, { provider: openai, model: gpt-4o }, { provider: openai, model: gpt-4o-mini } ]
  - name: hurry
    match: { model: hurry }
    strategy: fastest
    targets: [ { provider: openai, model: gpt-4o }, { provider: spare } ]
  - { name: team, match: { tags: { team: [ be, fe ] } }, provider: spare }
  - { name: ci, match: { key: ci }, provider: spare }
  - { name: large, match: { body: { min: 20KB } }, targets: [ { provider: spare, model: long } ] }
  - { name: outer, match: { model: nested }, targets: [ { provider: spare, model: first }, { route: cheap } ], retry: { retries: 0 } }
  - { name: stay, match: { model: stay }, strategy: weighted, sticky: session, targets: [ { provider: openai }, { provider: spare } ] }
breaker: { probe: 1ms }
plugins: [ history, identity, sessions, include-usage, usage ]
`;

/** The id of an answer tells the key it was asked for with. */
function answerOf({ headers }: Received): Script {
  const key = String(headers.authorization).replace('Bearer ', '');
  return json({
    id: `resp_${key}`,
    object: 'response',
    model: 'm',
    status: 'completed',
    output: [],
    choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  });
}

describe('routes', () => {
  let openai: Upstream;
  let spare: Upstream;
  let running: TestGateway;

  before(async () => {
    [openai, spare] = await Promise.all([startUpstream(), startUpstream()]);
    running = await startGateway(yaml(openai.url, spare.url));
  });
  after(async () => {
    await running.close();
    await Promise.all([openai.close(), spare.close()]);
  });
  beforeEach(() => {
    for (const up of [openai, spare]) {
      up.received.length = 0;
      up.always(answerOf);
    }
  });

  const ask = (body: Record<string, unknown>, headers: Record<string, string> = {}, path = '/v1/chat/completions') =>
    send({
      url: running.url + path,
      headers: { 'content-type': 'application/json', ...headers },
      body: { messages: [{ role: 'user', content: 'hi' }], ...body },
    });
  const told = ({ headers }: Answer): string | undefined => headers['x-token-spy-route'] as string | undefined;
  const rowOf = (answer: Answer): Promise<ExchangeRecord> => running.row(String(answer.headers['x-token-spy-id']));
  const keyOf = ({ headers }: Received): string => String(headers.authorization).replace('Bearer ', '');
  const modelOf = ({ body }: Received): unknown => (JSON.parse(String(body)) as { model: unknown }).model;

  it('weighted: shares by weight, and a session stays', async () => {
    for (let i = 0; i < 60; i++) {
      const headers = { 'x-token-spy-session': `session-${i % 30}` };
      await ask({ model: 'weighted' }, headers);
    }
    expect(openai.received.length + spare.received.length).to.equal(60);
    expect(openai.received.length).to.be.within(34, 56);
    // Each session comes twice, and both times goes the same way.
    expect(spare.received.length % 2).to.equal(0);
    const row = await rowOf(await ask({ model: 'weighted' }, { 'x-token-spy-session': 'session-1' }));
    expect(row.route).to.include({ name: 'weighted', strategy: 'weighted', alias: null });
    expect(row.route!.reason).to.match(/^weighted: (openai of weight 3|spare of weight 1), by session$/);
  });

  it('cheapest: by the price of this request, with the model of the target; row and header say so', async () => {
    const answer = await ask({ model: 'cheap', max_tokens: 1000 });
    expect(openai.received.map(modelOf)).to.eql(['gpt-4o-mini']);
    expect(told(answer)).to.match(/^cheap; strategy=cheapest; target=openai\/gpt-4o-mini; key=(a|b|3|d); attempts=1$/);
    const row = await rowOf(answer);
    expect(row.route!.reason).to.match(
      /^cheapest: openai\/gpt-4o-mini 0\.000\d+, openai\/gpt-4o 0\.0\d+, spare unknown$/,
    );
    expect(row.model.request).to.equal('cheap');
  });

  it('fastest: the one that was measured to be quicker', async () => {
    const hurry = () => ask({ model: 'hurry' }, { 'x-token-spy-session': 'hurry' });
    openai.always((request) => ({ ...answerOf(request), delay: 80 }));
    // The slower one is asked until it is known to be.
    for (let i = 0; i < 12; i++) await hurry();
    for (const up of [openai, spare]) up.received.length = 0;
    const answer = await hurry();
    expect([openai.received.length, spare.received.length]).to.eql([0, 1]);
    expect((await rowOf(answer)).route!.reason).to.match(/^fastest: spare \d+ ms x 1 against openai \d+ ms x 1$/);
  });

  it('by tag, by key and by size of the body', async () => {
    const byTag = await ask({ model: 'gpt-4o' }, { 'x-token-spy-tags': 'team=be' });
    const byKey = await ask({ model: 'gpt-4o' }, { authorization: `Bearer ${GATEWAY_KEY}` });
    const bySize = await ask({ model: 'gpt-4o', user: 'x'.repeat(20_000) });
    expect([byTag, byKey, bySize].map((answer) => told(answer)?.split(';')[0])).to.eql(['team', 'ci', 'large']);
    expect(spare.received.map(modelOf)).to.eql(['gpt-4o', 'gpt-4o', 'long']);
    expect(spare.received.map(keyOf)).to.eql(['key-of-spare', 'key-of-spare', 'key-of-spare']);
    const none = await ask({ model: 'gpt-4o' }, { 'x-token-spy-tags': 'team=hr' });
    expect(told(none)).to.match(/^-; target=openai\/gpt-4o; key=/);
    expect((await rowOf(none)).route).to.equal(null);
  });

  it('an alias of an alias is another model for the provider, and the row keeps both names', async () => {
    const answer = await ask({ model: 'quick' });
    expect(openai.received.map(modelOf)).to.eql(['gpt-4o-mini']);
    expect(told(answer)).to.match(/^-; alias=quick; target=openai\/gpt-4o-mini; key=/);
    const row = await rowOf(answer);
    expect(row.model.request).to.equal('quick');
    expect(row.route).to.eql({ name: null, strategy: null, reason: 'speaks the API', alias: 'quick' });
  });

  it('a route in a route is asked in its own order where it stands', async () => {
    spare.always(json({ error: {} }, { status: 500 }));
    const answer = await ask({ model: 'nested' });
    expect(answer.status).to.equal(200);
    expect(spare.received.map(modelOf)).to.eql(['first']);
    expect(openai.received.map(modelOf)).to.eql(['gpt-4o-mini']);
    expect(told(answer)).to.match(/^outer; strategy=fallback; target=openai\/gpt-4o-mini; key=.; attempts=2$/);
  });

  it('sessions are spread over the keys of a provider, and each stays with its own', async () => {
    for (let i = 0; i < 60; i++) await ask({ model: 'gpt-4o' }, { 'x-token-spy-session': `spread-${i % 20}` });
    const keys = openai.received.map(keyOf);
    expect(keys.slice(0, 20)).to.eql(keys.slice(20, 40));
    expect(keys.slice(0, 20)).to.eql(keys.slice(40));
    expect(new Set(keys)).to.have.property('size', 4);
  });

  it('the own key of a client goes to the provider, and ours do not matter', async () => {
    const answer = await ask({ model: 'gpt-4o' }, { authorization: 'Bearer sk-of-the-client' });
    expect(openai.received.map(keyOf)).to.eql(['sk-of-the-client']);
    expect(told(answer)).to.equal(undefined);
  });

  it('a response is gone on from with the key that made it, whatever the session', async () => {
    for (let i = 0; i < 8; i++) {
      const first = await ask({ model: 'gpt-4o', input: 'hi', messages: undefined }, {}, '/v1/responses');
      const { id } = JSON.parse(first.text) as { id: string };
      const next = await ask(
        { model: 'gpt-4o', input: 'and?', previous_response_id: id, messages: undefined },
        { 'x-token-spy-session': `new-${i}` },
        '/v1/responses',
      );
      const [made, used] = openai.received.splice(0).map(keyOf);
      expect(used).to.equal(made);
      expect(id).to.equal(`resp_${made}`);
      expect(next.status).to.equal(200);
    }
  });

  it('signed thinking goes back to the key that made it, although that fails, and nobody else is asked', async () => {
    const headers = { 'x-token-spy-session': 'thinker' };
    await ask({ model: 'gpt-4o' }, headers);
    const [made] = openai.received.splice(0).map(keyOf);
    openai.always(json({ error: {} }, { status: 500 }));
    const messages = [{ role: 'assistant', content: [{ type: 'thinking', thinking: '...', signature: 'abc' }] }];
    const bound = await ask({ model: 'gpt-4o', messages }, headers);
    expect(bound.status).to.equal(503);
    expect(bound.text).to.contain('upstream_origin_failed');
    expect(openai.received.map(keyOf)).to.eql([made, made, made]);
  });

  it('sticky: session follows the answers, not the hash', async () => {
    const headers = { 'x-token-spy-session': 'follower' };
    const first = await ask({ model: 'stay' }, headers);
    const [here, there] = openai.received.length === 1 ? [openai, spare] : [spare, openai];
    expect(first.status).to.equal(200);
    here.always(json({ error: {} }, { status: 503 }));
    expect((await ask({ model: 'stay' }, headers)).status).to.equal(200);
    here.always(answerOf);
    here.received.length = 0;
    there.received.length = 0;
    const third = await ask({ model: 'stay' }, headers);
    expect([here.received.length, there.received.length]).to.eql([0, 1]);
    expect((await rowOf(third)).route!.reason).to.match(/^session stays with (openai key .|spare)$/);
  });

  it('what was learned outlives a change of gateway.yaml', async () => {
    const headers = { 'x-token-spy-session': 'survivor' };
    await ask({ model: 'gpt-4o' }, headers);
    const [made] = openai.received.splice(0).map(keyOf);
    const before = running.gateway.current;
    await running.save(
      `${yaml(openai.url, spare.url)}\non_disconnect: drain\n`.replace(
        '{ name: a, key',
        '{ name: d2, key: key-of-openai-e }, { name: a, key',
      ),
    );
    await running.gateway.reload();
    expect(running.gateway.current).to.not.equal(before);
    const messages = [{ role: 'assistant', content: [{ type: 'thinking', thinking: '...', signature: 'abc' }] }];
    await ask({ model: 'gpt-4o', messages }, headers);
    expect(openai.received.map(keyOf)).to.eql([made]);
  });
});
