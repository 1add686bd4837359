import { expect } from 'chai';
import { AnswerMeter } from '../../src/metering/answer-meter.ts';
import type { Draft } from '../../src/metering/draft.ts';
import type { AnswerReader } from '../../src/metering/framings.ts';
import type { Reading } from '../../src/metering/usage.ts';
import { eventFrame } from '../support/event-frames.ts';

const HEAD = { api: 'x', contentType: '', streamAsked: true, model: null, header: () => undefined };
const LIMIT = 32 * 1024 * 1024;

interface Answer {
  status?: number;
  whole?: boolean;
  /** What the reader understands beside events and JSON. */
  object?: boolean;
  lines?: boolean;
  frame?: boolean;
}

/** A reader that writes down what it is given; the word `end` is its protocol's end. */
function recorder({ object = false, lines = false, frame = false }: Answer): AnswerReader & { seen: string[] } {
  const seen: string[] = [];
  const take = (kind: string, word: unknown, draft: Draft): void => {
    seen.push(`${kind} ${word}`);
    if (word === 'end') draft.ended = true;
  };
  return {
    seen,
    members: ['id'],
    ...(lines && { lines }),
    event: (event, draft) => take('event', event.data === null ? null : String(event.data), draft),
    body: (body, draft) => take('body', body.get('id'), draft),
    ...(object && { object: (one, draft) => take('object', one.get('id'), draft) }),
    ...(frame && { frame: ({ kind, name, payload }, draft) => take(`${kind} ${name}`, String(payload), draft) }),
    finish: () => {},
  };
}

interface Read {
  seen: string[];
  reading: Reading;
}

function readPieces(pieces: readonly Uint8Array[], answer: Answer): Read {
  const reader = recorder(answer);
  const meter = new AnswerMeter({ ...HEAD, status: answer.status ?? 200 }, reader, true);
  for (const piece of pieces) meter.push(piece);
  return { seen: reader.seen, reading: meter.end(answer.whole ?? true) };
}

/** Reads the bytes whole, cut in two at every place, and one by one: all the same. */
function readEveryWay(text: string | Buffer, answer: Answer = {}): Read {
  const bytes = Buffer.from(text as string);
  const whole = readPieces([bytes], answer);
  for (let at = 1; at < bytes.length; at++) {
    expect(readPieces([bytes.subarray(0, at), bytes.subarray(at)], answer), `cut at ${at}`).to.deep.equal(whole);
  }
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  expect(readPieces(single, answer), 'byte by byte').to.deep.equal(whole);
  return whole;
}

const endingOf = (text: string | Buffer, answer: Answer = {}) => readEveryWay(text, answer).reading.ending;

describe('framings', () => {
  describe('events', () => {
    it('come one by one, comments and a last one without its blank line too', () => {
      expect(readEveryWay(': hi\n\ndata: a\r\n\r\ndata: end').seen).to.deep.equal([
        'event null',
        'event a',
        'event end',
      ]);
    });

    it('are complete with the end of their protocol, and truncated without, however the transport ended', () => {
      for (const whole of [true, false]) {
        expect(endingOf('data: end\n\n', { whole })).to.equal('complete');
        expect(endingOf('data: a\n\n', { whole })).to.equal('truncated');
      }
    });

    it('are not read beyond their limit, and that is said', () => {
      const { seen, reading } = readPieces(
        [Buffer.from(`data: ${'x'.repeat(LIMIT)}`), Buffer.from('\n\ndata: end\n\n')],
        {},
      );
      expect(seen.every((event) => event === 'event null')).to.equal(true);
      expect([reading.ending, reading.inconsistencies]).to.deep.equal([
        'truncated',
        ['an event is too long to be read'],
      ]);
    });
  });

  describe('a body', () => {
    it('is read at its end, also where others may stream objects', () => {
      for (const object of [false, true]) {
        expect(readEveryWay('\n {"id":"a"}', { object }).seen).to.deep.equal(['body a']);
      }
    });

    it('that is no JSON object is a bad payload, and truncated where the transport broke', () => {
      for (const text of ['{"id":', '{"id":1}}', '[{"id":1}]', '{"id":1]']) {
        expect(readEveryWay(text).seen, text).to.deep.equal([]);
        expect(endingOf(text), text).to.equal('bad_payload');
        expect(endingOf(text, { whole: false }), text).to.equal('truncated');
      }
    });

    it('may tell an error, with a status or without', () => {
      const text = '{"error":{"type":"a","code":"b"}}';
      expect(readEveryWay(text).reading).to.deep.include({ error: { type: 'a', code: 'b' }, ending: 'error' });
      const failed = readEveryWay(text, { status: 500 });
      expect(failed.seen).to.deep.equal([]);
      expect(failed.reading.error).to.deep.equal({ type: 'a', code: 'b' });
    });
  });

  describe('objects', () => {
    const array = { object: true };
    const lines = { object: true, lines: true };

    it('are the elements of an array, or lines, even of a single one', () => {
      expect(readEveryWay('[{"id":"a"}\n,\r\n{"id":"]"},{"id":"end"}]\n', array).seen).to.deep.equal([
        'object a',
        'object ]',
        'object end',
      ]);
      expect(readEveryWay('{"id":"a"}\n{"id":"end"}\n', lines).seen).to.deep.equal(['object a', 'object end']);
      expect(readEveryWay('{"id":"end"}', lines).seen).to.deep.equal(['object end']);
    });

    it('are complete with the end of their protocol and the bracket of their array', () => {
      for (const whole of [true, false]) {
        expect(endingOf('[{"id":"end"}]', { ...array, whole })).to.equal('complete');
        expect(endingOf('[{"id":"end"}', { ...array, whole })).to.equal('truncated');
        expect(endingOf('[{"id":"end"},{"id"', { ...array, whole })).to.equal('truncated');
        expect(endingOf('[{"id":"a"}]', { ...array, whole })).to.equal('truncated');
        expect(endingOf('{"id":"end"}', { ...lines, whole })).to.equal('complete');
        expect(endingOf('{"id":"end"}\n{', { ...lines, whole })).to.equal('truncated');
      }
    });

    it('with something else between them are a bad payload, and truncated where the transport broke', () => {
      for (const text of ['[{"id":"end"}x]', '[{"id":"end"}]{"id":"b"}', '["id"]']) {
        expect(endingOf(text, array), text).to.equal('bad_payload');
        expect(endingOf(text, { ...array, whole: false }), text).to.equal('truncated');
      }
    });

    it('whose brackets match and which are no JSON are a bad payload, and not read', () => {
      for (const text of ['[{"id":"a"},{"id":"b"]]', '[{"id":"a"},{"id" "b"},{"id":"end"}]']) {
        const { seen, reading } = readEveryWay(text, array);
        expect(seen, text).to.not.include('object b');
        expect(reading.ending, text).to.equal('bad_payload');
        expect(endingOf(text, { ...array, whole: false }), text).to.equal('truncated');
      }
    });

    it('may be an error among them, whose first word counts', () => {
      const text = '[{"id":"a"},{"error":{"status":"A","code":1}},{"error":{"status":"B"}},{"id":"end"}]';
      expect(readEveryWay(text, array).reading).to.deep.include({ ending: 'error', error: { type: 'A', code: '1' } });
    });

    it('are looked through for an error under an error status, by any reader', () => {
      for (const reader of [{}, array, lines]) {
        const { seen, reading } = readEveryWay('[{"id":"end","error":{"status":"A","code":429}}]', {
          ...reader,
          status: 429,
        });
        expect([seen, reading.error]).to.deep.equal([[], { type: 'A', code: '429' }]);
      }
    });

    it('are passed over where they are too large, and that is said', () => {
      const large = Buffer.from(`{"id":"${'x'.repeat(LIMIT)}"},`);
      const { seen, reading } = readPieces([Buffer.from('['), large, Buffer.from('{"id":"end"}]')], array);
      expect(seen).to.deep.equal(['object end']);
      expect([reading.ending, reading.inconsistencies]).to.deep.equal([
        'complete',
        ['an object is too large to be read'],
      ]);
    });
  });

  describe('messages of an AWS event stream', () => {
    const binary = { frame: true };
    const stream = (...words: string[]) => Buffer.concat(words.map((word) => eventFrame('word', word)));

    it('come one by one, and are complete with the end of their protocol', () => {
      const { seen, reading } = readEveryWay(stream('a', 'end'), binary);
      expect(seen).to.deep.equal(['event word a', 'event word end']);
      expect(reading.ending).to.equal('complete');
      expect(endingOf(stream('a'), binary)).to.equal('truncated');
    });

    it('are truncated in the middle of one, also behind the end of the protocol', () => {
      for (const whole of [true, false]) {
        expect(endingOf(stream('end', 'a').subarray(0, -1), { ...binary, whole })).to.equal('truncated');
      }
    });

    it('whose checksum is wrong are a bad payload, and truncated where the transport broke', () => {
      const wrong = stream('a', 'end');
      wrong.fill(0, wrong.length - 4);
      expect(readEveryWay(wrong, binary).seen).to.deep.equal(['event word a']);
      expect(endingOf(wrong, binary)).to.equal('bad_payload');
      expect(endingOf(wrong, { ...binary, whole: false })).to.equal('truncated');
    });

    it('are JSON all the same where it begins so', () => {
      expect(readEveryWay('{"id":"a"}', binary).seen).to.deep.equal(['body a']);
    });
  });
});
