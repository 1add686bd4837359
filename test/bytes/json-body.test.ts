import { expect } from 'chai';
import { JsonBody } from '../../src/bytes/json-body.ts';
import { type JsonMembers, membersOf } from '../../src/bytes/json-members.ts';

function read(bytes: Buffer, size: number, wanted: string[]): JsonMembers {
  const body = new JsonBody(wanted);
  for (let at = 0; at < bytes.length; at += size) body.push(bytes.subarray(at, at + size));
  return body.end();
}

describe('JsonBody', () => {
  const small = Buffer.from('{"id":"a", "usage" : {"n": 1.0}, "choices":[{"x":1}]}');
  const long = 'x'.repeat(300_000);

  it('reads members of a small body', () => {
    for (let size = 1; size <= small.length; size++) {
      const body = read(small, size, []);
      expect(body.problem).to.equal(null);
      expect(body.get('id')).to.equal('a');
      expect(body.text('usage')).to.equal('{"n": 1.0}');
      expect(body.within('usage')?.text('n')).to.equal('1.0');
      expect(body.within('choices')).to.equal(null);
      expect(body.size('none')).to.equal(0);
    }
  });

  it('keeps the wanted members of a large body, wherever they stand and however it is cut', () => {
    const object = {
      id: 'a',
      data: long,
      model: 'm',
      other: [long],
      usage: { n: 1 },
      output: ['y'.repeat(70_000)],
      last: true,
    };
    const bytes = Buffer.from(JSON.stringify(object));
    for (const size of [997, 16_384, 65_536, 200_000, bytes.length]) {
      const body = read(bytes, size, ['id', 'model', 'usage', 'output', 'last']);
      expect(body.problem).to.equal(null);
      expect(body.get('id')).to.equal('a');
      expect(body.get('model')).to.equal('m');
      expect(body.within('usage')?.get('n')).to.equal(1);
      expect(body.get('output')).to.deep.equal(object.output);
      expect(body.get('last')).to.equal(true);
      expect(body.get('data')).to.equal(undefined);
    }
  });

  it('keeps only the end of a wanted member that is very large', () => {
    const bytes = Buffer.from(
      JSON.stringify({ choices: [{ text: 'x'.repeat(3_000_000), finish_reason: 'stop' }], usage: { n: 1 } }),
    );
    for (const size of [10_007, 65_536, bytes.length]) {
      const body = read(bytes, size, ['choices', 'usage']);
      expect(body.get('choices')).to.equal(undefined);
      expect(body.size('choices')).to.equal(3_000_000 + 36);
      expect(body.tail('choices').endsWith('xx","finish_reason":"stop"}]')).to.equal(true);
      expect(body.tail('choices')).to.have.length(4096);
      expect(body.within('usage')?.get('n')).to.equal(1);
    }
    const whole = membersOf(bytes);
    expect(whole.get('choices')).to.equal(undefined);
    expect(whole.tail('choices')).to.equal(read(bytes, 65_536, ['choices']).tail('choices'));
  });

  it('takes the last of a duplicate member', () => {
    const bytes = Buffer.from(`{"usage":1,"data":"${long}","usage":2}`);
    expect(read(bytes, 1000, ['usage']).get('usage')).to.equal(2);
  });

  it('says what is wrong with a body that is cut or no object', () => {
    expect(read(Buffer.from('{"a":1'), 2, []).problem).to.equal('ends in the middle (byte 6)');
    expect(read(Buffer.from(`{"a":"${long}`), 1000, []).problem).to.contain('ends in the middle');
    expect(read(Buffer.from(`["${long}"]`), 1000, []).problem).to.equal('is not a JSON object but an array (byte 0)');
    expect(read(Buffer.from(''), 1, []).problem).to.equal('is empty');
  });
});
