import { expect } from 'chai';

import type { CutPrompt } from '../../src/pipeline/prompt.ts';
import { charsOf, cut, cutter, exchangeWith, length, lines } from '../support/cut.ts';

const tried = (text: string | Buffer): CutPrompt | null => cutter.cut(exchangeWith(text));
const deep = (levels: number, value: string): string => '['.repeat(levels) + value + ']'.repeat(levels);

describe('a prompt that is none, or too much of one', () => {
  const WHOLE = JSON.stringify({
    system: [{ type: 'text', text: 'Be “kind”.\n', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    tools: [{ name: 'look', input_schema: { a: [1, { b: null }] } }, { functionDeclarations: [{ name: 'go' }] }],
    toolConfig: { tools: [{ cachePoint: {} }] },
    messages: [
      { role: 'user', content: [{ type: 'text', text: '\ud83d\\u0041\u0000' }, { cachePoint: { type: 'default' } }] },
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f', arguments: '{}' } }], images: ['a'] },
      { role: 'user', content: [{ type: 'tool_result', content: [{ toolResult: { content: [{ text: 'x' }] } }] }] },
    ],
    text: { format: { type: 'json_schema', schema: {} } },
  });

  it('is cut off anywhere, or has any byte changed, and never throws', () => {
    const bytes = Buffer.from(WHOLE);
    for (let at = 0; at < bytes.length; at++) {
      tried(bytes.subarray(0, at));
      for (const byte of [0, 34, 44, 58, 92, 93, 123, 125, 0xff]) {
        const broken = Buffer.from(bytes);
        broken[at] = byte;
        tried(broken);
      }
    }
    expect(tried(WHOLE)!.pieces).to.have.length(8);
  });

  it('has members that are not what they should be', () => {
    for (const odd of [
      5,
      true,
      null,
      '',
      'x',
      {},
      { a: 1 },
      [],
      [[]],
      [[[]]],
      [null, 5, 'x', {}, { role: 5, content: 7 }],
    ]) {
      for (const name of [
        'messages',
        'tools',
        'system',
        'input',
        'contents',
        'prompt',
        'text',
        'response_format',
        'toolConfig',
        'systemInstruction',
        'functions',
        'cache_control',
      ]) {
        const prompt = tried(JSON.stringify({ [name]: odd, model: 'm' }));
        expect(
          prompt === null || Number.isFinite(charsOf(prompt.pieces, 'tool', 'new')),
          `${name} ${JSON.stringify(odd)}`,
        ).to.equal(true);
      }
    }
    expect(lines(cut({ tools: {}, messages: 5 }))).to.eql(['tool  2']);
    expect(tried('{"messages":5}')).to.equal(null);
    expect(lines(cut({ tools: [], messages: [{ role: 'user' }] }))).to.eql([`new user ${'{"role":"user"}'.length}`]);
  });

  it('has members twice, of which the last counts, as in JSON.parse', () => {
    expect(
      lines(cut('{"messages":[{"role":"user","content":"abc"}],"messages":[{"role":"user","content":"ab"}]}')),
    ).to.eql(['new user 2']);
    expect(lines(cut('{"system":"abc","syst\\u0065m":"ab"}'))).to.eql(['system  2']);
    const twice =
      '{"messages":[{"content":"abc","role":"assistant","content":[{"type":"text","text":"x","text":"ab"}],"role":"user"}]}';
    expect(lines(cut(twice))).to.eql(['new user 2']);
    const between =
      '{"messages":[{"role":"assistant","content":"abc","tool_calls":[{"function":{"name":"f","arguments":""}}],"content":"ab"}]}';
    expect(lines(cut(between)).map((line) => line.slice(0, 19))).to.eql(['history assistant 4', 'history assistant 2']);
    const names = '{"messages":[{"role":"user","content":[{"type":"image","type":"text","text":"ab"}]}]}';
    expect(lines(cut(names))).to.eql(['new user 2']);
  });

  it('counts characters as they are meant: escapes, pairs, halves of pairs', () => {
    for (const text of [
      '\\ud83d\\ude00',
      '\\ude00\\ud83d',
      '\\ud83d',
      '\\ud83d\\n\\ude00',
      '\\\\ud83d',
      '\\u00e9é',
      '\\"\\/\\b',
      '😀\\uD83D\\uDE00',
    ]) {
      const decoded = JSON.parse(`"${text}"`) as string;
      expect(lines(cut(`{"messages":[{"role":"user","content":"${text}"}]}`)), text).to.eql([
        `new user ${length(decoded)}`,
      ]);
      expect(lines(cut(`{"system":"${text}"}`)), text).to.eql([`system  ${length(decoded)}`]);
    }
  });

  it('is nested to two hundred levels, in time that its length asks for', () => {
    const inside = deep(190, '"x"');
    expect(lines(cut(`{"tools":[{"name":"a","b":${inside}}]}`))).to.eql([`tool a ${inside.length + 19}`]);
    let result = '"x"';
    for (let level = 0; level < 60; level++) result = `[{"type":"tool_result","content":${result}}]`;
    const begun = performance.now();
    const prompt = cut(`{"messages":[{"role":"user","content":${result}}]}`);
    expect(performance.now() - begun).to.be.below(200);
    expect([prompt.pieces.length, prompt.toolResults]).to.eql([1, 1]);
  });

  it('of very many messages keeps two thousand apart, and loses nothing', () => {
    const many = (count: number, last: object[]): CutPrompt =>
      cut({
        messages: [
          ...Array.from({ length: count }, (_, n) => ({ role: n % 2 === 0 ? 'user' : 'assistant', content: 'four' })),
          ...last,
        ],
      });
    const prompt = many(100_000, [
      { role: 'tool', content: 'seen' },
      { role: 'user', content: 'and?' },
    ]);
    expect(prompt.messages).to.have.length(2000);
    expect(prompt.pieces.length).to.be.below(2010);
    expect(charsOf(prompt.pieces, 'history')).to.equal(400_000);
    expect(lines(prompt).filter((line) => line.startsWith('new'))).to.eql(['new tool_results 4', 'new user 4']);
    expect(Math.max(...prompt.pieces.map(({ message }) => message))).to.equal(1999);
    const longer = many(100_002, []);
    expect(longer.messages[1998]).to.eql(prompt.messages[1998]);
    expect(longer.messages[1999]).to.not.eql(prompt.messages[1999]);
    expect(charsOf(longer.pieces, 'new')).to.equal(0);
  });

  it('of very many blocks, tools and calls stays small', () => {
    const block = { type: 'text', text: 'four' };
    const blocks = cut({ messages: [{ role: 'user', content: Array.from({ length: 50_000 }, () => block) }] });
    expect(blocks.pieces.length).to.be.at.most(1000);
    expect(charsOf(blocks.pieces, 'new')).to.be.above(50_000 * 4);
    const tools = Array.from({ length: 2000 }, (_, n) => ({ name: `t${n}` }));
    const prompt = cut({ tools });
    expect([prompt.pieces.length, prompt.tools.length]).to.eql([512, 512]);
    expect(charsOf(prompt.pieces, 'tool')).to.equal(JSON.stringify(tools).length);
    const calls = Array.from({ length: 9000 }, (_, n) => ({
      role: 'assistant',
      content: [{ type: 'tool_use', name: `t${n}`, input: {} }],
    }));
    const past = cut({ messages: calls }).calls;
    expect(past.length).to.be.within(2000, 4000);
    expect(past.at(-1)!.name).to.equal('t8999');
  });

  it('of twenty megabytes is looked at up to four, and not put together for it', () => {
    const picture = 'A'.repeat(20 * 1024 * 1024);
    const exchange = exchangeWith({
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: picture } }] },
        { role: 'user', content: 'Bye' },
      ],
    });
    const begun = performance.now();
    const prompt = cutter.cut(exchange)!;
    expect(performance.now() - begun).to.be.below(200);
    expect(prompt.isWhole).to.equal(false);
    expect(lines(prompt)[0]).to.equal('new user 5');
    expect(prompt.images).to.equal(1);
    expect(prompt.pieces[1]!.chars).to.be.within(4_000_000, 4 * 1024 * 1024);
    expect(prompt.pieces[1]!.weight).to.be.below(2000);
  });

  it('has names that fit into a database and onto a page', () => {
    const names = ['a\u0000b', '\ud83d', 'x'.repeat(500), 'tab\there', '<script>', ''];
    const prompt = cut({ tools: names.map((name) => ({ name })) });
    expect(prompt.tools).to.eql(['a b', '\ufffd', 'x'.repeat(128), 'tab here', '<script>', '']);
    expect(JSON.parse(JSON.stringify(prompt))).to.eql(prompt);
  });
});
