import { randomBytes } from 'node:crypto';
import { expect } from 'chai';

import { base64Length, bytesIn, thin } from '../../src/tokens/thin.ts';

const MB = 1024 * 1024;
const encoded = randomBytes(2 * MB).toString('base64');
const cut = (value: unknown): unknown => JSON.parse(thin(Buffer.from(JSON.stringify(value))).toString());

describe('cutting pictures out of a body', () => {
  it('leaves their beginning, and how long they were', () => {
    const { a, b, c } = cut({ a: 'kept', b: encoded, c: [`data:image/png;base64,${encoded}`] }) as Record<
      string,
      string
    >;
    expect(a).to.equal('kept');
    expect(b!.slice(0, 131_072)).to.equal(encoded.slice(0, 131_072));
    expect(b!.length).to.be.below(131_072 + 16);
    expect(base64Length(b!)).to.equal(encoded.length);
    expect(bytesIn(b!)).to.be.within(2 * MB, 2 * MB + 2);
    expect(base64Length(c![0]!)).to.equal(encoded.length + 22);
  });

  it('is done where slashes have a backslash before them, too', () => {
    const text = JSON.stringify({ a: encoded }).replaceAll('/', '\\/');
    const { a } = JSON.parse(thin(Buffer.from(text)).toString()) as { a: string };
    expect(base64Length(a)).to.be.within(encoded.length, encoded.length * 1.1);
  });

  it('leaves everything else as it is', () => {
    for (const value of [
      { a: 'word '.repeat(MB) },
      { a: 'a'.repeat(2 * MB) },
      { a: `${encoded}!` },
      { a: encoded.slice(0, 100_000), b: encoded.slice(0, 130_000), c: 'word '.repeat(MB) },
      { a: `${encoded}"` },
    ])
      expect(cut(value)).to.eql(value);
    const small = Buffer.from(JSON.stringify({ a: encoded.slice(0, 500_000) }));
    expect(thin(small)).to.equal(small);
    for (const broken of ['"', `{"a":"${encoded}`, `"${' '.repeat(MB)}`])
      expect(() => thin(Buffer.from(broken))).to.not.throw();
  });

  it('is not mistaken for what users write', () => {
    expect(base64Length('from ~100000')).to.equal(12);
    expect(base64Length(`${'x'.repeat(1000)}~123456789`)).to.equal(1010);
    expect(['AAAA', 'AAA=', 'AA==', ''].map(bytesIn)).to.eql([3, 2, 1, 0]);
  });
});
