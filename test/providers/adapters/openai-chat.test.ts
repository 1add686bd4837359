import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { answer, CHAT, chunk, finish, JSON_CHAT } from '../../support/chat-chunks.ts';
import { checkSample, meterOf, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

describe('the openai-chat adapter', () => {
  for (const sample of wireSamples('openai.chat', 'openai.completions', 'openai.embeddings', 'openai.models')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(openaiChat, sample));
  }

  describe('content', () => {
    it('starts with the first of it, not with a comment, a filter result or a role', () => {
      const meter = meterOf(openaiChat, { api: 'openai.chat' });
      const push = (...events: (string | object)[]) => meter.push(stream(...events));
      meter.push(Buffer.from(': keep-alive\n\n'));
      push(
        { id: '', model: '', choices: [], prompt_filter_results: [] },
        chunk({ role: 'assistant', content: '', refusal: null }),
      );
      expect([meter.started, meter.finishing]).to.deep.equal([false, false]);
      push(chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: '' } }] }));
      expect([meter.started, meter.finishing]).to.deep.equal([true, false]);
      push(chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] }), finish);
      expect(meter.finishing).to.equal(true);
      expect(meter.end(false).outputChars).to.equal(7);
    });

    it('is counted alike in a stream and in JSON', () => {
      const text = 'Größe "quoted"\n世界 🦊';
      const events = stream(...[...text].map((content) => chunk({ content })), finish, '[DONE]');
      const json = Buffer.from(JSON.stringify({ choices: [{ message: { content: text }, finish_reason: 'stop' }] }));
      expect(readEveryWay(openaiChat, CHAT, events).outputChars).to.equal([...text].length);
      expect(read(openaiChat, JSON_CHAT, [json]).outputChars).to.equal([...text].length);
    });

    it('is counted in legacy completions, reasoning and tool calls too', () => {
      const events = stream(
        { choices: [{ index: 0, text: 'abc' }] },
        { choices: [{ index: 0, text: 'de' }] },
        '[DONE]',
      );
      expect(read(openaiChat, { ...CHAT, api: 'openai.completions' }, [events]).outputChars).to.equal(5);
      const thought = stream(chunk({ content: null, reasoning_content: 'hm' }), chunk({ content: 'abc' }), '[DONE]');
      expect(read(openaiChat, CHAT, [thought]).outputChars).to.equal(5);
    });
  });

  it('reads usage and finish reason of an answer that is too large to keep', () => {
    const content = 'x'.repeat(2_500_000);
    const bytes = Buffer.from(
      JSON.stringify({
        id: 'c-1',
        choices: [{ message: { content }, finish_reason: 'length' }],
        usage: { prompt_tokens: 1, completion_tokens: 2 },
        model: 'm',
      }),
    );
    const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, n) =>
      bytes.subarray(n * 65_536, (n + 1) * 65_536),
    );
    const reading = read(openaiChat, JSON_CHAT, pieces);
    expect(reading.usage).to.deep.equal({ input_tokens: 1, output_tokens: 2 });
    expect([reading.stopReason?.raw, reading.model, reading.responseId, reading.ending]).to.deep.equal([
      'length',
      'm',
      'c-1',
      'complete',
    ]);
    expect(reading.outputChars).to.be.greaterThan(2_500_000);
  });

  it('takes total_tokens for the input of embeddings where nothing else is said', () => {
    const bytes = Buffer.from('{"data":[],"model":"e","usage":{"total_tokens":7}}');
    const { usage } = read(openaiChat, { ...JSON_CHAT, api: 'openai.embeddings' }, [bytes]);
    expect(usage).to.deep.equal({ input_tokens: 7, output_tokens: 0 });
  });

  it('does not meter what only looks stored answers up', () => {
    const reading = read(openaiChat, { ...JSON_CHAT, api: 'openai.chat.stored' }, [
      answer({ prompt_tokens: 1, completion_tokens: 2 }),
    ]);
    expect([reading.usage, reading.usageStatus, reading.ending]).to.deep.equal([null, 'not_applicable', 'complete']);
  });

  it('identifies moderations, which are free', () => {
    const reading = read(openaiChat, { ...JSON_CHAT, api: 'openai.moderations' }, [Buffer.from('{"results":[]}')]);
    expect([reading.usageStatus, reading.ending]).to.deep.equal(['not_applicable', 'complete']);
    const { bills } = openaiChat.endpoints.find(({ path }) => path === '/v1/moderations')!;
    expect(bills).to.equal(false);
  });

  it('gives a budget that is used up the type that tokencap gave it', () => {
    for (const status of [402, 429]) {
      const problem = { status, code: 'budget_exceeded', message: 'No.', requestId: 'r' };
      expect(JSON.parse(openaiChat.error(problem)).error).to.include({
        type: 'budget_exceeded',
        code: 'budget_exceeded',
      });
    }
  });

  it('says errors as OpenAI does', () => {
    const types: [number, string][] = [
      [400, 'invalid_request_error'],
      [401, 'authentication_error'],
      [402, 'insufficient_quota'],
      [403, 'permission_error'],
      [404, 'not_found_error'],
      [413, 'invalid_request_error'],
      [429, 'rate_limit_error'],
      [502, 'server_error'],
    ];
    for (const [status, type] of types) {
      const problem = {
        status,
        code: 'some_code',
        message: 'What "happened".\nHere.',
        requestId: 'r1',
        details: { limit_usd: '10' },
      };
      const body = openaiChat.error(problem);
      expect(JSON.parse(body)).to.deep.equal({
        error: { message: problem.message, type, param: null, code: 'some_code', details: { limit_usd: '10' } },
      });
      expect(openaiChat.errorEvent(problem)).to.equal(`data: ${body}\n\n`);
    }
  });
});
