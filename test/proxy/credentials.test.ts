import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';

import { readCredentials } from '../../src/proxy/credentials.ts';
import { ASK, CHAT, MESSAGES, usePair } from '../support/pair.ts';

const OURS = 'tsk-0123456789abcdef';
const read = (headers: Record<string, string>) =>
  readCredentials({ headers } as unknown as IncomingMessage, (key) => (key === OURS ? { name: 'ci' } : null));

describe('readCredentials', () => {
  for (const [name, value] of [
    ['authorization', `Bearer ${OURS}`],
    ['authorization', `bearer  ${OURS} `],
    ['x-api-key', OURS],
    ['x-goog-api-key', OURS],
    ['api-key', OURS],
    ['x-token-spy-key', OURS],
  ]) {
    it(`finds a gateway key in ${name}: ${value!.slice(0, 7)}`, () => {
      expect(read({ [name!]: value! })).to.deep.equal({
        principal: { name: 'ci' },
        gatewayHeaders: [name],
        ownCredential: null,
      });
    });
  }

  it("leaves the provider's key where it is, beside the gateway's", () => {
    const found = read({ authorization: 'Bearer sk-provider', 'x-token-spy-key': OURS });
    expect(found).to.deep.equal({
      principal: { name: 'ci' },
      gatewayHeaders: ['x-token-spy-key'],
      ownCredential: 'key',
    });
  });

  it('tells a signature for AWS from a key, and opens nothing for what it names', () => {
    const signature = `AWS4-HMAC-SHA256 Credential=${OURS}/20261120/us-east-1/bedrock/aws4_request, Signature=00`;
    const found = { principal: null, gatewayHeaders: [], ownCredential: 'signature' };
    expect(read({ authorization: signature })).to.deep.equal(found);
    expect(read({ authorization: signature, 'x-api-key': 'sk-provider' })).to.deep.equal(found);
    expect(read({ authorization: signature, 'x-token-spy-key': OURS })).to.deep.equal({
      principal: { name: 'ci' },
      gatewayHeaders: ['x-token-spy-key'],
      ownCredential: 'signature',
    });
  });

  it('looks at nothing but keys: Basic, other cases and parts of one open nothing', () => {
    for (const value of [
      `Basic ${btoa(`x:${OURS}`)}`,
      `Bearer ${OURS.toUpperCase()}`,
      `Bearer ${OURS.slice(0, -1)}`,
      OURS,
      'Bearer ',
    ]) {
      expect(read({ authorization: value }).principal, value).to.equal(null);
    }
    expect(read({ cookie: `key=${OURS}` })).to.deep.equal({
      principal: null,
      gatewayHeaders: [],
      ownCredential: null,
    });
  });
});

describe('keys through the sockets', () => {
  const pair = usePair({
    provider: 'api_key: sk-configured-000',
    more: `listen: [ { port: 0, auth: key } ]\nkeys: [ { name: ci, key: ${OURS} } ]`,
  });
  const sent = () => pair.up.received[0]!.rawHeaders.join('\n');

  for (const [path, header, value, goesUp] of [
    [CHAT, 'authorization', `Bearer ${OURS}`, 'Bearer sk-configured-000'],
    [MESSAGES, 'x-api-key', OURS, 'sk-configured-000'],
  ] as [string, string, string, string][]) {
    it(`#13 a gateway key in ${header} opens the door and stays here; the configured one goes up`, async () => {
      expect((await pair.send(path, { body: ASK, headers: { [header]: value } })).status).to.equal(200);
      expect(sent()).not.to.contain(OURS);
      expect(pair.up.received[0]!.headers[header]).to.equal(goesUp);
      expect((await pair.row()).key).to.equal('ci');
    });
  }

  it("a client's own provider key goes up instead of the configured one", async () => {
    await pair.send(CHAT, { body: ASK, headers: { authorization: 'Bearer sk-clients-own', 'x-token-spy-key': OURS } });
    expect(pair.up.received[0]!.headers.authorization).to.equal('Bearer sk-clients-own');
    expect(sent()).not.to.contain(OURS).and.not.to.contain('sk-configured');
    await pair.row();
  });

  it('a gateway key in the query stays here; what else stands there goes up', async () => {
    const headers = { authorization: `Bearer ${OURS}` };
    await pair.send(`${CHAT}?key=${OURS}&a=1&key=AIza-own`, { body: ASK, headers });
    expect(pair.up.received[0]!.path).to.equal(`${CHAT}?a=1`);
    await pair.row();
  });

  it("a provider's key in the query goes up", async () => {
    await pair.send(`${CHAT}?key=AIza-own&a=1`, { body: ASK, headers: { authorization: `Bearer ${OURS}` } });
    expect(pair.up.received[0]!.path).to.equal(`${CHAT}?key=AIza-own&a=1`);
    await pair.row();
  });

  it('a header that is sent twice gives no copy of a gateway key away', async () => {
    const body = JSON.stringify(ASK);
    const more: [string, string][] = [
      ['content-type', 'application/json'],
      ['content-length', String(body.length)],
    ];
    for (const name of ['authorization', 'x-api-key']) {
      const value = (key: string) => (name === 'authorization' ? `Bearer ${key}` : key);
      const headers: [string, string][] = [
        [name, value('sk-other')],
        [name, value(OURS)],
        ['x-token-spy-key', OURS],
        ...more,
      ];
      await pair.send(CHAT, { headers, body });
    }
    for (const { rawHeaders } of pair.up.received) expect(rawHeaders.join('\n')).not.to.contain(OURS);
    await pair.rows(pair.up.received.length);
  });

  for (const [what, headers, query] of [
    ['none', {}, ''],
    ['a wrong one', { authorization: 'Bearer tsk-wrong-wrong-wrong' }, ''],
    ['fifteen kilobytes', { 'x-api-key': 'k'.repeat(15_000) }, ''],
    ['SQL', { 'x-api-key': `' OR 1=1 --` }, ''],
    ['one in the query', {}, `?key=${OURS}`],
    ['one in a cookie', { cookie: `token=${OURS}` }, ''],
    ['one in Basic', { authorization: `Basic ${btoa(`${OURS}:`)}` }, ''],
  ] as [string, Record<string, string>, string][]) {
    it(`#63 ${what}: the same 401, nothing sent on, no row`, async () => {
      const answer = await pair.send(CHAT + query, { body: ASK, headers });
      expect(answer.status).to.equal(401);
      expect(JSON.parse(answer.text).error).to.deep.equal({
        message: 'A gateway key is needed: as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.',
        type: 'authentication_error',
        param: null,
        code: 'invalid_gateway_key',
      });
      expect(pair.up.received).to.have.length(0);
      expect(await pair.rows(0)).to.have.length(0);
    });
  }
});
