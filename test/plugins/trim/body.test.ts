import { expect } from 'chai';
import { SPEECHES, trim } from '../../../plugins/trim/body.ts';
import type { Filters } from '../../../src/plugin.ts';
import { BUILT_IN } from '../../../src/settings/built-in.ts';

type Body = Record<string, unknown>;
type Change = { tools?: Partial<Filters['tools']>; system_prompt?: Partial<Filters['system_prompt']> };

const filtersOf = ({ tools, system_prompt }: Change): Filters => ({
  ...BUILT_IN.filters,
  enabled: true,
  tools: { ...BUILT_IN.filters.tools, ...(tools && { enabled: true, ...tools }) },
  system_prompt: { ...BUILT_IN.filters.system_prompt, ...(system_prompt && { enabled: true, ...system_prompt }) },
});

/** The body as it leaves; itself where nothing was to be done. */
function left(api: string, body: Body | string, change: Change): Body {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const done = trim(Buffer.from(text), SPEECHES.get(api)!, { filters: filtersOf(change), shortenTo: null });
  return JSON.parse(done === null ? text : done.body.toString()) as Body;
}

const keep = (...allowlist: string[]): Change => ({ tools: { mode: 'allowlist', allowlist } });
const block = (...blocklist: string[]): Change => ({ tools: { mode: 'blocklist', blocklist } });
const fn = (name: string) => ({ type: 'function', function: { name } });

describe('plugins/trim/body', () => {
  describe('tools of chat completions', () => {
    const body = {
      tools: [fn('read'), fn('write'), { type: 'custom', custom: { name: 'raw' } }],
      tool_choice: 'auto',
      parallel_tool_calls: true,
    };

    it('stay if they are on the list, in their order', () => {
      expect(left('openai.chat', body, keep('raw', 'read')).tools).to.eql([fn('read'), body.tools[2]]);
      expect(left('openai.chat', body, block('write')).tools).to.eql([fn('read'), body.tools[2]]);
      expect(left('openai.chat', body, block('other'))).to.eql(body);
    });

    it('take all that is about tools along when the last one goes', () => {
      expect(left('openai.chat', { ...body, n: 1 }, keep())).to.eql({ n: 1 });
    });

    const choices: [name: string, choice: unknown, after: unknown][] = [
      ['a tool that stays', fn('read'), fn('read')],
      ['a tool that goes', fn('write'), undefined],
      ['a tool that goes, by its name alone', 'write', undefined],
      ['any', 'required', 'required'],
      [
        'one of several',
        { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [fn('read'), fn('write')] } },
        { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [fn('read')] } },
      ],
      [
        'one of some that all go',
        { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [fn('write')] } },
        undefined,
      ],
    ];
    for (const [name, choice, after] of choices) {
      it(`leave the right choice: ${name}`, () => {
        expect(left('openai.chat', { ...body, tool_choice: choice }, block('write')).tool_choice).to.eql(after);
      });
    }

    it('are taken out of the old functions, too', () => {
      const old = { functions: [{ name: 'read' }, { name: 'write' }], function_call: { name: 'write' } };
      expect(left('openai.chat', old, keep('read'))).to.eql({ functions: [{ name: 'read' }] });
      expect(left('openai.chat', old, keep())).to.eql({});
    });
  });

  it('tools of Responses go by their name, and those of the provider by their type', () => {
    const tools = [{ type: 'function', name: 'read' }, { type: 'web_search' }, { type: 'mcp', server_label: 'x' }];
    const choice = { tool_choice: { type: 'web_search' } };
    expect(left('openai.responses', { tools, ...choice }, keep('read', 'mcp'))).to.eql({ tools: [tools[0], tools[2]] });
    expect(left('openai.responses', { tools, ...choice }, keep('web_search'))).to.eql({ tools: [tools[1]], ...choice });
  });

  describe('tools of Anthropic', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const tools = [
      { name: 'read', input_schema: {} },
      { type: 'web_search_20250305', name: 'web_search' },
      { name: 'write', input_schema: {}, ...mark },
    ];

    it('hand the mark of one that goes to the one before it', () => {
      expect(left('anthropic.messages', { tools }, keep('read', 'web_search')).tools).to.eql([
        tools[0],
        { ...tools[1], ...mark },
      ]);
      expect(left('anthropic.messages', { tools }, keep('read')).tools).to.eql([{ ...tools[0], ...mark }]);
    });

    it('leave a choice that is about all of them', () => {
      const choose = (choice: object): unknown =>
        left('anthropic.messages', { tools, tool_choice: choice }, block('write')).tool_choice;
      expect(choose({ type: 'any' })).to.eql({ type: 'any' });
      expect(choose({ type: 'tool', name: 'read' })).to.eql({ type: 'tool', name: 'read' });
      expect(choose({ type: 'tool', name: 'write' })).to.equal(undefined);
      expect(choose({ type: 'tool', name: 'write', disable_parallel_tool_use: true })).to.eql({
        type: 'auto',
        disable_parallel_tool_use: true,
      });
    });

    it('stay where none were left to a conversation that has calls, but none is to be called', () => {
      const messages = [
        { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'read', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1' }] },
      ];
      const choice = { tool_choice: { type: 'auto' } };
      expect(left('anthropic.messages', { tools, messages, ...choice }, keep())).to.eql({
        tools,
        messages,
        tool_choice: { type: 'none' },
      });
      expect(left('anthropic.messages', { tools, messages: [], ...choice }, keep())).to.eql({ messages: [] });
    });
  });

  describe('tools of Gemini', () => {
    const tools = [{ functionDeclarations: [{ name: 'read' }, { name: 'write' }] }, { googleSearch: {} }];
    const config = (allowedFunctionNames?: string[]) => ({
      toolConfig: {
        functionCallingConfig: { mode: 'ANY', ...(allowedFunctionNames && { allowedFunctionNames }) },
        retrievalConfig: { a: 1 },
      },
    });

    it('go by the name of a function or of what Google brings along', () => {
      const { tools: after } = left('gemini.generateContent', { tools }, keep('read'));
      expect(after).to.eql([{ functionDeclarations: [{ name: 'read' }] }]);
      expect(left('gemini.generateContent', { tools }, keep('googleSearch'))).to.eql({ tools: [{ googleSearch: {} }] });
    });

    it('leave of the configuration what still makes sense', () => {
      const configOf = (names: string[] | undefined, change: Change): unknown =>
        left('gemini.generateContent', { tools, ...config(names) }, change).toolConfig;
      expect(configOf(['read', 'write'], block('write'))).to.eql(config(['read']).toolConfig);
      expect(configOf(['write'], block('write'))).to.eql({ retrievalConfig: { a: 1 } });
      expect(configOf(undefined, block('write'))).to.eql(config().toolConfig);
      expect(configOf(undefined, keep('googleSearch'))).to.eql({ retrievalConfig: { a: 1 } });
      const only = { tools, toolConfig: { functionCallingConfig: { mode: 'ANY' } } };
      expect(left('gemini.generateContent', only, keep())).to.eql({});
    });

    it('are known in both spellings', () => {
      const body = {
        tools: [{ function_declarations: [{ name: 'write' }] }],
        tool_config: { function_calling_config: { mode: 'ANY' } },
      };
      expect(left('gemini.generateContent', body, block('write'))).to.eql({});
    });
  });

  describe('system text', () => {
    const text = 'Be good.\n## Sandbox\nno\n## B\nyes';
    const rest = 'Be good.\n## B\nyes';
    const strip: Change = { system_prompt: { mode: 'strip_sections', strip_sections: ['## Sandbox'] } };
    const replace: Change = { system_prompt: { mode: 'replace', custom_replacement: 'New.' } };
    const truncate = (max_chars: number): Change => ({ system_prompt: { mode: 'truncate', max_chars } });
    const mark = { cache_control: { type: 'ephemeral' } };

    const places: [api: string, body: Body, after: (text: string) => Body][] = [
      [
        'openai.chat',
        { messages: [{ role: 'developer', content: text }] },
        (now) => ({ messages: [{ role: 'developer', content: now }] }),
      ],
      [
        'openai.chat',
        { messages: [{ role: 'system', content: [{ type: 'text', text }] }] },
        (now) => ({ messages: [{ role: 'system', content: [{ type: 'text', text: now }] }] }),
      ],
      ['openai.responses', { instructions: text, input: 'hi' }, (now) => ({ instructions: now, input: 'hi' })],
      [
        'openai.responses',
        { input: [{ role: 'system', content: [{ type: 'input_text', text }] }] },
        (now) => ({ input: [{ role: 'system', content: [{ type: 'input_text', text: now }] }] }),
      ],
      ['anthropic.messages', { system: text }, (now) => ({ system: now })],
      [
        'anthropic.messages',
        { system: [{ type: 'text', text, ...mark }] },
        (now) => ({ system: [{ type: 'text', text: now, ...mark }] }),
      ],
      [
        'gemini.generateContent',
        { systemInstruction: { parts: [{ text }] } },
        (now) => ({ systemInstruction: { parts: [{ text: now }] } }),
      ],
      [
        'gemini.generateContent',
        { system_instruction: { parts: [{ text }] } },
        (now) => ({ system_instruction: { parts: [{ text: now }] } }),
      ],
    ];
    for (const [api, body, after] of places) {
      it(`is found in ${api}: ${JSON.stringify(body).slice(0, 60)}`, () => {
        expect(left(api, body, strip)).to.eql(after(rest));
        expect(left(api, body, replace)).to.eql(after('New.'));
        expect(left(api, body, { system_prompt: { mode: 'replace', custom_replacement: null } })).to.eql(body);
        const long = JSON.parse(JSON.stringify(body).replaceAll('Be good.', 'x'.repeat(200))) as Body;
        expect(left(api, long, truncate(20))).to.eql(after(`${'x'.repeat(20)}\n[... 203 characters left out]`));
        expect(left(api, body, truncate(999))).to.eql(body);
      });
    }

    it('never vanishes altogether, and no text of it is empty', () => {
      const system = [{ type: 'text', text: '## Sandbox\nno' }];
      expect(left('anthropic.messages', { system }, strip)).to.eql({ system: [{ type: 'text', text: '[left out]' }] });
      const two = [{ type: 'text', text: 'a' }, ...system];
      expect(left('anthropic.messages', { system: two }, strip)).to.eql({ system: [{ type: 'text', text: 'a' }] });
      const messages = [
        { role: 'system', content: 'a' },
        { role: 'system', content: '## Sandbox\nno' },
      ];
      expect(left('openai.chat', { messages }, strip)).to.eql({ messages: [messages[0]] });
    });

    it('keeps the marks of the cache', () => {
      const system = [
        { type: 'text', text: 'a' },
        { type: 'text', text: '## Sandbox\nno', ...mark },
        { type: 'text', text: 'b' },
      ];
      const [, marked] = left('anthropic.messages', { system }, strip).system as Body[];
      expect(marked).to.eql({ type: 'text', text: '[left out]', ...mark });
      expect(left('anthropic.messages', { system }, replace)).to.eql({
        system: [{ type: 'text', text: 'New.', ...mark }],
      });
    });

    it('is cut as a whole where it has several parts', () => {
      const system = ['a', 'b', 'c'].map((letter) => ({ type: 'text', text: letter.repeat(100) }));
      const texts = (left('anthropic.messages', { system }, truncate(150)).system as Body[]).map((block) => block.text);
      expect(texts).to.eql(['a'.repeat(100), `${'b'.repeat(50)}\n[... 50 characters left out]`]);
    });

    it('is taken out of the messages only where it is the system’s', () => {
      const messages = [
        { role: 'user', content: text },
        { role: 'assistant', content: text },
      ];
      expect(left('openai.chat', { messages }, strip)).to.eql({ messages });
    });
  });

  it('keeps every byte of what nobody touches', () => {
    const before =
      '{ "seed": 12345678901234567890,\n "tools" : [ {"type":"function","function":{"name":"a","x":1.0}} , {"type":"function","function":{"name":"b"}} ],\n "messages":[{"role":"user","content":"\\u00fc\\/"}], "z": 1e2 }';
    const done = trim(Buffer.from(before), SPEECHES.get('openai.chat')!, {
      filters: filtersOf(keep('a')),
      shortenTo: null,
    })!;
    expect(done.body.toString()).to.equal(before.replace(' , {"type":"function","function":{"name":"b"}} ', ' '));
    expect(done).to.deep.include({ tools: 1, messages: 0, historyChars: 0 });
  });

  it('does nothing to what there is nothing to do with', () => {
    for (const body of ['{}', '{"messages":"x","tools":{},"input":7,"contents":null}', '{"input":"hi"}']) {
      for (const speech of SPEECHES.values()) {
        expect(
          trim(Buffer.from(body), speech, { filters: filtersOf({ ...keep(), system_prompt: {} }), shortenTo: 1 }),
        ).to.equal(null);
      }
    }
  });

  it('leaves it to who asks to do nothing about what it does not understand', () => {
    const rules = { filters: filtersOf({}), shortenTo: 1 };
    const odd = {
      'openai.chat': '{"messages":[{"role":"ghost"}]}',
      'anthropic.messages': '{"messages":["hi"]}',
      'gemini.generateContent': '{"contents":[{"role":"ghost"}]}',
      'openai.responses': '{"input":[{"role":"ghost"}]}',
    };
    for (const [api, body] of Object.entries(odd)) {
      expect(() => trim(Buffer.from(body), SPEECHES.get(api)!, rules), api).to.throw();
    }
  });

  it('is done in a moment', () => {
    const words = 'A word or two with "quotes" and \n lines. '.repeat(80);
    const messages = Array.from({ length: 60 }, (_, n) => ({ role: n % 2 ? 'assistant' : 'user', content: words }));
    const body = Buffer.from(JSON.stringify({ messages }));
    const filters = {
      ...filtersOf({ ...keep('a'), system_prompt: {} }),
      history: { ...BUILT_IN.filters.history, enabled: true },
    };
    const rules = { filters, shortenTo: 100_000 };
    const times = Array.from({ length: 60 }, () => {
      const at = performance.now();
      trim(body, SPEECHES.get('openai.chat')!, rules);
      return performance.now() - at;
    });
    expect(body.length).to.be.within(180_000, 230_000);
    expect(times.sort((one, other) => one - other)[30], 'milliseconds').to.be.below(5);
  });
});
