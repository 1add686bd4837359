import { expect } from 'chai';

import { MappedStream } from '../../src/pipeline/events.ts';
import type { BodyMapper, EventMapper } from '../../src/pipeline/response.ts';

const STREAM = Buffer.from(
  '\ufeff: hi\r\n\r\ndata: {"keep":1}\n\ndata: drop\r\n\r\nevent: x\ndata: a\ndata: b\n\n\n\rdata: {"swap":"ü"}\n\ndata: [DONE]\n\ndata: open',
);
const text = (data: Uint8Array | null): string => (data === null ? '' : Buffer.from(data).toString());
const dropping: EventMapper = ({ data }) => text(data) !== 'drop';
const swapping: EventMapper = ({ data }) => (text(data).includes('swap') ? Buffer.from('data: swapped\n\n') : true);

function run(mappers: (EventMapper | BodyMapper)[], chunks: Buffer[]): string {
  const stream = new MappedStream(mappers);
  const out = [...chunks.map((chunk) => stream.push(chunk)), stream.end()];
  return Buffer.concat(out).toString();
}

describe('MappedStream', () => {
  it('gives back every byte when nothing is changed, cut at every place', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      expect(run([() => true], [STREAM.subarray(0, at), STREAM.subarray(at)]), String(at)).to.equal(STREAM.toString());
    }
  });

  it('takes out and replaces the same events, cut at every place', () => {
    const expected = STREAM.toString()
      .replace('data: drop\r\n\r\n', '')
      .replace('data: {"swap":"ü"}\n\n', 'data: swapped\n\n');
    for (let at = 0; at <= STREAM.length; at++) {
      expect(run([dropping, swapping], [STREAM.subarray(0, at), STREAM.subarray(at)]), String(at)).to.equal(expected);
    }
    expect(
      run(
        [dropping, swapping],
        Array.from(STREAM, (byte) => Buffer.of(byte)),
      ),
    ).to.equal(expected);
  });

  it('lets an event go as soon as its blank line is here', () => {
    const stream = new MappedStream([() => true]);
    expect(stream.push(Buffer.from('data: 1')).length).to.equal(0);
    expect(Buffer.from(stream.push(Buffer.from('\n\ndata: 2'))).toString()).to.equal('data: 1\n\n');
  });

  it('shows a mapper what the one before made of the event, and nothing of what it dropped', () => {
    const seen: string[] = [];
    const watching: EventMapper = ({ raw }) => {
      seen.push(Buffer.from(raw).toString());
      return true;
    };
    run([dropping, swapping, watching], [Buffer.from('data: drop\n\ndata: swap\n\n')]);
    expect(seen).to.deep.equal(['data: swapped\n\n']);
  });

  it('shows the next mapper each of the events that one was made into, with their data', () => {
    const seen: string[] = [];
    const doubling: EventMapper = ({ raw }) => Buffer.concat([Buffer.from('data: before\n\n'), raw]);
    const watching: EventMapper = ({ data }) => {
      seen.push(text(data));
      return text(data) !== 'before';
    };
    expect(run([doubling, watching], [Buffer.from('data: 1\n\ndata: 2\n\n')])).to.equal('data: 1\n\ndata: 2\n\n');
    expect(seen).to.deep.equal(['before', '1', 'before', '2']);
  });

  it('gives at the end what a mapper still holds back, through those behind it', () => {
    const holding: EventMapper = () => false;
    holding.end = () => Buffer.from('data: held\n\n');
    const loud: EventMapper = ({ data }) => Buffer.from(`data: ${text(data).toUpperCase()}\n\n`);
    expect(run([holding, loud], [Buffer.from('data: 1\n\n')])).to.equal('data: HELD\n\n');
    expect(run([loud, holding], [Buffer.from('data: 1\n\n')])).to.equal('data: held\n\n');
  });

  it('runs a body through those who map bytes, in the order of all', () => {
    const whole = (make: (text: string) => string): BodyMapper => {
      const parts: Uint8Array[] = [];
      return {
        push: (chunk) => {
          parts.push(chunk);
          return new Uint8Array(0);
        },
        end: () => Buffer.from(make(Buffer.concat(parts).toString())),
      };
    };
    const chunks = [Buffer.from('data: dr'), Buffer.from('op\n\ndata: "a"\n\n')];
    expect(run([dropping, whole((all) => `<${all}>`)], chunks)).to.equal('<data: "a"\n\n>');
    expect(run([whole((all) => all.replace('"a"', '"swap"')), swapping], chunks)).to.equal(
      'data: drop\n\ndata: swapped\n\n',
    );
    expect(run([whole((all) => all), whole(() => '2')], chunks)).to.equal('2');
  });
});
