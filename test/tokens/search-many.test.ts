import { expect } from 'chai';

import { SearchMany } from '../../src/tokens/search-many.ts';

const WORDS = ['"image_url"', '"file_url"', '"conversation"', '"s3Location"', 'aaaaaaaaa', 'abababababab'];

describe('searching for many words at once', () => {
  const search = new SearchMany(WORDS);
  const found = (text: string): [string, number][] => {
    const all: [string, number][] = [];
    search.find(Buffer.from(text), (which, end) => all.push([WORDS[which]!, end]));
    return all;
  };
  /** The same, word by word. */
  const expected = (text: string): [string, number][] => {
    const all: [string, number][] = [];
    for (const word of WORDS)
      for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) all.push([word, at + word.length]);
    return all;
  };
  const sorted = (all: [string, number][]) => all.sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));

  it('finds each of them, wherever it stands', () => {
    for (const text of [
      '',
      '"file_url"',
      'x"file_url"',
      '"image_url""file_url" "s3Location"',
      '{"conversation":1,"image_url":{"url":"x"}}',
      'a'.repeat(12),
      'ab'.repeat(9),
      '"file_url',
      '_url"image_url"',
    ])
      expect(sorted(found(text)), text).to.eql(sorted(expected(text)));
  });

  it('finds the same as a plain search in whatever they are hidden', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const pieces = [...WORDS, '"', '_url"', 'e_url"', 'ation"', 'a', 'b', '_', ' ', 'xyz', 'ababa'];
    for (let n = 0; n < 300; n++) {
      const text = Array.from({ length: random(40) }, () => pieces[random(pieces.length)]).join('');
      expect(sorted(found(text)), text).to.eql(sorted(expected(text)));
    }
  });

  it('takes no word that is too short', () => {
    expect(() => new SearchMany(['"file"'])).to.throw('"file" is too short');
  });
});
