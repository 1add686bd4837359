import { expect } from 'chai';
import openaiImages from '../../../providers/adapters/openai-images.ts';
import { checkSample, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const STREAM = { api: 'openai.images' };
const JSON_ANSWER = { api: 'openai.images', contentType: 'application/json', streamAsked: false, model: 'gpt-image-1' };
const json = (body: object) => read(openaiImages, JSON_ANSWER, [Buffer.from(JSON.stringify(body))]);
const usage = {
  input_tokens: 50,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
  output_tokens: 1056,
  total_tokens: 1106,
};
const normalised = { input_tokens: 50, output_tokens: 1056, 'image.input_tokens': 40 };
const PICTURE = 'iVBORw0KGgoAAAAN'.repeat(100);
const part = (n: number) => ({ type: 'image_generation.partial_image', partial_image_index: n, b64_json: PICTURE });

describe('the openai-images adapter', () => {
  for (const sample of wireSamples('openai.images')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(openaiImages, sample));
  }

  it('tells what of the picture was words, where the answer does', () => {
    const output_tokens_details = { image_tokens: 1000, text_tokens: 56 };
    expect(json({ data: [], usage: { ...usage, output_tokens_details } }).usage).to.deep.equal({
      ...normalised,
      'image.output_tokens': 1000,
    });
  });

  for (const kind of ['image_generation', 'image_edit']) {
    it(`takes the bill of a stream from ${kind}.completed, not from the parts`, () => {
      const completed = { type: `${kind}.completed`, b64_json: PICTURE, size: '1024x1024', usage };
      const reading = readEveryWay(openaiImages, STREAM, stream(part(0), part(1), completed));
      expect(reading).to.deep.include({ usage: normalised, usageStatus: 'final', ending: 'complete', outputChars: 0 });
      const unnamed = Buffer.from(
        `data: ${JSON.stringify({ b64_json: PICTURE, usage, type: `${kind}.completed` })}\n\n`,
      );
      // Here the first `type` stands behind the picture.
      expect(read(openaiImages, STREAM, [unnamed])).to.deep.include({ usage: normalised, ending: 'complete' });
    });
  }

  it('knows a stream that breaks before the picture is whole', () => {
    const reading = readEveryWay(openaiImages, { ...STREAM, whole: false }, stream(part(0)));
    expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'truncated' });
  });

  it('reads an error in a stream', () => {
    const error = { type: 'error', error: { type: 'image_generation_user_error', code: 'moderation_blocked' } };
    const reading = readEveryWay(openaiImages, STREAM, stream(error));
    expect(reading).to.deep.include({
      ending: 'error',
      error: { type: 'image_generation_user_error', code: 'moderation_blocked' },
      usageStatus: 'not_applicable',
    });
  });

  it('knows nothing of pictures that come without usage', () => {
    const reading = json({ created: 1, data: [{ url: 'https://imgen.x.ai/x.jpeg' }] });
    expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete' });
  });

  it('takes the charge that xAI and OpenRouter report', () => {
    expect(json({ data: [], usage: { cost_in_usd_ticks: 200000000 } }).reportedCostUsd).to.equal('0.02');
    expect(json({ data: [], usage: { ...usage, cost: 0.04 } }).reportedCostUsd).to.equal('0.04');
  });

  it('bills the model that drew a picture as text beside the one that painted it', () => {
    const svg_usage = {
      model: 'gpt-5',
      input_tokens: 20,
      output_tokens: 300,
      reasoning_tokens: 100,
      total_tokens: 320,
    };
    const reading = json({ data: [], usage, svg_usage });
    const drawn = { input_tokens: 20, output_tokens: 300, 'reasoning.output_tokens': 100 };
    expect(reading.parts).to.deep.equal([
      { model: 'gpt-image-1', usage: normalised },
      { model: 'gpt-5', usage: drawn },
    ]);
    expect(reading.usage).to.deep.equal({
      input_tokens: 70,
      output_tokens: 1356,
      'image.input_tokens': 40,
      'reasoning.output_tokens': 100,
    });
  });

  it('takes a picture itself for a good answer', () => {
    const answer = { ...JSON_ANSWER, contentType: 'image/png' };
    expect(read(openaiImages, answer, [Buffer.from('\x89PNG')])).to.deep.include({ usage: null, ending: 'complete' });
  });

  it('reads the model of JSON and of forms, and says errors as OpenAI does', () => {
    expect(openaiImages.endpoints.map(({ path, body }) => [path, body])).to.deep.equal([
      ['/v1/images/generations', 'json'],
      ['/v1/images/edits', 'form'],
      ['/v1/images/variations', 'form'],
    ]);
    const problem = { status: 503, code: 'full', message: 'Wait.', requestId: 'r' };
    expect(openaiImages.errorEvent(problem)).to.match(/^data: \{"error":.*\}\n\n$/);
  });
});
