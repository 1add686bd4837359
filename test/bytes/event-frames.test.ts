import { EventStreamCodec } from '@smithy/core/event-streams';
import type { MessageHeaders } from '@smithy/types';
import { expect } from 'chai';

import { type EventFrame, FrameCutter } from '../../src/bytes/event-frames.ts';
import { eventFrame, exceptionFrame, frame, preludeOf, rawFrame, sized } from '../support/event-frames.ts';

interface Read {
  frames: { kind: string; name: string; payload: string }[];
  broken: boolean;
  isWhole: boolean;
}

/** What comes out of these pieces; payloads are read at once, as a meter does. */
function read(...pieces: Uint8Array[]): Read {
  const cutter = new FrameCutter();
  const frames: Read['frames'] = [];
  const onFrame = ({ kind, name, payload }: EventFrame) =>
    void frames.push({ kind, name, payload: payload.toString('utf8') });
  for (const piece of pieces) cutter.push(piece, onFrame);
  return { frames, broken: cutter.broken, isWhole: cutter.isWhole };
}

const singles = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

/** Whole, cut in two at every place, byte by byte: always the same. */
function readEveryWay(bytes: Buffer): Read {
  const whole = read(bytes);
  for (let at = 1; at < bytes.length; at++) {
    expect(read(bytes.subarray(0, at), bytes.subarray(at)), `cut at byte ${at}`).to.eql(whole);
  }
  expect(read(...singles(bytes)), 'byte by byte').to.eql(whole);
  return whole;
}

describe('FrameCutter', () => {
  const start = eventFrame('messageStart', { role: 'assistant' });
  const text = eventFrame('contentBlockDelta', '{"delta":{"text":"世界 \\u0000"}}');
  const fault = exceptionFrame('throttlingException', 'Too fast.');
  const stream = Buffer.concat([start, text, fault]);

  it('finds the messages of a stream wherever it is cut', () => {
    expect(readEveryWay(stream)).to.eql({
      frames: [
        { kind: 'event', name: 'messageStart', payload: '{"role":"assistant"}' },
        { kind: 'event', name: 'contentBlockDelta', payload: '{"delta":{"text":"世界 \\u0000"}}' },
        { kind: 'exception', name: 'throttlingException', payload: '{"message":"Too fast."}' },
      ],
      broken: false,
      isWhole: true,
    });
  });

  it("reads what AWS's own encoder writes, with headers of every type", () => {
    const codec = new EventStreamCodec(
      (bytes) => Buffer.from(bytes).toString('utf8'),
      (words) => Buffer.from(words),
    );
    const headers: MessageHeaders = {
      yes: { type: 'boolean', value: true },
      no: { type: 'boolean', value: false },
      byte: { type: 'byte', value: -1 },
      short: { type: 'short', value: 300 },
      integer: { type: 'integer', value: 70_000 },
      bytes: { type: 'binary', value: Buffer.from(':event-type') },
      ':event-type': { type: 'string', value: 'chunk' },
      time: { type: 'timestamp', value: new Date(0) },
      id: { type: 'uuid', value: '01234567-89ab-cdef-0123-456789abcdef' },
      ':message-type': { type: 'string', value: 'event' },
    };
    const message = Buffer.from(codec.encode({ headers, body: Buffer.from('{"bytes":""}') }));
    expect(readEveryWay(message).frames).to.eql([{ kind: 'event', name: 'chunk', payload: '{"bytes":""}' }]);
  });

  it('passes over every type of header on its way to the name', () => {
    const sizes = [0, 0, 1, 2, 4, 8, null, null, 8, 16];
    for (const [type, size] of sizes.entries()) {
      const bytes = size === null ? sized(Buffer.from('a longer value')) : Buffer.alloc(size, 7);
      const message = frame({ before: { type, bytes }, ':event-type': 'found' }, '{}');
      expect(read(message).frames, `type ${type}`).to.eql([{ kind: 'event', name: 'found', payload: '{}' }]);
    }
  });

  it('takes a name for a name only where it is text', () => {
    const message = frame({ ':event-type': { type: 6, bytes: sized(Buffer.from('x')) } }, '{}');
    expect(read(message).frames).to.eql([{ kind: 'event', name: '', payload: '{}' }]);
  });

  it('names an error by its code', () => {
    const message = frame({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'x' }, '');
    expect(read(message).frames).to.eql([{ kind: 'error', name: 'InternalError', payload: '' }]);
  });

  it('reads messages without headers and without a payload', () => {
    expect(read(frame({}, ''), frame({}, 'x')).frames).to.eql([
      { kind: 'event', name: '', payload: '' },
      { kind: 'event', name: '', payload: 'x' },
    ]);
  });

  it('stops reading headers that do not fit into their place, and keeps those before', () => {
    const name = Buffer.concat([Buffer.from('\u000b:event-type\u0007'), sized(Buffer.from('kept'))]);
    const wrong = {
      'a name longer than the rest': Buffer.from([200, 97]),
      'a name without a type': Buffer.from([1, 97]),
      'an unknown type': Buffer.from([1, 97, 10, 0, 0]),
      'half a length': Buffer.from([1, 97, 7, 0]),
      'a value longer than the rest': Buffer.from([1, 97, 7, 255, 255, 120]),
      'a number cut short': Buffer.from([1, 97, 5, 0, 0]),
    };
    for (const [what, tail] of Object.entries(wrong)) {
      const { frames, broken } = read(rawFrame(Buffer.concat([name, tail]), Buffer.from('{}')));
      expect(frames, what).to.eql([{ kind: 'event', name: 'kept', payload: '{}' }]);
      expect(broken, what).to.equal(false);
    }
    const headless = rawFrame(Buffer.from([255]), Buffer.from('{}'));
    expect(read(headless).frames).to.eql([{ kind: 'event', name: '', payload: '{}' }]);
  });

  it('ends at any byte that was changed on its way, and gives out what came before it', () => {
    for (let at = 0; at < text.length; at++) {
      const spoilt = Buffer.from(text);
      spoilt[at] = spoilt[at]! ^ 0x10;
      const { frames, broken, isWhole } = read(Buffer.concat([start, spoilt, fault]));
      expect({ names: frames.map(({ name }) => name), broken, isWhole }, `byte ${at}`).to.eql({
        names: ['messageStart'],
        broken: true,
        isWhole: false,
      });
    }
  });

  it('reads nothing more once it is broken', () => {
    const spoilt = Buffer.from(text);
    spoilt[0] = 9;
    expect(read(spoilt, start, start)).to.eql({ frames: [], broken: true, isWhole: false });
  });

  it('believes no length that cannot be, though its checksum is right', () => {
    const claims: [number, number][] = [
      [0, 0],
      [15, 0],
      [16, 1],
      [100, 85],
      [100, 0xffff_ffff],
      [32 * 1024 * 1024 + 1, 0],
      [0xffff_ffff, 0],
    ];
    for (const [total, head] of claims) {
      for (const pieces of [[preludeOf(total, head)], singles(preludeOf(total, head))]) {
        expect(read(...pieces), `${total} ${head}`).to.eql({ frames: [], broken: true, isWhole: false });
      }
    }
    expect(read(preludeOf(16, 0)).broken).to.equal(false);
  });

  it('is not whole while a message is open, at any byte of it', () => {
    for (let at = 1; at < text.length; at++) {
      const { frames, broken, isWhole } = read(start, text.subarray(0, at));
      expect([frames.length, broken, isWhole], `after ${at} bytes`).to.eql([1, false, false]);
    }
    expect(read()).to.eql({ frames: [], broken: false, isWhole: true });
    expect(read(Buffer.alloc(0)).isWhole).to.equal(true);
  });

  it('joins a large message once, whatever its chunks are', () => {
    const payload = Buffer.alloc(1_500_000, 'x');
    const large = Buffer.concat([start, eventFrame('chunk', payload), start]);
    for (const size of [1000, 4096, 5000, 65_536, large.length]) {
      const pieces = Array.from({ length: Math.ceil(large.length / size) }, (_, i) =>
        large.subarray(i * size, (i + 1) * size),
      );
      const { frames, isWhole } = read(...pieces);
      expect(frames.map(({ name, payload: { length } }) => [name, length])).to.eql([
        ['messageStart', 20],
        ['chunk', 1_500_000],
        ['messageStart', 20],
      ]);
      expect(isWhole).to.equal(true);
    }
  });

  it('keeps what it needs of a chunk whose memory is used again', () => {
    const shared = Buffer.alloc(64);
    const cutter = new FrameCutter();
    const names: string[] = [];
    for (let at = 0; at < stream.length; at += shared.length) {
      const piece = shared.subarray(0, stream.copy(shared, 0, at));
      cutter.push(piece, ({ name }) => void names.push(name));
    }
    expect(names).to.eql(['messageStart', 'contentBlockDelta', 'throttlingException']);
  });

  it('takes plain byte arrays, too', () => {
    expect(read(new Uint8Array(stream)).frames).to.have.length(3);
  });
});
