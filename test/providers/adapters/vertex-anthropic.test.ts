import { expect } from 'chai';
import anthropicMessages from '../../../providers/adapters/anthropic-messages.ts';
import vertexAnthropic from '../../../providers/adapters/vertex-anthropic.ts';
import { Endpoints } from '../../../src/proxy/endpoints.ts';
import { block, delta, json, start, stop, text } from '../../support/anthropic-events.ts';
import { read, readEveryWay, stream } from '../../support/metering.ts';

const MODELS = '/v1/projects/p-1/locations/us-east5/publishers/anthropic/models';
const endpoints = new Endpoints([['vertex_anthropic', vertexAnthropic]]);

describe('the vertex-anthropic adapter', () => {
  for (const [path, api, model, streams, bills] of [
    [
      `${MODELS}/claude-sonnet-4-5@20250929:rawPredict`,
      'anthropic.messages',
      'claude-sonnet-4-5@20250929',
      false,
      true,
    ],
    [`${MODELS}/claude-opus-5:streamRawPredict`, 'anthropic.messages', 'claude-opus-5', true, true],
    [`${MODELS.replace('v1', 'v1beta1')}/claude-opus-5:rawPredict`, 'anthropic.messages', 'claude-opus-5', false, true],
    [`${MODELS}/count-tokens:rawPredict`, 'anthropic.count_tokens', null, false, false],
  ] as const) {
    it(`knows ${path} as ${api}`, () => {
      const { facts, model: named } = endpoints.find('POST', path)!;
      expect(facts).to.include({ api, streams, bills });
      expect(named && path.slice(named.start, named.end)).to.equal(model);
    });
  }

  it('reads streams and answers as Anthropic itself sends them', () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 };
    const events = stream(start(usage), block, text, delta({ output_tokens: 7 }), stop);
    const sketch = { api: 'anthropic.messages' };
    const reading = readEveryWay(vertexAnthropic, sketch, events);
    expect(reading).to.deep.equal(read(anthropicMessages, sketch, [events]));
    expect(reading.usage).to.deep.equal({ input_tokens: 15, output_tokens: 7, 'cache_read.input_tokens': 5 });
    const answer = { ...sketch, contentType: 'application/json', streamAsked: false };
    expect(read(vertexAnthropic, answer, [json(usage)])).to.deep.equal(read(anthropicMessages, answer, [json(usage)]));
  });

  it('has nothing to bill where tokens are counted', () => {
    const counted = read(vertexAnthropic, { api: 'anthropic.count_tokens' }, [Buffer.from('{"input_tokens":14}')]);
    expect(counted).to.include({ usage: null, usageStatus: 'not_applicable' });
  });

  it('reads errors of Anthropic and of Google, and tells its own as Anthropic does', () => {
    const sketch = { api: 'anthropic.messages', status: 429 };
    const theirs = Buffer.from('{"type":"error","error":{"type":"rate_limit_error","message":"x"}}');
    const googles = Buffer.from('[{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}]');
    expect(read(vertexAnthropic, sketch, [theirs]).error).to.deep.equal({ type: 'rate_limit_error', code: null });
    expect(read(vertexAnthropic, sketch, [googles]).error).to.deep.equal({ type: 'RESOURCE_EXHAUSTED', code: '429' });
    const problem = { status: 401, code: 'invalid_gateway_key', message: 'x', requestId: 'r' };
    expect(vertexAnthropic.error(problem)).to.equal(anthropicMessages.error(problem));
    expect(vertexAnthropic.errorEvent(problem)).to.equal(anthropicMessages.errorEvent(problem));
  });
});
