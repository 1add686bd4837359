import { expect } from 'chai';

import { readForm } from '../../src/bytes/form.ts';

const TYPE = 'multipart/form-data; boundary=X-1';
const NAMES = ['model', 'stream'];

/** A form of these parts, each with its headers and its content. */
const form = (...parts: [headers: string, content: string | Buffer][]): Buffer =>
  Buffer.concat([
    ...parts.flatMap(([headers, content]) => [
      Buffer.from(`--X-1\r\n${headers}\r\n\r\n`),
      Buffer.from(content as string),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--X-1--\r\n'),
  ]);
const field = (name: string, value: string): [string, string] => [
  `Content-Disposition: form-data; name="${name}"`,
  value,
];
const file = (name: string, content: string | Buffer): [string, string | Buffer] => [
  `Content-Disposition: form-data; name="${name}"; filename="a.wav"\r\nContent-Type: audio/wav`,
  content,
];
const read = (body: Buffer, type = TYPE) => Object.fromEntries(readForm(body, type, NAMES));

describe('readForm', () => {
  it('reads the fields it is asked for, before and behind a file', () => {
    const sound = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256));
    const body = form(
      field('model', 'whisper-1'),
      file('file', sound),
      field('language', 'de'),
      field('stream', 'true'),
    );
    expect(read(body)).to.deep.equal({ model: 'whisper-1', stream: 'true' });
  });

  it('reads what a browser, curl, undici and Python write', async () => {
    const data = new FormData();
    data.append('file', new Blob(['RIFF']), 'a.wav');
    data.append('model', 'gpt-4o-transcribe');
    const request = new Request('http://x', { method: 'POST', body: data });
    const body = Buffer.from(await request.arrayBuffer());
    expect(read(body, request.headers.get('content-type')!)).to.deep.equal({ model: 'gpt-4o-transcribe' });
    const curl = '------------------------d74496d66958873e';
    const words = `--${curl}\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--${curl}--\r\n`;
    expect(read(Buffer.from(words), `multipart/form-data; boundary=${curl}`)).to.deep.equal({ model: 'm' });
    const httpx = Buffer.from('--f00\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--f00--');
    expect(read(httpx, 'multipart/form-data; boundary=f00')).to.deep.equal({ model: 'm' });
  });

  for (const [what, type] of [
    ['in quotes', 'multipart/form-data; boundary="X-1"'],
    ['behind another parameter', 'multipart/form-data; charset=utf-8; boundary=X-1'],
    ['before another parameter', 'multipart/form-data;boundary=X-1;charset=utf-8'],
    ['in capitals', 'Multipart/Form-Data; BOUNDARY=X-1'],
  ] as const) {
    it(`finds a boundary ${what}`, () => expect(read(form(field('model', 'm')), type)).to.deep.equal({ model: 'm' }));
  }

  for (const [what, type] of [
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['another boundary', 'multipart/form-data; boundary=X-2'],
    ['the beginning of the boundary', 'multipart/form-data; boundary=X'],
    ['a boundary of another name', 'multipart/form-data; myboundary=X-1'],
    ['a boundary that is too long', `multipart/form-data; boundary=${'b'.repeat(300)}`],
    ['another type', 'multipart/mixed; boundary=X-1'],
    ['a type that ends like it', 'application/x; a="multipart/form-data; boundary=X-1"'],
    ['nothing', ''],
  ] as const) {
    it(`finds nothing under a content type with ${what}`, () =>
      expect(read(form(field('model', 'm')), type)).to.deep.equal({}));
  }

  it('takes a boundary for one only at the beginning of a line, and whole', () => {
    const decoys =
      'a--X-1\r\nContent-Disposition: form-data; name="model"\r\n\r\ninner\r\n--X-10\r\nb\r\n--X-1z\r\n\n--X-1\r\n';
    expect(read(form(file('file', decoys), field('model', 'outer')))).to.deep.equal({ model: 'outer' });
  });

  it('lets blanks stand behind a boundary, and words before the first one', () => {
    const body = `This is a form.\r\n--X-1 \t\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--X-1--`;
    expect(read(Buffer.from(body))).to.deep.equal({ model: 'm' });
  });

  it('reads nothing behind the last boundary', () => {
    const more = form(field('model', 'm'));
    expect(read(Buffer.concat([form(field('stream', 'true')), more]))).to.deep.equal({ stream: 'true' });
  });

  it('takes the first field of a name', () =>
    expect(read(form(field('model', 'a'), field('model', 'b')))).to.deep.equal({ model: 'a' }));

  it('is not told a name by a file, whatever its headers look like', () => {
    const star = ["Content-Disposition: form-data; name=model; filename*=utf-8''x", 'm'] as [string, string];
    expect(read(form(file('model', 'm'), star, file('stream', 'true')))).to.deep.equal({});
  });

  for (const [what, headers] of [
    ['without quotes', 'content-disposition: form-data; name=model'],
    ['behind other parameters', 'Content-Disposition: form-data; a="b"; name="model"'],
    ['behind other headers', 'Content-Type: text/plain\r\nContent-Disposition:form-data;name="model"'],
  ] as const) {
    it(`reads a name ${what}`, () => expect(read(form([headers, 'm']))).to.deep.equal({ model: 'm' }));
  }

  for (const [what, headers] of [
    ['is only part of a name', 'Content-Disposition: form-data; name="model;x"'],
    ['stands in another parameter', 'Content-Disposition: form-data; x-name="model"'],
    ['stands in another header', 'X-Disposition: form-data; name="model"'],
    ['is no form’s', 'Content-Disposition: attachment; name="model"'],
    ['is not there', 'Content-Type: text/plain'],
    ['comes after too much', `X: ${'x'.repeat(5000)}\r\nContent-Disposition: form-data; name="model"`],
  ] as const) {
    it(`takes nothing for a name that ${what}`, () => expect(read(form([headers, 'm']))).to.deep.equal({}));
  }

  it('keeps every byte of a value: line ends, accents, nothing at all', () => {
    for (const value of ['', 'a\r\nb', '\r\n', ' größe 🦊 ', '-'.repeat(512)])
      expect(read(form(field('model', value)))).to.deep.equal({ model: value });
  });

  it('leaves out what is too long for a name', () =>
    expect(read(form(field('model', 'x'.repeat(513)), field('stream', 'true')))).to.deep.equal({ stream: 'true' }));

  it('never reads half a value, wherever the body is cut', () => {
    const body = form(file('file', 'RIFF\r\n\r\n'), field('model', 'whisper-1'));
    const whole = body.lastIndexOf('--X-1--') + '--X-1--'.length;
    for (let end = 0; end < body.length; end++) {
      const wanted = end < whole ? {} : { model: 'whisper-1' };
      expect(read(body.subarray(0, end)), `cut at ${end}`).to.deep.equal(wanted);
    }
  });

  it('does not stumble over a body that is no form', () => {
    for (const body of [
      '',
      '{"model":"m"}',
      '--X-1',
      '--X-1\r\n',
      '--X-1\r\n\r\n',
      '--X-1--',
      '\r\n--X-1\r\n--X-1\r\n--X-1--',
    ])
      expect(read(Buffer.from(body)), body).to.deep.equal({});
  });
});
