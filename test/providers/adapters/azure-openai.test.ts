import { expect } from 'chai';
import azureOpenai from '../../../providers/adapters/azure-openai.ts';
import { Endpoints } from '../../../src/proxy/endpoints.ts';
import { bill, CHAT, chunk, finish, hello } from '../../support/chat-chunks.ts';
import { checkSample, meterOf, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const endpoints = new Endpoints([['azure_openai', azureOpenai]]);
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

describe('the azure-openai adapter', () => {
  for (const sample of wireSamples().filter(({ provider }) => provider === 'azure')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(azureOpenai, sample));
  }

  for (const [method, path, api, model] of [
    ['POST', '/openai/deployments/my-chat/chat/completions', 'openai.chat', 'my-chat'],
    ['POST', '/openai/deployments/my-chat/completions', 'openai.completions', 'my-chat'],
    ['POST', '/openai/deployments/e/embeddings', 'openai.embeddings', 'e'],
    ['POST', '/openai/deployments/pics/images/generations', 'openai.images', 'pics'],
    ['POST', '/openai/deployments/pics/images/edits', 'openai.images', 'pics'],
    ['POST', '/openai/deployments/w/audio/transcriptions', 'openai.audio', 'w'],
    ['POST', '/openai/deployments/w/audio/translations', 'openai.audio', 'w'],
    ['POST', '/openai/deployments/v/audio/speech', 'openai.speech', 'v'],
    ['POST', '/openai/responses', 'openai.responses', null],
    ['POST', '/openai/v1/responses', 'openai.responses', null],
    ['POST', '/openai/v1/chat/completions', 'openai.chat', null],
    ['GET', '/openai/responses/resp_1', 'openai.responses.stored', null],
    ['POST', '/openai/responses/resp_1/cancel', 'openai.responses.stored', null],
    ['GET', '/openai/models', 'openai.models', null],
    ['POST', '/openai/files', 'openai.files', null],
    ['POST', '/openai/v1/batches/b/cancel', 'openai.batches', null],
  ] as const) {
    it(`knows ${method} ${path}${model === null ? '' : `, whose deployment is ${model}`}`, () => {
      const found = endpoints.find(method, path)!;
      expect(found.facts.api).to.equal(api);
      const named = found.model;
      expect(named && path.slice(named.start, named.end)).to.equal(model);
    });
  }

  it('begins with the first word, not with what was filtered in the prompt', () => {
    const meter = meterOf(azureOpenai, CHAT);
    const filtered = { id: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const later = chunk({}, {}, { content_filter_offsets: { check_offset: 1 }, content_filter_results: {} });
    meter.push(stream(filtered));
    expect(meter.started).to.equal(false);
    meter.push(
      stream(hello, { ...later, choices: [{ index: 0, finish_reason: null }] }, finish, bill(usage), '[DONE]'),
    );
    const reading = meter.end(true);
    expect(reading).to.deep.include({ model: 'm-1', responseId: 'c-1', ending: 'complete', usageStatus: 'final' });
    expect(reading.usage).to.deep.equal({ input_tokens: 10, output_tokens: 5 });
  });

  it('says why a filter refused', () => {
    const error = {
      code: 'content_filter',
      message: 'x',
      status: 400,
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    };
    const answer = { api: 'openai.chat', status: 400, contentType: 'application/json', streamAsked: false };
    const reading = read(azureOpenai, answer, [Buffer.from(JSON.stringify({ error }))]);
    expect(reading).to.deep.include({ usageStatus: 'not_applicable', error: { type: null, code: 'content_filter' } });
  });

  it('reads responses, transcripts, pictures and embeddings as OpenAI’s', () => {
    const json = (api: string, body: object) =>
      readEveryWay(
        azureOpenai,
        { api, contentType: 'application/json', streamAsked: false },
        Buffer.from(JSON.stringify(body)),
      );
    const tokens = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    expect(json('openai.responses', { status: 'completed', output: [], usage: tokens }).stopReason?.raw).to.equal(
      'completed',
    );
    expect(json('openai.audio', { text: 'x', usage: { type: 'duration', seconds: 3 } }).usage).to.deep.equal({
      'audio.seconds': 3,
    });
    expect(json('openai.images', { data: [], usage: tokens }).usage).to.deep.equal({
      input_tokens: 10,
      output_tokens: 5,
    });
    expect(json('openai.embeddings', { data: [], usage: { prompt_tokens: 7, total_tokens: 7 } }).usage).to.deep.equal({
      input_tokens: 7,
      output_tokens: 0,
    });
    expect(json('openai.responses.stored', { status: 'completed', usage: tokens }).usageStatus).to.equal(
      'not_applicable',
    );
  });
});
