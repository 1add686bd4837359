import { expect } from 'chai';

import { PromptCutter } from '../../src/prompts/cutter.ts';
import { cut, exchangeWith, ownDocuments } from '../support/cut.ts';

type Body = Record<string, unknown>;
const mark = { cache_control: { type: 'ephemeral' } };
const messageHashes = (body: Body): number[] => cut(body).messages.map(({ hash }) => hash);
const pieceHashes = (body: Body): number[] => cut(body).pieces.map(({ hash }) => hash);

/** Turn after turn of one conversation, in the words of an API. */
const GROWING: Readonly<Record<string, readonly object[]>> = {
  openai: [
    { role: 'user', content: 'Hello' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: 'seen' },
    { role: 'assistant', content: 'So' },
    { role: 'user', content: [{ type: 'text', text: 'And?' }] },
  ],
  anthropic: [
    { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 's' },
        { type: 'tool_use', id: 't', name: 'look', input: { a: 1 } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: { type: 'url', url: 'u' } }] },
      ],
    },
    { role: 'assistant', content: 'So' },
  ],
};

describe('the hashes of a prompt', () => {
  for (const [dialect, turns] of Object.entries(GROWING)) {
    it(`stay as they were while a conversation of ${dialect} grows`, () => {
      const whole = messageHashes({ messages: turns });
      const pieces = pieceHashes({ messages: turns });
      expect(new Set(whole).size).to.equal(turns.length);
      for (let count = 1; count <= turns.length; count++) {
        const messages = turns.slice(0, count);
        expect(messageHashes({ messages })).to.eql(whole.slice(0, count));
        const part = pieceHashes({ messages });
        expect(part).to.eql(pieces.slice(0, part.length));
      }
    });
  }

  it('of Gemini, Bedrock and responses do, too', () => {
    const gemini = [
      { role: 'user', parts: [{ text: 'a' }] },
      { role: 'model', parts: [{ text: 'b' }] },
    ];
    expect(messageHashes({ contents: gemini.slice(0, 1) })[0]).to.equal(messageHashes({ contents: gemini })[0]);
    const items = [
      { role: 'user', content: 'a' },
      { type: 'reasoning', summary: [] },
      { type: 'function_call', name: 'f', arguments: '{}' },
    ];
    expect(messageHashes({ input: items.slice(0, 2) })).to.eql(messageHashes({ input: items }).slice(0, 2));
    const bedrock = [
      { role: 'user', content: [{ text: 'a' }] },
      { role: 'assistant', content: [{ text: 'b' }] },
    ];
    const point = { cachePoint: { type: 'default' } };
    const marked = [{ role: 'user', content: [{ text: 'a' }, point] }, bedrock[1]];
    expect(messageHashes({ messages: marked })).to.eql(messageHashes({ messages: bedrock }));
  });

  it('are the same wherever cache marks stand, and whether a text is a string or a block', () => {
    const plain = { role: 'user', content: 'Hello' };
    const block = { role: 'user', content: [{ type: 'text', text: 'Hello' }] };
    const marked = { role: 'user', content: [{ type: 'text', text: 'Hello', ...mark }] };
    const hashes = [plain, block, marked].map((one) => messageHashes({ messages: [one] })[0]);
    expect(new Set(hashes).size).to.equal(1);
    const image = { type: 'image', source: { type: 'url', url: 'u' } };
    const orders = [
      image,
      { ...image, ...mark },
      { ...mark, ...image },
      { type: 'image', ...mark, source: image.source },
    ];
    expect(
      new Set(orders.map((one) => messageHashes({ messages: [{ role: 'user', content: [one] }] })[0])).size,
    ).to.equal(1);
    const tool = { name: 'look', input_schema: {} };
    const tools = [tool, { ...tool, ...mark }, { ...mark, ...tool }];
    expect(new Set(tools.map((one) => cut({ tools: [one] }).toolsHash)).size).to.equal(1);
    const pretty = JSON.stringify({ tools: [{ ...tool, ...mark }] }, null, 2).replace(
      /,\s*"cache_control": \{[^}]*\}/,
      '',
    );
    expect(cut(JSON.parse(pretty) as Body).toolsHash).to.equal(cut({ tools: [tool] }).toolsHash);
    const system = [{ type: 'text', text: 'Be kind.' }];
    expect(cut({ system: [{ ...system[0], ...mark }] }).systemHash).to.equal(cut({ system }).systemHash);
  });

  it('differ where anything else does', () => {
    const say = (content: unknown, role = 'user'): number =>
      messageHashes({
        messages: [
          { role: 'user', content: '' },
          { role, content },
        ],
      })[1]!;
    const text = (words: string): object => ({ type: 'text', text: words });
    const big = (end: string): string => 'x'.repeat(100_000) + end;
    const all = [
      say('a'),
      say('b'),
      say('a', 'assistant'),
      say([text('a'), text('')]),
      say([text(''), text('a')]),
      say([text('a'), text('a')]),
      say([{ type: 'image', a: 1 }]),
      say('{"type":"image","a":1}'),
      say(big('a')),
      say(big('b')),
      say(big('aa')),
    ];
    expect(new Set(all).size).to.equal(all.length);
    const call = (name: string, args: string): number =>
      cut({
        messages: [
          { role: 'assistant', tool_calls: [{ id: String(Math.random()), function: { name, arguments: args } }] },
        ],
      }).calls[0]!.hash;
    expect(call('look', '{}')).to.equal(call('look', '{}'));
    expect(new Set([call('look', '{}'), call('loo', 'k{}'), call('look', '{"a":1}')]).size).to.equal(3);
  });

  it('of pieces of the system prompt stay when a block is put behind them', () => {
    const one = pieceHashes({ system: [{ type: 'text', text: 'Be kind.' }] });
    const two = cut({
      system: [
        { type: 'text', text: 'Be kind.' },
        { type: 'text', text: 'Be brief.', ...mark },
      ],
    });
    expect(two.pieces[0]!.hash).to.equal(one[0]);
    expect(two.pieces.map((piece) => piece.mark)).to.eql([null, '5m']);
    expect(cut({ system: 'Be kind.' }).systemHash).to.equal(
      cut({ system: [{ type: 'text', text: 'Be kind.' }] }).systemHash,
    );
  });

  it('of system prompts are of all of their text, however long', () => {
    const long = (middle: string): string =>
      `# Project Context\n## SOUL.md\n${'x'.repeat(100_000)}${middle}${'y'.repeat(100_000)}`;
    const [one, other] = [cut({ system: long('a') }), cut({ system: long('b') })];
    expect(one.systemHash).to.not.equal(other.systemHash);
    expect(cut({ system: long('a') }).systemHash).to.equal(one.systemHash);
    expect(cut({ system: long('äh') }).pieces[1]!.chars).to.equal(200_002);
    const blocks = (...texts: string[]): number =>
      cut({ system: texts.map((text) => ({ type: 'text', text })) }).systemHash!;
    expect(new Set([blocks('ab', 'c'), blocks('a', 'bc'), blocks('abc'), blocks('ab\nc')]).size).to.equal(4);
  });

  it('mean nothing to who does not know the salt', () => {
    const other = new PromptCutter(ownDocuments('other'));
    const body = { system: 'Be kind.', tools: [{ name: 'look' }], messages: GROWING.openai };
    const mine = cut(body);
    const theirs = other.cut(exchangeWith(body))!;
    expect(theirs.pieces.map(({ chars, name }) => [chars, name])).to.eql(
      mine.pieces.map(({ chars, name }) => [chars, name]),
    );
    const shared = [
      ...mine.pieces.map(({ hash }, n) => hash === theirs.pieces[n]!.hash),
      ...mine.messages.map(({ hash }, n) => hash === theirs.messages[n]!.hash),
      mine.systemHash === theirs.systemHash,
      mine.toolsHash === theirs.toolsHash,
      mine.calls[0]!.hash === theirs.calls[0]!.hash,
    ];
    expect(shared).to.not.include(true);
  });

  it('come without any text of the prompt', () => {
    const secret = 'swordfish';
    const body = {
      system: [{ type: 'text', text: `${secret}\n# Project Context\n## SOUL.md\n${secret}` }],
      tools: [{ name: 'look', description: secret, input_schema: { [secret]: 1 } }],
      messages: [
        { role: secret, content: secret },
        {
          role: 'assistant',
          content: [
            { type: secret, text: secret },
            { type: 'tool_use', id: secret, name: 'look', input: { a: secret } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', content: secret },
            { type: 'image', source: secret },
          ],
        },
      ],
    };
    expect(JSON.stringify(cut(body))).to.not.include(secret);
  });
});
