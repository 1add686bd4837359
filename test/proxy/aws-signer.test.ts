import { expect } from 'chai';
import type { Dispatcher, Pool } from 'undici';

import { Rope } from '../../src/bytes/rope.ts';
import type { Provider } from '../../src/pipeline/provider.ts';
import { Attempt } from '../../src/proxy/attempt.ts';
import { sign } from '../../src/proxy/aws-signer.ts';
import { Broken } from '../../src/proxy/problems.ts';
import { send } from '../support/client.ts';
import { usePair } from '../support/pair.ts';
import { json } from '../support/script.ts';
import { checkSignature } from '../support/sigv4.ts';
import type { Received } from '../support/upstream.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const SIGNING = {
  region: 'eu-central-1',
  service: 'bedrock',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: SECRET,
  sessionToken: null,
};

/** Signs a request for bedrock.example and returns its headers by lower-case name. */
async function signed(
  request: Partial<Dispatcher.DispatchOptions>,
  body: Rope | null = null,
  signing: Provider['signing'] = SIGNING,
  baseUrl = 'https://bedrock.example',
) {
  const options = { method: 'POST' as const, path: '/model/m/invoke', headers: [], ...request };
  const out = await sign({ options, body }, { name: 'aws', baseUrl, signing } as Provider);
  const flat = out.headers as string[];
  const headers: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!.toLowerCase();
    expect(headers, `${name} once`).to.not.have.property(name);
    headers[name] = flat[i + 1]!;
  }
  return { ...options, headers, all: { host: new URL(baseUrl).host, ...headers } };
}

const whole = (body: Rope | null): Buffer => Buffer.concat(body?.pieces ?? []);

describe('a signature for AWS', () => {
  it("is checked here by a computation that gives AWS's own published example", () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
      'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';
    const headers = { authorization, host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' };
    const { signature, expected } = checkSignature({ method: 'GET', path: '/', headers, body: Buffer.of() }, SECRET);
    expect(expected).to.equal(signature);
  });

  for (const [what, path] of [
    ['a model in the path', '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'],
    ['an ARN', '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.x-v1%3A0/invoke'],
    ['a colon as it is', '/model/amazon.nova-lite-v1:0/invoke'],
    ['odd characters', "/model/a%20b!'()*~_-.%C3%A5/invoke"],
    ['a query', '/model/m/invoke?b=2&a=1%2F%20x&empty=&B=3'],
    ['a root', '/'],
  ] as const) {
    it(`holds for ${what}`, async () => {
      const body = new Rope([Buffer.from('{"a":'), Buffer.from('"世"}')]);
      const { all } = await signed({ path, headers: ['Content-Type', 'application/json'] }, body);
      const checked = checkSignature({ method: 'POST', path, headers: all, body: whole(body) }, SECRET);
      expect(checked.signature).to.equal(checked.expected);
      expect(checked).to.include({ accessKeyId: 'AKIDEXAMPLE', region: 'eu-central-1', service: 'bedrock' });
      expect(checked.signedHeaders).to.eql(['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date']);
    });
  }

  it('holds without a body, for a port, another service and a session', async () => {
    const signing = { ...SIGNING, service: 'sagemaker', sessionToken: 'a/session+token==' };
    const { all } = await signed({ method: 'GET' }, null, signing, 'http://127.0.0.1:4566/base');
    const checked = checkSignature({ method: 'GET', path: '/model/m/invoke', headers: all, body: Buffer.of() }, SECRET);
    expect(all).to.include({ host: '127.0.0.1:4566', 'x-amz-security-token': 'a/session+token==' });
    expect(checked.signature).to.equal(checked.expected);
    expect(checked.service).to.equal('sagemaker');
    expect(checked.signedHeaders).to.include('x-amz-security-token');
  });

  it('covers what AWS has of its own, and nothing that a proxy may change', async () => {
    const { all } = await signed({
      headers: [
        ...['accept-encoding', 'gzip', 'X-Amz-User-Agent', 'aws  sdk', 'user-agent', 'sdk'],
        ...['amz-sdk-request', 'attempt=1', 'x-amzn-bedrock-trace', 'ENABLED'],
      ],
    });
    const checked = checkSignature(
      { method: 'POST', path: '/model/m/invoke', headers: all, body: Buffer.of() },
      SECRET,
    );
    expect(checked.signature).to.equal(checked.expected);
    expect(checked.signedHeaders).to.eql(['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-user-agent']);
    expect(all).to.include({ 'accept-encoding': 'gzip', 'x-amzn-bedrock-trace': 'ENABLED' });
  });

  it('covers a header that comes twice with both of its values', async () => {
    const options = { method: 'POST' as const, path: '/', headers: ['x-amz-a', '1', 'X-Amz-A', '2'] };
    const provider = { name: 'aws', baseUrl: 'https://bedrock.example', signing: SIGNING } as unknown as Provider;
    const flat = (await sign({ options, body: null }, provider)).headers as string[];
    const textOf = (name: string): string => flat[flat.indexOf(name) + 1]!;
    const headers = {
      host: 'bedrock.example',
      'x-amz-a': '1,2',
      ...Object.fromEntries(
        ['authorization', 'x-amz-date', 'x-amz-content-sha256'].map((name) => [name, textOf(name)]),
      ),
    };
    const checked = checkSignature({ method: 'POST', path: '/', headers, body: Buffer.of() }, SECRET);
    expect(checked.signature).to.equal(checked.expected);
    expect(flat.slice(0, 4)).to.eql(options.headers);
  });

  it('takes the place of whatever was signed before', async () => {
    const { headers } = await signed({
      headers: [
        'Authorization',
        'AWS4-HMAC-SHA256 Credential=theirs',
        'X-Amz-Date',
        '20200101T000000Z',
        'x-amz-security-token',
        'theirs',
        'x-amz-content-sha256',
        'UNSIGNED-PAYLOAD',
      ],
    });
    expect(JSON.stringify(headers)).to.not.match(/theirs|20200101|UNSIGNED/);
    expect(headers).to.not.have.property('x-amz-security-token');
  });

  it('holds for a body of megabytes, and lets others work meanwhile', async () => {
    const body = new Rope([Buffer.alloc(5_000_000, 'a'), Buffer.alloc(3_000_000, 'b')]);
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const { all } = await signed({}, body);
    clearImmediate(timer);
    const checked = checkSignature(
      { method: 'POST', path: '/model/m/invoke', headers: all, body: whole(body) },
      SECRET,
    );
    expect(checked.signature).to.equal(checked.expected);
    expect(turns).to.be.at.least(4);
  });

  it('is refused for a body that nobody has read', async () => {
    const options = { method: 'POST' as const, path: '/', headers: [] };
    const provider = { name: 'aws', baseUrl: 'https://a.example', signing: SIGNING } as unknown as Provider;
    const error = await sign({ options, body: 'unread' }, provider).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Broken);
    expect((error as Broken).failure).to.include({ status: 415, code: 'unsignable_body' });
  });
});

describe('an attempt that waits for its signature', () => {
  const heard: unknown[] = [];
  const left: unknown[] = [];
  const attempt = (): Attempt =>
    new Attempt({ dispatch: (options: unknown) => void left.push(options) } as unknown as Pool, {
      headers: () => true,
      data: () => true,
      complete: () => {},
      failed: (error) => void heard.push(error),
    });
  const options = { path: '/', method: 'POST' as const };
  beforeEach(() => {
    heard.length = 0;
    left.length = 0;
  });

  it('leaves when it is signed', async () => {
    attempt().send(Promise.resolve(options));
    expect(left).to.eql([]);
    await new Promise(setImmediate);
    expect(left).to.eql([options]);
  });

  it('does not leave any more when it was cancelled meanwhile', async () => {
    const cancelled = attempt();
    cancelled.send(Promise.resolve(options));
    cancelled.cancel();
    await new Promise(setImmediate);
    expect([left, heard]).to.eql([[], []]);
  });

  it('tells when it cannot be signed, unless it was cancelled', async () => {
    const error = new Error('no');
    attempt().send(Promise.reject(error));
    const cancelled = attempt();
    cancelled.send(Promise.reject(error));
    cancelled.cancel();
    await new Promise(setImmediate);
    expect([left, heard]).to.eql([[], [error]]);
  });
});

describe('requests to a provider that signs', () => {
  const OURS = 'tsk-0123456789abcdef';
  const PATH = '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse';
  const ASK = { messages: [{ role: 'user', content: [{ text: 'hi' }] }] };
  const AUTH = `type: aws_sigv4, region: us-west-2, access_key_id: AKIDEXAMPLE, secret_access_key: "${SECRET}"`;
  const THEIRS = {
    authorization: 'AWS4-HMAC-SHA256 Credential=AKIATHEIRS/20261120/us-east-1/bedrock/aws4_request, Signature=00',
    'x-amz-date': '20261120T180000Z',
    'x-amz-security-token': 'their-session',
    'x-amz-content-sha256': '00',
  };
  const pair = usePair({
    providers: () => `  signing: { base_url: "${pair.up.url}", adapter: bedrock_converse, auth: { ${AUTH} } }
  session: { base_url: "${pair.up.url}", adapter: bedrock_converse, auth: { ${AUTH}, session_token: the-session-token } }
  bearer: { base_url: "${pair.up.url}", adapter: bedrock_converse, api_key: bedrock-api-key-1, auth: { ${AUTH} } }
  unset: { base_url: "${pair.up.url}", adapter: bedrock_converse, api_key: "", auth: { type: aws_sigv4, region: us-west-2, access_key_id: "", secret_access_key: "" } }
  first: { base_url: "${pair.up.url}/first", adapter: bedrock_converse, auth: { ${AUTH} } }
  second: { base_url: "${pair.up.url}/second", adapter: bedrock_converse, auth: { ${AUTH} } }`,
    more: `keys: [ { name: ci, key: ${OURS} } ]
routes: [ { match: { model: "*both*" }, targets: [ { provider: first }, { provider: second, model: "other:name" } ], retry: { retries: 0 } } ]`,
  });

  const ask = (provider: string, headers: Record<string, string> = {}, path = PATH) =>
    send({ url: `${pair.gw.url}/${provider}${path}`, body: ASK, headers });
  const verify = (received: Received) => {
    const checked = checkSignature({ ...received, body: received.body }, SECRET);
    expect(checked.signature).to.equal(checked.expected);
    expect(received.headers.host).to.equal(`127.0.0.1:${pair.up.port}`);
    expect(JSON.stringify(received.headers)).to.not.match(/THEIRS|their-session|20261120T180000Z/);
    return checked;
  };

  it('are signed for its host, in place of a signature of the client', async () => {
    for (const headers of [{}, THEIRS, { authorization: `Bearer ${OURS}` }, { ...THEIRS, 'x-token-spy-key': OURS }]) {
      pair.up.received.length = 0;
      expect((await ask('signing', headers)).status).to.equal(200);
      expect(verify(pair.up.received[0]!)).to.include({ accessKeyId: 'AKIDEXAMPLE', region: 'us-west-2' });
      expect(JSON.stringify(pair.up.received[0]!.headers)).to.not.contain(OURS);
    }
    await pair.rows(4);
  });

  it('carry the session of temporary credentials, under the signature', async () => {
    await ask('session', THEIRS);
    expect(verify(pair.up.received[0]!).signedHeaders).to.include('x-amz-security-token');
    expect(pair.up.received[0]!.headers['x-amz-security-token']).to.equal('the-session-token');
    await pair.rows(1);
  });

  it("take an API key before a signature, as AWS's own SDKs do", async () => {
    await ask('bearer', THEIRS);
    const { headers } = pair.up.received[0]!;
    expect(headers.authorization).to.equal('Bearer bedrock-api-key-1');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz-'))).to.eql([]);
    await pair.rows(1);
  });

  it("leave a client's own key alone", async () => {
    await ask('signing', { authorization: 'Bearer bedrock-api-key-of-the-client' });
    expect(pair.up.received[0]!.headers.authorization).to.equal('Bearer bedrock-api-key-of-the-client');
    await pair.rows(1);
  });

  it('travel as they came where nothing is configured', async () => {
    await ask('unset', THEIRS);
    expect(pair.up.received[0]!.headers).to.include(THEIRS);
    await ask('unset');
    expect(pair.up.received[1]!.headers).to.not.have.property('authorization');
    await pair.rows(2);
  });

  it('take no signature for a gateway key, whatever it names', async () => {
    const forged = { authorization: `AWS4-HMAC-SHA256 Credential=${OURS}/20261120/r/bedrock/aws4_request` };
    await ask('signing', forged);
    expect((await pair.row()).key).to.equal(null);
  });

  it('are signed anew for every attempt, with the path and the host of its own', async () => {
    pair.up.next(json({ message: 'busy' }, { status: 503 }));
    const url = `${pair.gw.url}/model/both/converse`;
    expect((await send({ url, body: ASK })).status).to.equal(200);
    expect(pair.up.received.map(({ path }) => path)).to.eql([
      '/first/model/both/converse',
      '/second/model/other%3Aname/converse',
    ]);
    for (const received of pair.up.received) verify(received);
    await pair.rows(1);
  });

  it('are signed anew on a new connection, where the pooled one was closed', async () => {
    await ask('signing');
    pair.up.next({ end: 'reset', raw: '' });
    expect((await ask('signing')).status).to.equal(200);
    expect(pair.up.received).to.have.length(3);
    for (const received of pair.up.received) verify(received);
    await pair.rows(2);
  });

  it('are signed over the bytes that leave, also those of a large body', async () => {
    const body = { messages: [{ role: 'user', content: [{ text: 'x'.repeat(3_000_000) }] }] };
    await send({ url: `${pair.gw.url}/signing${PATH}`, body });
    expect(pair.up.received[0]!.bodyBytes).to.be.above(3_000_000);
    verify(pair.up.received[0]!);
    await pair.rows(1);
  });

  it('are refused where their body cannot be signed', async () => {
    const answer = await send({
      url: `${pair.gw.url}/signing/async-invoke`,
      method: 'POST',
      headers: { 'content-type': 'application/x-unknown' },
      body: 'bytes',
    });
    expect(answer.status).to.equal(415);
    expect(answer.headers['x-token-spy-error']).to.equal('unsignable_body');
    expect(pair.up.received).to.have.length(0);
    expect((await pair.row()).outcome).to.equal('refused');
  });

  it('show no secret in an error that quotes them', async () => {
    const quoted = `The Canonical String was x-amz-security-token:the-session-token, ${SECRET}, AKIDEXAMPLE`;
    pair.up.next(json({ message: quoted }, { status: 403 }));
    const answer = await ask('session');
    expect(answer.status).to.equal(403);
    expect(answer.text).to.not.match(/the-session-token|wJalr|AKIDEXAMPLE/);
    await pair.rows(1);
  });
});
