import { expect } from 'chai';
import openaiAudio from '../../../providers/adapters/openai-audio.ts';
import { checkSample, meterOf, read, readEveryWay, stream } from '../../support/metering.ts';
import { wireSamples } from '../../support/wire-samples.ts';

const STREAM = { api: 'openai.audio' };
const JSON_ANSWER = { api: 'openai.audio', contentType: 'application/json', streamAsked: false };
const json = (body: object) => readEveryWay(openaiAudio, JSON_ANSWER, Buffer.from(JSON.stringify(body)));
const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text });
const tokens = {
  type: 'tokens',
  input_tokens: 14,
  input_token_details: { text_tokens: 10, audio_tokens: 4 },
  output_tokens: 45,
  total_tokens: 59,
};
const normalised = { input_tokens: 14, output_tokens: 45, 'audio.input_tokens': 4 };

describe('the openai-audio adapter', () => {
  for (const sample of wireSamples('openai.audio', 'openai.speech')) {
    it(`reads ${sample.name} the same however it is cut`, () => checkSample(openaiAudio, sample));
  }

  describe('transcripts', () => {
    it('are billed by tokens', () => {
      const reading = json({ text: 'Hello wire.', usage: tokens });
      expect([reading.usage, reading.usageStatus, reading.outputChars]).to.deep.equal([normalised, 'final', 11]);
      expect(JSON.parse(reading.rawUsage!)).to.deep.equal(tokens);
      expect(reading.inconsistencies).to.deep.equal([]);
    });

    it('are billed by seconds', () => {
      const { usage } = json({ text: 'x', usage: { type: 'duration', seconds: 27 } });
      expect(usage).to.deep.equal({ 'audio.seconds': 27 });
    });

    it('are as long as the sound where nothing else is said', () => {
      const verbose = { task: 'transcribe', language: 'english', duration: 8.47, text: 'x', segments: [] };
      expect(json(verbose).usage).to.deep.equal({ 'audio.seconds': 8.47 });
      expect(json({ ...verbose, duration: '8.47' }).usage).to.deep.equal({ 'audio.seconds': 8.47 });
      expect(json({ ...verbose, usage: { type: 'duration', seconds: 9 } }).usage).to.deep.equal({ 'audio.seconds': 9 });
      expect(json({ ...verbose, usage: tokens }).usage).to.deep.equal(normalised);
      const odd = json({ ...verbose, duration: 'long' });
      expect([odd.usage, odd.usageStatus]).to.deep.equal([null, 'missing']);
    });

    it('of Mistral name their model, and count the sound beside the prompt', () => {
      const usage = { prompt_audio_seconds: 203, prompt_tokens: 4, total_tokens: 3264, completion_tokens: 635 };
      const reading = json({ model: 'voxtral-mini-2507', text: 'x', language: 'en', segments: [], usage });
      expect([reading.model, reading.usage]).to.deep.equal([
        'voxtral-mini-2507',
        { input_tokens: 2629, output_tokens: 635, 'audio.input_tokens': 2625, 'audio.seconds': 203 },
      ]);
    });

    it('come in pieces, and the last one carries the bill', () => {
      const done = { type: 'transcript.text.done', text: 'Hello wire.', usage: tokens };
      const bytes = stream(delta('Hello'), delta(' wire.'), done);
      const reading = readEveryWay(openaiAudio, STREAM, bytes);
      expect(reading).to.deep.include({ usage: normalised, usageStatus: 'final', ending: 'complete', outputChars: 11 });
      const meter = meterOf(openaiAudio, STREAM);
      meter.push(bytes);
      expect(meter.text.read()).to.equal('Hello wire.');
    });

    it('are the text of the last piece where it is the only one', () => {
      const done = { type: 'transcript.text.done', text: 'Hello wire.' };
      const reading = readEveryWay(openaiAudio, STREAM, stream(done));
      expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete', outputChars: 11 });
    });

    it('lack their end where the stream breaks', () => {
      const reading = readEveryWay(openaiAudio, { ...STREAM, whole: false }, stream(delta('Hello')));
      expect(reading).to.deep.include({ usageStatus: 'missing', ending: 'truncated', outputChars: 5 });
    });

    it('stream as Mistral and vLLM do it, too', () => {
      const mistral = stream(
        { type: 'transcription.language', audio_language: 'en' },
        { type: 'transcription.text.delta', text: 'Hello, ' },
        {
          type: 'transcription.done',
          text: 'Hello, ',
          usage: { prompt_tokens: 8, completion_tokens: 4, prompt_audio_seconds: 3 },
        },
      );
      expect(readEveryWay(openaiAudio, STREAM, mistral)).to.deep.include({
        usage: { input_tokens: 8, output_tokens: 4, 'audio.seconds': 3 },
        usageStatus: 'final',
        outputChars: 7,
      });
      const chunk = (content: string) => ({
        object: 'transcription.chunk',
        choices: [{ delta: { content } }],
        usage: null,
      });
      const usage = { prompt_tokens: 8, completion_tokens: 4, total_tokens: 12 };
      const vllm = stream(chunk('Hel'), chunk('lo'), { object: 'transcription.chunk', choices: [], usage }, '[DONE]');
      expect(readEveryWay(openaiAudio, STREAM, vllm)).to.deep.include({
        usage: { input_tokens: 8, output_tokens: 4 },
        usageStatus: 'final',
        ending: 'complete',
        outputChars: 5,
      });
    });

    it('fail in the middle', () => {
      const error = { type: 'error', error: { type: 'server_error', code: 'busy', message: 'secret' } };
      const reading = readEveryWay(openaiAudio, STREAM, stream(delta('Hello'), error));
      expect([reading.ending, reading.error]).to.deep.equal(['error', { type: 'server_error', code: 'busy' }]);
    });

    for (const [what, text] of [
      ['plain text', 'data center\nis the place\n'],
      ['plain text in brackets', '[Music] {laughs}'],
      ['silence', ''],
      ['subtitles', '1\n00:00:00,000 --> 00:00:02,000\nHello.\n\n'],
    ]) {
      it(`are good as ${what}, of which nothing is known`, () => {
        const answer = { ...JSON_ANSWER, contentType: 'text/plain' };
        const reading = readEveryWay(openaiAudio, answer, Buffer.from(text!));
        expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete', error: null });
        expect(read(openaiAudio, { ...answer, whole: false }, [Buffer.from(text!)]).ending).to.equal('truncated');
      });
    }

    it('are refused as JSON is, whatever was asked for', () => {
      const answer = { ...JSON_ANSWER, status: 400, contentType: 'text/plain' };
      const reading = read(openaiAudio, answer, [Buffer.from('{"error":{"type":"invalid_request_error","code":"x"}}')]);
      expect(reading).to.deep.include({
        usageStatus: 'not_applicable',
        error: { type: 'invalid_request_error', code: 'x' },
      });
    });

    it('are no JSON where JSON is broken', () => {
      expect(read(openaiAudio, JSON_ANSWER, [Buffer.from('{"text":"a')]).ending).to.equal('bad_payload');
      expect(read(openaiAudio, JSON_ANSWER, [Buffer.from('<html>')]).ending).to.equal('bad_payload');
    });
  });

  describe('speech', () => {
    it('is sound, of which nothing is known', () => {
      for (const first of ['ID3\u0004', '\0\0\0\x10', 'data', '{', '[', ':']) {
        const answer = { api: 'openai.speech', contentType: 'audio/mpeg', streamAsked: false };
        const reading = read(openaiAudio, answer, [Buffer.from(first), Buffer.alloc(1000, 7)]);
        expect(reading).to.deep.include({ usage: null, usageStatus: 'missing', ending: 'complete', outputChars: 0 });
      }
    });

    it('may stream as events, and then tells its tokens', () => {
      const events = stream(
        { type: 'speech.audio.delta', audio: 'QUJD'.repeat(500) },
        { type: 'speech.audio.done', usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } },
      );
      expect(readEveryWay(openaiAudio, { api: 'openai.speech' }, events)).to.deep.include({
        usage: { input_tokens: 14, output_tokens: 101 },
        usageStatus: 'final',
        ending: 'complete',
        outputChars: 0,
      });
    });
  });

  it('says errors as OpenAI does, and reads the model of a form', () => {
    const problem = { status: 429, code: 'limit', message: 'Wait.', requestId: 'r' };
    expect(JSON.parse(openaiAudio.error(problem)).error).to.include({ type: 'rate_limit_error', code: 'limit' });
    expect(openaiAudio.endpoints.map(({ path, body, bills }) => [path, body, bills])).to.deep.equal([
      ['/v1/audio/transcriptions', 'form', true],
      ['/v1/audio/translations', 'form', true],
      ['/v1/audio/speech', 'json', true],
    ]);
  });
});
