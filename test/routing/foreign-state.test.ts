import { expect } from 'chai';
import { carriedState, conversationOf, namedState } from '../../src/routing/foreign-state.ts';
import { type Ask, ask } from './asks.ts';

const carried = (body: NonNullable<Ask['body']>, pieces = 1) => carriedState(ask({ body, pieces }).exchange.request);
const named = (said: Ask) => namedState(ask(said).exchange.request);

/** What a request carries, and how it is called. */
const BODIES: [string, Record<string, unknown>][] = [
  ['encrypted_content', { input: [{ type: 'reasoning', id: 'rs_1', encrypted_content: 'gAAAA' }] }],
  ['encrypted_content', { input: [{ type: 'reasoning', id: 'rs_1', encrypted_content: null }] }],
  ['item_reference', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
  ['signature', { messages: [{ content: [{ type: 'thinking', thinking: '', signature: 'EqQB' }] }] }],
  ['redacted_thinking', { messages: [{ content: [{ type: 'redacted_thinking', data: 'x' }] }] }],
  ['thoughtSignature', { contents: [{ parts: [{ functionCall: {}, thoughtSignature: 'x' }] }] }],
  ['thought_signature', { messages: [{ extra_content: { google: { thought_signature: 'x' } } }] }],
  ['redactedContent', { messages: [{ content: [{ reasoningContent: { redactedContent: 'x' } }] }] }],
];

describe('what only its origin can read', () => {
  for (const [name, body] of BODIES) {
    it(`${name} is found, in one piece and in several, however it is written`, () => {
      expect(carried(body)).to.equal(name);
      expect(carried(JSON.stringify(body, null, 2))).to.equal(name);
      expect(carried({ long: 'x'.repeat(500), ...body }, 7)).to.equal(name);
      expect(carried(JSON.stringify(body, null, 2), 3)).to.equal(name);
    });

    it(`${name} is not found in what somebody says`, () => {
      expect(carried({ messages: [{ role: 'user', content: JSON.stringify(body) }] })).to.equal(null);
      expect(carried({ messages: [{ role: 'user', content: JSON.stringify(body, null, 1) }] }, 5)).to.equal(null);
      expect(carried({ messages: [{ role: 'user', content: JSON.stringify(JSON.stringify(body)) }] })).to.equal(null);
    });
  }

  it('is found wherever the body is cut', () => {
    const body = JSON.stringify({ model: 'm', messages: [{ signature: 'EqQB', role: 'assistant' }] }, null, 1);
    for (let pieces = 1; pieces <= body.length; pieces++)
      expect(carried(body, pieces), `${pieces}`).to.equal('signature');
    const long = JSON.stringify({ long: 'x'.repeat(262_118), reasoning: { encrypted_content: 'x' } });
    for (let more = 0; more < 40; more++)
      expect(carried(long.replace('{"long":"', `{"long":"${'y'.repeat(more)}`)), `${more}`).to.equal(
        'encrypted_content',
      );
  });

  it('what is asked for, and what tools are told, is none', () => {
    expect(carried({ include: ['reasoning.encrypted_content'] })).to.equal(null);
    expect(carried({ messages: [{ content: 'it is called "redacted_thinking' }] })).to.equal(null);
    const properties = { signature: { type: 'string' }, other: { type: 'string', description: 'signature' } };
    expect(carried({ tools: [{ input_schema: { properties } }] })).to.equal(null);
    const later = { tools: [{ properties }], messages: [{ signature: 'EqQB' }] };
    expect(carried(later)).to.equal('signature');
    expect(carried(later, 4)).to.equal('signature');
    expect(carriedState(ask({ body: null }).exchange.request)).to.equal(null);
  });

  it('a response or a conversation is named in the body or in the path', () => {
    expect(named({ body: { previous_response_id: 'resp_1' } })).to.eql({ name: 'previous_response_id', id: 'resp_1' });
    expect(named({ body: { conversation: 'conv_1' } })).to.eql({ name: 'conversation', id: 'conv_1' });
    expect(named({ body: { conversation: { id: 'conv_1' } } })).to.eql({ name: 'conversation', id: 'conv_1' });
    const path = '/v1/responses/resp_1/input_items';
    expect(named({ body: null, path })).to.eql({ name: 'a response', id: 'resp_1' });
    expect(named({ body: null, path: '/v1/conversations/conv_1' })).to.eql({ name: 'a conversation', id: 'conv_1' });
  });

  it('nothing is named by null, by other shapes, by other paths', () => {
    for (const body of [
      { previous_response_id: null },
      { previous_response_id: '' },
      { previous_response_id: 7 },
      { conversation: null },
      { conversation: {} },
      { conversation: [] },
      { messages: [{ previous_response_id: 'resp_1' }] },
    ])
      expect(named({ body }), JSON.stringify(body)).to.equal(null);
    expect(named({ path: '/v1/responses' })).to.equal(null);
    expect(named({ path: '/v1/responses/' })).to.equal(null);
    expect(conversationOf(ask({ body: { conversation: { id: 3 } } }).exchange.request)).to.equal(null);
  });
});
