import { expect } from 'chai';

import { cut } from '../support/cut.ts';

const OPENINGS = [
  'This session is being continued from a previous conversation that ran out of context. The summary below covers…',
  'Another language model started to solve this problem and produced a summary of its thinking process. You also…',
  'The conversation history before this point was compacted into the following summary:\n\n<summary>\nx\n</summary>',
  '[NOTE] Some previous conversation history with the user has been removed to maintain optimal context…',
  'I spoke to you previously about a number of things.\nI asked you…',
  'The previous message contains a summary that was prepared because a context limit was reached.\nDo not…',
  '<state_snapshot>\n<overall_goal>',
];

const isCompacted = (...contents: unknown[]): boolean =>
  cut({ messages: contents.map((content, n) => ({ role: n % 2 === 0 ? 'user' : 'assistant', content })) }).isCompacted;

describe('a history that was shortened', () => {
  for (const opening of OPENINGS) {
    it(`is told by what its client writes then: ${opening.slice(0, 50)}`, () => {
      expect(isCompacted(opening, 'ok', 'go on')).to.equal(true);
      expect(isCompacted('hello', opening)).to.equal(true);
      expect(
        isCompacted([
          { type: 'text', text: '<system-reminder>' },
          { type: 'text', text: opening },
        ]),
      ).to.equal(true);
      expect(isCompacted(`You said: ${opening}`)).to.equal(false);
      expect(isCompacted(opening.slice(0, 12))).to.equal(false);
    });
  }

  it('is told by OpenCode’s question, where it is all that the first message says', () => {
    expect(isCompacted('What did we do so far?', 'We did it')).to.equal(true);
    expect(isCompacted('Hi', 'Hi', 'What did we do so far?')).to.equal(false);
    expect(isCompacted('What did we do so far? And why?')).to.equal(false);
  });

  it('is told whichever way the client writes its brackets', () => {
    expect(
      cut('{"contents":[{"role":"user","parts":[{"text":"\\u003cstate_snapshot\\u003e x"}]}]}').isCompacted,
    ).to.equal(true);
  });

  it('is none for what stands in a system prompt, or for what a tool gave back', () => {
    const [content] = OPENINGS;
    expect(cut({ system: content, messages: [{ role: 'user', content: 'Hi' }] }).isCompacted).to.equal(false);
    expect(isCompacted('Hi', 'Hi', [{ type: 'tool_result', tool_use_id: 't', content }])).to.equal(false);
    expect(cut({ messages: [{ role: 'tool', content }] }).isCompacted).to.equal(false);
  });
});
