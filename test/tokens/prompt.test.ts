import { expect } from 'chai';

import { type Prompt, readPrompt } from '../../src/tokens/prompt.ts';

const read = (body: object, embeds = false): Prompt => readPrompt(body as Record<string, unknown>, embeds);
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

  it('is a framing nobody documents as soon as there are tools, calls or schemas', () => {
    const chat = { messages: [{ role: 'user', content: 'Hi' }] };
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } };
    expect(read({ ...chat, tools: [{ type: 'function', function: { name: 'look' } }] }).framing).to.equal('other');
    expect(read({ ...chat, response_format: { type: 'json_schema', json_schema: {} } }).framing).to.equal('other');
    expect(shown({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] })).to.eql([
      'assistant|look|{"at":1}',
      6,
      'other',
      false,
    ]);
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

  it('is a flat figure for each picture, document and recording, whose bytes are never a text', () => {
    const data = 'QUJD'.repeat(1000);
    const url = `data:image/png;base64,${data}`;
    const parts: [object, number][] = [
      [{ type: 'image_url', image_url: { url } }, 765],
      [{ type: 'image_url', image_url: { url, detail: 'low' } }, 85],
      [{ type: 'input_image', image_url: url, detail: 'low' }, 85],
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }, 765],
      [{ inlineData: { mimeType: 'image/png', data } }, 765],
      [{ image: { format: 'png', source: { bytes: data } } }, 765],
      [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }, 1500],
      [{ type: 'input_audio', input_audio: { data, format: 'wav' } }, 1500],
      [{ type: 'file', file: { filename: 'a.pdf', file_data: data } }, 1500],
      [{ fileData: { mimeType: 'video/mp4', fileUri: 'gs://a' } }, 1500],
    ];
    for (const [part, tokens] of parts) {
      const prompt = read({ messages: [{ role: 'user', content: [part] }] });
      expect(prompt.texts, JSON.stringify(part).slice(0, 60)).to.eql(['user']);
      expect(prompt.tokens, JSON.stringify(part).slice(0, 60)).to.equal(6 + tokens);
      expect(prompt).to.include({ hasUnseen: true, framing: 'other' });
    }
    const ollama = read({ messages: [{ role: 'user', content: 'Look', images: [data, data] }] });
    expect([ollama.texts, ollama.tokens]).to.eql([['user', 'Look'], 6 + 2 * 765]);
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
