/** AWS's own SDK through a running gateway, which signs anew for the provider it leads to. */
import {
  AccessDeniedException,
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { delta, start, stop, text } from '../support/anthropic-events.ts';
import { send } from '../support/client.ts';
import { chunkFrame, eventFrame, exceptionFrame } from '../support/event-frames.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { cut, json, type Script } from '../support/script.ts';
import { checkSignature } from '../support/sigv4.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const KEY = 'tsk-0123456789abcdef';
const SECRET = 'the-secret-of-the-gateway';
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const PROFILE = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-sonnet-4-5-20250929-v1:0`;
const PATH = `/model/${encodeURIComponent(CLAUDE)}`;
const ASK = { modelId: CLAUDE, messages: [{ role: 'user' as const, content: [{ text: 'Hei' }] }] };
const BODY = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages: [{ role: 'user', content: 'Hei' }] };
const REQUEST_ID = '5f3e0000-aaaa-4bbb-8ccc-ddddeeeeffff';
const USAGE = { inputTokens: 10, outputTokens: 20, totalTokens: 130, cacheReadInputTokens: 100 };
/** 10 and 20 tokens at 3.30 and 16.50 dollars a million, 100 at 0.33. */
const COST = '0.000396';

const answer = (value: object, more: Script = {}): Script =>
  json(value, { ...more, headers: { 'x-amzn-requestid': REQUEST_ID, ...(more.headers as Record<string, string>) } });
const frames = (...all: Buffer[]): Script => ({
  headers: { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': REQUEST_ID },
  framing: 'chunked',
  chunks: cut(Buffer.concat(all), 50),
});
const said = eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hei' }, p: 'ab' });
const converse = [
  eventFrame('messageStart', { role: 'assistant' }),
  said,
  eventFrame('contentBlockStop', { contentBlockIndex: 0 }),
  eventFrame('messageStop', { stopReason: 'end_turn' }),
];
const metadata = eventFrame('metadata', { usage: USAGE, metrics: { latencyMs: 5 } });

/** What a call rejected with. */
async function refusal(call: Promise<unknown>): Promise<Error & { $metadata?: { httpStatusCode?: number } }> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('it was not refused');
  return error;
}

describe("AWS's SDK", () => {
  let up: Upstream;
  let gw: TestGateway;
  let client: BedrockRuntimeClient;
  let seen = 0;

  const sdk = (more: ConstructorParameters<typeof BedrockRuntimeClient>[0] = {}, port = 'open'): BedrockRuntimeClient =>
    new BedrockRuntimeClient({
      region: 'eu-north-1',
      endpoint: gw.gateway.ports.all.find(({ name }) => name === port)!.url,
      credentials: { accessKeyId: 'AKIAOFTHECLIENT', secretAccessKey: 'anything' },
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
      ...more,
    });

  /** The row of the only exchange since the last one that was asked for. */
  async function row(): Promise<ExchangeRecord> {
    const rows = await gw.rows(seen + 1);
    expect(rows.length).to.equal(seen + 1);
    seen = rows.length;
    return rows.at(-1)!;
  }

  before(async () => {
    up = await startUpstream();
    gw = await startGateway(
      `listen: [ { port: 0, name: open }, { port: 0, name: locked, auth: key } ]
keys: [ { name: team, key: ${KEY} } ]
providers:
  bedrock: { base_url: "${up.url}" }
  impatient: { base_url: "${up.url}", adapter: bedrock_converse, timeouts: { idle: 300ms }, auth: { type: aws_sigv4, region: us-west-2, access_key_id: AKIAOFTHEGATEWAY, secret_access_key: ${SECRET} } }
${PIPELINE}`,
      { env: { AWS_ACCESS_KEY_ID: 'AKIAOFTHEGATEWAY', AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'us-west-2' } },
    );
    client = sdk();
  });
  after(async () => {
    client?.destroy();
    await gw?.close();
    await up?.close();
  });
  beforeEach(() => {
    up.received.length = 0;
  });
  afterEach(() => {
    for (const received of up.received) {
      const checked = checkSignature(received, SECRET);
      expect(checked.signature, 'the signature').to.equal(checked.expected);
      expect(checked).to.include({ accessKeyId: 'AKIAOFTHEGATEWAY', region: 'us-west-2' });
      expect(received.headers.host).to.equal(`127.0.0.1:${up.port}`);
    }
  });

  it('converses', async () => {
    up.next(
      answer({
        output: { message: { role: 'assistant', content: [{ text: 'Hei' }] } },
        stopReason: 'end_turn',
        usage: USAGE,
        metrics: { latencyMs: 5 },
      }),
    );
    const { output, usage, $metadata } = await client.send(new ConverseCommand(ASK));
    expect(output?.message?.content?.[0]?.text).to.equal('Hei');
    expect(usage).to.deep.include({ inputTokens: 10, cacheReadInputTokens: 100 });
    expect($metadata.requestId).to.equal(REQUEST_ID);
    expect(up.received[0]!.path).to.equal(`${PATH}/converse`);
    expect(await row()).to.deep.include({
      api: 'bedrock.converse',
      provider: 'bedrock',
      outcome: 'ok',
      stream: false,
      usage: { input_tokens: 110, output_tokens: 20, 'cache_read.input_tokens': 100 },
      usage_status: 'final',
      cost_usd: COST,
      cost_source: 'price_table',
      stop_reason: { raw: 'end_turn', normalized: 'stop' },
      upstream_request_id: REQUEST_ID,
    });
  });

  it('streams a conversation, and costs the same', async () => {
    up.next(frames(...converse, metadata));
    const { stream } = await client.send(new ConverseStreamCommand(ASK));
    const events: string[] = [];
    for await (const event of stream!) events.push(...Object.keys(event));
    expect(events).to.eql(['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata']);
    const record = await row();
    expect(record).to.deep.include({
      api: 'bedrock.converse',
      outcome: 'ok',
      stream: true,
      usage_status: 'final',
      cost_usd: COST,
      stop_reason: { raw: 'end_turn', normalized: 'stop' },
    });
    expect(record.model).to.deep.include({ request: CLAUDE, response: CLAUDE });
    expect(record.time_to_first_token_ms).to.be.a('number');
  });

  it("invokes a model with its vendor's body, which it calls plain bytes", async () => {
    up.next(
      answer(
        {
          type: 'message',
          content: [{ type: 'text', text: 'Hei' }],
          stop_reason: 'max_tokens',
          usage: { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 100 },
        },
        { headers: { 'x-amzn-bedrock-input-token-count': '10', 'x-amzn-bedrock-output-token-count': '20' } },
      ),
    );
    const command = new InvokeModelCommand({ modelId: CLAUDE, body: JSON.stringify(BODY) });
    const { body } = await client.send(command);
    expect(JSON.parse(body.transformToString())).to.have.property('type', 'message');
    expect(up.received[0]!.headers['content-type']).to.equal('application/octet-stream');
    expect(await row()).to.deep.include({
      api: 'bedrock.invoke',
      outcome: 'ok',
      usage: { input_tokens: 110, output_tokens: 20, 'cache_read.input_tokens': 100 },
      cost_usd: COST,
      stop_reason: { raw: 'max_tokens', normalized: 'length' },
    });
  });

  it("streams a vendor's events, priced by the profile that an ARN names", async () => {
    const metrics = { inputTokenCount: 10, outputTokenCount: 20, invocationLatency: 5, firstByteLatency: 1 };
    up.next(
      frames(
        ...[
          start({ input_tokens: 10, output_tokens: 1 }),
          text,
          delta({ output_tokens: 20 }),
          { ...stop, 'amazon-bedrock-invocationMetrics': metrics },
        ].map(chunkFrame),
      ),
    );
    const command = new InvokeModelWithResponseStreamCommand({
      modelId: PROFILE,
      contentType: 'application/json',
      body: JSON.stringify(BODY),
    });
    const types: string[] = [];
    for await (const { chunk } of (await client.send(command)).body!) {
      types.push((JSON.parse(Buffer.from(chunk!.bytes!).toString()) as { type: string }).type);
    }
    expect(types).to.eql(['message_start', 'content_block_delta', 'message_delta', 'message_stop']);
    const record = await row();
    expect(record).to.deep.include({
      api: 'bedrock.invoke',
      outcome: 'ok',
      stream: true,
      usage: { input_tokens: 10, output_tokens: 20 },
      cost_usd: '0.00033',
    });
    expect(record.model.request).to.equal(PROFILE);
  });

  it('counts tokens, which nobody bills', async () => {
    up.next(answer({ inputTokens: 12 }));
    const { inputTokens } = await client.send(
      new CountTokensCommand({ modelId: CLAUDE, input: { converse: { messages: ASK.messages } } }),
    );
    expect(inputTokens).to.equal(12);
    expect(await row()).to.include({ api: 'bedrock.count_tokens', usage_status: 'not_applicable', cost_usd: null });
  });

  it("throws the provider's errors as its own classes, and the row names them", async () => {
    up.next(
      answer(
        { message: 'Too many tokens, please wait.' },
        { status: 429, headers: { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/' } },
      ),
    );
    const error = await refusal(client.send(new ConverseCommand(ASK)));
    expect(error).to.be.instanceOf(ThrottlingException);
    expect(error.message).to.equal('Too many tokens, please wait.');
    const record = await row();
    expect(record).to.deep.include({ outcome: 'upstream_error', status: 429, usage: null, cost_usd: null });
    expect(record.error).to.include({ type: 'ThrottlingException' });
  });

  it('throws an exception in the middle of a stream', async () => {
    up.next(frames(...converse.slice(0, 2), exceptionFrame('throttlingException', 'Slow down.')));
    const { stream } = await client.send(new ConverseStreamCommand(ASK));
    const reading = (async () => {
      for await (const _ of stream!);
    })();
    expect(await refusal(reading)).to.be.instanceOf(ThrottlingException);
    const record = await row();
    expect(record).to.include({ outcome: 'stream_error', usage_status: 'missing' });
    expect(record.error).to.include({ type: 'throttlingException' });
  });

  it("is told the gateway's own errors in the same way", async () => {
    const locked = sdk({}, 'locked');
    const denied = await refusal(locked.send(new ConverseCommand(ASK)));
    expect(denied).to.be.instanceOf(AccessDeniedException);
    expect(denied.message).to.contain('gateway key');
    expect(denied.$metadata?.httpStatusCode).to.equal(401);
    const invalid = await refusal(client.send(new InvokeModelCommand({ modelId: 'm', body: 'no JSON' })));
    expect(invalid).to.be.instanceOf(ValidationException);
    expect((await row()).outcome).to.equal('refused');
    expect(up.received).to.eql([]);
  });

  it('shows a gateway key as an API key of Bedrock, and is signed for all the same', async () => {
    const keyed = sdk({ token: { token: KEY }, authSchemePreference: ['httpBearerAuth'] }, 'locked');
    up.next(frames(...converse, metadata));
    const { stream } = await keyed.send(new ConverseStreamCommand(ASK));
    for await (const _ of stream!);
    expect(JSON.stringify(up.received[0]!.headers)).to.not.contain(KEY);
    expect(await row()).to.include({ key: 'team', outcome: 'ok', cost_usd: COST });
  });

  it("reaches Bedrock's other calls behind its name, signed and not metered", async () => {
    const named = sdk({ endpoint: `${gw.url}/bedrock` });
    up.next(answer({ usage: {}, action: 'NONE', outputs: [], assessments: [] }));
    const { action } = await named.send(
      new ApplyGuardrailCommand({
        guardrailIdentifier: 'g-1',
        guardrailVersion: '1',
        source: 'INPUT',
        content: [{ text: { text: 'Hei' } }],
      }),
    );
    expect(action).to.equal('NONE');
    expect(up.received[0]!.path).to.equal('/guardrail/g-1/version/1/apply');
    expect(await row()).to.include({ api: null, provider: 'bedrock', outcome: 'ok', usage_source: 'none' });
    up.next(frames(...converse, metadata));
    for await (const _ of (await named.send(new ConverseStreamCommand(ASK))).stream!);
    expect(up.received[1]!.path).to.equal(`${PATH}/converse-stream`);
    expect(await row()).to.include({ api: 'bedrock.converse', outcome: 'ok', cost_usd: COST });
  });

  it('learns no secret of the gateway from an error that quotes it', async () => {
    up.next(answer({ message: `The signature of ${SECRET} by AKIAOFTHEGATEWAY does not match.` }, { status: 403 }));
    const error = await refusal(client.send(new ConverseCommand(ASK)));
    expect(error.message).to.equal('The signature of *** by *** does not match.');
    await row();
  });

  it('gets nothing but its own bytes of a stream that falls silent, and no end', async () => {
    up.next({ ...frames(...converse), end: 'hang' });
    const { body, broken } = await send({ url: `${gw.url}/impatient${PATH}/converse-stream`, body: ASK });
    expect(broken).to.equal(true);
    expect(body.equals(Buffer.concat(converse))).to.equal(true);
    expect(await row()).to.deep.include({ outcome: 'truncated', usage_status: 'missing', cost_usd: null });
  });
});
