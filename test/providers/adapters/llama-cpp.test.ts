import { expect } from 'chai';
import llamaCpp from '../../../providers/adapters/llama-cpp.ts';
import { meterOf, read, readEveryWay, stream } from '../../support/metering.ts';

const STREAM = { api: 'llama_cpp.completion' };
const JSON_ANSWER = { api: 'llama_cpp.completion', contentType: 'application/json', streamAsked: false };
const json = (body: unknown, more: object = {}) =>
  readEveryWay(llamaCpp, { ...JSON_ANSWER, ...more }, Buffer.from(JSON.stringify(body)));
const events = (...pieces: object[]) => stream(...pieces);

const piece = (content: string, more: object = {}) => ({
  index: 0,
  content,
  tokens: [7],
  stop: false,
  id_slot: 0,
  ...more,
});
const timings = { cache_n: 20, prompt_n: 6, prompt_ms: 30.9, predicted_n: 35, predicted_ms: 661 };
const last = (more: object = {}) => ({
  ...piece(''),
  stop: true,
  model: 'qwen3-8b',
  tokens_predicted: 35,
  tokens_evaluated: 26,
  generation_settings: { stop: ['x'], max_tokens: -1 },
  prompt: 'Say "stop":true',
  stop_type: 'eos',
  tokens_cached: 60,
  timings,
  ...more,
});
const usage = { input_tokens: 26, output_tokens: 35, 'cache_read.input_tokens': 20 };

describe('the llama-cpp adapter', () => {
  it('reads a stream and one answer alike', () => {
    const streamed = readEveryWay(llamaCpp, STREAM, events(piece('Hel'), piece('lo "stop":true'), last()));
    const whole = json(last({ content: 'Hello "stop":true' }));
    expect(streamed).to.deep.equal(whole);
    expect(whole).to.deep.include({
      usage,
      usageStatus: 'final',
      ending: 'complete',
      model: 'qwen3-8b',
      outputChars: 17,
      stopReason: { raw: 'eos', normalized: 'stop' },
    });
    expect(JSON.parse(whole.rawUsage!)).to.deep.equal({ tokens_evaluated: 26, tokens_predicted: 35, timings });
  });

  for (const [raw, normalized, body] of [
    ['word', 'stop', { stop_type: 'word' }],
    ['limit', 'length', { stop_type: 'limit' }],
    ['none', null, { stop_type: 'none' }],
    ['stopped_limit', 'length', { stop_type: undefined, stopped_eos: false, stopped_limit: true }],
    ['stopped_eos', 'stop', { stop_type: undefined, stopped_eos: true }],
  ] as const) {
    it(`reads ${raw} as ${normalized}`, () => expect(json(last(body)).stopReason).to.deep.equal({ raw, normalized }));
  }

  it('does not know what was cached where the timings do not say it', () => {
    const older = last({ timings: { prompt_n: 6, predicted_n: 35 } });
    expect(json(older).usage).to.deep.equal({ input_tokens: 26, output_tokens: 35 });
  });

  it('adds the completions of several prompts up', () => {
    const second = last({ index: 1, tokens_predicted: 5, tokens_evaluated: 4, timings: { cache_n: 0 } });
    const sum = { input_tokens: 30, output_tokens: 40, 'cache_read.input_tokens': 20 };
    expect(json([last({ content: 'a' }), { ...second, content: 'bc' }])).to.deep.include({
      usage: sum,
      outputChars: 3,
      ending: 'complete',
      usageStatus: 'final',
    });
    const mixed = events(piece('a'), piece('b', { index: 1 }), second, piece('c'), last());
    expect(readEveryWay(llamaCpp, STREAM, mixed)).to.deep.include({ usage: sum, outputChars: 3, ending: 'complete' });
    expect(readEveryWay(llamaCpp, JSON_ANSWER, Buffer.from(`[${JSON.stringify(last())},`)).ending).to.equal(
      'truncated',
    );
  });

  it('counts as far as a stream came that broke', () => {
    const counted = piece('lo', { tokens_predicted: 2, tokens_evaluated: 26 });
    const reading = readEveryWay(llamaCpp, { ...STREAM, whole: false }, events(piece('Hel'), counted));
    expect(reading).to.deep.include({
      usage: { input_tokens: 26, output_tokens: 2 },
      usageStatus: 'partial',
      ending: 'truncated',
      outputChars: 5,
    });
    const silent = readEveryWay(llamaCpp, STREAM, events(piece('Hel')));
    expect(silent).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'truncated' });
  });

  it('finds the end behind settings of the same name', () => {
    const { generation_settings, ...rest } = last();
    const reading = readEveryWay(llamaCpp, STREAM, events({ generation_settings, ...rest }));
    expect(reading).to.deep.include({ usage, ending: 'complete' });
  });

  it('starts with a word, and finishes with the last event', () => {
    const meter = meterOf(llamaCpp, STREAM);
    meter.push(events({ ...piece(''), prompt_progress: { total: 26, processed: 20 } }));
    expect([meter.started, meter.finishing]).to.deep.equal([false, false]);
    meter.push(events(piece('Hel')));
    expect([meter.started, meter.finishing]).to.deep.equal([true, false]);
    meter.push(events(last()));
    expect([meter.started, meter.finishing, meter.text.read()]).to.deep.equal([true, true, 'Hel']);
  });

  it('reads an error in a stream, in its new and its old shape', () => {
    const error = { code: 500, message: 'secret', type: 'server_error' };
    const expected = { ending: 'error', error: { type: 'server_error', code: '500' } };
    expect(readEveryWay(llamaCpp, STREAM, events(piece('a'), { error }))).to.deep.include(expected);
    const old = Buffer.concat([events(piece('a')), Buffer.from(`error: ${JSON.stringify({ error })}\n\n`)]);
    expect(readEveryWay(llamaCpp, STREAM, old)).to.deep.include(expected);
    const odd = Buffer.concat([events(piece('a')), Buffer.from('error: busy\n\n')]);
    expect(readEveryWay(llamaCpp, STREAM, odd)).to.deep.include({ ending: 'error', error: { type: null, code: null } });
    const refused = read(llamaCpp, { ...JSON_ANSWER, status: 503 }, [Buffer.from(JSON.stringify({ error }))]);
    expect(refused).to.deep.include({ usageStatus: 'not_applicable', error: expected.error });
  });

  it('knows nothing of vectors, and what a ranking read', () => {
    const api = 'llama_cpp.embedding';
    expect(json([{ index: 0, embedding: [[0.1, 0.2]] }], { api })).to.deep.include({
      usage: null,
      usageStatus: 'missing',
      ending: 'complete',
    });
    const ranked = { results: [{ index: 0, relevance_score: 1 }], usage: { prompt_tokens: 42, total_tokens: 42 } };
    expect(json(ranked, { api: 'llama_cpp.rerank' }).usage).to.deep.equal({ input_tokens: 42, output_tokens: 0 });
  });

  it('bills only what a model does', () => {
    const bills = llamaCpp.endpoints.filter((endpoint) => endpoint.bills).map(({ path }) => path);
    expect(bills).to.deep.equal(['/completion', '/infill', '/embedding', '/rerank', '/reranking']);
    expect(json({ tokens: [1, 2] }, { api: 'llama_cpp.tokens' }).usageStatus).to.equal('not_applicable');
  });

  it('is asked of llama.cpp, and of nobody who only speaks like OpenAI', () => {
    expect(llamaCpp).to.include({ dialect: 'llama-cpp', home: 'llama-cpp' });
  });

  it('says errors as OpenAI does', () => {
    const problem = { status: 502, code: 'upstream_unreachable', message: 'No.', requestId: 'r' };
    expect(JSON.parse(llamaCpp.error(problem)).error.type).to.equal('server_error');
  });
});
