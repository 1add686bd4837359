import { expect } from 'chai';

import { cut } from '../support/cut.ts';

const weightOf = (content: unknown, role = 'user'): number => cut({ messages: [{ role, content }] }).pieces[0]!.weight;
const base64 = (bytes: number): string => Buffer.alloc(bytes, 'Zk3+/x9').toString('base64');
const picture = (data: string): object[] => [
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
];
const pdf = (data: string): object[] => [
  { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } },
];
const paper = (data: string): object[] => [
  { type: 'document', source: { type: 'text', media_type: 'text/plain', data } },
];

describe('what a piece weighs', () => {
  it('is a token for four letters of English, and about one for a character of Chinese', () => {
    expect(weightOf('word'.repeat(100))).to.equal(100);
    expect(weightOf('漢'.repeat(100))).to.equal(100);
    expect(weightOf('é'.repeat(100))).to.be.within(50, 70);
    expect(weightOf([{ type: 'text', text: '漢' }])).to.equal(
      cut('{"messages":[{"role":"user","content":"\\u6f22"}]}').pieces[0]!.weight,
    );
  });

  it('is the same for the system prompt, which is decoded', () => {
    for (const text of ['word'.repeat(100), '漢'.repeat(100), 'é'])
      expect(cut({ system: text }).pieces[0]!.weight, text).to.equal(weightOf(text));
  });

  it('is more for JSON than for a text as long', () => {
    const text = 'x'.repeat(1000);
    const tool = cut({ tools: [{ name: 'a', description: text }] }).pieces[0]!;
    expect(tool.weight / tool.chars).to.be.above(weightOf(text) / 1000);
  });

  it('of a picture does not go by its bytes, but within bounds; nor does that of packed pages', () => {
    expect(weightOf(picture(base64(3_000)))).to.equal(100);
    expect(weightOf(picture(base64(300_000)))).to.be.within(700, 900);
    expect(weightOf(picture(base64(2_000_000)))).to.equal(1600);
    expect(weightOf([{ type: 'image_url', image_url: { url: 'https://a/b' } }])).to.equal(800);
    expect(weightOf(pdf(base64(500_000)))).to.be.within(12_000, 17_000);
    expect(weightOf(paper('some words '.repeat(1000)))).to.be.within(3000, 4000);
  });

  it('of thoughts that only the provider reads goes by their length', () => {
    const sealed = base64(4000);
    const think = (thinking: string): number =>
      weightOf([{ type: 'thinking', thinking, signature: sealed }], 'assistant');
    expect(think('')).to.be.within(900, 1100);
    expect(think('word'.repeat(10))).to.equal(10);
    expect(
      cut({ input: [{ type: 'reasoning', summary: [], encrypted_content: sealed }] }).pieces[0]!.weight,
    ).to.be.within(900, 1100);
  });
});
