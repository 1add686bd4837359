import { expect } from 'chai';
import { SPEECHES, trim } from '../../../plugins/trim/body.ts';
import type { Filters } from '../../../src/plugin.ts';
import { BUILT_IN } from '../../../src/settings/built-in.ts';
import { dice, LANGUAGES, type Language, type Message } from '../../support/conversations.ts';

type History = Filters['history'];

const QUIET: History = {
  enabled: true,
  max_pairs: 10_000,
  always_keep_system: true,
  always_keep_last_n: 0,
  truncate_tool_results_chars: null,
  drop_old_tool_calls: false,
  drop_old_tool_calls_after_pairs: 8,
  max_total_chars: null,
};

function trimmed(
  { api, list }: Pick<Language, 'api' | 'list'>,
  messages: readonly Message[],
  history: Partial<History>,
  more: { spaced?: boolean; shortenTo?: number; enabled?: boolean } = {},
): Message[] {
  const filters = { ...BUILT_IN.filters, enabled: more.enabled ?? true, history: { ...QUIET, ...history } };
  const body = JSON.stringify({ model: 'm', [list]: messages, seed: 1 }, null, more.spaced ? 2 : 0);
  const done = trim(Buffer.from(body), SPEECHES.get(api)!, { filters, shortenTo: more.shortenTo ?? null });
  if (done === null) return [...messages];
  const text = done.body.toString();
  const read = JSON.parse(text) as Record<string, Message[]>;
  expect([read.model, read.seed]).to.eql(['m', 1]);
  if (!more.spaced) expect(done.chars).to.equal([...body].length - [...text].length);
  return read[list]!;
}

const CHAT = { api: 'openai.chat', list: 'messages' };
const user = (content: string): Message => ({ role: 'user', content });
const said = (content: string): Message => ({ role: 'assistant', content });
const pairs = (count: number): Message[] =>
  Array.from({ length: count }, (_, n) => [user(`q${n}`), said(`a${n}`)]).flat();
const call = (id: string, content: string | null = null): Message => ({
  role: 'assistant',
  content,
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
});
const answer = (id: string, content = 'done'): Message => ({ role: 'tool', tool_call_id: id, content });
const contents = (messages: readonly Message[]): unknown[] => messages.map(({ content }) => content);

describe('plugins/trim/history', () => {
  for (const language of LANGUAGES) {
    it(`leaves conversations of ${language.api} that their provider takes, whatever the rules are`, () => {
      let shorter = 0;
      for (let seed = 1; seed <= 400; seed++) {
        const roll = dice(seed);
        const before = language.make(roll);
        language.check(before, before);
        const history: Partial<History> = {
          max_pairs: 1 + Math.floor(roll() * 12),
          always_keep_last_n: Math.floor(roll() * 8),
          drop_old_tool_calls: roll() < 0.6,
          drop_old_tool_calls_after_pairs: Math.floor(roll() * 4),
          truncate_tool_results_chars: roll() < 0.5 ? 20 + Math.floor(roll() * 200) : null,
          max_total_chars: roll() < 0.3 ? Math.floor(roll() * 4000) : null,
        };
        const after = trimmed(language, before, history, { spaced: roll() < 0.3 });
        const about = `seed ${seed}: ${JSON.stringify(history)}`;
        if (after.length < before.length) shorter++;
        try {
          language.check(after, before);
        } catch (error) {
          throw new Error(`${about}\n${JSON.stringify(before)}\n${JSON.stringify(after)}\n${(error as Error).message}`);
        }
        const newest = before.slice(before.findLastIndex(language.opens));
        expect(after.slice(-newest.length), about).to.eql(newest);
        const last = before.filter((one) => !language.isSystem(one)).slice(-history.always_keep_last_n!);
        if (history.always_keep_last_n) expect(after.slice(-last.length), about).to.eql(last);
        expect(after.filter(language.isSystem), about).to.eql(before.filter(language.isSystem));
      }
      expect(shorter, 'many are shorter').to.be.greaterThan(150);
    });
  }

  it('keeps the newest units, and the instructions before them', () => {
    const system = { role: 'system', content: 'Be brief.' };
    const after = trimmed(CHAT, [system, ...pairs(5), user('now')], { max_pairs: 2 });
    expect(contents(after)).to.eql(['Be brief.', 'q4', 'a4', 'now']);
    const bare = trimmed(CHAT, [system, ...pairs(5), user('now')], { max_pairs: 2, always_keep_system: false });
    expect(contents(bare)).to.eql(['q4', 'a4', 'now']);
    expect(trimmed(CHAT, pairs(2), { max_pairs: 2 })).to.eql(pairs(2));
  });

  it('really keeps the last messages, and whole units of them', () => {
    expect(contents(trimmed(CHAT, pairs(5), { max_pairs: 1, always_keep_last_n: 3 }))).to.eql(['q3', 'a3', 'q4', 'a4']);
    expect(contents(trimmed(CHAT, pairs(5), { max_pairs: 1, always_keep_last_n: 4 }))).to.eql(['q3', 'a3', 'q4', 'a4']);
    expect(trimmed(CHAT, pairs(5), { max_pairs: 1, always_keep_last_n: 99 })).to.eql(pairs(5));
  });

  it('takes calls and results of older units together, and joins what is said around them', () => {
    const old = [user('q'), call('1', 'Let me see.'), answer('1'), call('2'), answer('2'), said('It is so.')];
    const rules = { drop_old_tool_calls: true, drop_old_tool_calls_after_pairs: 1 };
    expect(trimmed(CHAT, [...old, user('now')], rules)).to.eql([
      user('q'),
      said('Let me see.\n\nIt is so.'),
      user('now'),
    ]);
    const late = { drop_old_tool_calls: true, drop_old_tool_calls_after_pairs: 2 };
    expect(trimmed(CHAT, [...old, user('now')], late)).to.eql([...old, user('now')]);
  });

  it('says that something was there where nothing is left of an answer', () => {
    const rules = { drop_old_tool_calls: true, drop_old_tool_calls_after_pairs: 1 };
    const after = trimmed(CHAT, [user('q'), call('1'), answer('1'), user('now')], rules);
    expect(contents(after)).to.eql(['q', '[left out]', 'now']);
  });

  it('leaves calls alone in a unit that the last messages reach into', () => {
    const old = [user('q'), call('1'), answer('1'), said('a')];
    const rules = { drop_old_tool_calls: true, drop_old_tool_calls_after_pairs: 0, always_keep_last_n: 2 };
    expect(trimmed(CHAT, [...old, user('now')], rules)).to.eql([...old, user('now')]);
  });

  it('cuts long results of older units with a word about it, and those of the newest never', () => {
    const long = 'ü'.repeat(50);
    const rules = { truncate_tool_results_chars: 10 };
    const after = trimmed(
      CHAT,
      [user('q'), call('1'), answer('1', long), user('now'), call('2'), answer('2', long)],
      rules,
    );
    expect(after[2]!.content).to.equal(`${'ü'.repeat(10)}\n[... 40 characters left out]`);
    expect(after[5]!.content).to.equal(long);
  });

  it('cuts results of Anthropic and Gemini, and leaves pictures and marks in them', () => {
    const long = 'x'.repeat(180);
    const picture = { type: 'image', source: { type: 'base64', data: 'eA==' } };
    const result = {
      type: 'tool_result',
      tool_use_id: '1',
      content: [{ type: 'text', text: long }, picture, { type: 'text', text: long }],
    };
    const marked = { ...result, cache_control: { type: 'ephemeral' } };
    const messages = [
      user('q'),
      { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'f', input: {} }] },
      { role: 'user', content: [marked] },
      said('a'),
      user('now'),
    ];
    const [cut] = trimmed({ api: 'anthropic.messages', list: 'messages' }, messages, {
      truncate_tool_results_chars: 80,
    })[2]!.content as [Message];
    expect(cut).to.deep.include({ tool_use_id: '1', cache_control: { type: 'ephemeral' } });
    expect((cut.content as Message[]).map(({ text, type }) => text ?? type)).to.eql([
      `${'x'.repeat(80)}\n[... 100 characters left out]`,
      'image',
      '\n[... 180 characters left out]',
    ]);

    const response = (value: object): Message[] => [
      { role: 'user', parts: [{ text: 'q' }] },
      { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: value } }] },
      { role: 'model', parts: [{ text: 'a' }] },
      { role: 'user', parts: [{ text: 'now' }] },
    ];
    const answered = (value: object): unknown =>
      (
        trimmed({ api: 'gemini.generateContent', list: 'contents' }, response(value), {
          truncate_tool_results_chars: 80,
        })[2]!.parts as [{ functionResponse: Message }]
      )[0].functionResponse.response;
    expect(answered({ ok: true, text: long })).to.eql({
      ok: true,
      text: `${'x'.repeat(80)}\n[... 100 characters left out]`,
    });
    expect(answered({ rows: Array(90).fill(1) }))
      .to.have.property('output')
      .that.matches(/^\{"rows":\[1,.*\n\[\.\.\. 110 characters left out\]$/);
  });

  it('drops whole units until the history is short enough, but not the newest', () => {
    const size = (messages: readonly Message[]): number => JSON.stringify(messages).length;
    const all = [...pairs(6), user('now')];
    const exact = size([...pairs(6).slice(6), user('now')]);
    expect(contents(trimmed(CHAT, all, { max_total_chars: exact }))).to.eql(contents(all).slice(6));
    expect(contents(trimmed(CHAT, all, { max_total_chars: exact - 1 }))).to.eql(contents(all).slice(8));
    expect(contents(trimmed(CHAT, all, { max_total_chars: 1 }))).to.eql(['now']);
    expect(contents(trimmed(CHAT, all, { max_total_chars: 1, always_keep_last_n: 3 }))).to.eql(['q5', 'a5', 'now']);
  });

  it('comes below the limit of the session where it is asked to, though the filters are off', () => {
    const all = [...pairs(40), user('now')];
    const off = { enabled: false };
    const limit = JSON.stringify(all).length;
    expect(contents(trimmed(CHAT, all, { max_pairs: 20 }, { ...off, shortenTo: limit })).length).to.equal(39);
    const few = trimmed(CHAT, all, { max_pairs: 20, max_total_chars: 1 }, { ...off, shortenTo: 400 });
    expect(JSON.stringify(few).length).to.be.within(300, 399);
    expect(trimmed(CHAT, all, { max_pairs: 20 }, off)).to.eql(all);
  });

  it('leaves a unit of Responses alone that points to what is not in the request', () => {
    const list = [
      { role: 'user', content: 'q' },
      { type: 'item_reference', id: 'fc_1' },
      { type: 'function_call_output', call_id: '1', output: 'x'.repeat(99) },
      { role: 'user', content: 'now' },
    ];
    const rules = { drop_old_tool_calls: true, drop_old_tool_calls_after_pairs: 0, truncate_tool_results_chars: 9 };
    const language = { api: 'openai.responses', list: 'input' };
    expect(trimmed(language, list, rules)).to.eql(list);
    expect(trimmed(language, list, { max_pairs: 1 })).to.eql(list.slice(3));
  });

  it('keeps what Responses has summed up', () => {
    const summary = { type: 'compaction', encrypted_content: 'c2VjcmV0' };
    const after = trimmed({ api: 'openai.responses', list: 'input' }, [summary, ...pairs(4)], { max_pairs: 1 });
    expect(after).to.eql([summary, ...pairs(4).slice(6)]);
  });
});
