import { Agent, request } from 'node:http';
import { expect } from 'chai';

import { send } from '../support/client.ts';
import { ASK, CHAT, MESSAGES, usePair } from '../support/pair.ts';
import { json } from '../support/script.ts';

describe('the handler', () => {
  const pair = usePair({
    provider: 'models: [ gpt-4o ]',
    more: 'listen: [ { port: 0 }, { port: 0, name: named, agent: service-a }, { port: 0, name: fixed, provider: anthropic } ]',
  });

  it('refuses what is no plain path, without a row', async () => {
    const status = await new Promise((done) => {
      request({ port: new URL(pair.gw.url).port, path: '/v1/messages/../x' }, (res) =>
        done(res.resume().statusCode),
      ).end();
    });
    expect(status).to.equal(400);
    expect(await pair.rows(0)).to.have.length(0);
  });

  it('answers HEAD without a body when it refuses', async () => {
    const answer = await pair.send('/v1//models', { method: 'HEAD' });
    expect(answer).to.include({ status: 400, text: '', broken: false });
  });

  it('keeps the connection of a caller whose request was whole', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (path: string, body: string) =>
      new Promise<number | undefined>((done) => {
        const headers = { 'content-type': 'application/json', 'content-length': body.length };
        const req = request(pair.gw.url + path, { agent, method: 'POST', headers }, (res) => {
          res.resume().on('end', () => done(req.socket?.localPort));
        });
        req.end(body);
      });
    const ports = [await ask(CHAT, '{}'), await ask(CHAT, '[1]'), await ask(CHAT, '{}')];
    agent.destroy();
    expect(new Set(ports).size).to.equal(1);
    expect((await pair.rows(3)).map(({ status }) => status)).to.deep.equal([200, 400, 200]);
  });

  it('knows the port that a request came by: its agent and its provider', async () => {
    const [, named, fixed] = pair.gw.gateway.ports.all;
    await send({ url: named!.url + CHAT, body: ASK });
    await send({ url: `${fixed!.url}/v1/models` });
    const [one, two] = await pair.rows(2);
    expect(one).to.include({ agent: 'service-a', listener: 'named' });
    expect(two).to.include({ provider: 'anthropic', listener: 'fixed' });
  });

  it('writes one row each for fifty requests at once, of both dialects', async () => {
    pair.up.always(({ path }) =>
      json(
        path.includes('messages')
          ? { type: 'message', usage: { input_tokens: 1, output_tokens: 1 } }
          : { usage: { prompt_tokens: 1, completion_tokens: 1 } },
      ),
    );
    const paths = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? CHAT : MESSAGES));
    await Promise.all(paths.map((path) => pair.send(path, { body: ASK })));
    const rows = await pair.rows(50);
    expect(rows).to.have.length(50);
    expect(new Set(rows.map(({ id }) => id)).size).to.equal(50);
    for (const row of rows) expect(row).to.include({ outcome: 'ok', usage_status: 'final' });
    expect(rows.filter(({ provider }) => provider === 'anthropic')).to.have.length(25);
  });

  it('a row of a failed answer says so: status, type, code, request id', async () => {
    const error = { error: { message: 'broken', type: 'server_error', code: 'engine_down' } };
    pair.up.next(json(error, { status: 500, headers: { 'x-request-id': 'req-7' } }));
    await pair.send(CHAT, { body: ASK });
    const row = await pair.row();
    expect(row).to.include({
      status: 500,
      outcome: 'upstream_error',
      upstream_request_id: 'req-7',
      usage: null,
      cost_usd: null,
    });
    expect(row.error).to.deep.equal({
      type: 'server_error',
      code: 'engine_down',
      http_status: 500,
      retry_after_s: null,
    });
    expect(row.estimate).to.equal(null);
  });
});

describe('the handler with more to do than it may', () => {
  const pair = usePair({ more: 'limits: { concurrent: 2 }' });

  it('refuses at once and goes on with the others', async () => {
    pair.up.always(json({}, { delay: 'release' }));
    const calls = [pair.open(CHAT, { body: ASK }), pair.open(CHAT, { body: ASK })];
    await pair.up.request(1);
    const third = await pair.send(CHAT, { body: ASK });
    expect(third.status).to.equal(503);
    expect(third.headers['retry-after']).to.equal('1');
    expect(JSON.parse(third.text).error.code).to.equal('overloaded');
    pair.up.release();
    for (const call of calls) expect((await call.done).status).to.equal(200);
    expect(await pair.rows(2)).to.have.length(2);
  });
});
