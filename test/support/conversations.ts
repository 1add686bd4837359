/** Random conversations in the words of each API, and what must be true of them. The same seed gives the same ones. */
import { expect } from 'chai';

/** Numbers from 0 to below 1, the same for the same seed. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type Message = Record<string, unknown>;
type Roll = () => number;

/** A turn in no dialect: what a person says, then rounds of calls, then what the model says. */
interface Plan {
  said: string;
  /** Calls of each round, by id. */
  rounds: { says: string; calls: string[]; results: string[]; aside: string }[];
  answer: string | null;
}

/** The last turn may be open: the model has not answered, or has just called tools. */
function plans(roll: Roll): Plan[] {
  const turns = 1 + Math.floor(roll() * 14);
  const text = (most = 60): string => 'würd "so" \\ 1\n'.repeat(1 + Math.floor((roll() * most) / 12));
  return Array.from({ length: turns }, (_, turn) => {
    const rounds = Array.from({ length: roll() < 0.5 ? 0 : 1 + Math.floor(roll() * 3) }, (_, round) => {
      // Some servers begin to count anew in each turn.
      const calls = Array.from({ length: 1 + Math.floor(roll() * 3) }, (_, n) => `${turn % 3}-${round}-${n}`);
      const results = calls.map(() => text(roll() < 0.3 ? 4000 : 100));
      return { says: roll() < 0.5 ? text() : '', calls, results, aside: roll() < 0.15 ? text() : '' };
    });
    // Somebody spoke before the model had answered.
    const isOpen = turn === turns - 1 ? roll() < 0.7 : rounds.length > 0 && roll() < 0.1;
    return { said: text(), rounds, answer: isOpen ? null : text() };
  });
}

/** How an API writes conversations, for tests. */
export interface Language {
  api: string;
  list: string;
  make(roll: Roll): Message[];
  /** What every provider of this API insists on. */
  check(messages: readonly Message[], before: readonly Message[]): void;
  /** Whether a unit begins with it. */
  opens(message: Message): boolean;
  isSystem(message: Message): boolean;
}

const listOf = (value: unknown): Message[] => (Array.isArray(value) ? (value as Message[]) : []);
const never = (): boolean => false;
const maybe = <T>(roll: Roll, chance: number, value: T): T[] => (roll() < chance ? [value] : []);

const chat: Language = {
  api: 'openai.chat',
  list: 'messages',
  make: (roll) => [
    ...maybe(roll, 0.7, { role: roll() < 0.5 ? 'system' : 'developer', content: 'Be brief.' }),
    ...plans(roll).flatMap(({ said, rounds, answer }) => [
      { role: 'user', content: roll() < 0.5 ? said : [{ type: 'text', text: said }] },
      ...rounds.flatMap(({ says, calls, results }) => [
        {
          role: 'assistant',
          content: says || null,
          tool_calls: calls.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
        },
        ...calls.map((id, n) => ({ role: 'tool', tool_call_id: id, content: results[n] })),
      ]),
      ...(answer === null ? [] : [{ role: 'assistant', content: answer }]),
    ]),
  ],
  check(messages) {
    let open: string[] = [];
    let last = '';
    for (const { role, content, tool_calls, tool_call_id } of messages) {
      if (role === 'tool') {
        expect(open, 'a result has its call').to.include(tool_call_id);
        open = open.filter((id) => id !== tool_call_id);
        continue;
      }
      expect(open, 'a call has its result').to.eql([]);
      if (role === 'user' || (role === 'assistant' && last !== 'tool'))
        expect(role, 'sides take turns').to.not.equal(last);
      if (role === 'assistant') {
        open = listOf(tool_calls).map(({ id }) => String(id));
        expect(open.length > 0 || content, 'an answer says something').to.be.ok;
      }
      if (role === 'user' || role === 'assistant') last = open.length > 0 ? 'tool' : String(role);
    }
  },
  opens: ({ role }) => role === 'user',
  isSystem: ({ role }) => role === 'system' || role === 'developer',
};

const THOUGHT = { type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmVk' };

/** What the model said since a person spoke. */
function lastTurn(messages: readonly Message[]): Message[] {
  const end = messages.findLastIndex(({ role }) => role === 'assistant') + 1;
  const from = messages.slice(0, end).findLastIndex(anthropic.opens);
  return messages.slice(from, end).filter(({ role }) => role === 'assistant');
}

const anthropic: Language = {
  api: 'anthropic.messages',
  list: 'messages',
  make: (roll) =>
    plans(roll).flatMap(({ said, rounds, answer }, at, all) => [
      {
        role: 'user',
        content: roll() < 0.5 ? said : [{ type: 'text', text: said, cache_control: { type: 'ephemeral' } }],
      },
      ...rounds.flatMap(({ says, calls, results, aside }) => [
        {
          role: 'assistant',
          content: [
            ...maybe(roll, 0.4, THOUGHT),
            ...(says ? [{ type: 'text', text: says }] : []),
            ...calls.map((id) => ({ type: 'tool_use', id, name: 'f', input: { n: 1 } })),
          ],
        },
        {
          role: 'user',
          content: [
            ...calls.map((id, n) => ({
              type: 'tool_result',
              tool_use_id: id,
              content: roll() < 0.5 ? results[n] : [{ type: 'text', text: results[n] }],
            })),
            ...(aside ? [{ type: 'text', text: aside }] : []),
          ],
        },
      ]),
      ...(answer === null && at === all.length - 1 ? [] : [{ role: 'assistant', content: answer ?? 'Well' }]),
    ]),
  check(messages, before) {
    let calls: unknown[] = [];
    for (const [at, { role, content }] of messages.entries()) {
      expect(role, 'sides take turns, a person first').to.equal(at % 2 === 0 ? 'user' : 'assistant');
      const blocks = listOf(content);
      expect(typeof content === 'string' ? content : blocks, 'it says something').to.not.be.empty;
      const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => block.tool_use_id);
      expect(results, 'calls and results belong together').to.eql(calls);
      calls = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id);
      expect(blocks.at(-1)?.type, 'thinking leads to something').to.not.equal('thinking');
    }
    const turn = lastTurn(before);
    if (JSON.stringify(turn).includes('"thinking"') && messages.some(({ role }) => role === 'assistant'))
      expect(lastTurn(messages), 'the last turn with its thinking').to.eql(turn);
  },
  opens: ({ role, content }) => role === 'user' && !listOf(content).some(({ type }) => type === 'tool_result'),
  isSystem: never,
};

const gemini: Language = {
  api: 'gemini.generateContent',
  list: 'contents',
  make: (roll) =>
    plans(roll).flatMap(({ said, rounds, answer }, at, all) => [
      { ...(roll() < 0.8 && { role: 'user' }), parts: [{ text: said }] },
      ...rounds.flatMap(({ says, calls, results }) => [
        {
          role: 'model',
          parts: [
            ...(says ? [{ text: says }] : []),
            ...calls.map(() => ({ functionCall: { name: 'f', args: { n: 1 } } })),
          ],
        },
        {
          role: roll() < 0.5 ? 'user' : 'function',
          parts: calls.map((_, n) => ({ functionResponse: { name: 'f', response: { result: results[n] } } })),
        },
      ]),
      ...(answer === null && at === all.length - 1 ? [] : [{ role: 'model', parts: [{ text: answer ?? 'Well' }] }]),
    ]),
  check(messages) {
    let calls = 0;
    for (const [at, { role, parts }] of messages.entries()) {
      expect(role === 'model', 'sides take turns, a person first').to.equal(at % 2 === 1);
      expect(listOf(parts), 'it says something').to.not.be.empty;
      expect(listOf(parts).filter(({ functionResponse }) => functionResponse).length, 'calls and results').to.equal(
        calls,
      );
      calls = listOf(parts).filter(({ functionCall }) => functionCall).length;
    }
  },
  opens: ({ role, parts }) =>
    (role === undefined || role === 'user') && !listOf(parts).some(({ functionResponse }) => functionResponse),
  isSystem: never,
};

const responses: Language = {
  api: 'openai.responses',
  list: 'input',
  make: (roll) => [
    ...maybe(roll, 0.5, { role: 'developer', content: 'Be brief.' }),
    ...plans(roll).flatMap(({ said, rounds, answer }, turn) => [
      { role: 'user', content: [{ type: 'input_text', text: said }] },
      ...rounds.flatMap(({ says, calls, results, aside }, round) => [
        ...maybe(roll, 0.5, {
          type: 'reasoning',
          id: `rs_${turn}_${round}`,
          summary: [],
          encrypted_content: 'c2VjcmV0',
        }),
        ...(says ? [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: says }] }] : []),
        ...calls.map((id) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' })),
        // What a person says while tools run.
        ...(aside ? [{ role: 'user', content: aside }] : []),
        ...calls.map((id, n) => ({ type: 'function_call_output', call_id: id, output: results[n] })),
      ]),
      ...(answer === null
        ? []
        : [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: answer }] }]),
    ]),
  ],
  check(messages) {
    const open = new Set<unknown>();
    for (const [at, { type, call_id }] of messages.entries()) {
      if (type === 'function_call_output') expect(open.delete(call_id), 'a result has its call').to.equal(true);
      if (type === 'function_call') open.add(call_id);
      const next = messages[at + 1];
      const leads = next?.type === 'function_call' || (next?.type === 'message' && next.role === 'assistant');
      if (type === 'reasoning') expect(leads, 'a thought leads to something').to.equal(true);
    }
    expect([...open], 'calls without results').to.eql([]);
  },
  opens: ({ role }) => role === 'user',
  isSystem: ({ role }) => role === 'developer',
};

export const LANGUAGES: readonly Language[] = [chat, anthropic, gemini, responses];
