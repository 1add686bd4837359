/** OpenAI's SDK, unmodified: sounds, pictures, what is kept beside the models, and Azure. */
import { expect } from 'chai';
import OpenAI, { AzureOpenAI, toFile } from 'openai';

import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const PICTURE = Buffer.alloc(300_000, 'picture').toString('base64');
const IMAGE_USAGE = {
  input_tokens: 50,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
  output_tokens: 1056,
  total_tokens: 1106,
};
const TOKENS = {
  type: 'tokens',
  input_tokens: 14,
  input_token_details: { text_tokens: 10, audio_tokens: 4 },
  output_tokens: 5,
  total_tokens: 19,
};
const YAML = (url: string) => `
providers:
  openai: { base_url: "${url}/v1" }
  azure: { base_url: "${url}" }
pricing:
  models:
    whisper-1: { audio_per_minute: 0.006 }
    gpt-4o-transcribe: { input: 2.5, input_audio: 6, output: 10 }
    gpt-4o-mini-tts: { input: 0.6, output: 12 }
    gpt-image-1: { input: 5, input_image: 10, output: 40 }
    azure/gpt-4o-2024-11-20: { input: 2.5, output: 10 }
${PIPELINE}`;

const sound = () => toFile(Buffer.from('RIFF....WAVEfmt '), 'a.wav', { type: 'audio/wav' });

describe("OpenAI's SDK beyond chats", () => {
  let upstream: Upstream;
  let running: TestGateway;
  let openai: OpenAI;
  let rows = 0;

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(YAML(upstream.url));
    openai = new OpenAI({ apiKey: 'sk-of-the-client', baseURL: `${running.url}/v1`, maxRetries: 0 });
  });
  after(async () => {
    await running?.close();
    await upstream?.close();
  });

  /** The row of what was just asked. */
  async function row() {
    rows += 1;
    return (await running.rows(rows)).at(-1)!;
  }
  const lastRequest = () => upstream.received.at(-1)!;

  describe('sounds', () => {
    it('are transcribed, by the second', async () => {
      upstream.next(json({ text: 'Hello wire.', usage: { type: 'duration', seconds: 27 } }));
      const answer = await openai.audio.transcriptions.create({ model: 'whisper-1', file: await sound() });
      expect(answer.text).to.equal('Hello wire.');
      expect(lastRequest().body.includes('RIFF....WAVEfmt ')).to.equal(true);
      expect(await row()).to.deep.include({
        api: 'openai.audio',
        provider: 'openai',
        outcome: 'ok',
        stream: false,
        usage: { 'audio.seconds': 27 },
        usage_status: 'final',
        cost_usd: '0.0027',
        model: { request: 'whisper-1', response: null, priced_as: 'whisper-1' },
      });
    });

    it('are transcribed, by a part of a second', async () => {
      upstream.next(json({ task: 'transcribe', language: 'en', duration: 8.47, text: 'x', segments: [] }));
      await openai.audio.transcriptions.create({
        model: 'whisper-1',
        file: await sound(),
        response_format: 'verbose_json',
      });
      expect(await row()).to.deep.include({ usage: { 'audio.seconds': 8.47 }, cost_usd: '0.000847' });
    });

    it('are transcribed in a stream, by tokens', async () => {
      const event = (type: string, more: object): [string, object] => [type, { type, ...more }];
      const events = [
        event('transcript.text.delta', { delta: 'Hello' }),
        event('transcript.text.delta', { delta: ' wire.' }),
        event('transcript.text.done', { text: 'Hello wire.', usage: TOKENS }),
      ];
      upstream.next(stream(sse(events)));
      const asked = { model: 'gpt-4o-transcribe', file: await sound(), stream: true as const };
      let said = '';
      for await (const part of await openai.audio.transcriptions.create(asked))
        if (part.type === 'transcript.text.delta') said += part.delta;
      expect(said).to.equal('Hello wire.');
      expect(await row()).to.deep.include({
        stream: true,
        outcome: 'ok',
        usage: { input_tokens: 14, output_tokens: 5, 'audio.input_tokens': 4 },
        cost_usd: '0.000099',
      });
    });

    it('may be subtitles, of which nothing is known', async () => {
      const subtitles = '1\n00:00:00,000 --> 00:00:02,000\nHello.\n';
      upstream.next({ headers: { 'content-type': 'text/plain; charset=utf-8' }, chunks: [subtitles] });
      const asked = { model: 'whisper-1', file: await sound(), response_format: 'srt' as const };
      expect(await openai.audio.transcriptions.create(asked)).to.equal(subtitles);
      expect(await row()).to.include({ outcome: 'ok', usage: null, usage_status: 'missing', cost_usd: null });
    });

    it('are translated', async () => {
      upstream.next(json({ text: 'Hello.' }));
      await openai.audio.translations.create({ model: 'whisper-1', file: await sound() });
      expect(await row()).to.include({ api: 'openai.audio', path: '/v1/audio/translations', cost_usd: null });
    });

    it('are made, and reach the client to the byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 31) % 256));
      upstream.next({ headers: { 'content-type': 'audio/mpeg' }, chunks: [bytes], framing: 'chunked' });
      const answer = await openai.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'coral', input: 'Hello.' });
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).to.equal(true);
      expect(await row()).to.include({ api: 'openai.speech', outcome: 'ok', usage: null, cost_usd: null });
    });

    it('are made in a stream, which tells its tokens', async () => {
      const usage = { input_tokens: 14, output_tokens: 100, total_tokens: 114 };
      const done = { type: 'speech.audio.done', usage };
      upstream.next(stream(sse([{ type: 'speech.audio.delta', audio: 'QUJD' }, done])));
      const asked = { model: 'gpt-4o-mini-tts', voice: 'coral', input: 'Hello.', stream_format: 'sse' as const };
      await (await openai.audio.speech.create(asked)).text();
      expect(await row()).to.include({ outcome: 'ok', cost_usd: '0.0012084' });
    });
  });

  describe('pictures', () => {
    it('are made', async () => {
      upstream.next(json({ created: 1, data: [{ b64_json: PICTURE }], usage: IMAGE_USAGE }));
      const answer = await openai.images.generate({ model: 'gpt-image-1', prompt: 'a wire' });
      expect(answer.data?.[0]?.b64_json).to.equal(PICTURE);
      expect(await row()).to.deep.include({
        api: 'openai.images',
        outcome: 'ok',
        usage: { input_tokens: 50, output_tokens: 1056, 'image.input_tokens': 40 },
        cost_usd: '0.04269',
      });
    });

    it('are made in a stream', async () => {
      const part = { type: 'image_generation.partial_image', partial_image_index: 0, b64_json: PICTURE };
      const whole = { type: 'image_generation.completed', b64_json: PICTURE, usage: IMAGE_USAGE };
      upstream.next(stream(sse([part, whole].map((event): [string, object] => [event.type, event]))));
      const asked = { model: 'gpt-image-1', prompt: 'a wire', stream: true as const, partial_images: 1 };
      const types = [];
      for await (const event of await openai.images.generate(asked)) types.push(event.type);
      expect(types).to.deep.equal([part.type, whole.type]);
      expect(await row()).to.include({ outcome: 'ok', usage_status: 'final', cost_usd: '0.04269', stream: true });
    });

    it('are edited, by a form', async () => {
      upstream.next(json({ created: 1, data: [{ b64_json: PICTURE }], usage: IMAGE_USAGE }));
      const image = await toFile(Buffer.from('\x89PNG'), 'a.png', { type: 'image/png' });
      await openai.images.edit({ model: 'gpt-image-1', image, prompt: 'more wire' });
      const record = await row();
      expect(record).to.include({ api: 'openai.images', path: '/v1/images/edits', cost_usd: '0.04269' });
      expect(record.model.request).to.equal('gpt-image-1');
    });
  });

  it('keeps files and moderates, which costs nothing', async () => {
    upstream.next(json({ id: 'file-1', object: 'file' }), json({ id: 'm', results: [] }));
    await openai.files.create({ file: await toFile(Buffer.from('{}\n'), 'b.jsonl'), purpose: 'batch' });
    const nothing = { usage_status: 'not_applicable', cost_usd: null, outcome: 'ok' };
    expect(await row()).to.include({ api: 'openai.files', ...nothing });
    await openai.moderations.create({ model: 'omni-moderation-latest', input: 'hi' });
    expect(await row()).to.include({ api: 'openai.moderations', ...nothing });
  });

  describe('of Azure', () => {
    const ASK = { model: 'my-chat', messages: [{ role: 'user' as const, content: 'Hi' }] };
    const usage = { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 };
    const chunk = (delta: object, more: object = {}) => ({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'gpt-4o-2024-11-20',
      choices: [{ index: 0, delta, finish_reason: null }],
      ...more,
    });
    let azure: AzureOpenAI;
    before(() => {
      azure = new AzureOpenAI({
        endpoint: running.url,
        apiKey: 'az-of-the-client',
        apiVersion: '2024-10-21',
        maxRetries: 0,
      });
    });
    const answers = (script: Script) => upstream.next(script);

    it('chats with a deployment, priced by the model that answered', async () => {
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }];
      answers(json({ id: 'c', model: 'gpt-4o-2024-11-20', choices, usage }));
      expect((await azure.chat.completions.create(ASK)).choices[0]?.message.content).to.equal('Hi.');
      const { path, headers } = lastRequest();
      expect(path).to.equal('/openai/deployments/my-chat/chat/completions?api-version=2024-10-21');
      expect(headers).to.include({ 'api-key': 'az-of-the-client' }).and.to.not.have.property('authorization');
      expect(await row()).to.deep.include({
        api: 'openai.chat',
        provider: 'azure',
        cost_usd: '0.0026',
        model: { request: 'my-chat', response: 'gpt-4o-2024-11-20', priced_as: 'azure/gpt-4o-2024-11-20' },
      });
    });

    it('streams, and sees no usage that it did not ask for', async () => {
      const filtered = { id: '', model: '', created: 0, object: '', choices: [], prompt_filter_results: [] };
      const end = chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
      answers(stream(sse([filtered, chunk({ content: 'Hi.' }), end, chunk({}, { choices: [], usage }), '[DONE]'])));
      const parts = [];
      for await (const part of await azure.chat.completions.create({ ...ASK, stream: true })) parts.push(part);
      expect(parts.map(({ choices }) => choices.length)).to.deep.equal([0, 1, 1]);
      expect(JSON.parse(String(lastRequest().body)).stream_options).to.deep.equal({ include_usage: true });
      expect(await row()).to.include({ provider: 'azure', cost_usd: '0.0026', outcome: 'ok' });
    });

    it('embeds, responds, transcribes and paints', async () => {
      answers(
        json({
          data: [{ embedding: [0.1] }],
          model: 'text-embedding-3-small',
          usage: { prompt_tokens: 7, total_tokens: 7 },
        }),
      );
      await azure.embeddings.create({ model: 'vectors', input: 'x', encoding_format: 'float' });
      expect(await row()).to.deep.include({ api: 'openai.embeddings', usage: { input_tokens: 7, output_tokens: 0 } });
      answers(json({ id: 'r', object: 'response', status: 'completed', model: 'gpt-4o-2024-11-20', output: [] }));
      await azure.responses.create({ model: 'my-chat', input: 'Hi' });
      expect(await row()).to.include({ api: 'openai.responses', provider: 'azure', path: '/openai/responses' });
      answers(json({ text: 'Hello.', usage: { type: 'duration', seconds: 3 } }));
      await azure.audio.transcriptions.create({ model: 'ears', file: await sound() });
      const heard = await row();
      expect(heard).to.deep.include({ api: 'openai.audio', provider: 'azure', usage: { 'audio.seconds': 3 } });
      expect(heard.model.request).to.equal('ears');
      answers(json({ created: 1, data: [], usage: IMAGE_USAGE }));
      await azure.images.generate({ model: 'pictures', prompt: 'a wire' });
      expect(await row()).to.include({ api: 'openai.images', usage_status: 'final' });
    });

    it('throws errors as its own classes', async () => {
      answers(json({ error: { code: 'content_filter', message: 'No.', type: null, status: 400 } }, { status: 400 }));
      const error = await azure.chat.completions.create(ASK).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(OpenAI.BadRequestError).and.to.include({ code: 'content_filter' });
      const record = await row();
      expect(record).to.include({ outcome: 'upstream_error', usage_status: 'not_applicable' });
      expect(record.error).to.include({ code: 'content_filter', http_status: 400 });
    });
  });
});
