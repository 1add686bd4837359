import { expect } from 'chai';

import { KeptText } from '../../src/metering/kept-text.ts';

/** Keeps the JSON of a text in pieces, cut at these offsets of its bytes between the quotes. */
function keepIn(kept: KeptText, text: string, ...cuts: number[]): KeptText {
  const json = Buffer.from(JSON.stringify(text));
  const borders = [0, ...cuts, json.length - 2];
  for (let i = 1; i < borders.length; i++) kept.addEscaped(json, 1 + borders[i - 1]!, 1 + borders[i]!);
  return kept;
}

describe('the text of an answer', () => {
  it('is empty before anything came', () => {
    expect(new KeptText().read()).to.equal('');
    expect(new KeptText().isCut).to.equal(false);
  });

  it('is kept as pieces of JSON strings and read as what they say', () => {
    const text = 'A "quote",\na tab\t, a back\\slash, Größe, 日本, 😀';
    expect(keepIn(new KeptText(), text).read()).to.equal(text);
    const escaped = Buffer.from('\\u00e9\\ud83d\\ude00');
    const kept = new KeptText();
    // A pair of surrogates may come in two events.
    kept.addEscaped(escaped, 0, 12);
    kept.addEscaped(escaped, 12, 18);
    expect(kept.read()).to.equal('é😀');
  });

  it('is the same however it was cut, in pieces short and long', () => {
    const text = 'one two three '.repeat(20);
    for (let cut = 1; cut < text.length; cut++) expect(keepIn(new KeptText(), text, cut).read()).to.equal(text);
    const single = Array.from({ length: text.length - 1 }, (_, i) => i + 1);
    expect(keepIn(new KeptText(), text, ...single).read()).to.equal(text);
  });

  it('does not change when the memory it was taken from does', () => {
    const json = Buffer.from('"short" "and one that is longer than a loop would copy"');
    const kept = new KeptText();
    kept.addEscaped(json, 1, 6);
    kept.addEscaped(json, 9, json.length - 1);
    json.fill('x');
    expect(kept.read()).to.equal('shortand one that is longer than a loop would copy');
  });

  it('joins what came plain, which comes first', () => {
    const kept = keepIn(new KeptText(), 'escaped');
    kept.addPlain('plain ');
    expect(kept.read()).to.equal('plain escaped');
  });

  it('ends at 64 KiB and says that more came', () => {
    const kept = new KeptText();
    const piece = Buffer.alloc(40 * 1024, 'a');
    kept.addEscaped(piece, 0, piece.length);
    expect(kept.isCut).to.equal(false);
    kept.addEscaped(piece, 0, piece.length);
    expect(kept.isCut).to.equal(true);
    kept.addEscaped(piece, 0, 10);
    expect(kept.read(), 'a short piece still fits').to.equal('a'.repeat(40 * 1024 + 10));

    const plain = new KeptText();
    plain.addPlain('b'.repeat(64 * 1024));
    expect(plain.isCut).to.equal(false);
    plain.addPlain('b');
    expect([plain.isCut, plain.read().length]).to.eql([true, 64 * 1024]);
  });

  it('is read as it lies where an escape is none', () => {
    const wrong = Buffer.from('a \\x b');
    const kept = new KeptText();
    kept.addEscaped(wrong, 0, wrong.length);
    expect(kept.read()).to.equal('a \\x b');
  });
});
