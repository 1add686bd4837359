import { expect } from 'chai';

import { type Prompt, readPrompt } from '../../src/tokens/prompt.ts';
import { vocabularyOf } from '../../src/tokens/vocabulary.ts';

const read = (body: object, embeds = false): Prompt => {
  const model = embeds ? 'text-embedding-3-small' : 'gpt-4o';
  return readPrompt(body as Record<string, unknown>, model, vocabularyOf(model));
};
/** What is read, texts joined by bars. */
const shown = (body: object, embeds = false) => {
  const { texts, tokens, framing, hasUnseen } = read(body, embeds);
  return [texts.join('|'), tokens, framing, hasUnseen];
};

describe('what a model reads of a request', () => {
  it('is role, name and content in a chat, with the framing that OpenAI documents', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', name: 'ann', content: [{ type: 'text', text: 'Hi' }] },
    ];
    expect(shown({ model: 'm', messages, temperature: 0, stream: true, user: 'u' })).to.eql([
      'system|Be brief.|user|ann|Hi',
      3 + 3 + 1 + 3,
      'chat',
      false,
    ]);
  });

  it('is a framing nobody documents as soon as there are calls, schemas or tools that are not plain', () => {
    const chat = { messages: [{ role: 'user', content: 'Hi' }] };
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } };
    const at = { type: 'array', items: { type: 'number' } };
    const look = { name: 'look', parameters: { properties: { at } } };
    expect(read({ ...chat, tools: [{ type: 'function', function: look }] }).framing).to.equal('other');
    expect(read({ ...chat, response_format: { type: 'json_schema', json_schema: {} } }).framing).to.equal('other');
    expect(shown({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] })).to.eql([
      'assistant|look|{"at":1}',
      6 + 5,
      'other',
      false,
    ]);
    const plainTools = [{ type: 'function', function: { name: 'look', description: 'Looks.' } }];
    expect(shown({ ...chat, tools: plainTools })).to.eql(['user|Hi|look:Looks', 6 + 7 + 12, 'chat', false]);
    for (const plain of [{ tools: [] }, { tools: null }, { response_format: { type: 'text' } }]) {
      expect(read({ ...chat, ...plain }).framing, JSON.stringify(plain)).to.equal('chat');
    }
  });

  it('is the bare text of completions and embeddings, and token ids as they are', () => {
    expect(shown({ prompt: 'Once' })).to.eql(['Once', 0, 'none', false]);
    expect(shown({ prompt: ['Once', 'Twice'] })).to.eql(['Once|Twice', 0, 'none', false]);
    expect(shown({ prompt: [[1, 2, 3], [4]] })).to.eql(['', 4, 'none', false]);
    expect(shown({ input: ['a text'], encoding_format: 'float' }, true)).to.eql(['a text', 0, 'none', false]);
  });

  it('is instructions, items and tools of the Responses API', () => {
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'Look' }] },
      { type: 'function_call', call_id: 'c', name: 'find', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'found' },
    ];
    expect(shown({ instructions: 'Be brief.', input, tools: [{ type: 'web_search' }] })).to.eql([
      'Be brief.|user|Look|find|{}|found|[{"type":"web_search"}]',
      3 * 3 + 1 + 3,
      'other',
      false,
    ]);
    expect(read({ input: 'Hi', previous_response_id: 'resp_1' }).hasUnseen, 'the rest lies there').to.equal(true);
    expect(read({ input: 'Hi' }).framing).to.equal('other');
  });

  it('is system, blocks, tool use and results of Anthropic', () => {
    const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }];
    const messages = [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'tu', name: 'look', input: { at: 1 } }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'tu', content: [{ type: 'text', text: 'found' }] }],
      },
      {
        role: 'user',
        content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A page' } }],
      },
    ];
    expect(shown({ max_tokens: 9, system, messages })).to.eql([
      'Be brief.|assistant|look|{"at":1}|user|found|user|A page',
      12,
      'other',
      false,
    ]);
  });

  it('is contents and parts of Gemini', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'Look' }, { functionResponse: { name: 'find', response: { n: 1 } } }] },
    ];
    expect(shown({ contents, systemInstruction: { parts: [{ text: 'Be brief.' }] } })[0]).to.equal(
      'user|Look|find|{"n":1}|Be brief.',
    );
    expect(read({ contents, cachedContent: 'cachedContents/1' }).hasUnseen).to.equal(true);
  });

  it('is messages, system and tools of Bedrock Converse', () => {
    const messages = [{ role: 'user', content: [{ text: 'Look' }, { toolResult: { content: [{ json: { n: 1 } }] } }] }];
    const toolConfig = { tools: [{ toolSpec: { name: 'find' } }] };
    expect(shown({ messages, system: [{ text: 'Be brief.' }], toolConfig })[0]).to.equal(
      'user|Look|{"n":1}|Be brief.|{"tools":[{"toolSpec":{"name":"find"}}]}',
    );
  });

  it('is what a formula or a figure says for each picture, document and recording, whose bytes are never a text', () => {
    const data = 'QUJD'.repeat(1000);
    const url = `data:image/png;base64,${data}`;
    const parts: [object, number, boolean?][] = [
      [{ type: 'image_url', image_url: { url } }, 765],
      [{ type: 'image_url', image_url: { url: 'https://example.com/a' } }, 765],
      [{ type: 'image_url', image_url: { url, detail: 'low' } }, 85],
      [{ type: 'input_image', image_url: url, detail: 'low' }, 85],
      [{ type: 'input_image', file_id: 'file-1' }, 765],
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }, 765],
      [{ type: 'image', source: { type: 'url', url: 'https://example.com/a' } }, 765],
      [{ inlineData: { mimeType: 'image/png', data } }, 765],
      [{ image: { format: 'png', source: { bytes: data } } }, 765],
      [{ image: { format: 'png', source: { s3Location: { uri: 's3://a/b.png' } } } }, 765],
      [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }, 1500, true],
      [{ type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }, 6000, true],
      [{ type: 'file', file: { filename: 'a.pdf', file_data: data } }, 1500, true],
      [{ type: 'input_file', file_id: 'file-1' }, 6000, true],
      [{ type: 'input_audio', input_audio: { data, format: 'wav' } }, 2],
      [{ fileData: { mimeType: 'video/mp4', fileUri: 'gs://a' } }, 60 * 290, true],
    ];
    for (const [part, tokens, isUnseen = false] of parts) {
      const what = JSON.stringify(part).slice(0, 60);
      const prompt = read({ messages: [{ role: 'user', content: [part] }] });
      expect(prompt.texts, what).to.eql(['user']);
      expect(prompt.tokens, what).to.equal(6 + tokens);
      expect(prompt, what).to.include({ hasUnseen: isUnseen, isRough: true, framing: 'other' });
      expect(prompt.most, what).to.be.at.least(prompt.tokens);
    }
    const ollama = read({ messages: [{ role: 'user', content: 'Look', images: [data, data] }] });
    expect([ollama.texts, ollama.tokens]).to.eql([['user', 'Look'], 6 + 2 * 765]);
    const generate = read({ model: 'llava', prompt: 'Look', images: [data] });
    expect([generate.texts, generate.tokens, generate.framing]).to.eql([['Look'], 765, 'other']);
  });

  it('is as exact of a picture as its head says how large it is', () => {
    const head = Buffer.alloc(40);
    head.set(Buffer.from('89504e470d0a1a0a0000000d494844520000080000001000', 'hex'));
    const url = `data:image/png;base64,${head.toString('base64')}`;
    const { tokens, isRough } = read({
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    });
    expect([tokens, isRough]).to.eql([6 + 1105, false]);
    const screen = { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: url } };
    const shot = read({ input: [screen] });
    expect([shot.texts, shot.tokens]).to.eql([[], 6 + 1105]);
    const generationConfig = { mediaResolution: 'MEDIA_RESOLUTION_LOW' };
    const contents = [{ parts: [{ inlineData: { mimeType: 'image/png', data: head.toString('base64') } }] }];
    expect(
      readPrompt({ contents, generationConfig }, 'gemini-2.5-pro', vocabularyOf('gemini-2.5-pro')).tokens,
    ).to.equal(6 + 64);
  });

  it('is a text that looks like a data URL, where it is one', () => {
    const url = 'data:image/png;base64,AAAA';
    expect(shown({ messages: [{ role: 'user', content: url }] })).to.eql([`user|${url}`, 6, 'chat', false]);
  });

  it('is the thoughts that only the provider can read, by their length', () => {
    const { tokens, most, texts } = read({
      input: [{ type: 'reasoning', encrypted_content: 'A'.repeat(400), summary: [] }],
    });
    expect([texts, tokens - 6]).to.eql([[], 75]);
    expect(most).to.be.at.least(300);
  });

  it('is what Anthropic puts before tools, and in the place of its own', () => {
    const of = (tools: object[]) => {
      const prompt = readPrompt({ tools, messages: [] }, 'claude-sonnet-4-5', vocabularyOf('claude-sonnet-4-5'));
      return [prompt.tokens - 3, prompt.most >= prompt.tokens + 300, prompt.framing];
    };
    expect(of([{ name: 'a', input_schema: {} }])).to.eql([496, true, 'other']);
    expect(of([{ type: 'custom', name: 'a', input_schema: {} }])).to.eql([496, true, 'other']);
    expect(of([{ type: 'bash_20250124', name: 'bash' }])).to.eql([996, true, 'other']);
  });

  it('is anything that a server may take for a prompt, without a complaint', () => {
    const odd = [
      { messages: null },
      { messages: 'Hi' },
      {
        messages: [
          null,
          7,
          'Hi',
          [],
          [['Hi']],
          { content: null },
          { content: 7 },
          { role: 7, name: {}, content: [[null]] },
        ],
      },
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'text' }, { type: 'text', text: 7 }, { image_url: null }, { image_url: 7 }],
          },
        ],
      },
      { messages: [{ role: 'user', content: [{ type: 'image', source: {} }, { inlineData: [] }, { file: 'x' }] }] },
      {
        messages: [{ role: 'assistant', tool_calls: [null, {}, { function: 7 }] }],
        tools: [null, 7, 'x', {}, { function: null }],
      },
      { tools: 'x', functions: {}, response_format: 7, system: 7, input: {}, prompt: {}, images: 7 },
      {
        tools: [
          { type: 'function', function: { name: 'a', parameters: { properties: { x: null, y: { enum: [1] } } } } },
        ],
      },
      JSON.parse(
        '{"messages":[{"role":"user","content":[{"__proto__":{"text":"x"},"constructor":"y"}]}],"toString":1}',
      ),
    ];
    for (const body of odd)
      for (const model of ['gpt-4o', 'claude-opus-5', 'gemini-3-pro', '']) {
        const { tokens, most } = readPrompt(body as Record<string, unknown>, model, vocabularyOf(model));
        expect(Number.isSafeInteger(tokens) && most >= tokens, `${model} ${JSON.stringify(body)}`).to.equal(true);
      }
  });

  it('is not what says how to answer', () => {
    const beside = {
      model: 'm',
      stop: ['END'],
      metadata: { a: 'b' },
      user: 'u',
      tool_choice: 'auto',
      stream_options: {},
    };
    expect(shown({ ...beside, messages: [] })).to.eql(['', 3, 'chat', false]);
  });
});
