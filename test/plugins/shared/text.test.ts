import { expect } from 'chai';
import { cut, lengthOf, withoutSections } from '../../../plugins/shared/text.ts';

const PROMPT = `Intro
# Tools
use them
## Sandbox
never
### Inside
this neither
## Safety
\`\`\`sh
## Sandbox
\`\`\`
be safe
# Sandbox
another`;

describe('plugins/shared/text', () => {
  it('takes a section out with what is below it, up to the next heading of its level or above', () => {
    expect(withoutSections(PROMPT, ['## Sandbox'])).to.equal(
      PROMPT.replace('## Sandbox\nnever\n### Inside\nthis neither\n', ''),
    );
    expect(withoutSections(PROMPT, ['# Tools'])).to.equal('Intro\n# Sandbox\nanother');
    expect(withoutSections(PROMPT, ['# Sandbox'])).to.equal(PROMPT.replace('\n# Sandbox\nanother', ''));
  });

  it('takes sections out that follow each other, and those that come again', () => {
    expect(withoutSections('## A\n1\n## B\n2\n## A\n3\n## C\n4', ['## A', '## B'])).to.equal('## C\n4');
  });

  it('leaves a text alone that has none of them, and what only looks like a heading', () => {
    for (const text of [
      PROMPT,
      '',
      '## Sandboxes\nx',
      ' ## Sandbox2',
      '~~~\n## Sandbox\n~~~',
      '##Sandbox\nx',
      '````\n```\n## Sandbox\n````',
    ]) {
      expect(withoutSections(text, text === PROMPT ? ['## Nothing'] : ['## Sandbox'])).to.equal(text);
    }
  });

  it('knows a heading with blanks around its words', () => {
    expect(withoutSections('##  Sandbox \r\nx\n## B', ['## Sandbox'])).to.equal('## B');
  });

  it('cuts by characters and says how many are gone, where that saves something', () => {
    expect(cut('😀'.repeat(100), 3)).to.equal('😀😀😀\n[... 97 characters left out]');
    expect(cut('a'.repeat(100), 100)).to.equal('a'.repeat(100));
    expect(cut('a'.repeat(100), 90)).to.equal('a'.repeat(100));
    expect(cut('a'.repeat(100), 0)).to.equal('\n[... 100 characters left out]');
    expect(cut('ü'.repeat(100), 10).isWellFormed()).to.equal(true);
  });

  it('counts a pair of surrogates as one', () => {
    expect([lengthOf('a😀b'), lengthOf('a😀b', 1), lengthOf('')]).to.eql([3, 2, 0]);
  });
});
