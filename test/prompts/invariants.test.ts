import { expect } from 'chai';

import type { CutPrompt } from '../../src/pipeline/prompt.ts';
import { charsOf, cutter, exchangeWith, jsonLength, length } from '../support/cut.ts';

type Random = (below: number) => number;

/** The same numbers for the same seed: a failure can be seen again. */
function random(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ODD = [
  '',
  'a',
  '"',
  '\\',
  '\n',
  '\u0000',
  'é',
  '漢字',
  '😀',
  '\ud83d',
  '\ude00',
  '\\u0041',
  '<b>',
  '\u2028',
  ' '.repeat(9),
  'word '.repeat(40),
];

const textOf = (next: Random): string => Array.from({ length: next(8) }, () => ODD[next(ODD.length)]).join('');
const pick = <T>(next: Random, list: readonly T[]): T => list[next(list.length)]!;
const many = <T>(next: Random, most: number, make: () => T): T[] => Array.from({ length: next(most) }, make);

/** Says the same as JSON.stringify, with escapes and space as some encoders write them. */
function written(value: unknown, next: Random): string {
  if (next(2) === 0) return JSON.stringify(value);
  const text = JSON.stringify(value, null, next(2) === 0 ? 2 : 0);
  return text.replaceAll(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

interface Made {
  body: Record<string, unknown>;
  /** Characters that must be there: of the JSON that was written, where they are null. */
  system: string[];
  said: number;
}

const anthropic = (next: Random): Made => {
  const text = (): { type: string; text: string } => ({ type: 'text', text: textOf(next) });
  const use = (): object => ({ type: 'tool_use', id: 'i', name: textOf(next), input: { [textOf(next)]: next(9) } });
  const system = many(next, 4, text);
  const messages = many(next, 9, () => ({
    role: pick(next, ['user', 'assistant']),
    content: next(3) === 0 ? textOf(next) : many(next, 5, () => pick(next, [text, use])()),
  }));
  const said = messages.flatMap(({ content }) =>
    typeof content === 'string' ? [length(content)] : content.map(saidIn),
  );
  return {
    body: { system, messages, tools: many(next, 5, () => ({ name: textOf(next), input_schema: { d: textOf(next) } })) },
    system: system.map((block) => block.text),
    said: sum(said),
  };
};

const openai = (next: Random): Made => {
  const system = many(next, 3, () => textOf(next));
  const call = (): object => ({ id: 'c', type: 'function', function: { name: 'f', arguments: textOf(next) } });
  const rest = many(next, 9, () =>
    pick(next, [
      () => ({ role: 'user', content: textOf(next) }),
      () => ({ role: 'assistant', content: null, tool_calls: many(next, 4, call) }),
      () => ({ role: 'tool', tool_call_id: 'c', content: textOf(next) }),
      () => ({ role: 'user', content: [{ type: 'text', text: textOf(next) }] }),
    ])(),
  );
  const said = rest.flatMap((message) => [
    ...('tool_calls' in message ? message.tool_calls.map(jsonLength) : []),
    ...(typeof message.content === 'string' ? [length(message.content)] : (message.content ?? []).map(saidIn)),
  ]);
  return {
    body: {
      messages: [...system.map((content) => ({ role: 'system', content })), { role: 'user', content: '' }, ...rest],
      tools: many(next, 4, () => ({ type: 'function', function: { name: 'f', x: textOf(next) } })),
    },
    system,
    said: sum(said),
  };
};

const gemini = (next: Random): Made => {
  const part = (): { text: string } => ({ text: textOf(next) });
  const call = (): object => ({ functionCall: { name: 'f', args: { a: textOf(next) } } });
  const parts = many(next, 4, part);
  const contents = many(next, 9, () => ({
    role: pick(next, ['user', 'model']),
    parts: many(next, 4, () => pick(next, [part, call])()),
  }));
  const declared = (): object => ({
    functionDeclarations: many(next, 4, () => ({ name: 'f', description: textOf(next) })),
  });
  return {
    body: { contents, systemInstruction: { parts }, tools: many(next, 4, declared) },
    system: parts.map(({ text }) => text),
    said: sum(contents.flatMap((one) => one.parts.map(saidIn))),
  };
};

const bedrock = (next: Random): Made => {
  const part = (): { text: string } => ({ text: textOf(next) });
  const use = (): object => ({ toolUse: { toolUseId: 'i', name: 'f', input: { a: textOf(next) } } });
  const system = many(next, 4, part);
  const messages = many(next, 9, () => ({
    role: pick(next, ['user', 'assistant']),
    content: many(next, 4, () => pick(next, [part, use])()),
  }));
  return {
    body: {
      messages,
      system,
      tools: undefined,
      toolConfig: { tools: many(next, 4, () => ({ toolSpec: { name: 'f', d: textOf(next) } })) },
    },
    system: system.map(({ text }) => text),
    said: sum(messages.flatMap((one) => one.content.map(saidIn))),
  };
};

const saidIn = (part: object): number => ('text' in part ? length(part.text as string) : jsonLength(part));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The body as its members would be in any order, each written anyhow; and the characters of the tools as they were written. */
function bodyOf(made: Made, next: Random): { text: string; tools: number } {
  const members = Object.entries(made.body).filter(([, value]) => value !== undefined);
  const parts = members.map(([name, value]) => [
    name,
    name === 'tools' || name === 'system' ? written(value, next) : JSON.stringify(value),
  ]);
  if (next(2) === 0) parts.reverse();
  const tools = made.body.tools ?? (made.body.toolConfig as { tools: unknown[] } | undefined)?.tools;
  const saidTools = parts.find(([name]) => name === 'tools')?.[1] ?? JSON.stringify(tools);
  return {
    text: `{${parts.map(([name, value]) => `"${name}":${value}`).join(',')}}`,
    tools: (tools as unknown[]).length === 0 ? 0 : length(saidTools),
  };
}

const DIALECTS = { anthropic, openai, gemini, bedrock };

describe('the pieces of a prompt', () => {
  for (const [dialect, make] of Object.entries(DIALECTS)) {
    it(`of ${dialect} sum to what its parts are made of, however it is written`, () => {
      for (let seed = 1; seed <= 300; seed++) {
        const next = random(seed);
        const made = make(next);
        made.body.model = 'm';
        const { text, tools } = bodyOf(made, next);
        const prompt = cutOrNone(text);
        const hint = `seed ${seed}: ${text}`;
        expect(charsOf(prompt.pieces, 'tool'), hint).to.equal(tools);
        expect(charsOf(prompt.pieces, 'system', 'file', 'skills'), hint).to.equal(length(made.system.join('\n')));
        expect(charsOf(prompt.pieces, 'history', 'new'), hint).to.equal(made.said);
        check(prompt, hint);
      }
    });
  }
});

/** What holds for any prompt. */
function check({ pieces, messages }: CutPrompt, hint: string): void {
  const lastAssistant = messages.findLastIndex(({ role }) => role === 'assistant');
  let kinds = '';
  for (const { kind, message, weight, chars, hash } of pieces) {
    kinds += { tool: 't', schema: 's', system: 'y', file: 'y', skills: 'y', component: 'y', history: 'm', new: 'n' }[
      kind
    ];
    if (kind === 'history' || kind === 'new') expect(kind === 'new', hint).to.equal(message > lastAssistant);
    else expect(message, hint).to.equal(-1);
    expect(Number.isFinite(weight) && weight >= 0 && (chars === 0 || weight > 0), hint).to.equal(true);
    expect(Number.isSafeInteger(hash) && hash >= 0 && hash < 2 ** 48, hint).to.equal(true);
  }
  expect(kinds, hint).to.match(/^t*s*y*m*n*$/);
  const order = pieces.filter(({ message }) => message !== -1).map(({ message }) => message);
  expect(order, hint).to.eql([...order].sort((one, other) => one - other));
}

const NONE: CutPrompt = {
  pieces: [],
  messages: [],
  systemHash: null,
  toolsHash: null,
  calls: [],
  toolResults: 0,
  images: 0,
  tools: [],
  isCompacted: false,
  isWhole: true,
};

function cutOrNone(text: string): CutPrompt {
  return cutter.cut(exchangeWith(text)) ?? NONE;
}
