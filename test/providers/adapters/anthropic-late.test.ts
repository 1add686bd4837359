import { expect } from 'chai';
import anthropicMessages from '../../../providers/adapters/anthropic-messages.ts';
import { tell } from '../../support/late.ts';

const RESULTS = { path: '/v1/messages/batches/msgbatch_1/results', contentType: 'application/x-jsonl' };
const line = (id: string, result: object): string => `${JSON.stringify({ custom_id: id, result })}\n`;
const message = (model: string, usage: object, more: object = {}) => ({
  type: 'succeeded',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: 'a "quoted"\n{brace' }],
    stop_reason: 'end_turn',
    usage: { ...usage, service_tier: 'batch' },
    ...more,
  },
});
const JSONL = [
  line('a', message('claude-sonnet-4-6', { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 90 })),
  line('b', { type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error', message: 'no' } } }),
  line('c', message('claude-haiku-4-5', { input_tokens: 7, output_tokens: 3 })),
  line('d', { type: 'canceled' }),
  line('e', { type: 'expired' }),
].join('');
const BILL = {
  kind: 'batch',
  id: 'batch msgbatch_1',
  responseId: 'msgbatch_1',
  api: 'anthropic.batches',
  at: null,
  background: false,
};

describe('the results of a message batch', () => {
  it('are a share for each request that succeeded, at the batch tier', () => {
    const { bill, shares } = tell(anthropicMessages, RESULTS, JSONL);
    expect(bill).to.eql(BILL);
    expect(shares.map(({ reading, answers }) => [reading.model, reading.usage, reading.serviceTier, answers])).to.eql([
      ['claude-sonnet-4-6', { input_tokens: 100, output_tokens: 5, 'cache_read.input_tokens': 90 }, 'batch', 1],
      ['claude-haiku-4-5', { input_tokens: 7, output_tokens: 3 }, 'batch', 1],
    ]);
  });

  it('are the same however they are cut, and where the last line has no end', () => {
    for (const text of [JSONL, JSONL.trimEnd()]) {
      const whole = tell(anthropicMessages, RESULTS, text);
      for (let size = 1; size < 40; size++) expect(tell(anthropicMessages, RESULTS, text, { size })).to.eql(whole);
    }
  });

  it('are no bill where they broke off', () => {
    for (let end = 0; end < JSONL.length; end += 7) {
      const { bill } = tell(anthropicMessages, RESULTS, JSONL.slice(0, end), { whole: false });
      expect(bill).to.equal(null);
    }
    expect(tell(anthropicMessages, RESULTS, JSONL.slice(0, -30)).bill).to.equal(null);
  });

  it('hold what was refused before the first word, and is not charged', () => {
    const refused = message('m', { input_tokens: 9, output_tokens: 0 }, { stop_reason: 'refusal', content: [] });
    const { shares } = tell(anthropicMessages, RESULTS, line('a', refused));
    expect(shares[0]!.reading.usageStatus).to.equal('not_applicable');
  });

  it('are told by nothing else', () => {
    const paths = ['/v1/messages/batches/msgbatch_1', '/v1/messages/batches', '/v1/messages'];
    for (const path of paths) expect(tell(anthropicMessages, { ...RESULTS, path }, JSONL).read).to.equal(false);
    for (const change of [{ status: 404 }, { status: 206 }, { method: 'DELETE' }])
      expect(tell(anthropicMessages, { ...RESULTS, ...change }, JSONL).read).to.equal(false);
    expect(tell(anthropicMessages, RESULTS, '').bill).to.equal(null);
    expect(tell(anthropicMessages, RESULTS, '<html>').bill).to.equal(null);
    expect(tell(anthropicMessages, RESULTS, line('x', { type: 'expired' })).bill).to.equal(null);
  });
});
