import { expect } from 'chai';
import { play, type Stage, setStage } from '../support/play.ts';
import { json, type Script, sse, stream } from '../support/script.ts';

const chunk = (content: string) => ({
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const USAGE = {
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};
const WORDS = sse([chunk('a'), chunk('b')]);
const DONE = sse(['[DONE]']);
const told: Script = stream([...WORDS, ...sse([USAGE]), ...DONE]);
const refused: Script = json(
  { error: { message: 'Unknown parameter: stream_options', type: 'invalid_request_error' } },
  { status: 400 },
);
const PLUGINS = 'include-usage, usage';

describe('plugins/include-usage', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage({ plugins: PLUGINS });
  });
  afterEach(() => stage.close());

  it('asks for the usage of a stream in its text, and hides the answer from who did not ask', async () => {
    const request = '{ "model":"gpt-4o-mini", "stream":true, "messages":[ ] }';
    const { received, answer, record } = await stage.play({ request, upstream: told });
    expect(received!.json).to.deep.include({ stream: true, stream_options: { include_usage: true } });
    expect(received!.body.toString()).to.contain('{ "model":"gpt-4o-mini", "stream":true, "messages":[ ]');
    expect(answer.text).to.equal([...WORDS, ...DONE].join(''));
    expect(record).to.deep.include({ usage: { input_tokens: 7, output_tokens: 3 }, usage_status: 'final' });
    expect(record.rewritten_by).to.contain('include-usage');
  });

  it('changes nothing for a client that asked itself', async () => {
    const request = { stream: true, stream_options: { include_usage: true } };
    const { received, answer, record } = await stage.play({ request, upstream: told });
    expect(answer.text).to.equal([...WORDS, ...sse([USAGE]), ...DONE].join(''));
    expect(received!.json.stream_options).to.eql({ include_usage: true });
    expect(record.rewritten_by).to.eql([]);
  });

  it('keeps the other options of a stream', async () => {
    for (const options of [{ include_usage: false, other: 1 }, { other: 1 }]) {
      const { received } = await stage.play({ request: { stream: true, stream_options: options }, upstream: told });
      expect(received!.json.stream_options).to.eql({ other: 1, include_usage: true });
    }
    const { received } = await stage.play({ request: { stream: true, stream_options: null }, upstream: told });
    expect(received!.json.stream_options).to.eql({ include_usage: true });
  });

  it('lets an event without choices pass that is not the usage', async () => {
    const filters = sse([{ choices: [], prompt_filter_results: [{ index: 0 }] }]);
    const { answer } = await stage.play({
      request: { stream: true },
      upstream: stream([...filters, ...WORDS, ...DONE]),
    });
    expect(answer.text).to.equal([...filters, ...WORDS, ...DONE].join(''));
  });

  const untouched: [string, object | string, string?][] = [
    ['what is no stream', { stream: false }],
    ['a body without the word', {}],
    ['options that are none', { stream: true, stream_options: [1] }],
    ["Anthropic's API", { stream: true, max_tokens: 5 }, '/v1/messages'],
    ['the Responses API', { stream: true, input: 'x' }, '/v1/responses'],
  ];
  for (const [what, request, path] of untouched) {
    it(`leaves ${what} alone`, async () => {
      const { received } = await stage.play({ request, ...(path ? { path } : {}) });
      expect(received!.body.toString()).to.not.contain('include_usage');
    });
  }

  it('asks once more without it where a provider refuses it, and never again', async () => {
    const request = { stream: true };
    const first = await stage.play({ request, upstream: [refused, stream([...WORDS, ...DONE])] });
    expect(first.times).to.equal(2);
    expect(first.received!.json).to.not.have.property('stream_options');
    expect(first.answer).to.include({ status: 200, text: [...WORDS, ...DONE].join('') });
    expect(first.record.attempts.map(({ status }) => status)).to.eql([400, 200]);
    const second = await stage.play({ request, upstream: stream([...WORDS, ...DONE]) });
    expect(second.times).to.equal(1);
    expect(second.received!.json).to.not.have.property('stream_options');
  });

  it("passes a provider's other complaints on", async () => {
    const upstream = json({ error: { message: 'messages is too short' } }, { status: 400 });
    const { answer, times, record } = await stage.play({ request: { stream: true }, upstream });
    expect(times).to.equal(1);
    expect(answer.status).to.equal(400);
    expect(answer.text).to.equal('{"error":{"message":"messages is too short"}}');
    expect(record.outcome).to.equal('upstream_error');
  });
});

describe('plugins/include-usage for a provider that must not be asked', () => {
  it('does not ask', async () => {
    const yaml = 'providers: { openai: { base_url: "UPSTREAM", stream_usage: never } }';
    const { received } = await play({ plugins: PLUGINS, yaml, request: { stream: true }, upstream: told });
    expect(received!.json).to.not.have.property('stream_options');
  });
});
