import { expect } from 'chai';
import azureOpenai from '../../../providers/adapters/azure-openai.ts';
import openaiPlatform from '../../../providers/adapters/openai-platform.ts';
import openaiResponses from '../../../providers/adapters/openai-responses.ts';
import { tell } from '../../support/late.ts';
import { sse } from '../../support/script.ts';

const POLL = { path: '/v1/batches/batch_1', api: 'openai.batches' };
const FILE = { path: '/v1/files/file-out/content', api: 'openai.files', contentType: 'application/octet-stream' };
const STORED = { path: '/v1/responses/resp_1', api: 'openai.responses.stored' };

const usage = {
  input_tokens: 1000,
  input_tokens_details: { cached_tokens: 400 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 1050,
};
const normalised = {
  input_tokens: 1000,
  output_tokens: 50,
  'cache_read.input_tokens': 400,
  'reasoning.output_tokens': 20,
};
const batch = (more: object = {}): string =>
  JSON.stringify({
    id: 'batch_1',
    object: 'batch',
    endpoint: '/v1/chat/completions',
    errors: null,
    input_file_id: 'file-in',
    completion_window: '24h',
    status: 'completed',
    output_file_id: 'file-out',
    error_file_id: null,
    created_at: 1_760_000_000,
    completed_at: 1_760_003_600,
    request_counts: { total: 5, completed: 4, failed: 1 },
    metadata: null,
    model: 'gpt-4o-mini-2024-07-18',
    usage,
    ...more,
  });

describe('an OpenAI batch', () => {
  it('is billed by its sum once it is over, as so many answers of one model', () => {
    const { bill, shares } = tell(openaiPlatform, POLL, batch());
    const at = new Date('2025-10-09T09:53:20.000Z');
    expect(bill).to.eql({
      kind: 'batch',
      id: 'file file-out',
      responseId: 'batch_1',
      api: 'openai.batches',
      at,
      background: false,
    });
    expect(shares).to.have.length(1);
    expect(shares[0]).to.deep.include({ answers: 4, at });
    expect(shares[0]!.reading).to.deep.include({
      model: 'gpt-4o-mini-2024-07-18',
      usage: normalised,
      serviceTier: 'batch',
      usageStatus: 'final',
      rawUsage: JSON.stringify(usage),
    });
  });

  it('is read the same however it is cut', () => {
    const whole = tell(openaiPlatform, POLL, batch());
    for (let size = 1; size < 30; size++) expect(tell(openaiPlatform, POLL, batch(), { size })).to.eql(whole);
  });

  it('is billed for what it had done where it was ended early', () => {
    for (const status of ['expired', 'cancelled']) {
      const ended = batch({ status, completed_at: null, [`${status}_at`]: 1_760_007_200 });
      expect(tell(openaiPlatform, POLL, ended).bill?.at?.toISOString()).to.equal('2025-10-09T10:53:20.000Z');
    }
    const cancel = { ...POLL, method: 'POST', path: `${POLL.path}/cancel` };
    expect(tell(openaiPlatform, cancel, batch({ status: 'cancelled' })).bill?.id).to.equal('file file-out');
  });

  it('is billed by its own id where no request of it has an answer in a file', () => {
    expect(tell(openaiPlatform, POLL, batch({ output_file_id: null })).bill?.id).to.equal('batch batch_1');
    expect(tell(openaiPlatform, POLL, batch({ output_file_id: null, model: undefined })).bill).to.not.equal(null);
  });

  it('is no bill while it runs, after it failed, and where its file has to tell', () => {
    const zero = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
    for (const more of [
      { status: 'in_progress' },
      { status: 'finalizing' },
      { status: 'cancelling' },
      { status: 'validating' },
      { status: 'failed' },
      { usage: null },
      { usage: undefined },
      { usage: zero },
      { model: undefined },
    ]) {
      const { read, bill } = tell(openaiPlatform, POLL, batch(more));
      expect([read, bill], JSON.stringify(more)).to.eql([true, null]);
    }
    expect(tell(openaiPlatform, POLL, batch().slice(0, -1)).bill).to.equal(null);
    expect(tell(openaiPlatform, POLL, batch(), { whole: false }).bill).to.not.equal(null);
  });

  it('may count as chat does', () => {
    const { shares } = tell(openaiPlatform, POLL, batch({ usage: { prompt_tokens: 7, completion_tokens: 3 } }));
    expect(shares[0]!.reading.usage).to.eql({ input_tokens: 7, output_tokens: 3 });
  });

  it('is read at Azure, too', () => {
    for (const path of ['/openai/batches/batch_1', '/openai/v1/batches/batch_1'])
      expect(tell(azureOpenai, { path }, batch()).bill?.id).to.equal('file file-out');
  });
});

describe('the output file of an OpenAI batch', () => {
  const line = (body: object | null, status = 200): string =>
    `${JSON.stringify({ id: 'batch_req_1', custom_id: 'r', response: { status_code: status, request_id: 'x', body }, error: null })}\n`;
  const chat = (prompt: number, model = 'gpt-4o-mini') => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: 1, total_tokens: prompt + 1 },
    service_tier: 'default',
  });
  const jsonl = [
    line(chat(10)),
    line({ error: { message: 'no', type: 'invalid_request_error' } }, 400),
    line({ object: 'list', model: 'text-embedding-3-small', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } }),
    line({ object: 'response', id: 'resp_9', model: 'gpt-5', status: 'completed', output: [], usage }),
    line({ created: 1, data: [{ b64_json: 'x' }], usage: { input_tokens: 5, output_tokens: 100, total_tokens: 105 } }),
    line({ id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged: false }] }),
  ].join('');

  it('is the same bill, told answer by answer', () => {
    const { bill, shares } = tell(openaiPlatform, FILE, jsonl);
    expect(bill).to.deep.include({ kind: 'batch', id: 'file file-out', api: 'openai.batches', at: null });
    expect(shares.map(({ reading }) => [reading.model, reading.usage, reading.serviceTier])).to.eql([
      ['gpt-4o-mini', { input_tokens: 10, output_tokens: 1 }, 'batch'],
      ['text-embedding-3-small', { input_tokens: 8, output_tokens: 0 }, 'batch'],
      ['gpt-5', normalised, 'batch'],
      [null, { input_tokens: 5, output_tokens: 100 }, 'batch'],
    ]);
  });

  it('is no bill in part, and its cuts do not matter', () => {
    const whole = tell(openaiPlatform, FILE, jsonl);
    for (const size of [1, 3, 64, 1000]) expect(tell(openaiPlatform, FILE, jsonl, { size })).to.eql(whole);
    expect(tell(openaiPlatform, FILE, jsonl, { whole: false }).bill).to.equal(null);
    expect(tell(openaiPlatform, FILE, jsonl.slice(0, -9)).bill).to.equal(null);
  });

  it('is told from other files', () => {
    const input = { custom_id: 'r', method: 'POST', url: '/v1/chat/completions', body: chat(10) };
    for (const text of [
      JSON.stringify(input),
      JSON.stringify(chat(10)),
      JSON.stringify([chat(10)]),
      '%PDF-1.7',
      'a,b\n1,2',
    ])
      expect(tell(openaiPlatform, FILE, text).bill, text.slice(0, 20)).to.equal(null);
    for (const path of ['/v1/files/file-out', '/v1/files', '/v1/batches', '/v1/vector_stores/files/content'])
      expect(tell(openaiPlatform, { ...FILE, path }, jsonl).bill, path).to.equal(null);
    expect(tell(openaiPlatform, { ...FILE, status: 206 }, jsonl).read).to.equal(false);
  });
});

describe('a stored response', () => {
  const response = (more: object = {}) => ({
    id: 'resp_1',
    object: 'response',
    created_at: 1_760_000_000,
    status: 'completed',
    background: true,
    error: null,
    model: 'gpt-5',
    service_tier: 'default',
    output: [{ type: 'message', id: 'm', content: [{ type: 'output_text', text: 'Hi' }] }],
    usage,
    ...more,
  });
  const BILL = {
    kind: 'response',
    id: 'response resp_1',
    responseId: 'resp_1',
    api: 'openai.responses',
    at: new Date('2025-10-09T08:53:20.000Z'),
    background: true,
  };

  it('tells its bill as JSON, whoever keeps it', () => {
    for (const [adapter, path] of [
      [openaiResponses, STORED.path],
      [openaiResponses, `${STORED.path}/cancel`],
      [azureOpenai, '/openai/responses/resp_1'],
    ] as const) {
      const { bill, shares } = tell(adapter, { ...STORED, path }, JSON.stringify(response()));
      expect(bill).to.eql(BILL);
      expect(shares.map(({ reading }) => reading.usage)).to.eql([normalised]);
    }
    const foreground = JSON.stringify(response({ background: false }));
    expect(tell(openaiResponses, STORED, foreground).bill?.background).to.equal(false);
  });

  it('tells the same as a stream that goes on in the middle, however it is cut', () => {
    const delta = { type: 'response.output_text.delta', delta: 'Hi', sequence_number: 7 };
    const end = { type: 'response.completed', response: response() };
    const head = { ...STORED, contentType: 'text/event-stream', streamAsked: false };
    for (const events of [
      [delta, end],
      [{ type: 'response.created', response: response({ usage: null }) }, delta, end],
    ]) {
      const text = sse(events).join('');
      for (const size of [1, 5, 100, 10_000]) {
        const { bill, shares } = tell(openaiResponses, head, text, { size });
        expect(bill).to.eql(BILL);
        expect(shares.map(({ reading }) => reading.usage)).to.eql([normalised]);
      }
      expect(tell(openaiResponses, head, text.slice(0, -40), { whole: false }).bill).to.equal(null);
    }
  });

  it('tells none before its end, and none that has no usage', () => {
    for (const more of [
      { status: 'queued', usage: null },
      { status: 'in_progress', usage: null },
      { status: 'cancelled', usage: null },
    ])
      expect(tell(openaiResponses, STORED, JSON.stringify(response(more))).bill).to.equal(null);
    const items = JSON.stringify({ object: 'list', data: [], first_id: null });
    expect(tell(openaiResponses, { ...STORED, path: `${STORED.path}/input_items` }, items).bill).to.equal(null);
    expect(tell(openaiResponses, { ...STORED, method: 'DELETE' }, JSON.stringify(response())).read).to.equal(false);
    expect(tell(openaiResponses, { ...STORED, status: 404 }, JSON.stringify(response())).read).to.equal(false);
  });

  it('tells its bill where it failed after it was charged', () => {
    const failed = response({ status: 'failed', error: { code: 'server_error', message: 'no' } });
    const { bill, shares } = tell(openaiResponses, STORED, JSON.stringify(failed));
    expect(bill?.id).to.equal(BILL.id);
    expect(shares[0]!.reading).to.deep.include({ ending: 'error', stopReason: { raw: 'failed', normalized: 'error' } });
  });
});
