import { expect } from 'chai';
import type { CutPrompt, PastCall } from '../../src/pipeline/prompt.ts';
import { repeatsOf } from '../../src/sessions/loops.ts';
import { promptOf, type Said } from './talk.ts';

/** `a:read 1` calls the tool `read` with 1; two calls of one message have a comma between them. */
function prompt(...said: Said[]): CutPrompt {
  const calls = said.flatMap((one, message): PastCall[] =>
    one.startsWith('a:') && one !== 'a:'
      ? one
          .slice(2)
          .split(', ')
          .map((call) => ({
            name: call.split(' ')[0]!,
            hash: [...call].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7),
            message,
          }))
      : [],
  );
  return promptOf(said, { calls });
}

describe('repeated calls of a tool', () => {
  it('are counted by name and arguments, since the user spoke last', () => {
    const before: Said[] = ['u:go', 'a:read x', 't:1', 'a:read x', 't:1', 'u:now this'];
    const cut = prompt(...before, 'a:read x', 't:1', 'a:read y', 't:2', 'a:read x', 't:1', 'a:read x', 't:1');
    expect(repeatsOf(cut)).to.eql({ name: 'read', times: 3 });
  });

  it('are found in turn with others, and together in one message', () => {
    expect(repeatsOf(prompt('u:go', 'a:ls', 't:1', 'a:cat', 't:2', 'a:ls', 't:1', 'a:cat', 't:2'))).to.eql({
      name: 'cat',
      times: 2,
    });
    expect(repeatsOf(prompt('u:go', 'a:ls, ls, ls', 't:1'))).to.eql({ name: 'ls', times: 3 });
  });

  it('are one where each call is another', () => {
    expect(repeatsOf(prompt('u:go', 'a:read 1', 't:1', 'a:read 2', 't:2'))).to.eql({ name: 'read', times: 1 });
  });

  it('are none where nothing was called since', () => {
    expect(repeatsOf(prompt('u:go', 'a:read 1', 't:1', 'a:', 'u:thanks'))).to.equal(null);
    expect(repeatsOf(prompt('u:go'))).to.equal(null);
  });

  it('go on over words that a program puts beside a result', () => {
    const cut = prompt('u:go', 'a:ls', 't:1', 'a:ls', 't:1', 'a:ls', 't:1');
    for (const order of [0, 1]) {
      const reminder = { ...cut.pieces[0]!, message: 4 };
      const at = cut.pieces.findIndex(({ message }) => message === 4) + order;
      const pieces = [...cut.pieces.slice(0, at), reminder, ...cut.pieces.slice(at)];
      expect(repeatsOf({ ...cut, pieces })).to.eql({ name: 'ls', times: 3 });
    }
  });

  it('count from the first call where the user never spoke', () => {
    expect(repeatsOf(prompt('a:ls', 't:1', 'a:ls', 't:1'))).to.eql({ name: 'ls', times: 2 });
  });
});
