import { expect } from 'chai';
import { AnswerMeter } from '../../src/metering/answer-meter.ts';
import type { AnswerReader } from '../../src/metering/framings.ts';

const HEAD = {
  api: 'x',
  status: 200,
  contentType: 'text/event-stream',
  streamAsked: true,
  model: null,
  header: () => undefined,
};

/** A reader that writes down what it is given. */
function recorder(): AnswerReader & { seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    members: ['id'],
    event: (event, draft) => {
      if (event.data !== null) seen.push(`event ${event.data}`);
      if (String(event.data) === 'end') draft.ended = true;
    },
    body: (body) => seen.push(`body ${body.get('id')}`),
    finish: () => seen.push('finish'),
  };
}

function meter(bytes: string, head: object = {}, bills = true, whole = true) {
  const reader = recorder();
  const answer = new AnswerMeter({ ...HEAD, ...head }, reader, bills);
  for (const byte of Buffer.from(bytes)) answer.push(Buffer.of(byte));
  return { seen: reader.seen, reading: answer.end(whole) };
}

describe('AnswerMeter', () => {
  it('believes the first bytes, not the content type', () => {
    for (const contentType of ['text/event-stream', 'application/json', 'text/plain', '']) {
      expect(meter('\uFEFF\r\n {"id":1}', { contentType }).seen).to.deep.equal(['body 1', 'finish']);
      expect(meter('\uFEFFdata: a\n\ndata: end', { contentType }).seen).to.deep.equal([
        'event a',
        'event end',
        'finish',
      ]);
      expect(meter(': hi\n\nevent: e\ndata: a\n\n', { contentType }).seen).to.deep.equal(['event a', 'finish']);
    }
  });

  it('tells how the body ended', () => {
    expect(meter('data: end\n\n').reading.ending).to.equal('complete');
    expect(meter('data: end\n\n', {}, true, false).reading.ending).to.equal('complete');
    expect(meter('data: a\n\n').reading.ending).to.equal('truncated');
    expect(meter('{"id":1}').reading.ending).to.equal('complete');
    expect(meter('{"id":1').reading.ending).to.equal('bad_payload');
    expect(meter('{"id":1', {}, true, false).reading.ending).to.equal('truncated');
    expect(meter('{"error":{"type":"a","code":"b"}}').reading).to.include({
      ending: 'error',
      usageStatus: 'not_applicable',
    });
  });

  it('does not read what is not billed, and of an error status only the error', () => {
    const stored = meter('{"id":1}', {}, false);
    expect([stored.seen, stored.reading.usageStatus, stored.reading.ending]).to.deep.equal([
      [],
      'not_applicable',
      'complete',
    ]);
    const failed = meter('{"id":1,"error":{"code":"b"}}', { status: 400 });
    expect([failed.seen, failed.reading.error]).to.deep.equal([[], { type: null, code: 'b' }]);
  });

  it('takes any bytes of an opaque content type for a good answer, and reads none of them', () => {
    for (const [bytes, contentType] of [
      ['data center', 'text/plain'],
      ['{"id":1', 'text/plain'],
      ['', 'text/plain'],
      ['\0\0\0\x10', 'audio/mpeg'],
    ] as const) {
      const reader = { ...recorder(), isOpaque: (type: string) => type !== 'application/json' };
      const answer = new AnswerMeter({ ...HEAD, contentType }, reader, true);
      answer.push(Buffer.from(bytes));
      expect(answer.started).to.equal(true);
      expect(answer.end(true)).to.include({ ending: 'complete', usage: null, usageStatus: 'missing' });
      expect(reader.seen).to.deep.equal(['finish']);
      expect(answer.text.isCut).to.equal(true);
    }
    const isOpaque = () => true;
    const cut = new AnswerMeter({ ...HEAD, contentType: 'text/plain' }, { ...recorder(), isOpaque }, true);
    expect(cut.end(false).ending).to.equal('truncated');
    const failed = new AnswerMeter(
      { ...HEAD, contentType: 'text/plain', status: 400 },
      { ...recorder(), isOpaque },
      true,
    );
    failed.push(Buffer.from('{"error":{"code":"b"}}'));
    expect(failed.end(true).error).to.deep.equal({ type: null, code: 'b' });
  });

  it('tells how long an error asks to wait, where its details say it in seconds', () => {
    const error = (details: unknown) =>
      meter(JSON.stringify({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', details } }), { status: 429 }).reading
        .error;
    const told = { type: 'RESOURCE_EXHAUSTED', code: '429' };
    const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '21.5s' };
    expect(error([{ '@type': 'type.googleapis.com/google.rpc.Help' }, info])).to.deep.equal({
      ...told,
      retryAfterS: 21.5,
    });
    expect(error([{ retryDelay: '0s' }])).to.deep.equal({ ...told, retryAfterS: 0 });
    for (const retryDelay of ['soon', '5', '-1s', '1e9s', 5, null]) {
      expect(error([{ retryDelay }]), String(retryDelay)).to.deep.equal(told);
    }
    expect(error({ retryDelay: '1s' })).to.deep.equal(told);
  });

  it('does not throw when its reader does', () => {
    const fail = () => {
      throw new Error('secret');
    };
    for (const bytes of ['data: a\n\n', '{"id":1}']) {
      const answer = new AnswerMeter(HEAD, { members: [], event: fail, body: fail, finish: fail }, true);
      answer.push(Buffer.from(bytes));
      answer.push(Buffer.from(bytes));
      const reading = answer.end(true);
      expect(reading).to.include({ usage: null, usageStatus: 'missing' });
      expect(reading.inconsistencies).to.deep.equal(['the meter failed on this answer']);
    }
  });
});
