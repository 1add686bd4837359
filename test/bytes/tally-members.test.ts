import { expect } from 'chai';
import { tallyMembers } from '../../src/bytes/tally-members.ts';

const tally = (text: string) => Object.fromEntries(tallyMembers(Buffer.from(text), 'role'));

describe('tallyMembers', () => {
  for (const [text, counts] of [
    ['[]', {}],
    ['[{"role":"user"},{"role" : "user"},{"role":"assistant"}]', { user: 2, assistant: 1 }],
    ['[{"content":"\\"role\\":\\"user\\""},{"role":"tool"}]', { tool: 1 }],
    ['[{"role":null},{"role":3},{"role":["user"]}]', {}],
    [`[{"role":"${'x'.repeat(40)}"},{"role":"user"}]`, { other: 1, user: 1 }],
    ['[{"role":"cut', {}],
    ['{"a":{"role":"user","b":{"role":"system"}}}', { user: 1, system: 1 }],
  ] as const) {
    it(`counts ${JSON.stringify(counts)} in ${text.slice(0, 50)}`, () => expect(tally(text)).to.deep.equal(counts));
  }
});
