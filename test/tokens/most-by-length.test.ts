import { expect } from 'chai';

import { answer } from '../../src/tokens/answer.ts';
import { mostByLength } from '../../src/tokens/most-by-length.ts';

const bytesOf = (body: unknown, space?: number): Buffer => Buffer.from(JSON.stringify(body, null, space));
/** What is said of a body in one line, and with spaces and lines. */
const most = (body: unknown, model: string | null = 'gpt-4o') => mostByLength(bytesOf(body), model);

const png = (width: number, height: number, size = 2000): string => {
  const bytes = Buffer.alloc(size, 7);
  bytes.set(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString('base64');
};
const user = (...content: object[]) => ({ messages: [{ role: 'user', content }] });

describe('the most tokens of a body, without a tokenizer', () => {
  it('are its bytes and a few', () => {
    const body = user({ type: 'text', text: 'Hello! 世界' });
    expect(most(body)).to.eql({ tokens: bytesOf(body).length + 16, hasUnseen: false });
    expect(most(body, null)).to.eql(most(body));
  });

  it('are never less than the count, in any script, and with any tokenizer', async () => {
    const texts = [
      'Hello!',
      '世界、こんにちは',
      '𒀀𒀁',
      '😀😀',
      '\u0000\u0001',
      'a\u0301\u0327',
      '{"a":[1,2]}',
      'ﷺﷺ',
      '',
      '\ud800',
    ];
    for (const model of ['gpt-4o', 'gpt-4', 'gpt-5', 'claude-opus-4-8', 'gemini-2.5-pro', 'command-r'])
      for (const text of texts) {
        const tools = [
          {
            type: 'function',
            function: { name: 'f', description: text, parameters: { properties: { a: { type: 'string' } } } },
          },
        ];
        for (const body of [
          user({ type: 'text', text }),
          { input: text },
          { ...user({ type: 'text', text }), tools },
          { prompt: [[1, 2, 3]] },
        ]) {
          const bytes = bytesOf(body);
          const count = await answer({ model, body: Uint8Array.from(bytes) });
          expect(mostByLength(bytes, model).tokens, `${model} ${JSON.stringify(body)}`).to.be.at.least(count.tokens);
        }
      }
  });

  it('count a picture by its size instead of its bytes, wherever it stands', () => {
    const data = png(1024, 1024, 90_000);
    const around = (body: unknown) => bytesOf(body).length - data.length + 16;
    for (const body of [
      user({ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }),
      user({ type: 'image_url', image_url: `data:image/png;base64,${data}` }),
      user({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }),
      { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data } }] }] },
      { messages: [{ content: [{ image: { format: 'png', source: { bytes: data } } }] }] },
      { messages: [{ content: 'Look', images: [data] }] },
      { prompt: 'Look', image_data: [{ id: 1, data }] },
    ]) {
      expect(most(body), JSON.stringify(body).slice(0, 80)).to.eql({ tokens: around(body) + 765, hasUnseen: false });
      expect(most(body, 'claude-opus-5').tokens, 'patches').to.equal(around(body) + 1369);
    }
    const list = { prompt: 'Look', images: [data, data, data] };
    expect(most(list).tokens, 'one after the other').to.equal(bytesOf(list).length - 3 * data.length + 3 * 765 + 16);
    const two = user({ type: 'image', source: { data } }, { type: 'image', source: { data } });
    expect(most(two).tokens).to.equal(bytesOf(two).length - 2 * data.length + 2 * 765 + 16);
  });

  it('count a small picture by its size, too, though it has few bytes', () => {
    const body = user({ type: 'image', source: { type: 'base64', data: png(4000, 4000, 60) } });
    expect(most(body, 'gpt-6-astra').tokens).to.be.greaterThan(18_000);
  });

  it('know pictures of every kind', () => {
    for (const [hex, width, height] of [
      ['474946383961000400040000', 1024, 1024],
      ['524946460000000057454250565038580a00000010000000ff0300ff0300', 1024, 1024],
      ['ffd8ffe000040000ffc0001108040004000300', 1024, 1024],
    ] as const) {
      const data = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(5000, 7)]).toString('base64');
      const { tokens } = most({ images: [data] });
      expect(tokens, `${hex.slice(0, 8)} ${width} x ${height}`).to.be.within(765, 765 + 50);
    }
  });

  it('count the most that a picture may have which lies elsewhere', () => {
    const url = 'https://example.com/a.png';
    for (const part of [
      { type: 'image_url', image_url: { url } },
      { type: 'input_image', image_url: url },
      { type: 'image', source: { type: 'url', url } },
    ])
      for (const space of [0, 2]) {
        const bytes = bytesOf(user(part), space);
        const what = JSON.stringify(part);
        expect(mostByLength(bytes, 'gpt-4o'), what).to.eql({ tokens: bytes.length + 16 + 1445, hasUnseen: false });
        expect(mostByLength(bytes, 'gpt-4o-mini').tokens, what).to.equal(bytes.length + 16 + 48_169);
      }
  });

  it('count the most of all models where nobody knows which it will be', () => {
    const part = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const tokens = (model: string | null) => most(user(part), model).tokens - bytesOf(user(part)).length - 16;
    expect(tokens(null)).to.equal(48_169);
    for (const model of ['gpt-4o', 'gpt-4o-mini', 'gpt-6-astra', 'claude-opus-5', 'gemini-3-pro', 'qwen3-vl-plus'])
      expect(tokens(model), model).to.be.at.most(48_169);
  });

  it('say that a part cannot be seen', () => {
    const url = 'https://example.com/a';
    for (const body of [
      { input: 'Hi', previous_response_id: 'resp_1' },
      { input: 'Hi', previous_interaction_id: 'int_1' },
      { input: 'Hi', conversation: 'conv_1' },
      { input: 'Hi', conversation: { id: 'conv_1' } },
      { prompt: { id: 'pmpt_1', variables: {} } },
      { contents: [], cachedContent: 'cachedContents/1' },
      { contents: [], cached_content: 'cachedContents/1' },
      user({ type: 'file', file: { file_id: 'file-1' } }),
      user({ type: 'input_file', file_url: url }),
      user({ type: 'document_url', document_url: url }),
      user({ type: 'document', source: { type: 'url', url } }),
      user({ type: 'video_url', video_url: { url } }),
      user({ document: { format: 'pdf', source: { s3Location: { uri: 's3://a' } } } }),
      { contents: [{ parts: [{ fileData: { fileUri: 'gs://a' } }] }] },
      { contents: [{ parts: [{ file_data: { file_uri: 'gs://a' } }] }] },
      user({ type: 'file', file: { file_data: Buffer.from('%PDF-1.7').toString('base64') } }),
      user({ type: 'file', file: { file_data: Buffer.from('PK\x03\x04').toString('base64') } }),
    ])
      for (const space of [0, 2])
        expect(mostByLength(bytesOf(body, space)).hasUnseen, JSON.stringify(body)).to.equal(true);
  });

  it('are not misled by words in a text, or by nothing', () => {
    const words =
      'The "image_url" and "file_id": see {"previous_response_id":"x","type":"url","conversation":1} or https://a.b/c?image_url=1';
    const body = user({ type: 'text', text: words });
    expect(most(body)).to.eql({ tokens: bytesOf(body).length + 16, hasUnseen: false });
    const nothing = { input: 'Hi', previous_response_id: null, conversation: null, cachedContent: null };
    expect(most(nothing).hasUnseen).to.equal(false);
    for (const text of [
      'R0lGOD UklGR /9j/ iVBORw0KGgo',
      png(10, 10),
      `data:image/png;base64,${png(10, 10)}`,
      `/9j/${'words '.repeat(1000)}`,
    ])
      for (const letters of [user({ type: 'text', text }), { input: text }, { input: [{ data: `${text} and words` }] }])
        expect(most(letters).tokens, text.slice(0, 40)).to.equal(bytesOf(letters).length + 16);
  });

  it('have room for what Anthropic puts before tools, and in the place of its own', () => {
    const tools = [{ name: 'a', input_schema: {} }];
    const own = [{ type: 'bash_20250124', name: 'bash' }, { type: 'text_editor_20250728', name: 'e' }, ...tools];
    const of = (list: object[], model: string) =>
      most({ tools: list }, model).tokens - bytesOf({ tools: list }).length - 16;
    expect([of(tools, 'gpt-4o'), of(tools, 'claude-opus-5'), of(own, 'claude-opus-5')]).to.eql([
      0,
      820,
      820 + 2 * 1300,
    ]);
  });

  it('are as many as the bytes of what is too large to be looked into', () => {
    const slices: number[] = [];
    const slice = (start: number, end: number): Uint8Array => {
      slices.push(end - start);
      return Buffer.alloc(end - start);
    };
    expect(mostByLength({ length: 9_000_000, slice }, 'gpt-4o')).to.eql({ tokens: 9_000_000, hasUnseen: true });
    expect(slices).to.eql([]);
  });
});
