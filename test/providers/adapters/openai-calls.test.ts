import { expect } from 'chai';
import openaiChat from '../../../providers/adapters/openai-chat.ts';
import { CHAT, chunk, finish, hello, JSON_CHAT } from '../../support/chat-chunks.ts';
import { meterOf, read, readEveryWay, stream } from '../../support/metering.ts';

const called = (name: unknown, args = '{}') => ({ type: 'function', function: { name, arguments: args } });
const deltas = (...list: object[]) =>
  readEveryWay(openaiChat, CHAT, stream(...list.map((delta) => chunk(delta)), finish, '[DONE]')).toolCalls;
const inStream = (...calls: object[]) => deltas(...calls.map((call) => ({ tool_calls: [call] })));
const inJson = (...tool_calls: unknown[]) =>
  readEveryWay(
    openaiChat,
    JSON_CHAT,
    Buffer.from(JSON.stringify({ choices: [{ message: { tool_calls }, finish_reason: 'tool_calls' }] })),
  ).toolCalls;

describe('the tools that an answer of Chat Completions calls', () => {
  it('are none where it only talks of them', () => {
    const text = 'Use "tool_calls": [{"function": {"name": "f"}}] or function_call';
    expect(deltas(hello, { content: text }, { content: null, reasoning_content: text })).to.equal(null);
    expect(inJson()).to.equal(null);
  });

  it('are named in the first delta of a call, behind text or before it', () => {
    const first = { index: 0, id: 'c1', ...called('f', '') };
    const rest = ['{"name":', '"g"', '}'].map((args) => ({ index: 0, function: { arguments: args } }));
    expect(inStream(first, ...rest)).to.eql({ f: 1 });
    expect(deltas({ content: 'I look.' }, { content: ' Well', tool_calls: [first] }, { content: 'So' })).to.eql({
      f: 1,
    });
  });

  it('count as often as they are called, side by side and in one delta', () => {
    const calls = [0, 1, 2].map((index) => ({ index, id: `c${index}`, ...called(index === 1 ? 'g' : 'f') }));
    expect(inStream(...calls)).to.eql({ f: 2, g: 1 });
    expect(deltas({ content: 'x' }, { tool_calls: calls })).to.eql({ f: 2, g: 1 });
    expect(inJson(...calls)).to.eql({ f: 2, g: 1 });
  });

  it('count once where a server names them with every delta', () => {
    const again = (args: string) => ({ index: 0, id: 'c1', ...called('f', args) });
    expect(inStream(again('{"a"'), again(':1'), again('}'))).to.eql({ f: 1 });
    const withoutId = (index: number, args: string) => ({ index, ...called('f', args) });
    expect(inStream(withoutId(0, '{'), withoutId(0, '}'), withoutId(1, '{}'))).to.eql({ f: 2 });
  });

  it('are two where both have the same place and other ids, as Gemini wrote them', () => {
    const at0 = (id: string) => ({ index: 0, id, ...called('f') });
    expect(inStream(at0('a'), at0('b'))).to.eql({ f: 2 });
  });

  it('are whole calls where they have neither id nor place', () => {
    expect(inStream(called('f'), called('f'))).to.eql({ f: 2 });
    expect(inJson(called('f'), called('f'))).to.eql({ f: 2 });
  });

  it('count in each of several choices', () => {
    const at = (index: number) => chunk({ tool_calls: [{ index: 0, ...called('f') }] }, {}, { index });
    const ended = [0, 1].map((index) => chunk({}, {}, { index, finish_reason: 'tool_calls' }));
    const { toolCalls } = readEveryWay(openaiChat, CHAT, stream(hello, at(0), at(1), ...ended, '[DONE]'));
    expect(toolCalls).to.eql({ f: 2 });
  });

  it('may be functions of old, or tools that take plain text', () => {
    const old = { function_call: { name: 'f', arguments: '' } };
    expect(deltas(hello, old, { function_call: { arguments: '{}' } })).to.eql({ f: 1 });
    const custom = { index: 0, id: 'c', type: 'custom', custom: { name: 'shell', input: 'ls' } };
    expect(inStream(custom)).to.eql({ shell: 1 });
    expect(inJson(custom)).to.eql({ shell: 1 });
  });

  it('have names of 128 characters at most, and 64 of them', () => {
    const name = `${'n'.repeat(127)}🦊`;
    expect(inJson(called(name))).to.eql({ [`${'n'.repeat(127)}\uFFFD`]: 1 });
    expect(inJson(called('a\0b'))).to.eql({ 'a\uFFFDb': 1 });
    const many = Array.from({ length: 100 }, (_, n) => called(`f${n}`));
    const bytes = Buffer.from(JSON.stringify({ choices: [{ message: { tool_calls: [...many, called('f0')] } }] }));
    const { toolCalls } = read(openaiChat, JSON_CHAT, [bytes]);
    expect([Object.keys(toolCalls!).length, toolCalls!.f0]).to.eql([64, 2]);
    expect(Object.entries(inJson(called('__proto__'), called('toString'))!)).to.eql([
      ['__proto__', 1],
      ['toString', 1],
    ]);
  });

  it('are no names of another kind, and nothing breaks', () => {
    const odd = [null, 7, 'f', [], {}, { function: null }, { function: 'f' }, { function: { name: 7 } }, called('')];
    expect(inJson(...odd, called('f'))).to.eql({ f: 1 });
    const { toolCalls, inconsistencies } = readEveryWay(
      openaiChat,
      CHAT,
      stream(hello, ...odd.map((call) => chunk({ tool_calls: [call] })), chunk({ tool_calls: 'f' }), finish, '[DONE]'),
    );
    expect([toolCalls, inconsistencies]).to.eql([null, []]);
  });

  it('are so many, and not more: what a server makes up without end takes no memory', () => {
    const meter = meterOf(openaiChat, CHAT);
    for (let n = 0; n < 3000; n++) meter.push(stream(chunk({ tool_calls: [{ index: n, ...called('f') }] })));
    expect(meter.end(true).toolCalls).to.eql({ f: 1000 });
  });
});
