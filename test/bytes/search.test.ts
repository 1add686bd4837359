import { expect } from 'chai';
import { charsIn, charsOf, hasValue, marker, valueAfter } from '../../src/bytes/search.ts';

describe('searching JSON bytes', () => {
  const usage = marker('usage');
  const content = marker('content');

  it('finds a member and where its value begins', () => {
    const bytes = Buffer.from('{"a":1,"usage" :\n {"n":1}}');
    expect(bytes[valueAfter(bytes, usage)]).to.equal('{'.charCodeAt(0));
    expect(valueAfter(bytes, content)).to.equal(-1);
  });

  it('is not deceived by text that looks like a member', () => {
    const texts = ['"usage":{"prompt_tokens":9}', 'usage', '"usage', 'x"usage"', '\\"usage":1'];
    for (const text of texts) {
      const bytes = Buffer.from(JSON.stringify({ content: text, list: [text], key: { [text]: null } }));
      expect(hasValue(bytes, usage), text).to.equal(false);
    }
  });

  it('knows a name from one that ends like it', () => {
    expect(valueAfter(Buffer.from('{"x_usage":1,"raw usage":2}'), usage)).to.equal(-1);
    const bytes = Buffer.from('{"x_usage":1,"usage":2}');
    expect(valueAfter(bytes, usage)).to.equal(bytes.length - 2);
    expect(valueAfter(Buffer.from('usage":2}'), usage)).to.equal(-1);
  });

  it('passes over members that are null', () => {
    expect(hasValue(Buffer.from('{"usage":null}'), usage)).to.equal(false);
    expect(hasValue(Buffer.from('{"usage":null,"x_groq":{"usage":{}}}'), usage)).to.equal(true);
  });

  it('counts the characters of a string as they are written or escaped', () => {
    for (const text of ['a', 'Größe', '世界', '🦊🦊', 'a\nb"c\\', '\u2028', '\\u0041', '"', 'tab\t']) {
      const plain = Buffer.from(JSON.stringify({ content: null, list: { content: '' }, x: { content: text } }));
      const escaped = Buffer.from(
        plain.toString().replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
      );
      expect(charsOf(plain, content), text).to.equal([...text].length);
      expect(charsOf(escaped, content), text).to.equal([...text].length);
      expect(charsIn(text)).to.equal([...text].length);
    }
    expect(charsOf(Buffer.from('{"content":[]}'), content)).to.equal(0);
  });
});
