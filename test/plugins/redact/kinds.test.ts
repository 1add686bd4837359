import { expect } from 'chai';
import { findIn } from '../../../plugins/redact/finder.ts';
import { type BuiltIn, KINDS, Kinds } from '../../../plugins/redact/kinds.ts';

/** What is found in a text as it would lie in a request, so that what is never suspected is never found. */
function found(text: string, find: readonly BuiltIn[] = KINDS, privateIps = false): string[] {
  const kinds = new Kinds({ find, words: {}, patterns: {}, ignore_case: true, private_ips: privateIps });
  const json = Buffer.from(JSON.stringify(text));
  return findIn(text, kinds.suspects(json, 1, json.length - 1)).map(({ value }) => value);
}

const CASES: Readonly<Record<BuiltIn, { is: readonly [text: string, found?: string][]; isNot: readonly string[] }>> = {
  email: {
    is: [
      ['write to jane.doe+news@mail.example.com.', 'jane.doe+news@mail.example.com'],
      ['<jane@example.com>', 'jane@example.com'],
      ['mailto:jane@example.com?subject=x', 'jane@example.com'],
      ['- jane_@example.co.uk,', 'jane_@example.co.uk'],
      ['"jane"@x, o\'brien@example.ie', 'brien@example.ie'],
      ['müller@köln.example', 'müller@köln.example'],
      ['邮箱是jane@example.com。', 'jane@example.com'],
      ['x@a.xn--p1ai', 'x@a.xn--p1ai'],
      ['a@b.de@c.fr', 'a@b.de'],
      ['jane@example.com-', 'jane@example.com'],
    ],
    isNot: [
      '@property',
      'user@host',
      'npm i x@1.2.3',
      'a @ b.com',
      '@example.com',
      'x@.com',
      'jane@example.c',
      '+@example.com',
    ],
  },
  card: {
    is: [
      ['4111111111111111'],
      ['pay 4111 1111 1111 1111 12/27 now', '4111 1111 1111 1111'],
      ['5500-0000-0000-0004'],
      ['3782 822463 10005'],
      ['30569309025904'],
      ['no 12 4111 1111 1111 1111', '4111 1111 1111 1111'],
      ['6011.1111.1111.1117'],
      ['4222222222222'],
      ['4111\u00a01111\u00a01111\u00a01111'],
    ],
    isNot: [
      '4111111111111112',
      '1700000000000',
      '0.4111111111111111',
      'x4111111111111111',
      '41111111111111111111111',
      '4111111111111111.5',
      '2026-11-20 10:11:12.123',
    ],
  },
  us_ssn: {
    is: [['536-22-1234'], ['ssn: 536 22 1234.', '536 22 1234']],
    isNot: [
      '000-22-1234',
      '666-22-1234',
      '900-22-1234',
      '536-00-1234',
      '536-22-0000',
      '536-22 1234',
      '1536-22-1234',
      '536221234',
      '536-22-12345',
    ],
  },
  iban: {
    is: [
      ['DE89370400440532013000'],
      ['to DE89 3704 0044 0532 0130 00 and', 'DE89 3704 0044 0532 0130 00'],
      ['GB82 WEST 1234 5698 7654 32'],
      ['FR1420041010050500013M02606'],
    ],
    isNot: ['DE89370400440532013001', 'XDE89370400440532013000', 'ZZ89370400440532013000', 'DE8937040044053201300099'],
  },
  api_key: {
    is: [
      ['sk-proj-Ab3dEf6hIj9lMn2pQr5t_uVwX'],
      ['key=sk-ant-api03-AbCdEfGh1jKlMnOpQrStUv', 'sk-ant-api03-AbCdEfGh1jKlMnOpQrStUv'],
      ['AKIAIOSFODNN7EXAMPLE'],
      ['ghp_0123456789abcdefghijABCDEFGHIJ012345'],
      ['github_pat_11ABCDEFG0abcdefghijkl_0123'],
      ['xoxb-0123456789-abcdefghij'],
      ['AIzaSyA0123456789abcdefghijklmnopqrstuv'],
      ['glpat-0123456789abcdefghij'],
      ['hf_abcdefghijklmnopqrstuvwxyz0123456789'],
      ['npm_0123456789abcdefghijABCDEFGHIJ012345'],
      ['sk_live_0123456789abcdefABCD'],
      ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
      ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----'],
      ['-----BEGIN PRIVATE KEY-----\nMIIEow+/\nabc= is cut', '-----BEGIN PRIVATE KEY-----\nMIIEow+/\nabc='],
    ],
    isNot: [
      'sk-circle-fade-dot-animation',
      'task-manager-for-the-people-2026',
      'AKIA123',
      '-----BEGIN CERTIFICATE-----\nMII',
      'eyJhbGciOiJ',
      'ghp_short',
    ],
  },
  phone: {
    is: [
      ['+49 (0)30 901820', '+49 (0)30 901820'],
      ['+1-212-555-0123'],
      ['call (212) 555-0123!', '(212) 555-0123'],
      ['212-555-0123'],
      ['1 212 555 0123'],
      ['212.555.0123'],
    ],
    isNot: ['2125550123', '112-555-0123', '1+212', '212-555-01234', '2026-11-20', '+1234567'],
  },
  ip: {
    is: [
      ['93.184.216.34'],
      ['to 93.184.216.34:443.', '93.184.216.34'],
      ['2606:4700:4700::1111'],
      ['at 93.184.216.34.', '93.184.216.34'],
    ],
    isNot: [
      '10.1.2.3',
      '127.0.0.1',
      '192.168.1.1',
      '::1',
      'fe80::1',
      '300.1.1.1',
      'std::vector',
      '10:11:12',
      'v1.2.3.4x',
      '::',
    ],
  },
};

describe('what redaction knows', () => {
  for (const [kind, { is, isNot }] of Object.entries(CASES) as [BuiltIn, (typeof CASES)[BuiltIn]][]) {
    for (const [text, value = text] of is) {
      it(`${kind}: finds ${JSON.stringify(value)} in ${JSON.stringify(text)}`, () => {
        expect(found(text, [kind])).to.deep.equal([value]);
        expect(found(`x ${text} and ${text}`, [kind])).to.deep.equal([value, value]);
      });
    }
    it(`${kind}: leaves what only looks like one`, () => {
      expect(isNot.filter((text) => found(text, [kind]).length > 0)).to.deep.equal([]);
    });
  }

  it('finds private addresses where it is told to', () => {
    expect(found('10.1.2.3 and fe80::1', ['ip'], true)).to.deep.equal(['10.1.2.3', 'fe80::1']);
  });

  describe('takes time in proportion to the text, whatever it says', () => {
    const MEGABYTE = 1_000_000;
    const texts: Readonly<Record<string, string>> = {
      'one letter': 'a',
      'an at sign': '@',
      'addresses without an end': 'a@',
      'labels of domains': 'a@b.c.d.e-',
      'one digit': '4',
      'groups of digits': '4 ',
      'groups of two digits': '44-',
      'beginnings of keys': 'sk-',
      'beginnings of tokens': 'eyJ0123456789.',
      'first lines of keys': '-----BEGIN PRIVATE KEY-----',
      'beginnings of accounts': 'DE89 ',
      'plus signs': '+1 ',
      colons: 'a:',
      backslashes: '\\',
      escapes: '\\u0040',
      'opening brackets': '<A',
    };
    for (const [what, piece] of Object.entries(texts)) {
      it(`${what} again and again`, () => {
        const text = piece.repeat(Math.ceil(MEGABYTE / piece.length));
        const times = [text.slice(0, MEGABYTE / 4), text].map((one) => {
          const start = process.cpuUsage().user;
          found(one);
          return (process.cpuUsage().user - start) / 1000;
        });
        // Time of the processor: four times as much may take four times as long, and something for what compiles meanwhile.
        expect(times[1], `${times.join(' and ')} ms`).to.be.below(Math.max(12 * times[0]!, 400));
      });
    }
  });
});
