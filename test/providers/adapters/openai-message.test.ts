import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { CHAT, chunk, finish, JSON_CHAT } from '../../support/chat-chunks.ts';
import { meterOf, stream } from '../../support/metering.ts';

/** The text that is kept of an answer, and how many characters were counted. */
function said(answer: { api: string }, bytes: Buffer): [text: string, chars: number] {
  const meter = meterOf(openaiChat, answer);
  meter.push(bytes);
  const { outputChars } = meter.end(true);
  return [meter.text.read(), outputChars];
}

const inStream = (...deltas: object[]) => said(CHAT, stream(...deltas.map((delta) => chunk(delta)), finish, '[DONE]'));
const inJson = (message: object, choice: object = {}) =>
  said(JSON_CHAT, Buffer.from(JSON.stringify({ choices: [{ message, finish_reason: 'stop', ...choice }] })));

describe('the text of an answer in the openai-chat adapter', () => {
  for (const [what, delta, text] of [
    ['content', { content: 'Größe "x"\n🦊' }, 'Größe "x"\n🦊'],
    ['parts of content (Mistral)', { content: [{ type: 'text', text: 'Hel' }] }, 'Hel'],
    [
      'thoughts in parts (Mistral)',
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] },
      'hm',
    ],
    ['reasoning_content', { content: null, reasoning_content: 'hm' }, 'hm'],
    ['reasoning', { content: '', reasoning: 'hm' }, 'hm'],
    ['a refusal', { content: null, refusal: 'No' }, 'No'],
    ['arguments of a tool', { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a":1}' } }] }, '{"a":1}'],
    ['arguments of a function', { function_call: { name: 'f', arguments: '{}' } }, '{}'],
    ['what an audio answer says', { audio: { id: 'a', transcript: 'Hi' } }, 'Hi'],
  ] as const) {
    it(`is ${what}, in a stream and in JSON`, () => {
      expect(inStream({ role: 'assistant', ...delta })).to.deep.equal([text, [...text].length]);
      expect(inJson({ role: 'assistant', ...delta })).to.deep.equal([text, [...text].length]);
    });
  }

  it('is all of it, in its order', () => {
    expect(inStream({ reasoning_content: 'a' }, { content: 'b' }, { content: '' }, { content: 'c' })).to.deep.equal([
      'abc',
      3,
    ]);
    const calls = [1, 2].map((n) => ({ function: { name: 'f', arguments: `{"a":${n}}` } }));
    expect(inJson({ content: [{ text: 'x' }, { text: 'y' }], tool_calls: calls })[0]).to.equal('xy{"a":1}{"a":2}');
  });

  it('is no sound', () => {
    expect(inStream({ audio: { data: 'QUJDRA==' } })).to.deep.equal(['', 0]);
    expect(inJson({ audio: { data: 'QUJDRA==', transcript: 'Hi' } })).to.deep.equal(['Hi', 2]);
  });

  it('is counted once where it stands twice (Together)', () => {
    expect(inJson({ content: 'Hello' }, { text: 'Hello' })).to.deep.equal(['Hello', 5]);
    const twice = stream(chunk({ content: 'Hello', token_id: 7 }, {}, { text: 'Hello' }), finish, '[DONE]');
    expect(said(CHAT, twice)).to.deep.equal(['Hello', 5]);
  });

  it('is that of legacy completions, whatever stands beside it', () => {
    const logprobs = { tokens: ['a'], token_logprobs: [-1], top_logprobs: [{ a: -1 }], text_offset: [0] };
    const events = stream({ choices: [{ index: 0, text: 'ab', logprobs }] }, '[DONE]');
    expect(said({ api: 'openai.completions' }, events)).to.deep.equal(['ab', 2]);
    const json = Buffer.from(
      JSON.stringify({ choices: [{ text: 'prompt and answer', logprobs, finish_reason: 'stop' }] }),
    );
    expect(said({ ...JSON_CHAT, api: 'openai.completions' }, json)[0]).to.equal('prompt and answer');
  });

  it('is not what a comment says', () => {
    const comment = Buffer.from(': "content":"no"\n\n');
    const bytes = Buffer.concat([comment, stream(chunk({ content: 'yes' })), comment, stream('[DONE]')]);
    expect(said(CHAT, bytes)).to.deep.equal(['yes', 3]);
  });

  it('says that some is missing where choices are too large to be kept', () => {
    const meter = meterOf(openaiChat, JSON_CHAT);
    const message = { content: 'x'.repeat(1_200_000) };
    meter.push(Buffer.from(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] })));
    expect(meter.end(true).outputChars).to.be.above(1_200_000);
    expect([meter.text.isCut, meter.text.read()]).to.deep.equal([true, '']);
  });
});
