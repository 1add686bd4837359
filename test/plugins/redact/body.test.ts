import { expect } from 'chai';

import { dice, redact, vaultOf } from '../../support/redaction.ts';

const TOKEN = /<[A-Z_]+_[0-9a-f]{12}>/g;
const chat = (content: string) => ({ model: 'm', messages: [{ role: 'user', content }] });
const said = async (content: string, wishes = {}): Promise<string> =>
  ((await redact(chat(content), wishes)).json as ReturnType<typeof chat>).messages[0]!.content.replace(TOKEN, '*');

describe('a body that is redacted', () => {
  it('keeps every byte in which nothing is found: numbers, blanks, escapes, members twice', async () => {
    const body =
      '{ "model" :"m", "seed":4111111111111111,"big":9007199254740993, "f":1.0, "u":"\\u00e9\\/",\r\n"d":1,"d":2, "s":"@ 4111" }\n';
    expect((await redact(body)).text).to.equal(body);
  });

  it('changes the strings in which something is found, and nothing else', async () => {
    const body = '{"seed":4111111111111111, "a":"4111111111111111","b":[ "x\\ty",1.0,{"c":"to jane@example.com\\n"}]}';
    const { text, counts } = await redact(body);
    expect(text.replace(TOKEN, '*')).to.equal('{"seed":4111111111111111, "a":"*","b":[ "x\\ty",1.0,{"c":"to *\\n"}]}');
    expect(counts).to.deep.equal({ card: 1, email: 1 });
  });

  it('has one token for one value, each time', async () => {
    const one = await redact(chat('jane@example.com and jane@example.com, not joe@example.com'));
    const tokens = one.text.match(TOKEN)!;
    expect([tokens.length, new Set(tokens).size]).to.deep.equal([3, 2]);
    expect((await redact(chat('again jane@example.com'))).text).to.contain(tokens[0]!);
  });

  it('has other tokens for other callers, and with another salt', async () => {
    const scopes = [
      { tenant: undefined, key: undefined, agent: undefined },
      { tenant: 'a', key: undefined, agent: undefined },
      { tenant: undefined, key: 'a', agent: undefined },
      { tenant: undefined, key: undefined, agent: 'a' },
    ];
    const vaults = [...scopes.map((scope) => vaultOf(scope)), vaultOf(scopes[0], Buffer.alloc(32, 9))];
    const texts = await Promise.all(vaults.map((vault) => redact(chat('jane@example.com'), {}, vault)));
    expect(new Set(texts.map(({ text }) => text)).size).to.equal(5);
  });

  it('passes its own tokens as they are, also where a word or a pattern is in them', async () => {
    const { text } = await redact(chat('jane@example.com'));
    const wishes = { words: { mail: ['email'] }, patterns: { hex: '[0-9a-f]{12}' } };
    expect((await redact(text, wishes)).text).to.equal(text);
    expect(await said('email <EMAIL_0123456789ab> 0123456789ab', wishes)).to.equal('* * *');
  });

  it('finds what is written with escapes, of JSON and of JSON in a string', async () => {
    expect((await redact('{"a":"jane\\u0040example.com \\u00e9"}')).text.replace(TOKEN, '*')).to.equal('{"a":"* é"}');
    expect(
      (await redact('{"a":"x\\njane@example.com\\t4111 1111\\u00201111 1111"}')).text.replace(TOKEN, '*'),
    ).to.equal('{"a":"x\\n*\\t*"}');
    const inner = JSON.stringify({ t: 'hi\njane@example.com', n: 'J\u00f6rg' }).replace('ö', '\\u00f6');
    const { json } = await redact({ arguments: inner }, { words: { name: ['Jörg'] } });
    const shown = (json as { arguments: string }).arguments.replace(TOKEN, '*');
    expect(JSON.parse(shown)).to.deep.equal({ t: 'hi\n*', n: '*' });
  });

  it('has the same token for a value in a text and in JSON within a text', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIabc+/\n-----END PRIVATE KEY-----';
    const { text } = await redact({ a: key, b: JSON.stringify({ key }), c: JSON.stringify(JSON.stringify({ key })) });
    const tokens = text.match(TOKEN)!;
    expect([tokens.length, new Set(tokens).size]).to.deep.equal([3, 1]);
    expect(text).not.to.contain('MIIabc');
  });

  it('looks at all texts, wherever they stand', async () => {
    const mail = 'jane@example.com';
    const body = {
      system: [{ type: 'text', text: mail }],
      instructions: mail,
      input: [{ role: 'user', content: [{ type: 'input_text', text: mail }] }],
      contents: [{ parts: [{ text: mail }, { functionResponse: { name: 'x', response: { id: mail, data: mail } } }] }],
      messages: [
        { role: 'tool', tool_call_id: 'x', content: mail },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'x', name: 'send', input: { id: mail, type: mail } }] },
        { role: 'user', name: mail, content: '' },
      ],
      tools: [
        { function: { name: 'x', description: mail, parameters: { properties: { id: { description: mail } } } } },
      ],
      metadata: { id: mail },
      user: mail,
      source: { type: 'text', data: mail },
      stop: [mail],
    };
    const { text, counts } = await redact(body);
    expect(text).not.to.contain('jane');
    expect(counts).to.deep.equal({ email: JSON.stringify(body).split(mail).length - 1 });
  });

  it('leaves ids, names of tools, what is signed and what only its maker reads as it is', async () => {
    const word = 'alpha';
    const body = {
      model: word,
      messages: [
        {
          role: word,
          id: word,
          content: [{ type: 'thinking', thinking: `alpha jane@example.com`, signature: 'c2ln' }],
        },
        { role: 'tool', tool_call_id: word },
        { type: 'reasoning', encrypted_content: word },
        { parts: [{ thoughtSignature: word }] },
      ],
      tools: [{ type: word, function: { name: word } }],
      previous_response_id: word,
    };
    expect((await redact(body, { words: { w: [word] } })).text).to.equal(JSON.stringify(body));
    const unsigned = { thinking: 'jane@example.com', signature: '' };
    expect((await redact(unsigned)).text).not.to.contain('jane');
  });

  it('does not look into files, and looks at what only says it is one', async () => {
    const file = Buffer.from('x'.repeat(600)).toString('base64').slice(0, 798);
    const body = { source: { data: file }, image_url: { url: `data:image/png;base64,${file}` } };
    expect((await redact(body, { patterns: { any: 'e' } })).text).to.equal(JSON.stringify(body));
    const text = { source: { data: `${'a line of text '.repeat(40)}jane@example.com` } };
    expect((await redact(text)).counts).to.deep.equal({ email: 1 });
  });

  it('does not join what stands in several strings', async () => {
    const { counts } = await redact({ a: ['jane@exam', 'ple.com'] });
    expect(counts).to.deep.equal({});
  });

  it('does not look at names of members', async () => {
    const body = { metadata: { 'jane@example.com': 'x' } };
    expect((await redact(body)).text).to.equal(JSON.stringify(body));
  });

  it('finds words of its own whole, and the longest of them', async () => {
    const words = { firm: ['Acme', 'Acme Corporation', 'Łódź', 'ﬁ & co'] };
    expect(await said('acme corporation, ACME, Acmes, my_acme, łódź; ﬁ & Co!', { words })).to.equal(
      '*, *, Acmes, my_acme, *; *!',
    );
    expect(await said('acme Acme', { words, ignore_case: false })).to.equal('acme *');
    expect(await said('İstanbul Acme İ', { words })).to.equal('İstanbul * İ');
  });

  it('finds what matches a pattern, in long texts as in short ones, and again', async () => {
    const patterns = { ticket: 'CASE-[0-9]{4}' };
    for (const filler of ['', 'x '.repeat(300)])
      for (const _ of [1, 2])
        expect(await said(`${filler}CASE-1234 CASE-12`, { patterns })).to.equal(`${filler}* CASE-12`);
  });

  it('takes what overlaps as one, so that nothing of it is left', async () => {
    const { text, counts } = await redact(chat('see jane@example.com/CASE-1'), {
      patterns: { a: 'example.com/CASE', b: 'com/CASE-1' },
    });
    expect(text.replace(TOKEN, '*')).to.contain('see *"');
    expect(counts).to.deep.equal({ email: 1 });
  });

  it('lets others have their turn while it looks at megabytes', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const { counts } = await redact({
      a: Array.from({ length: 400 }, () => `${'word '.repeat(1000)} jane@example.com`),
    });
    clearInterval(timer);
    expect(counts).to.deep.equal({ email: 400 });
    expect(turns).to.be.above(3);
  });

  it('walks through what is nested as deep as may be', async () => {
    const depth = 100_000;
    const { counts } = await redact(`{"a":${'['.repeat(depth)}"jane@example.com"${']'.repeat(depth)}}`);
    expect(counts).to.deep.equal({ email: 1 });
  });

  describe('of any JSON', () => {
    const PLANTED = [
      'jane.roe@example.com',
      '4111 1111 1111 1111',
      'DE89 3704 0044 0532 0130 00',
      '536-22-1234',
      'sk-proj-Ab3dEf6hIj9lMn2pQr5t',
      'Zoë Łuk',
    ];
    const WISHES = { words: { person: ['Zoë Łuk'] } };
    const PIECES = [
      'plain ',
      'é ',
      '"quoted" ',
      'back\\slash ',
      '\n',
      '\u2028',
      '{"a":"',
      '😀',
      '<EMAIL_',
      '@',
      '4111 ',
    ];

    /** Some JSON, with what was planted in it. */
    function made(roll: (sides: number) => number, depth: number): unknown {
      const kind = roll(depth > 4 ? 4 : 7);
      if (kind === 0) return roll(2) === 0 ? 4111111111111111 : roll(1000) / 8;
      if (kind === 1) return [null, true, false][roll(3)];
      if (kind < 4) {
        const parts = Array.from({ length: roll(6) }, () => PIECES[roll(PIECES.length)]);
        if (roll(2) === 0) parts.splice(roll(parts.length + 1), 0, ` ${PLANTED[roll(PLANTED.length)]} `);
        return parts.join('');
      }
      const list = Array.from({ length: roll(5) }, () => made(roll, depth + 1));
      return kind === 4 ? list : Object.fromEntries(list.map((value, n) => [`k${n}${roll(3)}`, value]));
    }

    it('nothing that was planted is left, and putting it back gives the same JSON', async () => {
      for (let seed = 1; seed <= 400; seed++) {
        const roll = dice(seed);
        const value = { a: made(roll, 0), b: made(roll, 0) };
        const spelt = roll(2) === 0 ? JSON.stringify(value) : JSON.stringify(value, null, 1).replaceAll('@', '\\u0040');
        const { text, json, vault } = await redact(spelt, WISHES);
        for (const one of PLANTED) expect(text, `seed ${seed}`).not.to.contain(one);
        const restored = JSON.parse(JSON.stringify(json), (_, one: unknown) =>
          typeof one === 'string' ? vault.restore(one, false, () => {}) : one,
        ) as unknown;
        expect(restored, `seed ${seed}`).to.deep.equal(value);
        if (json !== undefined && vault.isEmpty) expect(text, `seed ${seed}`).to.equal(spelt);
      }
    });
  });
});
