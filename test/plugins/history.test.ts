import { expect } from 'chai';
import { type Stage, setStage } from '../support/play.ts';
import { json, stream } from '../support/script.ts';

describe('plugins/history', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({
      plugins: 'identity, no, usage',
      files: {
        'no.js': `export default { summary: 'Refuses.', setup: () => ({ onRequest(x) {
          if (x.request.header('x-refuse')) return x.refuse(429, 'too_much', 'Not now.');
          if (x.request.header('x-answer')) return x.answer('{"made":"here"}');
        } }) };`,
      },
    });
  });
  after(() => stage.close());

  it('writes a row for what went well', async () => {
    const { record, answer } = await stage.play({
      upstream: json({ id: 'r1', model: 'gpt-4o-mini' }, { headers: { 'x-request-id': 'up-1' } }),
    });
    expect(record).to.include({
      method: 'POST',
      path: '/v1/chat/completions',
      provider: 'openai',
      api: 'openai.chat',
      status: 200,
      upstream_request_id: 'up-1',
      response_id: 'r1',
      stream: false,
    });
    expect(record.response_bytes).to.equal(answer.body.length);
    expect(record.request_bytes).to.equal(JSON.stringify({ model: 'gpt-4o-mini', messages: [] }).length);
    expect(record.duration_ms).to.be.at.least(record.overhead_ms!);
    expect(record.attempts).to.have.length(1);
    expect(record.config_version).to.equal(stage.running.gateway.current.blueprint.version);
    expect(Date.now() - Date.parse(record.time)).to.be.below(10_000);
  });

  it('writes a row for what a plugin refused or answered, before it left', async () => {
    const refused = await stage.play({ headers: { 'x-refuse': '1' } });
    expect(refused.answer.status).to.equal(429);
    expect(refused.times).to.equal(0);
    expect(refused.record).to.include({
      outcome: 'refused',
      status: 429,
      usage_status: 'not_applicable',
      overhead_ms: null,
    });
    expect(refused.record.error).to.include({ type: 'gateway', code: 'too_much' });
    const made = await stage.play({ headers: { 'x-answer': '1' } });
    expect(made.answer.text).to.equal('{"made":"here"}');
    expect(made.record).to.include({ outcome: 'cached', status: 200, error: null });
  });

  it('writes a row for what the provider refused or broke', async () => {
    const limited = json(
      { error: { message: 'x', type: 'tokens', code: 'rate_limit_exceeded' } },
      { status: 429, headers: { 'retry-after': '7', 'retry-after-ms': '6840' } },
    );
    const { record } = await stage.play({ upstream: limited });
    expect(record).to.include({ outcome: 'upstream_error', status: 429 });
    expect(record.error).to.eql({ type: 'tokens', code: 'rate_limit_exceeded', http_status: 429, retry_after_s: 7 });
    const cut = await stage.play({ request: { stream: true }, upstream: stream(['data: {}\n\n'], { end: 'reset' }) });
    expect(cut.answer.broken).to.equal(true);
    expect(cut.record.outcome).to.be.oneOf(['stream_error', 'truncated']);
  });

  it('writes a row for a path that nobody knows', async () => {
    const { record } = await stage.play({ path: '/v1/rerank', request: { query: 'x' } });
    expect(record).to.include({
      path: '/v1/rerank',
      api: null,
      provider: 'openai',
      outcome: 'ok',
      usage: null,
      usage_source: 'none',
    });
  });

  it('writes a row for a body that is none', async () => {
    const { record, answer } = await stage.play({ request: '{"model":' });
    expect(answer.status).to.equal(400);
    expect(record).to.include({ outcome: 'refused', status: 400 });
  });

  it('keeps no query and no text, only sizes', async () => {
    const messages = [
      { role: 'system', content: 'be' },
      { role: 'user', content: 'SECRET-TEXT' },
      { role: 'assistant', content: 'no' },
    ];
    const { record } = await stage.play({
      path: '/v1/chat/completions?key=SECRET-KEY',
      request: { messages, tools: [] },
    });
    expect(JSON.stringify(record)).to.not.contain('SECRET');
    expect(record.prompt).to.include({ history_chars: JSON.stringify(messages).length, tools_chars: 2 });
  });

  it('measures a prompt of Gemini in the same way', async () => {
    const contents = [
      { role: 'user', parts: [{ text: 'a' }] },
      { role: 'model', parts: [{ text: 'b' }] },
      { parts: [{ text: 'c' }] },
    ];
    const systemInstruction = { parts: [{ text: 'be' }] };
    const { record } = await stage.play({
      path: '/openai/v1beta/models/gemini-2.5-flash:generateContent',
      request: JSON.stringify({ systemInstruction, contents, tools: [{ googleSearch: {} }] }),
    });
    expect(record.prompt).to.deep.equal({
      system_chars: JSON.stringify(systemInstruction).length,
      history_chars: JSON.stringify(contents).length,
      tools_chars: JSON.stringify([{ googleSearch: {} }]).length,
      messages: 3,
      user_messages: 2,
      assistant_messages: 1,
      tools: 1,
      tool_results: null,
      images: null,
      parts: null,
    });
  });

  it('keeps odd names in one line and within their length', async () => {
    const { record } = await stage.play({ request: { model: `m\n${'x'.repeat(1000)}` } });
    expect(record.model.request!.length).to.be.at.most(256);
  });
});
