import { expect } from 'chai';
import ollama from '../../../providers/adapters/ollama.ts';
import { checkSample, meterOf, read, readEveryWay } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const CHAT = { api: 'ollama.chat', contentType: 'application/x-ndjson' };
const JSON_CHAT = { api: 'ollama.chat', contentType: 'application/json', streamAsked: false };
const GENERATE = { ...CHAT, api: 'ollama.generate' };
const EMBED = { ...JSON_CHAT, api: 'ollama.embed' };

const lines = (...objects: object[]): Buffer => Buffer.from(objects.map((one) => `${JSON.stringify(one)}\n`).join(''));
const say = (message: object, more: object = {}) => ({
  model: 'llama3.2',
  created_at: '2026-11-20T18:00:00.123456789Z',
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
});
const counts = { total_duration: 4883583458, prompt_eval_count: 26, eval_count: 282, eval_duration: 4535599000 };
const last = (more: object = {}, message: object = {}) =>
  say(message, { done: true, done_reason: 'stop', ...counts, ...more });
const usage = { input_tokens: 26, output_tokens: 282 };

describe('the ollama adapter', () => {
  for (const sample of wireSamples('ollama.chat', 'ollama.generate', 'ollama.embed')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(ollama, sample));
  }

  it('reads one object as it reads many lines', () => {
    const streamed = readEveryWay(ollama, CHAT, lines(say({ content: 'Hel' }), say({ content: 'lo "x"' }), last()));
    const whole = readEveryWay(ollama, JSON_CHAT, lines(last({}, { content: 'Hello "x"' })));
    expect(streamed).to.deep.equal(whole);
    expect(whole).to.deep.include({
      usage,
      usageStatus: 'final',
      ending: 'complete',
      model: 'llama3.2',
      outputChars: 9,
      stopReason: { raw: 'stop', normalized: 'stop' },
      paid: false,
      deferred: false,
    });
    expect(JSON.parse(whole.rawUsage!)).to.deep.equal({ prompt_eval_count: 26, eval_count: 282 });
  });

  it('reads what a prompt is completed with, and thoughts', () => {
    const piece = (more: object) => ({ model: 'm', response: '', done: false, ...more });
    const bytes = lines(piece({ thinking: 'hm ' }), piece({ response: 'ok' }), {
      ...piece({}),
      done: true,
      done_reason: 'length',
      context: [1, 2],
      ...counts,
    });
    expect(readEveryWay(ollama, GENERATE, bytes)).to.deep.include({
      usage,
      outputChars: 5,
      stopReason: { raw: 'length', normalized: 'length' },
    });
    const meter = meterOf(ollama, CHAT);
    meter.push(lines(say({ thinking: 'a' }), say({ content: 'b' })));
    expect([meter.text.read(), meter.started, meter.finishing]).to.deep.equal(['ab', true, false]);
  });

  it('starts with a word, and finishes with the counts', () => {
    const meter = meterOf(ollama, CHAT);
    meter.push(lines(say({})));
    expect([meter.started, meter.finishing]).to.deep.equal([false, false]);
    meter.push(lines(say({ content: 'x' })));
    expect([meter.started, meter.finishing]).to.deep.equal([true, false]);
    meter.push(lines(last()));
    expect([meter.started, meter.finishing]).to.deep.equal([true, true]);
  });

  it('calls it tool calls when the client has to go on', () => {
    const tool_calls = [{ function: { name: 'get_weather', arguments: { city: 'Berlin' } } }];
    const reading = readEveryWay(ollama, CHAT, lines(say({ tool_calls }), last()));
    expect([reading.stopReason, reading.outputChars]).to.deep.equal([
      { raw: 'stop', normalized: 'tool_calls' },
      '{"city":"Berlin"}'.length,
    ]);
    const cut = readEveryWay(ollama, CHAT, lines(say({ tool_calls }), last({ done_reason: 'length' })));
    expect(cut.stopReason?.normalized).to.equal('length');
  });

  it('takes a count that is absent for unknown, not for zero', () => {
    const cached = last({ prompt_eval_count: undefined });
    expect(readEveryWay(ollama, CHAT, lines(cached))).to.deep.include({
      usage: { output_tokens: 282 },
      usageStatus: 'final',
    });
    const silent = readEveryWay(ollama, CHAT, lines(say({ content: 'x' }), say({}, { done: true })));
    expect(silent).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete', stopReason: null });
    expect(readEveryWay(ollama, CHAT, lines(last({ eval_count: 0 }))).usage).to.deep.equal({
      input_tokens: 26,
      output_tokens: 0,
    });
    const odd = readEveryWay(ollama, CHAT, lines(last({ eval_count: 'many' })));
    expect([odd.usage, odd.inconsistencies]).to.deep.equal([{ input_tokens: 26 }, ['eval_count is not a count']]);
  });

  for (const done_reason of ['load', 'unload']) {
    it(`bills nothing for a ${done_reason}`, () => {
      const reading = readEveryWay(ollama, JSON_CHAT, lines(say({}, { done: true, done_reason })));
      expect(reading).to.deep.include({ usage: null, usageStatus: 'not_applicable', ending: 'complete' });
      expect(reading.stopReason).to.deep.equal({ raw: done_reason, normalized: null });
    });
  }

  it('reads an error that comes as a line', () => {
    const late = readEveryWay(
      ollama,
      CHAT,
      lines(say({ content: 'x' }), { error: 'an error with the prompt "secret"' }),
    );
    expect(late).to.deep.include({ ending: 'error', error: { type: null, code: null }, usageStatus: 'missing' });
    expect(JSON.stringify(late)).not.to.contain('secret');
    const early = readEveryWay(ollama, CHAT, lines({ error: 'x' }));
    expect(early).to.deep.include({ ending: 'error', usageStatus: 'not_applicable' });
    const refused = read(ollama, { ...JSON_CHAT, status: 404 }, [lines({ error: "model 'x' not found" })]);
    expect(refused).to.deep.include({ error: { type: null, code: null }, usageStatus: 'not_applicable', usage: null });
  });

  it('knows a stream that lacks its last line', () => {
    expect(readEveryWay(ollama, CHAT, lines(say({ content: 'x' })))).to.deep.include({
      ending: 'truncated',
      usageStatus: 'missing',
    });
    const half = lines(say({ content: 'x' }), last()).subarray(0, -20);
    expect(readEveryWay(ollama, CHAT, half)).to.include({ ending: 'truncated' });
    expect(read(ollama, CHAT, [Buffer.from('<html>')]).ending).to.equal('bad_payload');
  });

  it('needs no line ends, and no content type', () => {
    const bytes = Buffer.from(JSON.stringify(say({ content: 'x' })) + JSON.stringify(last()));
    for (const contentType of ['text/plain', '', 'application/json'])
      expect(readEveryWay(ollama, { ...CHAT, contentType }, bytes)).to.deep.include({ usage, ending: 'complete' });
  });

  describe('a model of the cloud', () => {
    it('is not free, as the answer says', () => {
      const remote = { remote_model: 'gpt-oss:120b', remote_host: 'https://ollama.com:443' };
      expect(readEveryWay(ollama, CHAT, lines(say({ content: 'x' }, remote), last())).paid).to.equal(true);
      expect(read(ollama, EMBED, [lines({ model: 'e', ...remote })]).paid).to.equal(true);
    });

    it('is not free, as its name says', () => {
      expect(read(ollama, { ...CHAT, model: 'gpt-oss:120b-cloud' }, [lines(last())]).paid).to.equal(true);
      expect(read(ollama, { ...CHAT, model: 'gpt-oss:120b' }, [lines(last())]).paid).to.equal(false);
    });
  });

  describe('vectors', () => {
    it('have a prompt and no answer', () => {
      const body = { model: 'all-minilm', embeddings: [[0.1, 0.2]], total_duration: 1, prompt_eval_count: 8 };
      expect(readEveryWay(ollama, EMBED, lines(body))).to.deep.include({
        usage: { input_tokens: 8, output_tokens: 0 },
        usageStatus: 'final',
        ending: 'complete',
        model: 'all-minilm',
      });
    });

    it('may be megabytes, with the count behind them', () => {
      const embeddings = Array.from({ length: 80 }, () => Array.from({ length: 2000 }, (_, n) => n / 7));
      const bytes = lines({ model: 'e', embeddings, prompt_eval_count: 8 });
      expect(bytes.length).to.be.above(2_000_000);
      const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, n) =>
        bytes.subarray(n * 65_536, (n + 1) * 65_536),
      );
      expect(read(ollama, EMBED, pieces)).to.deep.include({ usage: { input_tokens: 8, output_tokens: 0 }, model: 'e' });
    });

    it('of the older call tell nothing', () => {
      const reading = readEveryWay(ollama, EMBED, lines({ embedding: [0.1, 0.2] }));
      expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete' });
    });
  });

  it('streams by default, and bills only what a model does', () => {
    const bills = ollama.endpoints.filter((endpoint) => endpoint.bills);
    expect(bills.map(({ path, streams = false }) => [path, streams])).to.deep.equal([
      ['/api/chat', true],
      ['/api/generate', true],
      ['/api/embed', false],
      ['/api/embeddings', false],
    ]);
    const pull = read(ollama, { ...CHAT, api: 'ollama.models' }, [lines({ status: 'pulling' }, { status: 'success' })]);
    expect(pull).to.deep.include({ usageStatus: 'not_applicable', ending: 'complete' });
  });

  it('says errors as Ollama does', () => {
    const problem = { status: 429, code: 'over_limit', message: 'Wait a "minute".', requestId: 'r' };
    expect(JSON.parse(ollama.error(problem))).to.deep.equal({ error: problem.message, code: 'over_limit' });
    expect(ollama.errorEvent(problem)).to.equal(`${ollama.error(problem)}\n`);
  });
});
