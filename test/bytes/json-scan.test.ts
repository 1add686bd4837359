import { expect } from 'chai';
import { JsonScan, readJson, readString, scanJson } from '../../src/bytes/json-scan.ts';

describe('JsonScan', () => {
  const text =
    ' {"model" : "g\\"pt\\\\", "n":-1.5e+3,"deep":{"model":[1,{"x":"}]"}],"s":""},"mod\\u0065":true, "ü":[ ],"e":{},"z":null}\r\n';
  const body = Buffer.from(text);

  it('finds the members of the outermost object and nothing deeper', () => {
    const scan = scanJson(body);
    expect(scan.problem).to.equal(null);
    expect(scan.complete).to.equal(true);
    const found = Object.fromEntries([...scan.members].map(([name, member]) => [name, readJson(body, member)]));
    expect(found).to.deep.equal(JSON.parse(text));
    expect(text.slice(scan.objectStart, scan.objectStart + 8)).to.equal('{"model"');
    expect(body.subarray(scan.objectEnd).toString()).to.equal('\r\n');
    expect(body[scan.member('model')!.keyStart]).to.equal(34);
  });

  it('finds the same when the body is cut at any two places', () => {
    const whole = [...scanJson(body).members];
    for (let first = 0; first <= body.length; first++) {
      for (let second = first; second <= body.length; second++) {
        const scan = new JsonScan();
        scan.push(body.subarray(0, first));
        scan.push(body.subarray(first, second));
        scan.push(body.subarray(second));
        scan.end();
        expect(scan.problem).to.equal(null);
        expect([...scan.members]).to.deep.equal(whole);
      }
    }
  });

  it('agrees with JSON.parse on which member wins when a key comes twice', () => {
    const twice = Buffer.from('{"model":"a","\\u006dodel":"b"}');
    expect(readString(twice, scanJson(twice).member('model'))).to.equal('b');
  });

  it('reads strings only where a string stands', () => {
    const bytes = Buffer.from('{"a":1,"b":"x","c":"\\q"}');
    const scan = scanJson(bytes);
    expect(readString(bytes, scan.member('a'))).to.equal(undefined);
    expect(readString(bytes, scan.member('b'))).to.equal('x');
    expect(readString(bytes, scan.member('c'))).to.equal(undefined);
    expect(readJson(bytes, scan.member('none'))).to.equal(undefined);
  });

  const problems: [string, string][] = [
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['[1]', 'is not a JSON object but an array (byte 0)'],
    [' "secret"', 'is not a JSON object but a string (byte 1)'],
    ['12', 'is not a JSON object but a number (byte 0)'],
    ['null', 'is not a JSON object but a literal (byte 0)'],
    ['hello', 'is not JSON (byte 0)'],
    ['\uFEFF{}', 'begins with a byte order mark (byte 0)'],
    ['{"a":1', 'ends in the middle (byte 6)'],
    ['{"a":"x', 'ends in the middle (byte 7)'],
    ['{"a":tru', 'ends in the middle (byte 8)'],
    ['{"a":1}{', 'goes on after its end (byte 7)'],
    ['{"a" 1}', 'is not valid JSON (byte 5)'],
    ['{"a":1 "b":2}', 'is not valid JSON (byte 7)'],
    ['{"a":1,}', 'is not valid JSON (byte 7)'],
    ['{,}', 'is not valid JSON (byte 1)'],
    ['{"a":[1}', 'is not valid JSON (byte 7)'],
    ['{"a":[1,]}', 'is not valid JSON (byte 8)'],
    ['{"a":trve}', 'is not valid JSON (byte 7)'],
    ['{"a":NaN}', 'is not valid JSON (byte 5)'],
    ['{"a":truest}', 'is not valid JSON (byte 9)'],
    ["{'a':1}", 'is not valid JSON (byte 1)'],
  ];
  for (const [bad, problem] of problems) {
    it(`says of ${JSON.stringify(bad)} that it ${problem}, however it is cut`, () => {
      const bytes = Buffer.from(bad);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const scan = new JsonScan();
        scan.push(bytes.subarray(0, cut));
        scan.push(bytes.subarray(cut));
        scan.end();
        expect(scan.problem).to.equal(problem);
        expect(scan.complete).to.equal(false);
      }
    });
  }

  it('refuses deep nesting at the byte where it begins', () => {
    const deep = (levels: number) => Buffer.from(`{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);
    expect(scanJson(deep(200)).problem).to.equal(null);
    expect(scanJson(deep(201)).problem).to.equal('is nested deeper than 200 (byte 204)');
    expect(scanJson(deep(4), { maxDepth: 3 }).problem).to.equal('is nested deeper than 3 (byte 7)');
    expect(scanJson(Buffer.from('{"a":'.repeat(1_000_000))).problem).to.contain('nested deeper');
  });

  it('keeps no more than 1000 members and no long key', () => {
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`k${n}`, n]));
    const scan = scanJson(Buffer.from(JSON.stringify({ ...many, k1: 7 })));
    expect(scan.members.size).to.equal(1000);
    const long = scanJson(Buffer.from(`{"${'x'.repeat(64)}":1,"${'y'.repeat(65)}":2,"${'\\u0061'.repeat(64)}":3}`));
    expect([...long.members.keys()].map((name) => name.length)).to.deep.equal([64, 64]);
  });

  it('reads strings full of escapes as JSON.parse does', () => {
    for (const value of [
      '\\',
      '\\\\"',
      '"'.repeat(50),
      `${'x'.repeat(40)}\\`,
      `${'\\'.repeat(61)}"`,
      '\n\u2028é'.repeat(30),
    ]) {
      const bytes = Buffer.from(JSON.stringify({ value, after: 1 }));
      for (let cut = 0; cut <= bytes.length; cut++) {
        const scan = new JsonScan();
        scan.push(bytes.subarray(0, cut));
        scan.push(bytes.subarray(cut));
        scan.end();
        expect(readString(bytes, scan.member('value'))).to.equal(value);
        expect(readJson(bytes, scan.member('after'))).to.equal(1);
      }
    }
  });
});
