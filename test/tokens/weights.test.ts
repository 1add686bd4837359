import { expect } from 'chai';

import { readAttachment } from '../../src/tokens/attachment.ts';
import { Scales } from '../../src/tokens/weights.ts';

const b64 = (bytes: Uint8Array | string): string => Buffer.from(bytes as string).toString('base64');
const weigh = (model: string, name: string, value: unknown, holder = {}) =>
  new Scales(model).weigh(readAttachment(name, value, holder), 'auto');

/** So many seconds of silence at 16 kHz with 16 bits: 32,000 bytes a second. */
function wav(seconds: number): string {
  const head = Buffer.from('524946460000000057415645666d74201000000001000100803e0000007d00000200100064617461', 'hex');
  return b64(Buffer.concat([head, Buffer.alloc(seconds * 32_000 - head.length)]));
}

/** An MP4 with that duration in its head, and so many bytes in all. */
function mp4(scale: number, duration: number, bytes: number): string {
  const box = Buffer.alloc(bytes);
  box.write('\0\0\0\x18ftypmp42', 'latin1');
  box.write('mvhd', 100, 'latin1');
  box.writeUInt32BE(scale, 116);
  box.writeUInt32BE(duration, 120);
  return b64(box);
}

describe('what stands beside text', () => {
  describe('is told apart', () => {
    const kind = (name: string, value: unknown, holder = {}) => readAttachment(name, value, holder).kind;

    it('by what it is said to be', () => {
      expect(kind('inlineData', { mimeType: 'image/heic', data: 'AAAA' })).to.equal('picture');
      expect(kind('inlineData', { mimeType: 'audio/aac', data: 'AAAA' })).to.equal('sound');
      expect(kind('inline_data', { mime_type: 'video/mp4', data: 'AAAA' })).to.equal('film');
      expect(kind('source', { type: 'base64', media_type: 'text/plain', data: 'AAAA' })).to.equal('text');
      expect(kind('file_data', 'data:application/pdf;base64,AAAA')).to.equal('pages');
      expect(kind('image_url', { url: 'data:image/png;base64,AAAA' })).to.equal('picture');
    });

    it('by its first bytes', () => {
      for (const [bytes, expected] of [
        ['\x89PNG\r\n\x1a\n', 'picture'],
        ['\xff\xd8\xff\xe0', 'picture'],
        ['GIF89a', 'picture'],
        ['RIFF\0\0\0\0WEBP', 'picture'],
        ['RIFF\0\0\0\0WAVE', 'sound'],
        ['ID3\x03', 'sound'],
        ['%PDF-1.7', 'pages'],
        ['PK\x03\x04', 'pages'],
        ['\0\0\0\x18ftypmp42', 'film'],
      ] as const)
        expect(kind('data', b64(Buffer.from(bytes, 'latin1'))), bytes).to.equal(expected);
    });

    it('by its name, its format, and the words around it', () => {
      expect(kind('file', { filename: 'a.PNG', file_data: 'AAAA' })).to.equal('picture');
      expect(kind('file_data', 'AAAA', { type: 'input_file', filename: 'notes.txt' })).to.equal('text');
      expect(kind('video', { format: 'mov', source: { bytes: 'AAAA' } })).to.equal('film');
      expect(kind('source', { type: 'url', url: 'https://example.com/a.pdf?x=.png' }, { type: 'document' })).to.equal(
        'pages',
      );
      expect(kind('source', { type: 'file', file_id: 'file_1' }, { type: 'image' })).to.equal('picture');
      expect(kind('file_id', 'file-1', { type: 'input_image' })).to.equal('picture');
      expect(kind('input_audio', { data: 'AAAA' })).to.equal('sound');
      expect(kind('video_url', { url: 'https://example.com/a' })).to.equal('film');
      expect(kind('document_url', 'https://example.com/a')).to.equal('pages');
      expect(kind('file', {})).to.equal('pages');
    });

    it('and from what is not here', () => {
      const isHere = (name: string, value: unknown) => readAttachment(name, value, {}).base64 !== null;
      expect(isHere('image_url', 'AAAA')).to.equal(true);
      expect(isHere('image_url', 'https://example.com/a')).to.equal(false);
      expect(isHere('fileData', { fileUri: 'gs://a/b' })).to.equal(false);
      expect(isHere('file_id', 'file-1')).to.equal(false);
      expect(isHere('document', { source: { s3Location: { uri: 's3://a/b' } } })).to.equal(false);
    });

    it('with how closely it is to be looked at', () => {
      const detail = (value: unknown, holder = {}) => readAttachment('image_url', value, holder).detail;
      expect(detail({ url: 'x', detail: 'low' })).to.equal('low');
      expect(detail('x', { detail: 'original' })).to.equal('original');
      expect(detail('x', { mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' } })).to.equal(null);
      expect(detail('x', { detail: 'toString' })).to.equal(null);
      expect(detail('x')).to.equal(null);
    });
  });

  describe('costs', () => {
    it('by the second what is sound, exactly of a WAV', () => {
      const heard = { isUnseen: false, isRough: true };
      expect(weigh('gemini-2.5-pro', 'inlineData', { mimeType: 'audio/wav', data: wav(10) })).to.eql({
        tokens: 320,
        most: 320,
        ...heard,
      });
      expect(weigh('gpt-4o-audio-preview', 'input_audio', { data: wav(10), format: 'wav' })).to.eql({
        tokens: 100,
        most: 100,
        ...heard,
      });
      const mp3 = b64(Buffer.concat([Buffer.from('ID3\x03'), Buffer.alloc(159_996)]));
      expect(weigh('gemini-2.5-pro', 'inlineData', { mimeType: 'audio/mp3', data: mp3 })).to.eql({
        tokens: 320,
        most: 5120,
        ...heard,
      });
    });

    it('by the second what is a film, exactly of an MP4 that begins with its head', () => {
      const film = (model: string, data: string) => weigh(model, 'inlineData', { mimeType: 'video/mp4', data });
      expect(film('gemini-2.5-pro', mp4(1000, 20_000, 3000))).to.include({ tokens: 5800, most: 5800, isUnseen: false });
      expect(film('gemini-3-pro', mp4(90_000, 1_800_000, 3000))).to.include({ tokens: 2040, most: 2040 });
      expect(film('gemini-2.5-pro', b64(Buffer.alloc(1_250_000, 1)))).to.include({ tokens: 2900, most: 36_250 });
    });

    it('by the page what is a document, whose text nobody can see', () => {
      const pdf = b64(`%PDF-1.4\n${'<< /Type /Page /Parent 1 0 R >>\n'.repeat(3)}<< /Type /Pages /Count 3 >>`);
      const document = (model: string) => weigh(model, 'source', { media_type: 'application/pdf', data: pdf });
      expect(document('claude-sonnet-5')).to.eql({ tokens: 8250, most: 8250, isUnseen: true, isRough: true });
      expect(document('gemini-2.5-pro').tokens).to.equal(774);
      expect(document('gemini-3-pro').tokens).to.equal(1680);
      expect(document('gpt-5').tokens).to.equal(4500);
      const packed = b64(Buffer.alloc(120_000, '%PDF packed '));
      expect(weigh('gpt-5', 'file_data', packed).tokens, 'by its bytes').to.equal(3 * 1500);
    });

    it('by its bytes what is text', () => {
      const data = b64('words '.repeat(100));
      expect(weigh('gemini-2.5-pro', 'inlineData', { mimeType: 'text/plain', data })).to.eql({
        tokens: 150,
        most: 600,
        isUnseen: false,
        isRough: true,
      });
    });

    it('a figure what is not here, and nobody knows its most', () => {
      expect(weigh('gpt-5', 'file_id', 'file-1', { type: 'input_file' })).to.include({ tokens: 6000, isUnseen: true });
      expect(weigh('gemini-2.5-pro', 'fileData', { mimeType: 'audio/mp3', fileUri: 'gs://a' })).to.include({
        tokens: 1920,
        isUnseen: true,
      });
    });
  });
});
