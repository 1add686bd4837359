import { expect } from 'chai';

import { cut, cutter, exchangeWith, jsonLength, lines } from '../support/cut.ts';
import { wireSamples } from '../support/wire-samples.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'.repeat(4);

describe('a prompt in pieces', () => {
  describe('of OpenAI’s chat', () => {
    const tools = [
      { type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } },
      { type: 'function', function: { name: 'go', parameters: {} } },
    ];
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } };
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
    const body = {
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'seen “it”' },
        { role: 'assistant', content: 'Done', reasoning_content: 'Hm' },
        { role: 'system', content: 'Now hurry.' },
        { role: 'user', content: [{ type: 'text', text: 'And this?' }, image] },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } },
      tools,
      model: 'gpt-5',
    };

    it('comes in cache order, by who speaks', () => {
      expect(lines(cut(body))).to.eql([
        `tool look ${jsonLength(tools[0]) + 1}`,
        `tool go ${jsonLength(tools[1]) + 2}`,
        `schema  ${jsonLength(body.response_format)}`,
        'system  9',
        'system  9',
        'history user 5',
        `history assistant ${jsonLength(call)}`,
        'history tool_results 9',
        'history assistant 4',
        'history thinking 2',
        'new system 10',
        'new user 9',
        `new images ${jsonLength(image)}`,
      ]);
    });

    it('tells of messages, calls, results, images and tools', () => {
      const prompt = cut(body);
      expect(prompt.messages.map(({ role }) => role).join(' ')).to.equal('user assistant tool assistant system user');
      expect(prompt.calls.map(({ name, message }) => [name, message])).to.eql([['look', 1]]);
      const { toolResults, images, isCompacted, isWhole } = prompt;
      expect({ toolResults, images, isCompacted, isWhole }).to.eql({
        toolResults: 1,
        images: 1,
        isCompacted: false,
        isWhole: true,
      });
      expect(prompt.tools).to.eql(['look', 'go']);
      expect(prompt.systemHash).to.be.a('number');
      expect(prompt.toolsHash).to.be.a('number');
    });

    it('knows functions of old, and pieces without any of it', () => {
      const functions = [{ name: 'look', parameters: {} }];
      const function_call = { name: 'look', arguments: '{}' };
      const old = cut({
        functions,
        messages: [
          { role: 'assistant', content: null, function_call },
          { role: 'function', name: 'look', content: 'ok' },
        ],
      });
      expect(lines(old)).to.eql([
        `tool look ${jsonLength(functions)}`,
        `history assistant ${jsonLength(function_call)}`,
        'new tool_results 2',
      ]);
      expect(old.calls).to.have.length(1);
      const bare = cut({ messages: [{ role: 'user', content: 'Hi' }], response_format: { type: 'json_object' } });
      expect(lines(bare)).to.eql(['new user 2']);
      expect([bare.systemHash, bare.toolsHash]).to.eql([null, null]);
    });
  });

  describe('of OpenAI’s responses', () => {
    it('has instructions, items and a schema', () => {
      const call = { type: 'function_call', call_id: 'c', name: 'look', arguments: '{"at":1}' };
      const thought = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: PNG };
      const text = { format: { type: 'json_schema', name: 'a', schema: {} }, verbosity: 'low' };
      const search = { type: 'web_search_call', id: 'w', status: 'completed' };
      const prompt = cut({
        instructions: 'Be kind.',
        input: [
          { role: 'developer', content: 'Be brief.' },
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
          thought,
          call,
          { type: 'function_call_output', call_id: 'c', output: 'seen' },
          search,
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done', annotations: [] }] },
          {
            role: 'user',
            content: [
              { type: 'input_image', image_url: 'https://a/b.png' },
              { type: 'input_file', file_id: 'f' },
            ],
          },
        ],
        text,
        tools: [
          { type: 'function', name: 'look', parameters: {} },
          { type: 'web_search' },
          { type: 'mcp', server_label: 'crm' },
        ],
      });
      expect(prompt.tools).to.eql(['look', 'web_search', 'crm']);
      expect(lines(prompt).slice(3)).to.eql([
        `schema  ${jsonLength(text.format)}`,
        'system  9',
        'system  9',
        'history user 5',
        `history thinking ${jsonLength(thought)}`,
        `history assistant ${jsonLength(call)}`,
        'history tool_results 4',
        `history assistant ${jsonLength(search)}`,
        'history assistant 4',
        `new images ${jsonLength({ type: 'input_image', image_url: 'https://a/b.png' })}`,
        `new documents ${jsonLength({ type: 'input_file', file_id: 'f' })}`,
      ]);
      expect(prompt.calls.map(({ name }) => name)).to.eql(['look']);
      expect([prompt.toolResults, prompt.images, prompt.isWhole]).to.eql([1, 1, true]);
    });

    it('may be a text, and may go on from what lies elsewhere', () => {
      expect(lines(cut({ input: 'Hello' }))).to.eql(['new user 5']);
      expect(cut({ input: 'Hello', previous_response_id: null }).isWhole).to.equal(true);
      expect(cut({ input: 'Hello', previous_response_id: 'resp_1' }).isWhole).to.equal(false);
      expect(
        cut({
          input: [
            { type: 'item_reference', id: 'i' },
            { role: 'user', content: 'a' },
          ],
        }).isWhole,
      ).to.equal(false);
    });

    it('was shortened where an item says so', () => {
      const prompt = cut({
        input: [
          { type: 'compaction', encrypted_content: PNG },
          { role: 'user', content: 'Go on' },
        ],
      });
      expect(prompt.isCompacted).to.equal(true);
      expect(prompt.messages.map(({ role }) => role)).to.eql(['assistant', 'user']);
    });
  });

  describe('of Anthropic', () => {
    const hour = { type: 'ephemeral', ttl: '1h' };
    const five = { type: 'ephemeral' };

    it('has marks where the client put them', () => {
      const tools = [
        { name: 'look', input_schema: {} },
        { type: 'web_search_20250305', name: 'web_search', cache_control: hour },
      ];
      const use = { type: 'tool_use', id: 't', name: 'look', input: { at: 1 } };
      const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
      const document = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A text' } };
      const prompt = cut({
        system: [
          { type: 'text', text: 'Be kind.' },
          { type: 'text', text: 'Be brief.', cache_control: five },
        ],
        tools,
        messages: [
          { role: 'user', content: 'Hello' },
          {
            role: 'assistant',
            content: [{ type: 'thinking', thinking: 'Hm…', signature: 'abc' }, { type: 'text', text: 'So' }, use],
          },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't',
                content: [{ type: 'text', text: 'seen' }, image],
                cache_control: five,
              },
              { type: 'tool_result', tool_use_id: 't2', content: 'too' },
              document,
              { type: 'text', text: 'And?', cache_control: hour },
            ],
          },
        ],
      });
      expect(lines(prompt)).to.eql([
        `tool look ${jsonLength(tools[0]) + 1}`,
        `tool web_search ${jsonLength(tools[1]) + 2} @1h`,
        'system  9',
        'system  9 @5m',
        'history user 5',
        'history thinking 3',
        'history assistant 2',
        `history assistant ${jsonLength(use)}`,
        'new tool_results 4',
        `new images ${jsonLength(image)} @5m`,
        'new tool_results 3',
        `new documents ${jsonLength(document)}`,
        'new user 4 @1h',
      ]);
      expect([prompt.toolResults, prompt.images, prompt.calls.length]).to.eql([2, 1, 1]);
      expect(prompt.messages.map(({ role }) => role)).to.eql(['user', 'assistant', 'user']);
    });

    it('has a mark at its end where the request itself is marked', () => {
      expect(lines(cut({ cache_control: hour, messages: [{ role: 'user', content: 'Hello' }] }))).to.eql([
        'new user 5 @1h',
      ]);
      expect(lines(cut({ system: 'Be kind.', messages: [] }))).to.eql(['system  8']);
    });

    it('knows what is no text: hidden thoughts, searches, blocks of tomorrow', () => {
      const hidden = { type: 'redacted_thinking', data: PNG };
      const found = {
        type: 'web_search_tool_result',
        tool_use_id: 's',
        content: [{ type: 'web_search_result', url: 'u' }],
      };
      const odd = { type: 'hologram', size: 3 };
      const prompt = cut({
        messages: [
          {
            role: 'assistant',
            content: [hidden, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, found],
          },
          { role: 'user', content: [odd] },
        ],
      });
      expect(lines(prompt).filter((line) => !line.includes('assistant'))).to.eql([
        `history thinking ${jsonLength(hidden)}`,
        `history tool_results ${jsonLength(found.content[0])}`,
        `new user ${jsonLength(odd)}`,
      ]);
      expect(
        cut({ messages: [{ role: 'assistant', content: [{ type: 'compaction', content: 'We did it' }] }] }),
      ).to.deep.include({
        isCompacted: true,
      });
    });
  });

  it('of Gemini has each declaration as a tool, parts by what they hold', () => {
    const tools = [
      { functionDeclarations: [{ name: 'look', parameters: {} }, { name: 'go' }] },
      { googleSearch: {} },
      { functionDeclarations: [{ name: 'stay' }] },
    ];
    const generationConfig = { temperature: 0, responseSchema: { type: 'OBJECT' } };
    const call = { functionCall: { name: 'look', args: { at: 1 } }, thoughtSignature: 's' };
    const answer = { functionResponse: { name: 'look', response: { seen: true } } };
    const image = { inlineData: { mimeType: 'image/png', data: PNG } };
    const pdf = { fileData: { mimeType: 'application/pdf', fileUri: 'gs://a/b' } };
    const prompt = cut({
      contents: [
        { parts: [{ text: 'Hello' }], role: 'user' },
        { role: 'model', parts: [{ text: 'Hm', thought: true }, { text: 'So' }, call] },
        { role: 'user', parts: [answer, image, pdf, { text: 'And?' }] },
      ],
      systemInstruction: { parts: [{ text: 'Be kind.' }, { text: 'Be brief.' }] },
      tools,
      generationConfig,
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    });
    expect(prompt.tools).to.eql(['look', 'go', 'googleSearch', 'stay']);
    const total = prompt.pieces.filter(({ kind }) => kind === 'tool').reduce((sum, { chars }) => sum + chars, 0);
    expect(total).to.equal(jsonLength(tools));
    expect(lines(prompt).slice(4)).to.eql([
      `schema  ${jsonLength(generationConfig.responseSchema)}`,
      'system  9',
      'system  9',
      'history user 5',
      'history thinking 2',
      'history assistant 2',
      `history assistant ${jsonLength(call)}`,
      `new tool_results ${jsonLength(answer)}`,
      `new images ${jsonLength(image)}`,
      `new documents ${jsonLength(pdf)}`,
      'new user 4',
    ]);
    expect(prompt.calls.map(({ name }) => name)).to.eql(['look']);
    expect(cut({ contents: [], cachedContent: 'c', system_instruction: 'Be kind.' })).to.deep.include({
      isWhole: false,
    });
  });

  it('of Bedrock has its marks on what stands before them', () => {
    const point = { cachePoint: { type: 'default' } };
    const hour = { cachePoint: { type: 'default', ttl: '1h' } };
    const tools = [
      { toolSpec: { name: 'look', inputSchema: { json: {} } } },
      { toolSpec: { name: 'go', inputSchema: { json: {} } } },
      hour,
    ];
    const use = { toolUse: { toolUseId: 't', name: 'look', input: { at: 1 } } };
    const thought = { reasoningContent: { reasoningText: { text: 'Hm', signature: 's' } } };
    const image = { image: { format: 'png', source: { bytes: PNG } } };
    const prompt = cut({
      toolConfig: { toolChoice: { auto: {} }, tools },
      system: [{ text: 'Be kind.' }, point],
      messages: [
        { role: 'user', content: [{ text: 'Hello' }] },
        { role: 'assistant', content: [thought, { text: 'So' }, use] },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 't', content: [{ text: 'seen' }, { json: { a: 1 } }], status: 'success' } },
            image,
            point,
          ],
        },
        { role: 'user', content: [hour, { text: 'And?' }] },
      ],
    });
    expect(lines(prompt)).to.eql([
      `tool look ${jsonLength(tools[0]) + 1}`,
      `tool go ${jsonLength(tools) - jsonLength(tools[0]) - 1} @1h`,
      'system  8 @5m',
      'history user 5',
      `history thinking ${jsonLength(thought)}`,
      'history assistant 2',
      `history assistant ${jsonLength(use)}`,
      'new tool_results 4',
      'new tool_results 16',
      `new images ${jsonLength(image)} @1h`,
      'new user 4',
    ]);
    expect([prompt.calls[0]?.name, prompt.toolResults]).to.eql(['look', 1]);
  });

  it('of Ollama and of plain completions is known, too', () => {
    const call = { function: { name: 'look', arguments: { at: 1 } } };
    const chat = cut({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'See', images: [PNG, PNG] },
        { role: 'assistant', content: '', thinking: 'Hm', tool_calls: [call] },
        { role: 'tool', content: 'seen', tool_name: 'look' },
      ],
      format: { type: 'object', properties: {} },
    });
    expect(lines(chat)).to.eql([
      `schema  ${jsonLength({ type: 'object', properties: {} })}`,
      'system  8',
      'history user 3',
      `history images ${PNG.length + 2}`,
      `history images ${PNG.length + 2}`,
      'history assistant 0',
      'history thinking 2',
      `history assistant ${jsonLength(call)}`,
      'new tool_results 4',
    ]);
    expect(lines(cut({ prompt: 'Once upon', format: 'json' }))).to.eql(['new user 9']);
    expect(lines(cut({ prompt: ['Once', 'upon'] }))).to.eql(['new user 4', 'new user 4']);
    expect(lines(cut({ prompt: [1, 22, 333] }))).to.eql(['new user 10']);
    expect(lines(cut({ preamble: 'Kind', chat_history: [{ role: 'CHATBOT', message: 'Hi' }], message: 'Go' }))).to.eql([
      'system  4',
      'history assistant 2',
      'new user 2',
    ]);
  });

  it('is none where nothing could be cached or go on: embeddings, speech, judgements, unknown APIs', () => {
    for (const api of [
      'openai.embeddings',
      'ollama.embed',
      'openai.moderations',
      'openai.speech',
      'openai.images',
      null,
    ])
      expect(cutter.cut(exchangeWith({ input: 'Hello', prompt: 'Hello' }, api)), String(api)).to.equal(null);
    expect(cutter.cut(exchangeWith({ model: 'm' }))).to.equal(null);
  });

  it('is taken apart once, and again after somebody changed the request', () => {
    const exchange = exchangeWith({ messages: [{ role: 'user', content: 'Hello' }] });
    const first = cutter.cut(exchange);
    expect(cutter.cut(exchange)).to.equal(first);
    expect(cutter.cut(exchange, cutter.components([]))).to.equal(first);
    exchange.request.set(['messages'], [{ role: 'user', content: 'Hello you' }], 'trim');
    expect(lines(cutter.cut(exchange)!)).to.eql(['new user 9']);
    exchange.request.set(['messages'], [{ role: 'user', content: 'You' }], 'trim');
    expect(lines(cutter.cut(exchange)!)).to.eql(['new user 3']);
  });

  it('is found in every request that was recorded', () => {
    const without = new Set<string>();
    for (const { name, api, request } of wireSamples()) {
      const text = request.body_raw ?? (request.body && JSON.stringify(request.body));
      if (!text) continue;
      const prompt = cutter.cut(exchangeWith(text, api));
      if (prompt === null) {
        without.add(api);
        continue;
      }
      expect(prompt.pieces.length, name).to.be.above(0);
      expect(prompt.isWhole, name).to.equal(!/previous_response_id|"conversation"/.test(text));
      for (const piece of prompt.pieces) {
        expect(piece.weight, name).to.be.at.least(0);
        expect(Number.isSafeInteger(piece.hash) && piece.hash < 2 ** 48, name).to.equal(true);
      }
    }
    expect([...without].sort()).to.eql(['openai.audio', 'openai.embeddings', 'openai.images']);
  });
});
