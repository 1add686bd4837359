import { expect } from 'chai';

import type { CutPrompt } from '../../src/pipeline/prompt.ts';
import type { ComponentSpec } from '../../src/plugin.ts';
import { charsOf, cut, cutter, exchangeWith, length, lines } from '../support/cut.ts';

const FILES = [
  'AGENTS.md',
  'SOUL.md',
  'TOOLS.md',
  'IDENTITY.md',
  'USER.md',
  'HEARTBEAT.md',
  'BOOTSTRAP.md',
  'MEMORY.md',
];

/** A text in the system prompt of every API. */
const DIALECTS: Readonly<Record<string, (text: string) => object>> = {
  'Anthropic, as a text': (system) => ({ system }),
  'Anthropic, in blocks': (text) => ({ system: blocks(text).map((part) => ({ type: 'text', text: part })) }),
  'OpenAI chat': (content) => ({ messages: [{ role: 'system', content }] }),
  'OpenAI chat, in parts, by a developer': (text) => ({
    messages: [{ role: 'developer', content: blocks(text).map((part) => ({ type: 'text', text: part })) }],
  }),
  'OpenAI chat, in messages': (text) => ({ messages: blocks(text).map((content) => ({ role: 'system', content })) }),
  'OpenAI responses': (instructions) => ({ instructions, input: 'Hello' }),
  'OpenAI responses, in items': (content) => ({
    input: [
      { role: 'developer', content },
      { role: 'user', content: 'Hello' },
    ],
  }),
  Gemini: (text) => ({ systemInstruction: { parts: blocks(text).map((part) => ({ text: part })) } }),
  Bedrock: (text) => ({ system: blocks(text).map((part) => ({ text: part })) }),
  Ollama: (content) => ({
    messages: [
      { role: 'system', content },
      { role: 'user', content: 'Hello', images: [] },
    ],
  }),
};

/** Lines put together in two blocks: what lies between blocks is a line feed. */
function blocks(text: string): string[] {
  const all = text.split('\n');
  return [all.slice(0, 3).join('\n'), all.slice(3).join('\n')];
}

/** Characters of each part of the system prompt; stretches of one name together. */
function parts({ pieces }: CutPrompt): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kind, name, chars, message } of pieces) {
    if (message !== -1) continue;
    const key = name === '' ? kind : `${kind} ${name}`;
    sums[key] = (sums[key] ?? 0) + chars;
  }
  return sums;
}

const withComponents = (text: string, ...specs: ComponentSpec[]): Record<string, number> =>
  parts(cut({ system: text }, cutter.components(specs)));

describe('a system prompt', () => {
  const agents = `${'ä'.repeat(99)}\n`;
  const soul = `${'s'.repeat(49)}\n`;
  const memory = `${'m'.repeat(29)}\n`;
  const skills = '## Skills (mandatory)\nOne or two\n';
  const text = `You are an agent.\n${skills}## More\n# Project Context\n## AGENTS.md\n${agents}## SOUL.md\n\n${soul}## MEMORY.md\n${memory}## Runtime\nhost=a\n`;

  for (const [dialect, make] of Object.entries(DIALECTS)) {
    it(`of ${dialect} shows exact characters of files and skills; the base is the rest`, () => {
      const prompt = cut(make(text));
      expect(parts(prompt)).to.eql({
        system: length(text) - 100 - 50 - 30 - length(skills),
        skills: length(skills),
        'file AGENTS.md': 100,
        'file SOUL.md': 50,
        'file MEMORY.md': 30,
      });
      expect(charsOf(prompt.pieces, 'system', 'file', 'skills')).to.equal(length(text));
    });
  }

  it('knows the files of the predecessor, and MEMORY.md, in any order, and each by its first heading', () => {
    const order = [...FILES].reverse();
    const all = `# Project Context\n${order.map((name, n) => `## ${name}\n${'x'.repeat(n + 1)}\n`).join('')}## SOUL.md\nonce more\n`;
    const sums = parts(cut({ system: all }));
    order.forEach((name, n) => {
      const more = name === 'AGENTS.md' ? '## SOUL.md\nonce more\n'.length : 0;
      expect(sums[`file ${name}`], name).to.equal(n + 2 + more);
    });
  });

  it('ends files at other files and at three headings, not at their own', () => {
    const body = '## Steps\n# Top\n### USER.md\n ## SOUL.md\nSOUL.md\n';
    for (const end of ['## Silent Replies', '## Heartbeats and more', '## Runtime', '## SOUL.md\n'])
      expect(parts(cut({ system: `# Project Context\n## AGENTS.md\n${body}${end}` }))['file AGENTS.md'], end).to.equal(
        body.length,
      );
    expect(parts(cut({ system: `# Project Context\n## AGENTS.md\n${body}## Runtimes` }))['file AGENTS.md']).to.equal(
      body.length + '## Runtimes'.length,
    );
  });

  it('is all base without the heading of the project, or before it', () => {
    expect(lines(cut({ system: '## AGENTS.md\nabc' }))).to.eql(['system  16']);
    expect(lines(cut({ system: 'a # Project Context\n## AGENTS.md\nabc' }))).to.eql(['system  36']);
    expect(lines(cut({ system: '## AGENTS.md\nabc\n# Project Contexts\n## SOUL.md\nabc' }))).to.have.length(1);
    expect(lines(cut({ system: '## AGENTS.md\nabc\n# Project Context, so\n## SOUL.md\nabc' }))).to.eql([
      'system  50',
      'file SOUL.md 3',
    ]);
  });

  it('has skills up to the next heading of their level; in a file they are taken out of it', () => {
    const inFile = '# Project Context\n## USER.md\nabc\n## Skills (mandatory)\nx\n### y\n## After\nz';
    expect(lines(cut({ system: inFile }))).to.eql(['system  29', 'file USER.md 4', 'skills  30', 'file USER.md 10']);
    expect(lines(cut({ system: '## Skills (mandatory)' }))).to.eql(['system  21']);
    expect(parts(cut({ system: '## Skills (mandatory)\n' }))).to.eql({ skills: 22 });
  });

  it('is cut where its blocks end, and marks stay with the end of theirs', () => {
    const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    const prompt = cut({
      system: [
        { type: 'text', text: '# Project Context\n## SOUL.md\nab' },
        { type: 'text', text: 'cd', ...mark },
        { type: 'text', text: '', ...mark },
        { type: 'text', text: '## Runtime' },
      ],
    });
    expect(lines(prompt)).to.eql([
      'system  29',
      'file SOUL.md 3',
      'file SOUL.md 3 @1h',
      'file SOUL.md 1 @1h',
      'system  10',
    ]);
    const last = cut({
      system: [
        { type: 'text', text: 'ab' },
        { type: 'text', text: '', ...mark },
      ],
    });
    expect(lines(last)).to.eql(['system  3 @1h']);
    const moved = cut({
      system: [
        { type: 'text', text: '# Project Context\n## SOUL.md\nab', ...mark },
        { type: 'text', text: 'cd' },
        { type: 'text', text: '' },
        { type: 'text', text: '## Runtime' },
      ],
    });
    expect(lines(moved)[1]).to.equal('file SOUL.md 3 @1h');
    expect(moved.pieces.map(({ hash }) => hash)).to.eql(prompt.pieces.map(({ hash }) => hash));
  });

  describe('with components of the operator', () => {
    const policy =
      'Intro\n## POLICY\nBe kind.\n### Rule\n```\n# no heading\n```\n## Else\n<rules a="1">x<rules>y</rules></rules>z<rules/>\n';

    it('has what a heading begins, with its subsections', () => {
      const section = '## POLICY\nBe kind.\n### Rule\n```\n# no heading\n```\n';
      for (const heading of ['## POLICY', 'POLICY', '## POLICY ##'])
        expect(withComponents(policy, { name: 'policy', heading }), heading).to.eql({
          system: length(policy) - length(section),
          'component policy': length(section),
        });
      expect(withComponents(policy, { name: 'policy', heading: '# POLICY' })).to.eql({ system: length(policy) });
      expect(withComponents('# A\n1\n# B\n2\n# A\n3', { name: 'a', heading: 'A' })).to.eql({
        'component a': 11,
        system: 6,
      });
    });

    it('has what a tag encloses, what a pattern matches everywhere, and what lies between two texts', () => {
      expect(withComponents(policy, { name: 'rules', tag: 'rules' })['component rules']).to.equal(
        '<rules a="1">x<rules>y</rules></rules><rules/>'.length,
      );
      expect(withComponents('a1b22c', { name: 'digits', pattern: '[0-9]+' })).to.eql({
        system: 3,
        'component digits': 3,
      });
      expect(withComponents('a1b22c', { name: 'all', pattern: '[0-9]*' })).to.eql({ system: 3, 'component all': 3 });
      expect(withComponents('aXbYcXd', { name: 'one', from: 'X', to: 'Y' })).to.eql({ system: 5, 'component one': 2 });
      expect(withComponents('aXbcXd', { name: 'one', from: 'X', to: 'Y' })).to.eql({ system: 1, 'component one': 5 });
      expect(withComponents('aXbc', { name: 'one', from: 'X' })).to.eql({ system: 1, 'component one': 3 });
      expect(withComponents('abc', { name: 'one', from: 'X' })).to.eql({ system: 3 });
    });

    it('gives overlaps to the one that is named first, and takes them out of files', () => {
      const first = { name: 'first', pattern: 'bc' };
      const second = { name: 'second', pattern: 'abcd' };
      expect(lines(cut({ system: 'xabcdx' }, cutter.components([first, second])))).to.eql([
        'system  1',
        'component second 1',
        'component first 2',
        'component second 1',
        'system  1',
      ]);
      expect(withComponents('# Project Context\n## USER.md\nabcd', first)).to.eql({
        system: 29,
        'file USER.md': 2,
        'component first': 2,
      });
    });

    it('is the same in every API, blocks and all', () => {
      for (const [dialect, make] of Object.entries(DIALECTS)) {
        const sums = parts(cut(make(text), cutter.components([{ name: 'mine', from: 'One', to: 'host' }])));
        expect(sums['component mine'], dialect).to.equal(text.indexOf('host') - text.indexOf('One'));
        expect(
          Object.values(sums).reduce((sum, one) => sum + one, 0),
          dialect,
        ).to.equal(length(text));
      }
    });

    it('costs nothing twice, with components or without', () => {
      const mine = cutter.components([{ name: 'b', pattern: 'b' }]);
      const bare = cut({ system: 'abc' });
      const own = cut({ system: 'abc' }, mine);
      expect([lines(bare), lines(own)]).to.eql([['system  3'], ['system  1', 'component b 1', 'system  1']]);
      expect(cut({ system: 'abc' }).pieces[0], 'of another request').to.equal(bare.pieces[0]);
      expect(cut({ system: 'abc' }, mine).pieces[1]).to.equal(own.pieces[1]);
      expect(own.systemHash).to.equal(bare.systemHash);
      const exchange = exchangeWith({ system: 'abc' });
      const other = cutter.components([{ name: 'c', pattern: 'c' }]);
      for (const [components, name] of [
        [mine, 'b'],
        [other, 'c'],
        [mine, 'b'],
      ] as const)
        expect(
          cutter
            .cut(exchange, components)!
            .pieces.map((piece) => piece.name)
            .join(''),
        ).to.equal(name);
      expect(cutter.cut(exchange, mine)).to.equal(cutter.cut(exchange, mine));
    });
  });

  it('in a thousand stretches and more is put together by name', () => {
    const prompt = cut({ system: 'ab'.repeat(3000) }, cutter.components([{ name: 'b', pattern: 'b' }]));
    expect(prompt.pieces).to.have.length(1002);
    expect(parts(prompt)).to.eql({ system: 3000, 'component b': 3000 });
  });
});
