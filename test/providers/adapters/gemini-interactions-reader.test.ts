import { expect } from 'chai';
import gemini from '../../../providers/adapters/gemini.ts';
import { readEveryWay } from '../../support/metering.ts';

const STREAM = { api: 'gemini.interactions' };
const JSON_ANSWER = { ...STREAM, contentType: 'application/json', streamAsked: false };

const usage = {
  total_input_tokens: 5000,
  total_cached_tokens: 4096,
  total_tool_use_tokens: 300,
  total_output_tokens: 40,
  total_thought_tokens: 700,
  total_tokens: 6040,
  input_tokens_by_modality: [{ modality: 'audio', tokens: 500 }],
  output_tokens_by_modality: [{ modality: 'image', tokens: 30 }],
  grounding_tool_count: [{ type: 'google_search', count: 2 }],
};
const normalised = {
  input_tokens: 5300,
  output_tokens: 740,
  'cache_read.input_tokens': 4096,
  'tool_use.input_tokens': 300,
  'reasoning.output_tokens': 700,
  'audio.input_tokens': 500,
  'image.output_tokens': 30,
  'web_search.requests': 2,
};
const interaction = (status: string, more: object = {}) => {
  return { id: 'v1-1', object: 'interaction', model: 'gemini-3.8-flash', status, service_tier: 'flex', ...more };
};
const steps = [
  { type: 'user_input', content: [{ type: 'text', text: 'What?' }] },
  { type: 'thought', summary: [{ type: 'text', text: 'Hm. ' }], signature: 'abc' },
  { type: 'model_output', content: [{ type: 'text', text: 'Größe' }] },
];
const events = (...list: object[]) =>
  Buffer.from(
    `${list.map((each) => `event: ${(each as { event_type: string }).event_type}\ndata: ${JSON.stringify(each)}\n\n`).join('')}`,
  );
const created = { event_type: 'interaction.created', interaction: interaction('in_progress') };
const delta = (value: object, more: object = {}) => ({ event_type: 'step.delta', index: 0, delta: value, ...more });
const thought = delta({ type: 'thought_summary', content: { type: 'text', text: 'Hm. ' } });
const text = delta({ type: 'text', text: 'Größe' });
const completed = { event_type: 'interaction.completed', interaction: interaction('completed', { usage }) };
const done = Buffer.from('event: done\ndata: [DONE]\n\n');

const whole = (answer: object) => readEveryWay(gemini, JSON_ANSWER, Buffer.from(JSON.stringify(answer)));
const streamed = (...list: object[]) => readEveryWay(gemini, STREAM, Buffer.concat([events(...list), done]));

describe('InteractionsReader', () => {
  it('reads an answer and a stream alike', () => {
    const json = whole(interaction('completed', { usage, steps }));
    expect(streamed(created, thought, text, completed)).to.deep.equal(json);
    expect(json).to.deep.include({
      usage: normalised,
      usageStatus: 'final',
      model: 'gemini-3.8-flash',
      responseId: 'v1-1',
      serviceTier: 'flex',
      stopReason: { raw: 'completed', normalized: 'stop' },
      ending: 'complete',
      outputChars: 9,
      rawUsage: JSON.stringify(usage),
      inconsistencies: [],
    });
  });

  for (const [status, normalized, ending] of [
    ['requires_action', 'tool_calls', 'complete'],
    ['incomplete', 'length', 'complete'],
    ['requires_continuation', 'length', 'complete'],
    ['cancelled', 'error', 'complete'],
    ['failed', 'error', 'error'],
    ['budget_exceeded', null, 'complete'],
  ] as const) {
    it(`takes ${status} for ${normalized}`, () => {
      const last = { event_type: 'interaction.completed', interaction: interaction(status, { usage }) };
      expect(streamed(created, text, last)).to.deep.include({ stopReason: { raw: status, normalized }, ending });
      const update = { event_type: 'interaction.status_update', interaction_id: 'v1-1', status, usage };
      expect(streamed(created, text, update)).to.deep.include({
        stopReason: { raw: status, normalized },
        usage: normalised,
      });
    });
  }

  it('keeps what was told on the way where the stream breaks off', () => {
    const early = delta(
      { type: 'text', text: 'a' },
      { metadata: { total_usage: { total_input_tokens: 9, total_output_tokens: 1 } } },
    );
    const reading = readEveryWay(gemini, STREAM, events(created, early));
    expect(reading).to.deep.include({
      usage: { input_tokens: 9, output_tokens: 1 },
      usageStatus: 'partial',
      ending: 'truncated',
    });
    expect(readEveryWay(gemini, STREAM, events(created))).to.include({ usageStatus: 'missing', ending: 'truncated' });
  });

  it('does not know what goes on in the background', () => {
    const reading = whole(interaction('in_progress'));
    expect(reading).to.include({ usage: null, usageStatus: 'missing', stopReason: null, ending: 'complete' });
  });

  it('counts functions and pictures as content', () => {
    const call = { type: 'function_call', id: 'c', name: 'f', arguments: { city: 'Köln' } };
    expect(whole(interaction('requires_action', { steps: [call] })).outputChars).to.equal('{"city":"Köln"}'.length);
    const parts = streamed(created, delta({ type: 'arguments_delta', arguments: '{"a":1}' }), completed);
    expect(parts.outputChars).to.equal(7);
    const picture = { error: { code: 'x' }, event_type: 'error' };
    expect(streamed(delta({ type: 'image', data: 'AAAA', mime_type: 'image/png' }), picture).usageStatus).to.equal(
      'missing',
    );
  });

  it('reads an error', () => {
    const error = { event_type: 'error', error: { code: 'gateway_timeout', message: 'secret' } };
    expect(streamed(created, error)).to.deep.include({
      error: { type: null, code: 'gateway_timeout' },
      ending: 'error',
    });
    expect(streamed(created, { event_type: 'error' })).to.deep.include({
      error: { type: null, code: null },
      ending: 'error',
    });
  });

  it('counts searches as they are charged, and says which other tools are', () => {
    const tools = [...usage.grounding_tool_count, { type: 'google_maps', count: 1 }];
    const of = (model: string) =>
      whole(
        interaction('completed', {
          model,
          usage: { total_input_tokens: 9, total_output_tokens: 1, grounding_tool_count: tools },
        }),
      );
    expect(of('gemini-2.5-flash').usage).to.include({ 'web_search.requests': 1 });
    const { usage: later, inconsistencies } = of('gemini-3-flash');
    expect(later).to.include({ 'web_search.requests': 2 });
    expect(inconsistencies).to.deep.equal(['grounding with google_maps is charged, and not counted']);
  });

  it('names an agent where there is no model', () => {
    expect(whole({ id: 'v1', status: 'completed', agent: 'deep-research-pro', usage }).model).to.equal(
      'deep-research-pro',
    );
  });
});
