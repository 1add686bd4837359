import { expect } from 'chai';
import { Scrubber } from '../src/scrub.ts';

const SECRET = 'k3y/"with\\odd=letters?>?>&~~~';

describe('the scrubber', () => {
  const scrubber = new Scrubber();
  scrubber.learn([SECRET, 'short', '']);

  const spellings: [string, string][] = [
    ['as it is', SECRET],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64 without padding', Buffer.from(SECRET).toString('base64').replace(/=+$/, '')],
    ['in base64 for URLs', Buffer.from(SECRET).toString('base64url')],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ];
  for (const [how, text] of spellings) {
    it(`takes a known secret out ${how}`, () => {
      for (const clean of [scrubber.text(`a ${text} b`), scrubber.known(`a ${text} b`)]) {
        expect(clean).to.match(/^a \*\*\*=* b$/);
      }
    });
  }

  it('takes a known secret out that is part of base64 credentials', () => {
    const basic = Buffer.from(`user:${SECRET}`).toString('base64');
    expect(scrubber.text(`authorization: Basic ${basic}`)).to.not.contain(basic.slice(0, 12));
  });

  const shapes = [
    'sk-proj-abcdefghijklmnop',
    'sk-ant-api03-abcdefghijklmnop',
    'AIzaSyA-abcdefghijklmnopqrstuvwxyz',
    'Bearer abcdefgh12345678',
    'bearer abcdefgh12345678',
    'xai-abcdefghijklmnop',
    'gsk_abcdefghijklmnop',
    'https://h/v1?key=abcdefgh',
    'https://h/v1?a=1&api_key=abcdefgh&b=2',
    'postgres://user:abcdefgh@db/x',
    'tspy_abcdefghijklmnopqrstuv',
  ];
  for (const text of shapes) {
    it(`takes out what looks like a key: ${text.slice(0, 22)}`, () => {
      const clean = scrubber.text(`error at ${text} end`);
      expect(clean).to.contain('***').and.to.not.contain('abcdefgh');
      expect(clean).to.match(/^error at .* end$/);
    });
  }

  it('leaves ordinary words alone', () => {
    const text = 'the key of sk-1 is a token=1 in gpt-4o-mini, task-based, desk-top; short';
    expect(scrubber.text(text)).to.equal(text);
    expect(scrubber.known('sk-proj-abcdefghijklmnop')).to.equal('sk-proj-abcdefghijklmnop');
  });

  it('goes on knowing what it has learned', () => {
    const later = new Scrubber();
    later.learn(['first-secret']);
    later.learn(['second-secret']);
    expect(later.text('first-secret second-secret')).to.equal('*** ***');
  });

  it('takes the longer of two secrets that overlap', () => {
    const both = new Scrubber();
    both.learn(['abcdef', 'abcdefghij']);
    expect(both.text('abcdefghij')).to.equal('***');
  });

  it('is through with text that is made to hurt it', () => {
    for (const text of [
      'sk-'.repeat(50_000),
      '?key='.repeat(30_000),
      '://a:'.repeat(30_000),
      'Bearer '.repeat(20_000),
    ]) {
      expect(scrubber.text(text)).to.be.a('string');
    }
  });
});
